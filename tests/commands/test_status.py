"""`figsync status`: every state, without network and without the lock."""

import shutil

import msgspec
import pytest

from figsync.clock import SystemClock
from figsync.state import State
from figsync.sync.facts import FACTS, Ended, Facts, LeftOut
from tests.commands.desk import Desk, everything_below
from tests.commands.failures import told_without_privileges

KEYS = {
    "state",
    "root",
    "account",
    "items",
    "files",
    "not_uploadable",
    "conflicts",
    "held",
    "waiting",
    "last_sync",
}


def test_never_before_the_first_sync(desk: Desk) -> None:
    told = desk.json("status")

    assert told.keys() >= KEYS
    assert told["state"] == "never"
    assert told["last_sync"] is None
    assert not desk.root.exists()


def test_idle_after_a_sync(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "1,2")
    desk.drop("Soil cores/empty", "")
    desk.ok("sync")

    told = desk.json("status")

    assert told["state"] == "idle"
    assert told["root"] == str(desk.root)
    assert "Ada Sandbox" in told["account"]
    assert (told["items"], told["files"], told["bytes"]) == (1, 1, 3)
    assert told["last_sync"].endswith("Z")
    assert told["not_uploadable"] == 1
    (left_out,) = told["not_uploadable_files"]
    assert left_out["path"] == "empty"
    assert "does not take empty files" in left_out["reason"]


def test_a_sync_that_was_stopped_is_not_called_in_sync(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    stopped = Facts(last_try=1.0, ended=Ended.INTERRUPTED, error="stopped on request")
    with State.open(desk.config.database, clock=SystemClock()) as state:
        state.settings.set(FACTS, msgspec.json.encode(stopped).decode())

    state_line, problem, *_ = desk.ok("status").splitlines()

    assert state_line.endswith("the last sync did not come to its end")
    assert problem == "Problem:    stopped on request"


def test_an_upload_that_somebody_left_half_done_is_named(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    left = LeftOut("Soil cores", "half.bin", "somebody began to upload it")
    with State.open(desk.config.database, clock=SystemClock()) as state:
        told = msgspec.json.encode(Facts(last_try=1.0, stalled=[left])).decode()
        state.settings.set(FACTS, told)

    page = desk.ok("status")

    assert "1 upload of somebody else, not finished:" in page
    assert "Soil cores/half.bin: somebody began to upload it" in page
    assert desk.json("status")["stalled_uploads"] == [msgspec.to_builtins(left)]


def test_status_needs_no_network_and_changes_nothing(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.box.log.clear()
    before = everything_below(desk.root)

    desk.ok("status")

    assert not desk.box.log.entries()
    assert everything_below(desk.root) == before


def test_syncing_while_a_figsync_owns_the_mirror(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    with desk.owned_elsewhere():
        assert desk.json("status")["state"] == "syncing"
    assert desk.json("status")["state"] == "idle"


def test_waiting_for_the_grace_period(desk: Desk) -> None:
    desk.configure(deletions__grace="24h")
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    (desk.root / "Soil cores" / "a.csv").unlink()
    desk.ok("sync")

    told = desk.json("status")

    assert told["state"] == "waiting"
    assert told["waiting"] == 1
    assert told["held_actions"][0]["until"] is not None
    assert "waiting" in desk.ok("status")


def test_held_for_a_person(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Water/b.csv")
    desk.ok("sync")
    shutil.rmtree(desk.root / "Soil cores")
    desk.call("sync")

    told = desk.json("status")

    assert told["state"] == "held"
    assert told["held"] == 1
    (number,) = desk.held_ids()
    assert f"  {number}. delete the draft Soil cores: " in desk.ok("status")


def test_offline_after_a_sync_without_network(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.box.switches.html_403 = True
    desk.call("sync")

    told = desk.json("status")

    assert told["state"] == "offline"
    assert told["error"]
    assert told["last_sync"] < told["last_try"] or told["last_sync"]


def test_a_host_left_alone_is_named_with_its_cause_and_time(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.box.switches.html_403 = True
    desk.call("sync")

    told = desk.json("status")

    (host,) = told["hosts_left_alone"]
    assert host["host"] in desk.urls.api
    assert host["service"] == "api"
    assert "firewall" in host["cause"]
    assert host["tried_again"].endswith("Z")
    page = desk.ok("status")
    assert f"Left alone: {host['host']}: a firewall" in page
    assert "tried again after 2" in page
    assert f"BAD {host['host']}: a firewall" in desk.ok("doctor")
    desk.box.switches.html_403 = False
    desk.ok("sync")
    assert desk.json("status")["hosts_left_alone"] == []


def test_downloads_that_wait_for_room_are_told(desk: Desk) -> None:
    desk.configure(transfer__disk_reserve="1000 TiB")
    desk.drop("Soil cores/a.csv")
    assert desk.call("sync").exit_code == 0
    desk.box.web.add_file(desk.box.web.item_ids()[0], "b.csv", b"1,2")
    result = desk.call("sync")

    told = desk.json("status")

    assert result.exit_code == 1
    assert "no room for it: the disk has " in result.stdout
    assert told["state"] == "waiting"
    assert told["no_room"].endswith("and disk_reserve keeps 1000.0 TiB of it")
    assert "No room:    the disk has " in desk.ok("status")


def test_public_items_changed_since_publication_are_listed(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    item = desk.box.web.item_ids()[0]
    desk.box.web.publish(item)
    desk.drop("Soil cores/b.csv", "later")
    desk.ok("sync")
    desk.ok("sync")

    told = desk.json("status")

    listed = {"item_id": str(item), "folder": "Soil cores"}
    assert told["changed_since_publication"] == [listed]
    assert (
        "1 public item changed since publication (publish on figshare.com):\n"
        "  Soil cores"
    ) in desk.ok("status")


def test_refused_after_a_token_that_is_not_accepted(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.call("sync", FIGSYNC_TOKEN="wrong")

    told = desk.json("status")

    assert told["state"] == "refused"
    assert "token" in told["error"]


@pytest.mark.parametrize("is_file", [False, True])
def test_refused_while_the_root_is_not_there(desk: Desk, is_file: bool) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.root.rename(desk.home / "elsewhere")
    if is_file:
        desk.root.write_text("no folder")

    told = desk.json("status")

    assert told["state"] == "refused"
    assert "mount or move the right folder back" in told["error"]


def test_refused_while_the_root_can_not_be_read(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.root.chmod(0)
    try:
        told = told_without_privileges(desk, "status")
    finally:
        desk.root.chmod(0o700)

    assert told.code == 0
    assert told.lines[0].startswith("State:      refused: ")
    assert "permission denied" in told.lines[1]


def test_history_has_what_was_done_newest_first(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "1,2")
    desk.ok("sync")

    rows = desk.json("history")
    (last,) = desk.json("history", "--limit", "1")

    kinds = [row["kind"] for row in rows]
    assert kinds == ["Upload", "CreateItem"]
    assert rows[0]["path"] == "Soil cores/a.csv"
    assert rows[0]["bytes"] == 3
    assert rows[0]["result"] == "done"
    assert last == rows[0]
    assert "Uploaded\t3 bytes\tSoil cores/a.csv" in desk.ok("history")
