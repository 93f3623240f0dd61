"""How a daemon tells of its cycles: merged, whole for who comes late, and shown."""

from __future__ import annotations

import json
from typing import Any

from figsync.daemon.answers import MOVED_EVERY, Broadcast, show_told
from figsync.model import Download, Outcome, Plan, RemoteFile, Where
from figsync.sync.telling import DOWN, UP, Ended, Telling
from tests.world import TestClock


class Seen:
    """A show that only counts."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.left: dict[str, int] = {}
        self.over: list[Ended] = []

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def ahead(self, sizes: Any) -> None:
        for way, size in sizes.items():
            self.left[way] = self.left.get(way, 0) + size

    def moved(self, way: str, size: int) -> None:
        self.left[way] -= size

    def ended(self, ended: Ended) -> None:
        self.over.append(ended)


def download(name: str, size: int = 1000) -> Download:
    return Download(Where("1", "Soil cores"), RemoteFile(name, name, size, "m"))


def test_what_is_told_shows_the_same_as_what_happened() -> None:
    clock = TestClock()
    broadcast, here, there = Broadcast(clock.monotonic), Seen(), Seen()
    broadcast.join(lambda told: show_told(json.loads(json.dumps(told)), there))
    for progress in (Telling(broadcast), Telling(here)):
        a, b, failed = (download(name) for name in ("a", "b \udcff", "c"))
        progress.phase("Syncing")
        progress.planned(Plan((a, b, failed)))
        for action, size in ((a, 600), (b, 1000), (a, -600), (a, 1000), (failed, 1)):
            progress.moved(action, size)
        progress.finished(Outcome(a, "done"))
        progress.finished(Outcome(b, "done"))
        progress.finished(Outcome(failed, "failed", "no route"))

    assert (there.phases, there.left, there.over) == (
        here.phases,
        here.left,
        here.over,
    )
    assert there.left == {DOWN: 0}
    assert there.over[-1].message == "no route"


def test_bytes_are_told_five_times_a_second_at_most_and_all_of_them() -> None:
    clock = TestClock()
    broadcast, told = Broadcast(clock.monotonic), list[Any]()
    broadcast.join(told.append)

    for _ in range(1000):
        clock.advance(0.001)
        broadcast.moved(UP, 1)
    broadcast.phase("the end")

    moved = [one["moved"][UP] for one in told if "moved" in one]
    assert len(moved) <= 1 / MOVED_EVERY + 1
    assert sum(moved) == 1000
    assert told[-1] == {"phase": "the end"}


def test_who_comes_late_learns_where_it_stands() -> None:
    broadcast, told = Broadcast(), list[Any]()
    broadcast.phase("Syncing")
    broadcast.ahead({UP: 10, DOWN: 3})
    broadcast.moved(UP, 4)
    broadcast.moved(DOWN, 3)

    broadcast.join(told.append)

    assert told == [{"phase": "Syncing"}, {"ahead": {UP: 6}}]


def test_who_comes_when_all_is_over_learns_nothing() -> None:
    broadcast, told = Broadcast(), list[Any]()
    broadcast.phase("Syncing")
    broadcast.ahead({UP: 10})
    broadcast.over()

    broadcast.join(told.append)

    assert told == []


def test_who_left_is_told_no_more_and_joining_twice_is_joining_once() -> None:
    broadcast, told = Broadcast(), list[Any]()

    broadcast.join(told.append)
    broadcast.join(told.append)
    broadcast.phase("one")
    broadcast.leave(told.append)
    broadcast.phase("two")

    assert told == [{"phase": "one"}]


def test_what_is_not_known_is_not_shown() -> None:
    seen = Seen()

    for told in ({"accepted": True}, {"weather": "fine"}, {"end": True, "code": 0}):
        show_told(told, seen)

    assert (seen.phases, seen.left, seen.over) == ([], {}, [])
