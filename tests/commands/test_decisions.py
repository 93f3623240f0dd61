"""Held actions: shown, approved, rejected, and a scope acknowledged."""

import shutil

from figsync.clock import SystemClock
from figsync.state import State
from tests.commands.desk import Desk


def with_a_deleted_folder(desk: Desk) -> str:
    """Return the number of the held deletion of a synced item's folder."""
    desk.drop("Soil cores/a.csv")
    desk.drop("Water/b.csv")
    desk.ok("sync")
    shutil.rmtree(desk.root / "Soil cores")
    assert desk.call("sync").exit_code == 4
    (number,) = desk.held_ids()
    return number


def titles(desk: Desk) -> set[str]:
    return {str(desk.box.web.item(i)["title"]) for i in desk.box.web.item_ids()}


def test_held_shows_number_reason_and_what_to_type(desk: Desk) -> None:
    number = with_a_deleted_folder(desk)

    out = desk.ok("held").splitlines()

    assert out[0].startswith(f"{number}\tdelete the draft\tSoil cores\t")
    assert "figsync approve NUMBER" in out[1]


def test_what_is_approved_happens_with_the_next_sync(desk: Desk) -> None:
    number = with_a_deleted_folder(desk)

    out = desk.ok("approve", number)

    assert "figsync sync" in out
    assert titles(desk) == {"Soil cores", "Water"}
    desk.ok("sync")
    assert titles(desk) == {"Water"}
    assert desk.held_ids() == []


def test_a_replacement_without_room_says_what_approving_does(desk: Desk) -> None:
    desk.box.switches.quota = 1500
    desk.drop("Soil cores/a.csv", "o" * 1000)
    desk.ok("sync")
    desk.drop("Soil cores/a.csv", "n" * 1000)
    assert desk.call("sync").exit_code == 4
    (number,) = desk.held_ids()

    (line, _) = desk.ok("held").splitlines()
    words = line.split("\t")
    desk.ok("approve", number)
    desk.ok("sync")

    assert words[:3] == [
        number,
        "replace, deleting the old first",
        "Soil cores/a.csv",
    ]
    assert words[3] == (
        "old and new version do not fit at once: the new one has 1,000 bytes and the"
        " account has room for 500; approving deletes the old version on Figshare"
        " before the new one is sent, once a copy of it is in the trash here"
    )
    assert "Soil cores/a.csv" in desk.ok("trash", "list")
    assert "Replaced, the old one first" in desk.ok("history")
    assert desk.tree()["Soil cores/a.csv"] == "n" * 1000


def test_what_is_rejected_comes_back(desk: Desk) -> None:
    number = with_a_deleted_folder(desk)

    desk.ok("reject", number)
    desk.ok("sync")

    assert desk.tree() == {"Soil cores/a.csv": "content", "Water/b.csv": "content"}
    assert titles(desk) == {"Soil cores", "Water"}


def test_all_that_need_a_person_can_be_approved_at_once(desk: Desk) -> None:
    with_a_deleted_folder(desk)

    assert desk.ok("approve", "--all").startswith("Approved: 1;")
    desk.ok("sync")

    assert titles(desk) == {"Water"}


def test_an_unknown_number_approves_nothing(desk: Desk) -> None:
    number = with_a_deleted_folder(desk)

    result = desk.call("approve", number, "4711")

    assert result.exit_code == 2
    assert "there is no held action 4711" in result.stderr
    assert not desk.state().decisions.approved()


def test_what_waits_for_its_time_can_be_rejected_but_not_approved(desk: Desk) -> None:
    desk.configure(deletions__grace="24h")
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    (desk.root / "Soil cores" / "a.csv").unlink()
    desk.ok("sync")
    (row,) = desk.json("held")

    result = desk.call("approve", str(row["id"]))
    desk.ok("reject", str(row["id"]))
    desk.ok("sync")

    assert result.exit_code == 2
    assert "grace period" in result.stderr
    assert desk.tree().keys() == {"Soil cores/a.csv", "Soil cores/b.csv"}


def test_an_emptied_root_can_be_acknowledged_and_then_approved(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    for path in (desk.root / "Soil cores").glob("*.csv"):
        path.unlink()
    assert desk.call("sync").exit_code == 4
    assert desk.held_ids() == []

    desk.ok("approve", "--scope")
    assert desk.call("sync").exit_code == 4
    assert len(desk.held_ids()) == 2
    desk.ok("approve", "--all")
    desk.ok("sync")

    (item,) = desk.box.web.item_ids()
    assert desk.box.web.tree(item) == {}


def test_an_acknowledged_emptiness_says_nothing_of_the_next_one(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    files = list((desk.root / "Soil cores").glob("*.csv"))
    aside = [path.rename(desk.home / path.name) for path in files]
    desk.ok("approve", "--scope")
    desk.call("sync")
    for path, kept in zip(files, aside, strict=True):
        kept.rename(path)
    desk.ok("sync")
    for path in files:
        path.unlink()

    result = desk.call("sync")

    assert result.exit_code == 4
    assert "it is empty" in result.stderr


def test_deletions_go_on_once_a_changed_scope_is_acknowledged(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.tmp")
    desk.drop("Soil cores/c.csv")
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()
    desk.configure(mirror__ignore="*.tmp")
    (desk.root / "Soil cores" / "a.csv").unlink()
    assert desk.call("sync").exit_code == 4
    assert "a.csv" in desk.box.web.tree(item)

    desk.ok("approve", "--scope")
    desk.ok("sync")

    assert desk.box.web.tree(item).keys() == {"b.tmp", "c.csv"}


def test_a_running_figsync_is_asked_and_does_it_in_its_next_cycle(desk: Desk) -> None:
    number = with_a_deleted_folder(desk)

    with desk.owned_elsewhere():
        out = desk.ok("approve", number)
        (request,) = desk.state().decisions.requests()
    desk.ok("sync")

    assert out.startswith("Asked the running figsync")
    assert request.verb == "approve"
    assert titles(desk) == {"Water"}
    assert not desk.state().decisions.requests()


def test_a_running_figsync_is_not_asked_for_what_can_not_be(desk: Desk) -> None:
    with_a_deleted_folder(desk)

    with desk.owned_elsewhere():
        result = desk.call("approve", "4711")

    assert result.exit_code == 2
    assert not desk.state().decisions.requests()


def test_a_request_that_fails_later_is_in_the_history(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "1")
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()
    (file,) = desk.box.web.files(item)
    desk.box.web.delete_file(file.id)
    desk.ok("sync")
    with desk.owned_elsewhere():
        desk.ok("trash", "restore", "Soil cores/a.csv")
    shutil.rmtree(desk.root / ".figsync" / "trash")

    desk.ok("sync")

    (row,) = [r for r in desk.json("history") if r["kind"] == "figsync trash restore"]
    assert row["result"] == "refused"
    assert "not in the trash" in row["message"]
    assert not desk.state().decisions.requests()


def test_a_request_of_a_newer_figsync_is_answered_in_the_history(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    state = State.for_requests(desk.config.database, clock=SystemClock())
    assert state is not None
    with state:
        state.decisions.request("fly", {})

    desk.ok("sync")

    assert desk.json("history")[0]["message"] == "this figsync can not fly"
