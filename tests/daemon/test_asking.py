"""A running daemon, asked on the command line: it obeys, and says how it went."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from click.testing import CliRunner, Result

from figsync.commands.cli import figsync
from figsync.daemon.inbox import Ask
from figsync.sync.activity import Phase
from tests.daemon.house import House, wait_for

MIB = 1 << 20
HALF_A_MINUTE = 30.0


def call(house: House, *words: str) -> Result:
    """Call figsync in this process."""
    env = {
        "FIGSYNC_CONFIG": str(house.config_path),
        "FIGSYNC_TOKEN": house.token,
        "HOME": str(house.folder),
    }
    return CliRunner().invoke(figsync, words, env=env)


def ok(house: House, *words: str) -> str:
    result = call(house, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def phase(house: House) -> Phase | None:
    activity = house.activity()
    return activity and activity.phase


def test_a_sync_right_after_a_save_waits_until_the_file_is_still(house: House) -> None:
    house.configure(schedule__settle="2s")
    with house.daemon():
        wait_for(lambda: phase(house) is Phase.IDLE)
        house.drop("Soil cores/a.csv")

        ok(house, "sync")

        assert house.agreed()
        assert house.remote() == {"Soil cores/a.csv": b"content"}


def test_while_paused_nothing_moves_and_then_all_of_it(house: House) -> None:
    with house.daemon():
        wait_for(lambda: phase(house) is Phase.IDLE)
        ok(house, "pause")
        wait_for(lambda: phase(house) is Phase.PAUSED)
        house.drop("Soil cores/a.csv")
        waited = call(house, "wait", "--idle")
        before = house.remote()

        ok(house, "resume")
        wait_for(house.agreed)

    assert waited.exit_code == 4
    assert "Soil cores" in waited.stdout
    assert before == {}
    assert house.remote() == {"Soil cores/a.csv": b"content"}


def test_a_pause_outlives_a_restart(house: House) -> None:
    with house.daemon():
        wait_for(lambda: phase(house) is Phase.IDLE)
        ok(house, "pause", "1h")
    house.drop("Soil cores/a.csv")

    with house.daemon():
        wait_for(lambda: phase(house) is Phase.PAUSED)
        assert house.remote() == {}
        ok(house, "resume")
        wait_for(house.agreed)


def test_an_upload_that_is_paused_goes_on_as_the_same_record(house: House) -> None:
    house.box.world.part_size = MIB
    house.configure(transfer__workers="1")
    content = bytes(range(256)) * (8 * MIB // 256)
    with house.daemon():
        wait_for(lambda: phase(house) is Phase.IDLE)
        house.box.switches.upload_latency = 0.3
        house.drop("Soil cores/large.bin", content)
        wait_for(lambda: len(house.box.log.find("upload", "PUT")) > 1)

        ok(house, "pause")
        wait_for(lambda: phase(house) is Phase.PAUSED)
        sent = len(house.box.log.find("upload", "PUT"))
        house.box.switches.upload_latency = 0.0
        resumed = time.monotonic()
        ok(house, "resume")
        wait_for(house.agreed)
        seconds = time.monotonic() - resumed

    # It is no failure that has to be waited after.
    assert seconds < HALF_A_MINUTE
    # What was under way when it was parked may be sent once more.
    assert 1 < sent < 8
    assert 8 <= len(house.box.log.find("upload", "PUT")) <= 9
    assert house.remote() == {"Soil cores/large.bin": content}


def test_waiting_ends_when_all_is_there(house: House) -> None:
    with house.daemon():
        for number in range(20):
            house.drop(f"Soil cores/{number}.csv", str(number))

        told = json.loads(ok(house, "wait", "--idle", "--json"))

        assert told["idle"] is True
        assert house.agreed()
        assert len(house.remote()) == 20


@pytest.mark.parametrize("verb", ["exclude", "include"])
def test_a_wish_is_carried_out_at_once(house: House, verb: str) -> None:
    with house.daemon():
        house.drop("Soil cores/a.csv")
        ok(house, "wait", "--idle")
        said = ok(house, "exclude", "Soil cores")
        wait_for(lambda: house.tree() == {})
        if verb == "include":
            (item,) = house.box.web.item_ids()
            ok(house, "include", str(item))
            wait_for(house.agreed)

    assert said == "Asked the running figsync, which does it now.\n"


def test_many_who_ask_at_once_are_all_answered(house: House) -> None:
    house.drop("Soil cores/a.csv")
    told: list[Any] = []
    with house.daemon() as running:
        asks = [threading.Event() for _ in range(3)]
        assert running.daemon is not None
        for ask in asks:
            running.daemon.put(_sync_ask(told, ask))
        for ask in asks:
            assert ask.wait(60)

    ends = [one for one in told if one.get("end")]
    assert [end["code"] for end in ends] == [0, 0, 0]


def _sync_ask(told: list[Any], ended: threading.Event) -> Ask:
    def tell(one: Any) -> None:
        told.append(one)
        if one.get("end"):
            ended.set()

    return Ask("sync", {}, tell)
