from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import urllib3
from requests import PreparedRequest

from figsync.errors import (
    BadReply,
    Blocked,
    DiskProblem,
    FigsyncError,
    NeedsPerson,
    Resting,
    TokenRefused,
    TooMany,
    Unreachable,
)
from figsync.jobs.patience import LEAST, MINUTE, TOLD_AGAIN, Patience
from figsync.sandbox import Fault
from figsync.sync.engine import Wish
from figsync.sync.hosts import api_rest
from figsync.sync.loop import sync_until_quiet
from figsync.sync.mirror import Mirror
from tests.wire import wired
from tests.world import World, assert_agreed

HOUR = 3600.0
NOW = 5000.0
IN_A_ROW = 5


def offline() -> FigsyncError:
    return Unreachable("Figshare", "no connection")


def pauses(make: Callable[[], FigsyncError], times: int) -> list[float]:
    patience, found, now = Patience(), [], NOW
    for _ in range(times):
        patience = patience.after(make(), now)
        found.append(patience.pause)
        now += patience.pause
    return found


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [
        (Unreachable, [0.5, 1, 2, 5, 10, 15, 15]),
        (Blocked, [0.5, 1, 2, 5, 10, 15, 15]),
        (BadReply, [0.5, 1, 2, 5, 10, 15, 15]),
        (TokenRefused, [5, 15, 60, 60]),
        (NeedsPerson, [1, 2, 5, 5]),
        (DiskProblem, [1, 5, 15, 15]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_waits_grow_and_stay(kind: type[FigsyncError], minutes: list[float]):
    found = pauses(lambda: kind("", "why"), len(minutes))

    assert found == [number * MINUTE for number in minutes]


def test_another_kind_of_failure_begins_at_its_shortest_wait():
    patience = Patience().after(offline(), NOW).after(offline(), NOW)

    assert patience.after(TokenRefused("", "no"), NOW).pause == 5 * MINUTE


def test_while_the_api_rests_nothing_is_added_to_its_wait():
    patience = Patience()
    for _ in range(10):
        patience = patience.after(Resting("", "left alone"), NOW, rest=42.0)

    assert (patience.pause, patience.failures) == (42.0, 1)
    assert patience.after(offline(), NOW, rest=900.0).pause == 900.0


def test_a_rest_that_is_over_by_a_hair_is_no_busy_loop():
    assert Patience().after(Resting("", "left alone"), NOW, rest=0.0).pause == LEAST


def test_what_figshare_asks_for_is_obeyed():
    slower = TooMany("", "slow down")
    slower.retry_after = 500.0

    assert Patience().after(slower, NOW).pause == 500.0


def test_an_old_problem_is_told_once_an_hour():
    patience, now, told = Patience(), NOW, []
    while now < NOW + 5 * HOUR:
        patience = patience.after(offline(), now, rest=MINUTE)
        if patience.is_news:
            told.append(now - NOW)
        now += patience.pause

    assert told == [n * TOLD_AGAIN for n in range(5)]
    assert patience.since == NOW


def test_another_cause_is_news_but_no_more_than_one_a_minute():
    patience = Patience().after(offline(), NOW)
    other = Unreachable("Figshare", "no connection in time")

    assert patience.is_news
    assert not patience.after(other, NOW + 59).is_news
    assert patience.after(other, NOW + 60).is_news
    assert not patience.after(Resting("", "left alone"), NOW + 60).is_news


class Line:
    """The line between this computer and Figshare, up or down."""

    def __init__(self) -> None:
        self.is_up = True
        self.tried = 0

    def look(self, request: PreparedRequest) -> None:
        self.tried += 1
        if not self.is_up:
            refused = urllib3.exceptions.NewConnectionError(None, "no route")  # type: ignore[arg-type]  # no pool is involved
            raise requests.ConnectionError(refused, request=request)


@dataclass
class Lived:
    """What happened while a daemon lived for a while."""

    well: list[float] = field(default_factory=list)
    lines: int = 0


def live(world: World, mirror: Mirror, seconds: float) -> Lived:
    """Run cycles as a daemon does, a quarter of an hour after each that went well."""
    patience, lived, clock = Patience(), Lived(), world.clock
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        try:
            sync_until_quiet(mirror, Wish())
        except FigsyncError as problem:
            now = clock.monotonic()
            patience = patience.after(problem, now, rest=api_rest(mirror))
            lived.lines += patience.is_news
            clock.advance(patience.pause)
        else:
            patience = Patience()
            lived.well.append(clock.monotonic())
            clock.advance(15 * MINUTE)
    return lived


def test_back_on_the_network_it_catches_up_within_a_minute(tmp_path: Path):
    world, line = World(tmp_path), Line()
    with wired(world, before=line.look), world.mirror() as mirror:
        assert live(world, mirror, 1).well
        line.is_up, line.tried = False, 0
        world.drop("Soil cores/a.csv", "saved on the train")

        away = live(world, mirror, 6 * HOUR)
        assert away.well == []
        assert away.lines <= 7
        # Five tries, and then one every minute or so.
        assert 300 <= line.tried <= 370

        line.is_up = True
        back = world.clock.monotonic()
        assert live(world, mirror, 2 * MINUTE).well[0] - back <= 1.2 * MINUTE
    assert_agreed(world)
    assert world.remote("Soil cores") == {"a.csv": b"saved on the train"}


def test_a_host_that_is_there_and_fails_is_left_alone_for_longer(tmp_path: Path):
    world, line = World(tmp_path), Line()
    with wired(world, before=line.look), world.mirror() as mirror:
        assert live(world, mirror, 1).well
        world.box.fail_next(Fault("api", status=503, times=10_000))
        line.tried = 0

        away = live(world, mirror, 24 * HOUR)

    assert away.well == []
    assert away.lines <= 25
    # The breaker's waits alone: 1, 5, 15, 60 minutes, and then four hours each.
    assert line.tried <= IN_A_ROW + 10


def test_a_network_that_comes_and_goes_costs_no_more_than_one_that_is_away(
    tmp_path: Path,
):
    world, line = World(tmp_path), Line()
    with wired(world, before=line.look), world.mirror() as mirror:
        live(world, mirror, 1)
        for _ in range(5):
            line.is_up = False
            live(world, mirror, HOUR)
            line.is_up = True
            back = world.clock.monotonic()
            assert live(world, mirror, 2 * MINUTE).well[0] - back <= 1.2 * MINUTE
