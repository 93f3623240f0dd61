"""`figsync restore`: what it prints, and what a running figsync or no network does."""

import shutil

import pytest

from tests.commands.desk import Desk

FILE = "Soil cores/a.csv"


def with_a_deletion_that_waits(desk: Desk) -> None:
    desk.configure(deletions__grace="24h")
    desk.drop(FILE, "precious")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    (desk.root / FILE).unlink()
    desk.ok("sync")
    (row,) = desk.json("held")
    assert row["result"] == "waiting"
    desk.box.log.clear()


def test_a_deleted_file_is_back_at_once(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    out = desk.ok("restore", FILE)

    assert out.splitlines() == [
        "Soil cores/a.csv comes back; nothing deletes it on Figshare.",
        "Downloaded: Soil cores/a.csv (8 bytes)",
        "Restored 1 file.",
    ]
    assert desk.tree()[FILE] == "precious"
    assert desk.ok("held") == "Nothing is held.\n"
    assert not desk.box.log.mutations()


def test_json_names_what_is_back(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    assert desk.json("restore", str(desk.root / FILE)) == {
        "restored": [FILE],
        "waiting": [],
        "asked": False,
        "exit_code": 0,
    }


def test_a_deleted_folder_is_back_at_once(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)
    shutil.rmtree(desk.root / "Soil cores")

    out = desk.ok("restore", "Soil cores/")

    assert out.startswith("2 files come back; nothing deletes them on Figshare.\n")
    assert out.endswith("Restored 2 files.\n")
    assert desk.tree() == {FILE: "precious", "Soil cores/b.csv": "content"}


def test_a_running_figsync_brings_it_in_its_next_cycle(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    with desk.owned_elsewhere():
        out = desk.ok("restore", FILE)
        told = desk.json("restore", FILE)
    desk.ok("sync")

    assert out == "Asked the running figsync, which does it in its next cycle.\n"
    assert told == {
        "restored": [],
        "waiting": [FILE],
        "asked": True,
        "exit_code": 0,
    }
    assert desk.tree()[FILE] == "precious"
    assert not desk.box.log.mutations()


def test_without_a_network_the_deletion_is_taken_back_and_it_says_so(
    desk: Desk,
) -> None:
    with_a_deletion_that_waits(desk)
    there = desk.urls.api
    desk.configure(account__api_url="http://127.0.0.1:9/v2", deletions__grace="0")

    result = desk.call("restore", FILE)
    told = desk.json("restore", FILE)

    assert result.exit_code == 6
    assert result.stdout.splitlines() == [
        "Soil cores/a.csv comes back; nothing deletes it on Figshare.",
        "1 file not here yet; the next sync brings it.",
    ]
    assert len(result.stderr.splitlines()) == 1
    assert told["waiting"] == [FILE]
    assert told["exit_code"] == 6
    assert told["error"]
    desk.configure(account__api_url=there, deletions__grace="0")
    desk.ok("sync")
    assert desk.tree()[FILE] == "precious"
    assert not desk.box.log.mutations()


def test_what_is_here_costs_one_line_and_changes_nothing(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    result = desk.call("restore", "Soil cores/b.csv")

    assert result.exit_code == 2
    assert result.stderr == (
        "figsync: Soil cores/b.csv: it is here already; older versions: figsync trash\n"
    )
    assert not desk.state().decisions.rejected()


def test_before_the_first_sync_there_is_nothing_to_bring(desk: Desk) -> None:
    result = desk.call("restore", FILE)

    assert result.exit_code == 2
    assert "nothing was synced yet; run `figsync sync` first" in result.stderr


def test_the_two_ways_back_name_each_other(desk: Desk) -> None:
    from_figshare = " ".join(desk.ok("restore", "--help").split())
    from_trash = " ".join(desk.ok("trash", "restore", "--help").split())

    assert "`figsync trash restore`, which does not ask Figshare" in from_figshare
    assert "`figsync restore`" in from_trash
    assert "from Figshare" in from_trash


@pytest.mark.parametrize("typed", ["a.csv", "./a.csv", "../Soil cores/a.csv", FILE])
def test_a_deleted_file_is_named_from_the_folder_it_was_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    with_a_deletion_that_waits(desk)
    monkeypatch.chdir(desk.root / "Soil cores")

    assert desk.json("why", typed)["path"] == FILE
    desk.ok("restore", typed)

    assert desk.tree()[FILE] == "precious"


def test_a_lost_item_folder_is_named_from_another_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_deletion_that_waits(desk)
    desk.drop("Water/c.csv")
    desk.ok("sync")
    shutil.rmtree(desk.root / "Soil cores")
    monkeypatch.chdir(desk.root / "Water")

    desk.ok("restore", "Soil cores")

    assert desk.tree().keys() == {FILE, "Soil cores/b.csv", "Water/c.csv"}


def test_a_path_outside_the_mirror_is_wrong_usage(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_deletion_that_waits(desk)
    monkeypatch.chdir(desk.root)

    result = desk.call("restore", "../elsewhere.csv")

    assert result.exit_code == 2
