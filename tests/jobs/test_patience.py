from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
import urllib3
from figsync.jobs.patience import LEAST, MINUTE, TOLD_AGAIN, Patience
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
from figsync.sync.hosts import api_rest
from tests.world import World

HOUR = 3600.0
NOW = 5000.0


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


class Network:
    """The line between this computer and Figshare, up or down."""

    def __init__(self, world: World) -> None:
        self.is_up = True
        self.tried = 0
        self._world = world

    def look(self, request: PreparedRequest) -> None:
        self.tried += 1
        if not self.is_up:
            refused = urllib3.exceptions.NewConnectionError(None, "no route")  # type: ignore[arg-type]  # no pool is involved
            raise requests.ConnectionError(refused, request=request)


def daemon(world: World, seconds: float) -> tuple[int, int]:
    """Live for so long as a daemon does; return how many cycles ended well, and lines.

    A cycle that was well is followed by the next one after a quarter of an hour.
    """
    patience, well, lines = Patience(), 0, 0
    with world.mirror() as mirror:
        end = world.clock.monotonic() + seconds
        while world.clock.monotonic() < end:
            try:
                world.cycle(mirror)
            except FigsyncError as problem:
                rest = api_rest(mirror)
                now = world.clock.monotonic()
                patience = patience.after(problem, now, rest=rest)
                lines += patience.is_news
                world.clock.advance(patience.pause)
            else:
                patience, well = Patience(), well + 1
                world.clock.advance(15 * MINUTE)
    return well, lines
