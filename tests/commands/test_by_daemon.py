"""While a daemon keeps the mirror, figsync asks it, and shows what it tells."""

from __future__ import annotations

import json
import os
import pty
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.lock import living_owner
from figsync.sandbox import Fault
from figsync.sync.activity import read_pause
from tests.commands.desk import TOKEN, Desk, wait_for
from tests.daemon.tiny import Tiny, running


@pytest.fixture
def daemon(desk: Desk, tmp_path: Path) -> Iterator[Tiny]:
    desk.drop("Soil cores/a.csv")
    with running(desk.config, TOKEN, tmp_path / "run") as tiny:
        yield tiny


def test_the_owner_says_that_it_is_a_daemon_and_where_it_can_be_asked(
    desk: Desk, daemon: Tiny
) -> None:
    desk.ok("sync")
    clock = SystemClock()

    owner = living_owner(Disk(desk.root, clock=clock), clock)

    assert owner is not None
    assert (owner.pid, owner.is_daemon) == (os.getpid(), True)
    assert owner.control == daemon.control.path


def test_a_sync_is_done_by_the_daemon_and_told_as_if_done_here(
    desk: Desk, daemon: Tiny
) -> None:
    first, again = desk.ok("sync"), desk.ok("sync")

    assert "Made a draft item: Soil cores" in first
    assert "Uploaded: Soil cores/a.csv (7 bytes)" in first
    assert first.endswith("3 done; 7 bytes sent, 0 bytes fetched.\n")
    assert again == "Everything is in sync; nothing was sent or fetched.\n"
    assert daemon.asked == ["sync", "sync"]


def test_its_json_and_its_exit_code_are_those_of_a_sync_here(
    desk: Desk, daemon: Tiny
) -> None:
    del daemon
    desk.drop("Ice/b.csv")

    result = desk.call("sync", "Soil cores", "--json")
    told = json.loads(result.stdout)

    assert result.exit_code == told["exit_code"] == 0
    assert [a["folder"] for a in told["actions"] if a["kind"] == "Upload"] == [
        "Soil cores"
    ]
    assert told["bytes_up"] == 7


def test_a_second_sync_counts_only_its_own_requests(desk: Desk, daemon: Tiny) -> None:
    del daemon
    first, second = desk.json("sync"), desk.json("sync")

    assert sum(second["requests"].values()) < sum(first["requests"].values())
    assert second["bytes_up"] == 0


def test_a_name_that_nothing_has_is_wrong_usage(desk: Desk, daemon: Tiny) -> None:
    del daemon

    result = desk.call("sync", "Sand")

    assert result.exit_code == 2
    assert "Sand: no folder or item has this name" in result.stderr


def test_what_ends_a_sync_too_early_is_told_with_its_code(
    desk: Desk, daemon: Tiny
) -> None:
    del daemon
    desk.ok("sync")
    desk.box.fail_next(Fault("api", status=403, times=50))

    result = desk.call("sync")
    as_json = json.loads(desk.call("sync", "--json").stdout)

    assert result.exit_code == 6
    assert result.stderr.startswith("figsync: ")
    assert as_json["exit_code"] == 6
    assert as_json["error"]


def test_the_daemon_of_another_configuration_is_not_asked(
    desk: Desk, daemon: Tiny
) -> None:
    desk.ok("sync")
    desk.configure(state__database=str(desk.home / "other" / "state.db"))

    result = desk.call("sync")

    assert result.exit_code == 5
    assert "works on it" in result.stderr
    assert daemon.asked == ["sync"]


def test_a_dry_run_is_made_beside_the_daemon(desk: Desk, daemon: Tiny) -> None:
    assert "Would make a draft item: Soil cores" in desk.ok("sync", "--dry-run")
    assert daemon.asked == []


def test_who_asks_in_the_midst_of_a_sync_sees_it_go_on(
    desk: Desk, daemon: Tiny
) -> None:
    desk.box.switches.api_latency = 0.1
    first = threading.Thread(target=desk.call, args=("sync",))
    told: list[Any] = []

    first.start()
    wait_for(lambda: daemon.asked)
    daemon.broadcast.join(told.append)
    first.join(20)

    assert {"phase"} <= set(told[0])
    assert any("ended" in one for one in told)


def test_ctrl_c_leaves_the_daemon_alone(desk: Desk, daemon: Tiny) -> None:
    desk.box.switches.api_latency = 0.3

    process = desk.start("sync")
    wait_for(lambda: daemon.asked)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    desk.box.switches.api_latency = 0.0

    assert process.returncode == 130
    assert err.splitlines() == [
        "figsync: the daemon goes on with it",
        "figsync: interrupted",
    ]
    wait_for(lambda: desk.box.web.item_ids())
    assert "in sync" in desk.ok("sync")


def test_a_terminal_shows_bars_of_what_the_daemon_does(
    desk: Desk, daemon: Tiny
) -> None:
    del daemon
    item = desk.box.web.create_item("Ice")
    desk.box.web.add_file(item, "a.bin", b"x" * 3_000_000)
    keyboard, terminal = pty.openpty()

    process = desk.start("sync", terminal=terminal, TERM="xterm", COLUMNS="120")
    shown = b""
    while piece := _said(keyboard):
        shown += piece
    os.close(keyboard)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert "Downloading" in shown.decode()
    assert "Downloaded: Ice/a.bin (2.9 MiB)" in shown.decode()


def _said(keyboard: int) -> bytes:
    try:
        return os.read(keyboard, 4096)
    except OSError:
        return b""


def test_a_wish_is_carried_out_now(desk: Desk, daemon: Tiny) -> None:
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()

    said = desk.ok("exclude", str(item))

    assert said == "Asked the running figsync, which does it now.\n"
    wait_for(lambda: desk.tree() == {})
    assert daemon.asked == ["sync", "look"]


def test_a_wish_waits_while_paused_and_says_so(desk: Desk, daemon: Tiny) -> None:
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()
    desk.ok("pause")

    said = desk.ok("exclude", str(item))
    kept = desk.tree()
    desk.ok("resume")
    desk.ok("sync")

    assert "is paused and does it when it is resumed" in said
    assert kept == {"Soil cores/a.csv": "content"}
    assert desk.tree() == {}
    assert daemon.asked == ["sync", "pause", "look", "resume", "sync"]


def test_a_pause_parks_what_is_under_way(desk: Desk, daemon: Tiny) -> None:
    desk.box.switches.api_latency = 0.5
    syncing = desk.start("sync")
    wait_for(lambda: daemon.asked)

    text = desk.ok("pause", "2h")
    _, err = syncing.communicate(timeout=20)

    assert text.startswith("Paused until ")
    assert syncing.returncode == 130
    assert "stopped" in err
    with desk.state() as state:
        pause = read_pause(state, daemon.clock.now())
    assert pause is not None
    assert pause.until is not None
    assert 7100 < pause.until - daemon.clock.now() <= 7200


def test_a_sync_by_hand_syncs_while_paused_and_a_scheduled_one_does_not(
    desk: Desk, daemon: Tiny
) -> None:
    desk.ok("pause")

    scheduled = desk.ok("sync", "--scheduled")
    by_hand = desk.ok("sync")

    assert scheduled == "figsync is paused; `figsync resume` ends it.\n"
    assert "Uploaded: Soil cores/a.csv" in by_hand
    assert daemon.asked == ["pause", "sync"]


def test_resuming_what_is_not_paused_says_so(desk: Desk, daemon: Tiny) -> None:
    del daemon
    desk.ok("pause")

    assert desk.ok("resume") == "Resumed.\n"
    assert desk.ok("resume") == "It was not paused.\n"


def test_waiting_makes_a_sync_that_begins_after_the_asking(
    desk: Desk, daemon: Tiny
) -> None:
    desk.drop("Soil cores/empty.csv", "")

    said = desk.ok("wait", "--idle")

    assert said.splitlines()[0] == "Everything that can go to Figshare is proven there."
    assert "Soil cores/empty.csv: it is empty" in said
    assert desk.box.web.tree(desk.box.web.item_ids()[0]) == {"a.csv": b"content"}
    assert daemon.asked == ["wait"]


def test_waiting_ends_when_what_is_left_needs_a_person(
    desk: Desk, daemon: Tiny
) -> None:
    del daemon
    desk.ok("sync")
    (file,) = desk.box.web.files(desk.box.web.item_ids()[0])
    desk.drop("Soil cores/a.csv", "here")
    desk.box.web.replace_file(file.id, b"there")

    result = desk.call("wait", "--idle")
    told = desk.json("wait", "--idle")

    assert result.exit_code == told["exit_code"] == 4
    assert "conflict: Soil cores/a (conflict " in result.stdout
    assert [one["why"] for one in told["pending"]] == ["conflict"]
    assert told["idle"] is False


def test_waiting_gives_up_with_what_is_left(desk: Desk, daemon: Tiny) -> None:
    desk.box.fail_next(Fault("upload", "PUT", status=403, kind="html"))
    assert desk.call("sync").exit_code == 1

    result = desk.call("wait", "--idle", "--timeout", "1s")
    told = json.loads(desk.call("wait", "--idle", "--json", "--timeout", "1s").stdout)

    assert result.exit_code == told["exit_code"] == 4
    assert "waiting: Soil cores/a.csv: failed 1 times" in result.stdout
    assert ("Soil cores/a.csv", "waiting") in [
        (one["path"], one["why"]) for one in told["pending"]
    ]
    assert daemon.asked == ["sync", "wait", "wait"]


def test_waiting_gives_up_in_time_although_the_daemon_is_at_work(
    desk: Desk, daemon: Tiny
) -> None:
    desk.box.switches.api_latency = 1.5
    syncing = desk.start("sync")
    wait_for(lambda: daemon.asked)

    result = desk.call("wait", "--idle", "--timeout", "1s")
    desk.box.switches.api_latency = 0.0
    syncing.communicate(timeout=30)

    assert result.exit_code == 4
    assert "the running figsync is still at work" in result.stdout


def test_waiting_while_paused_looks_up_what_is_left(desk: Desk, daemon: Tiny) -> None:
    desk.ok("sync")
    desk.ok("pause")
    idle = desk.ok("wait", "--idle")
    desk.drop("Soil cores/b.csv")
    result = desk.call("wait", "--idle")

    assert "is proven" in idle
    assert result.exit_code == 4
    assert "to do: Soil cores/b.csv: it is to be sent" in result.stdout
    assert daemon.asked == ["sync", "pause"]


def test_a_daemon_that_ends_says_so_to_who_waits(desk: Desk, daemon: Tiny) -> None:
    desk.box.fail_next(Fault("upload", "PUT", status=403, kind="html"))
    said: list[Any] = []
    waiting = threading.Thread(target=lambda: said.append(desk.call("wait", "--idle")))
    waiting.start()
    wait_for(lambda: daemon.desk.seconds(0) is not None, seconds=30)

    daemon.stop()
    waiting.join(20)

    assert said[0].exit_code == 130
    assert "Traceback" not in said[0].output


def test_a_socket_that_nobody_serves_any_more_is_no_daemon(
    desk: Desk, tmp_path: Path
) -> None:
    desk.drop("Soil cores/a.csv")
    with running(desk.config, TOKEN, tmp_path / "run"):
        said = (desk.root / ".figsync" / "owner.json").read_bytes()
    (desk.root / ".figsync" / "owner.json").write_bytes(said)

    assert "Uploaded: Soil cores/a.csv" in desk.ok("sync")
