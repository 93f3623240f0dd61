"""Where those who ask are served: what the loop has to do, and what they are told."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from figsync.commands.outcome import as_told
from figsync.daemon.answers import Broadcast
from figsync.daemon.desk import PATIENCE, Desk, Errand
from figsync.daemon.inbox import Ask
from figsync.errors import (
    FigsyncError,
    Interrupted,
    NeedsPerson,
    StateDamaged,
    TokenRefused,
)
from figsync.sandbox import Fault
from figsync.sync.activity import Pause, read_pause, store_pause
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror
from tests.world import World

A = "Soil cores/a.csv"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.drop(A, "1,2")
    world.settle()
    return world


@pytest.fixture
def broadcast() -> Broadcast:
    return Broadcast()


@pytest.fixture
def desk(broadcast: Broadcast) -> Desk:
    return Desk(broadcast, as_told)


class Client:
    """Somebody who asks, and all that he was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.is_gone = False

    def ask(self, verb: str, **words: str) -> Ask:
        return Ask(verb, words, self.told.append, lambda: self.is_gone)

    @property
    def answer(self) -> Any:  # JSON
        assert self.told[-1]["end"] is True
        assert not any("end" in told for told in self.told[:-1])
        return self.told[-1]

    @property
    def has_answer(self) -> bool:
        return any("end" in told for told in self.told)


def run(desk: Desk, errand: Errand | None, mirror: Mirror) -> None:
    """Run the cycle of an errand as the loop does."""
    assert errand is not None
    report, problem = Report(), None
    try:
        sync_until_quiet(mirror, errand.wish, report=report, patient=errand.patient)
    except FigsyncError as failure:
        problem = failure
    desk.ended(errand, mirror, report, problem)


@pytest.mark.parametrize("only", ["", "[]", '["Soil cores"]'])
def test_a_sync_is_answered_with_its_report(
    world: World, desk: Desk, only: str
) -> None:
    client = Client()
    with world.mirror() as mirror:
        run(desk, desk.take(client.ask("sync", only=only), mirror), mirror)

    assert client.answer["code"] == 0
    assert client.answer["report"]["done"] == 3
    assert desk.seconds(0) is None


def test_a_person_has_everything_tried_now_a_timer_has_not(
    world: World, desk: Desk
) -> None:
    with world.mirror() as mirror:
        by_hand = desk.take(Client().ask("sync"), mirror)
        by_timer = desk.take(Client().ask("sync", scheduled="yes"), mirror)

    assert by_hand is not None
    assert by_timer is not None
    assert (by_hand.wish.retry_now, by_timer.wish.retry_now) == (True, False)


@pytest.mark.parametrize(
    ("verb", "words", "error"),
    [
        ("fly", {}, "this figsync can not fly"),
        ("sync", {"only": "Soil cores"}, "`only` is no list of folders"),
        ("sync", {"only": "[1]"}, "`only` is no list of folders"),
        ("sync", {"only": "[" * 100_000}, "`only` is no list of folders"),
        ("pause", {"until": "soon"}, "soon is no time"),
        ("pause", {"until": "nan"}, "nan is no time"),
        ("pause", {"until": "1e300"}, "1e300 is no time"),
    ],
)
def test_what_can_not_be_done_is_declined(
    world: World, desk: Desk, verb: str, words: dict[str, str], error: str
) -> None:
    client = Client()
    with world.mirror() as mirror:
        assert desk.take(client.ask(verb, **words), mirror) is None

    assert client.answer == {"end": True, "error": error, "code": 2}


def test_without_a_mirror_everybody_is_told_why(desk: Desk) -> None:
    client = Client()

    desk.decline(client.ask("pause"), NeedsPerson("/root", "it is not there"))

    assert client.answer["error"] == "/root: it is not there"
    assert client.answer["code"] == 4


def test_a_pause_and_its_end_are_in_the_state(world: World, desk: Desk) -> None:
    pausing, resuming, again = Client(), Client(), Client()
    until = world.clock.now() + 60
    with world.mirror() as mirror:
        desk.take(pausing.ask("pause", until=repr(until)), mirror)
        pause = read_pause(mirror.state, world.clock.now())
        desk.take(resuming.ask("resume"), mirror)
        over = read_pause(mirror.state, world.clock.now())
        desk.take(again.ask("resume"), mirror)

    assert (pause, over) == (Pause(until), None)
    assert pausing.answer["until"] == until
    assert (resuming.answer["was_paused"], again.answer["was_paused"]) == (True, False)


def test_a_pause_that_is_over_already_pauses_nothing(world: World, desk: Desk) -> None:
    with world.mirror() as mirror:
        desk.take(Client().ask("pause", until="1.0"), mirror)

        assert read_pause(mirror.state, world.clock.now()) is None


def test_a_look_is_answered_at_once_and_then_synced(world: World, desk: Desk) -> None:
    client = Client()
    with world.mirror() as mirror:
        errand = desk.take(client.ask("look"), mirror)
        assert client.answer == {"paused": False, "end": True}
        run(desk, errand, mirror)
        store_pause(mirror.state, Pause())
        paused = Client()

        assert desk.take(paused.ask("look"), mirror) is None
        assert paused.answer["paused"] is True


def test_waiting_ends_when_nothing_is_left(world: World, desk: Desk) -> None:
    client = Client()
    with world.mirror() as mirror:
        run(desk, desk.take(client.ask("wait"), mirror), mirror)

    assert client.answer["pending"] == []
    assert world.remote("Soil cores") == {"a.csv": b"1,2"}


def test_waiting_looks_again_when_what_failed_is_tried_again(
    world: World, desk: Desk
) -> None:
    client = Client()
    world.box.fail_next(Fault("upload", "PUT", status=403, kind="html"))
    with world.mirror() as mirror:
        run(desk, desk.take(client.ask("wait"), mirror), mirror)
        assert [one["why"] for one in client.told[-1]["pending"]] == ["failed"]
        assert desk.next(world.clock.monotonic()) is None
        assert desk.seconds(world.clock.monotonic()) == PATIENCE

        world.clock.advance(PATIENCE)
        run(desk, desk.next(world.clock.monotonic()), mirror)

    assert client.answer["pending"] == []
    assert desk.seconds(0) is None


def test_waiting_lasts_while_figshare_is_not_there(world: World, desk: Desk) -> None:
    client = Client()
    fault = Fault("api", status=403, kind="html", times=99)
    world.box.fail_next(fault)
    with world.mirror() as mirror:
        run(desk, desk.take(client.ask("wait"), mirror), mirror)
        assert not client.has_answer
        assert "firewall" in client.told[-1]["pending"][0]["reason"]

        world.box.world.faults.clear()
        world.clock.advance(3600)
        run(desk, desk.next(world.clock.monotonic()), mirror)

    assert client.answer["pending"] == []


def test_who_waits_and_goes_away_is_forgotten(world: World, desk: Desk) -> None:
    client = Client()
    world.box.fail_next(Fault("upload", "PUT", status=403, kind="html"))
    with world.mirror() as mirror:
        run(desk, desk.take(client.ask("wait"), mirror), mirror)
        client.is_gone = True
        world.clock.advance(3600)

        assert desk.next(world.clock.monotonic()) is None
        assert desk.seconds(0) is None


def test_waiting_begins_anew_after_something_more_urgent(
    world: World, desk: Desk
) -> None:
    client = Client()
    with world.mirror() as mirror:
        errand = desk.take(client.ask("wait"), mirror)
        assert errand is not None
        desk.ended(errand, mirror, Report(), Interrupted("", "parked"))
        assert not client.has_answer
        run(desk, desk.next(world.clock.monotonic()), mirror)

    assert client.answer["pending"] == []


def test_a_pause_ends_all_waiting(world: World, desk: Desk) -> None:
    first, second = Client(), Client()
    with world.mirror() as mirror:
        errand = desk.take(first.ask("wait"), mirror)
        assert errand is not None
        desk.ended(errand, mirror, Report(), Interrupted("", "parked"))
        desk.take(Client().ask("pause"), mirror)
        desk.take(second.ask("wait"), mirror)

    for client in (first, second):
        assert client.answer["paused"] is True
        assert "figsync is paused" in client.answer["pending"][0]["reason"]


@pytest.mark.parametrize("end", [Desk.lost, Desk.close])
def test_who_waits_for_a_cycle_that_never_ends_is_told_why(
    world: World, desk: Desk, end: Callable[[Desk, FigsyncError], None]
) -> None:
    client = Client()
    with world.mirror() as mirror:
        desk.take(client.ask("sync"), mirror)

    end(desk, FigsyncError("", "the state is damaged"))
    end(desk, FigsyncError("", "said only once"))

    assert client.answer["error"] == "the state is damaged"


def test_who_asks_hears_of_the_cycle_from_the_first_moment_to_the_answer(
    world: World, desk: Desk, broadcast: Broadcast
) -> None:
    client = Client()
    broadcast.phase("Syncing")
    ask = client.ask("sync")

    desk.hear(ask)
    with world.mirror() as mirror:
        run(desk, desk.take(ask, mirror), mirror)
    broadcast.phase("Checking the folder")

    assert client.told[0] == {"phase": "Syncing"}
    assert client.answer["code"] == 0


def test_who_waits_is_told_when_what_is_left_can_not_be_read(
    world: World, desk: Desk
) -> None:
    client = Client()
    with world.mirror() as mirror:
        errand = desk.take(client.ask("wait"), mirror)
        assert errand is not None
        with sqlite3.connect(world.config.database) as other:
            other.execute("DROP TABLE local_files")
        other.close()
        with pytest.raises(StateDamaged) as damage:
            desk.ended(errand, mirror, Report(), None)
        desk.lost(damage.value)

    assert "damaged" in client.answer["error"]


@pytest.mark.parametrize(
    "problem",
    [
        TokenRefused("", "Figshare does not accept the token"),
        NeedsPerson("/root", "it is empty"),
    ],
)
def test_waiting_ends_when_only_a_person_can_help(
    world: World, desk: Desk, problem: FigsyncError
) -> None:
    client = Client()
    with world.mirror() as mirror:
        errand = desk.take(client.ask("wait"), mirror)
        assert errand is not None
        desk.ended(errand, mirror, Report(), problem)

    assert problem.cause in client.answer["pending"][0]["reason"]
    assert desk.seconds(0) is None


def test_waiting_asks_no_more_often_for_a_time_that_is_over(
    world: World, desk: Desk
) -> None:
    client = Client()
    world.box.fail_next(Fault("upload", "PUT", status=403, kind="html", times=9))
    with world.mirror() as mirror:
        for _ in range(2):
            sync_until_quiet(mirror, Wish())
        assert [row.until for row in mirror.state.decisions.held()] != [None]
        world.box.fail_next(Fault("api", status=403, kind="html", times=99))
        world.clock.advance(3600)
        run(desk, desk.take(client.ask("wait"), mirror), mirror)

        assert desk.seconds(world.clock.monotonic()) == PATIENCE
