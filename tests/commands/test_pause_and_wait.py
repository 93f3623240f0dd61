"""pause, resume and wait where no daemon runs: the state keeps the pause."""

from __future__ import annotations

import json

import pytest

from figsync.sandbox import Fault
from figsync.sync.activity import Pause, read_pause
from tests.commands.desk import Desk


def pause_of(desk: Desk) -> Pause | None:
    with desk.state() as state:
        return read_pause(state, 0.0)


def test_a_pause_is_kept_for_the_next_daemon(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    assert desk.ok("pause") == "Paused; `figsync resume` ends it.\n"
    assert pause_of(desk) == Pause()
    assert desk.ok("resume") == "Resumed.\n"
    assert desk.ok("resume") == "It was not paused.\n"
    assert pause_of(desk) is None


def test_a_pause_may_have_an_end(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    said = desk.ok("pause", "30m")

    found = pause_of(desk)
    assert said.startswith("Paused until 2")
    assert found is not None
    assert found.until is not None


def test_while_paused_only_a_scheduled_sync_does_nothing(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.ok("pause", "2h")
    desk.drop("Soil cores/b.csv")
    desk.box.log.clear()

    scheduled = desk.ok("sync", "--scheduled")
    as_json = desk.json("sync", "--scheduled")
    quiet = desk.ok("sync", "--scheduled", "-q")
    nothing = desk.box.log.find("api")
    by_hand = desk.ok("sync")

    assert scheduled.startswith("figsync is paused until 2")
    assert (as_json["paused"], as_json["exit_code"], quiet) == (True, 0, "")
    assert not nothing
    assert "Uploaded: Soil cores/b.csv" in by_hand


@pytest.mark.parametrize("typed", ["2", "soon", "-1h", "0", "500d"])
def test_a_duration_that_is_none_is_told_in_one_line(desk: Desk, typed: str) -> None:
    result = desk.call("pause", "--", typed)

    assert result.exit_code == 2
    assert result.stderr.startswith("figsync: Invalid value for '[DURATION]'")
    assert "such as 5s, 15m, 24h or 7d" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_before_the_first_sync_there_is_nothing_to_pause(desk: Desk, verb: str) -> None:
    result = desk.call(verb)

    assert result.exit_code == 2
    assert "nothing was synced yet" in result.stderr


def test_a_pause_is_left_to_a_sync_that_runs(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    with desk.owned_elsewhere():
        said = desk.ok("pause")
        left = pause_of(desk)
    desk.ok("sync")

    assert said.startswith("Asked the running figsync")
    assert (left, pause_of(desk)) == (None, Pause())


def test_wait_says_what_it_waits_for(desk: Desk) -> None:
    result = desk.call("wait")

    assert result.exit_code == 2
    assert "`figsync wait --idle`" in result.stderr


def test_without_a_daemon_one_look_decides(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/empty.csv", "")
    before = desk.call("wait", "--idle")
    desk.ok("sync")
    desk.box.log.clear()
    after = desk.ok("wait", "--idle")

    assert before.exit_code == 4
    assert before.stdout.splitlines() == [
        "1 file or folder not proven on Figshare:",
        "  to do: Soil cores: a draft item is to be made of it",
        "1 file can not go to Figshare:",
        "  Soil cores/empty.csv: it is empty, and Figshare does not take empty files;"
        " it goes up once something is in it",
    ]
    assert after.splitlines()[0] == (
        "Everything that can go to Figshare is proven there."
    )
    assert "Soil cores/empty.csv" in after
    assert {entry.method for entry in desk.box.log.find("api")} == {"GET"}


def test_its_json_says_the_same(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    before = desk.json("wait", "--idle")
    desk.ok("sync")
    after = desk.json("wait", "--idle")

    assert before == {
        "idle": False,
        "pending": [
            {
                "path": "Soil cores",
                "why": "to do",
                "reason": "a draft item is to be made of it",
                "until": None,
            }
        ],
        "not_uploadable_files": [],
        "exit_code": 4,
    }
    assert after == {
        "idle": True,
        "pending": [],
        "not_uploadable_files": [],
        "exit_code": 0,
    }


def test_where_figshare_can_not_be_asked_nothing_is_called_proven(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.box.fail_next(Fault("api", status=403, kind="html", times=50))

    result = desk.call("wait", "--idle", "--json")

    assert result.exit_code == 4
    assert "firewall" in json.loads(result.stdout)["pending"][0]["reason"]


def test_quiet_says_nothing_when_all_is_proven(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    assert desk.ok("wait", "--idle", "-q") == ""
