"""`figsync sync`: what it prints, in which form, with which code."""

import json

from tests.commands.desk import Desk, everything_below

COUNTS = {
    "done",
    "failed",
    "stale",
    "held",
    "waiting",
    "refused",
    "listed",
    "not_uploadable",
    "conflicts",
    "cycles",
    "unproven",
}


def test_a_sync_prints_one_line_for_each_file_and_a_summary(desk: Desk) -> None:
    desk.drop("Soil cores/raw/a.csv", "1,2")

    out = desk.ok("sync")

    assert "Uploaded: Soil cores/raw/a.csv (3 bytes)" in out.splitlines()
    assert out.splitlines()[-1].endswith("3 bytes sent, 0 bytes fetched.")
    assert desk.box.web.tree(desk.box.web.item_ids()[0]) == {"raw/a.csv": b"1,2"}


def test_a_second_sync_says_that_nothing_was_sent_or_fetched(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    out = desk.ok("sync")

    assert out == "Everything is in sync; nothing was sent or fetched.\n"


def test_json_is_one_object_with_counts_and_actions(desk: Desk) -> None:
    desk.drop("Soil cores/raw/a.csv", "1,2")
    desk.drop("Soil cores/empty", "")

    told = desk.json("sync")

    assert told.keys() >= COUNTS
    assert all(isinstance(told[name], int) for name in COUNTS)
    (upload,) = [a for a in told["actions"] if a["kind"] == "Upload"]
    (item_id,) = map(str, desk.box.web.item_ids())
    assert upload["item_id"] == item_id
    assert upload["folder"] == "Soil cores"
    assert upload["path"] == "raw/a.csv"
    assert upload["bytes"] == 3
    assert upload["result"] == "done"
    assert (told["bytes_up"], told["bytes_down"]) == (3, 0)
    assert told["not_uploadable"] == 1
    assert told["exit_code"] == 0
    assert sum(told["requests"].values()) > 0
    assert all(":" in host for host in told["requests"])


def test_json_names_what_is_held_and_why(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    for path in (desk.root / "Soil cores").rglob("*"):
        if path.is_file():
            path.unlink()
    desk.drop("Other/b.csv")
    desk.drop("Other/c.csv")
    desk.ok("sync", "Other")
    (desk.root / "Soil cores" / ".figshare").rmdir()
    (desk.root / "Soil cores").rmdir()

    result = desk.call("sync", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == told["exit_code"] == 4
    assert told["held"] == 1
    (held,) = told["held_actions"]
    assert held["kind"] == "DeleteItem"
    assert held["result"] == "held"
    assert "its folder was deleted" in held["reason"]


def test_an_error_still_gives_one_json_object(desk: Desk) -> None:
    result = desk.call("sync", "--json", FIGSYNC_TOKEN="wrong")

    told = json.loads(result.stdout)
    assert result.exit_code == told["exit_code"] == 6
    assert "does not accept the token" in told["error"]
    assert told.keys() >= COUNTS
    assert result.stderr.count("\n") == 1


def test_names_that_are_not_unicode_are_shown_escaped(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b\udcff.csv")

    result = desk.run("sync", PYTHONIOENCODING="ascii")
    status = desk.run("status", PYTHONIOENCODING="ascii")

    assert result.returncode == 0, result.stderr
    assert r"Soil cores/b\xff.csv: " in status.stdout


def test_names_outside_the_terminals_alphabet_are_shown_escaped(desk: Desk) -> None:
    desk.drop("Soil cores/\u571f.csv")

    result = desk.run("sync", PYTHONIOENCODING="latin-1")

    assert result.returncode == 0, result.stderr
    assert r"Soil cores/\u571f.csv" in result.stdout


def test_only_the_named_folder_is_synced(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Water/b.csv")

    desk.ok("sync", "Soil cores/")

    titles = [desk.box.web.item(i)["title"] for i in desk.box.web.item_ids()]
    assert titles == ["Soil cores"]


def test_a_folder_may_be_named_by_its_path(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")

    desk.ok("sync", str(desk.root / "Soil cores"))

    assert len(desk.box.web.item_ids()) == 1


def test_a_folder_that_is_not_there_is_wrong_usage(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")

    result = desk.call("sync", "Sol cores")

    assert result.exit_code == 2
    assert result.stderr == (
        "figsync: Sol cores: no folder or item has this name;"
        " name a folder of the mirror, or the id of an item\n"
    )


def test_held_actions_of_other_folders_outlive_a_partial_sync(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.drop("Water/c.csv")
    desk.ok("sync")
    for name in ("a.csv", "b.csv"):
        (desk.root / "Soil cores" / name).unlink()
    desk.call("sync")
    before = desk.held_ids()
    desk.ok("approve", *before)

    desk.ok("sync", "Water")

    assert desk.held_ids() == before
    assert len(desk.state().decisions.approved()) == len(before) == 2


def test_quiet_says_nothing_when_all_is_well(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")

    assert desk.ok("-q", "sync") == ""


def test_verbose_tells_more_on_standard_error(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")

    result = desk.call("sync", "-v")

    assert "figsync: Uploaded: Soil cores/a.csv" in result.stderr.splitlines()


def test_a_dry_run_before_the_first_sync_leaves_no_trace(desk: Desk) -> None:
    desk.box.web.create_item("Soil cores")
    before = everything_below(desk.home)

    out = desk.ok("sync", "--dry-run")

    assert "Would write the record: Soil cores" in out
    assert everything_below(desk.home) == before
    assert not desk.box.log.mutations()


def test_a_dry_run_leaves_tree_and_database_as_they_are(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "old")
    desk.ok("sync")
    desk.drop("Soil cores/a.csv", "new!")
    desk.drop("Water/b.csv")
    desk.box.log.clear()
    before = everything_below(desk.home)

    out = desk.ok("sync", "--dry-run")

    assert "Would upload: Soil cores/a.csv (4 bytes)" in out
    assert "Would make a draft item: Water" in out
    assert everything_below(desk.home) == before
    assert not desk.box.log.mutations()


def test_a_handwritten_configuration_is_enough(desk: Desk) -> None:
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_file(item, "a.csv", b"1,2")
    assert not desk.root.exists()

    desk.ok("sync")

    assert desk.tree() == {"Soil cores/a.csv": "1,2"}


def test_the_token_is_in_no_output_and_not_in_the_state(desk: Desk) -> None:
    desk.configure(account__token_file=str(desk.token_path))
    desk.box.add_account("s3cret-t0ken")
    desk.token_path.write_text("s3cret-t0ken")
    desk.drop("Soil cores/a.csv")

    result = desk.run("sync", "-vv")

    assert result.returncode == 0, result.stderr
    assert "s3cret" not in result.stdout + result.stderr
    for path, (_, content) in everything_below(desk.home).items():
        assert path == "token" or b"s3cret" not in content, path
