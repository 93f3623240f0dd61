from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from figsync.clock import Clock, SystemClock
from figsync.jobs.schedule import JITTER, Every, JumpWatch, Schedule
from tests.world import TestClock

DAY = 86400.0
SOON = 20.0  # seconds; a deadline for what takes a fraction of it


class Posts:
    """Takes what is posted and waits for it."""

    def __init__(self) -> None:
        self._names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def put(self, name: str) -> None:
        self._names.put(name)

    def next(self) -> str:
        return self._names.get(timeout=SOON)

    @property
    def none(self) -> bool:
        return self._names.empty()


@contextmanager
def running(
    posts: Posts,
    every: Mapping[str, float],
    clock: Clock,
    last: Mapping[str, float] | None = None,
) -> Iterator[Schedule]:
    schedule = Schedule(posts.put, every, clock, last=last, random=lambda: 0.5)
    schedule.start()
    try:
        yield schedule
    finally:
        schedule.stop()


def left(schedule: Schedule, name: str, clock: Clock) -> float:
    at = schedule.next_at(name)
    assert at is not None
    return at - clock.now()


def test_each_name_is_posted_again_and_again():
    posts = Posts()

    with running(posts, {"pull": 0.05}, SystemClock()):
        assert [posts.next() for _ in range(3)] == ["pull"] * 3


def test_nothing_is_posted_before_its_time():
    posts, clock = Posts(), TestClock(time.time())

    with running(posts, {"pull": 900.0, "scan": 3600.0}, clock) as schedule:
        assert left(schedule, "pull", clock) == pytest.approx(855, abs=1)
        assert left(schedule, "scan", clock) == pytest.approx(3420, abs=1)
        assert posts.none


def test_it_knows_no_name_that_it_was_not_told():
    with running(Posts(), {"pull": 900.0}, SystemClock()) as schedule:
        assert schedule.next_at("tea") is None


@pytest.mark.parametrize("chance", [0.0, 0.3, 1.0])
def test_nothing_comes_later_than_configured(chance: float):
    now = datetime(2026, 11, 20, tzinfo=UTC)
    trigger = Every(900.0, lambda: chance)

    after = (trigger.get_next_fire_time(None, now) - now).total_seconds()

    assert 900 * (1 - JITTER) <= after <= 900


def test_however_much_was_missed_is_made_up_for_once():
    now = datetime(2026, 11, 20, tzinfo=UTC)
    long_ago = now - timedelta(days=20_000)

    after = Every(1.0, lambda: 0.0).get_next_fire_time(long_ago, now)

    assert after == now + timedelta(seconds=1)


def test_a_clock_set_forward_by_decades_posts_each_name_once():
    posts, clock = Posts(), TestClock(time.time() - 20_000 * DAY)
    every = {"poll": 1000.0, "pull": 5000.0}

    # A machine without a battery: the schedule was made when it was 1970.
    with running(posts, every, clock):
        assert {posts.next(), posts.next()} == {"poll", "pull"}
    assert posts.none


def test_a_clock_set_back_does_not_stall_it():
    posts, clock = Posts(), TestClock(time.time() + DAY)

    with running(posts, {"pull": 900.0}, clock) as schedule:
        clock.advance(890)
        clock.jump(time.time() - clock.now())
        assert left(schedule, "pull", clock) > DAY / 2
        schedule.look()

        assert posts.next() == "pull"
        assert left(schedule, "pull", clock) <= 900


def test_a_clock_set_back_keeps_what_has_passed():
    posts, clock = Posts(), TestClock(time.time() + DAY)

    with running(posts, {"pull": 900.0}, clock) as schedule:
        clock.advance(300)
        clock.jump(-DAY)
        schedule.look()

        assert left(schedule, "pull", clock) == pytest.approx(555, abs=2)
        assert posts.none


def test_a_clock_set_forward_makes_nothing_due_early():
    posts, clock = Posts(), TestClock(time.time() - 3000)

    with running(posts, {"pull": 3600.0}, clock) as schedule:
        clock.jump(3000)
        schedule.look()

        assert left(schedule, "pull", clock) == pytest.approx(3420, abs=2)
        assert posts.none


def test_after_a_jump_each_overdue_name_is_posted_once():
    posts, clock = Posts(), TestClock(time.time() + DAY)

    with running(posts, {"pull": 900.0, "scan": 3600.0}, clock) as schedule:
        clock.advance(5 * 3600)
        clock.jump(time.time() - clock.now())
        schedule.again()

        assert {posts.next(), posts.next()} == {"pull", "scan"}
        schedule.again()
        assert posts.none


def test_what_fell_due_while_the_machine_slept_is_posted_once():
    posts, clock = Posts(), TestClock(time.time() - 800)

    with running(posts, {"pull": 900.0}, clock) as schedule:
        # The wall clock goes on, while the thread has its 55 seconds to wait still.
        clock.advance(900)
        assert posts.none
        schedule.look()

        assert posts.next() == "pull"
        assert left(schedule, "pull", clock) > 0
    assert posts.none


def test_what_was_due_before_this_process_comes_soon_after_its_start():
    posts, clock = Posts(), TestClock(time.time())
    last = {"verify": clock.now() - 3 * DAY, "trash": clock.now() - DAY / 2}

    with running(posts, {"verify": DAY, "trash": DAY}, clock, last) as schedule:
        assert left(schedule, "verify", clock) == pytest.approx(90, abs=1)
        assert left(schedule, "trash", clock) == pytest.approx(0.45 * DAY, abs=1)


def test_a_last_time_in_the_future_delays_nothing():
    clock = TestClock(time.time())
    last = {"verify": clock.now() + 400 * DAY}

    with running(Posts(), {"verify": DAY}, clock, last) as schedule:
        assert left(schedule, "verify", clock) <= DAY


def test_a_name_can_be_asked_for_sooner():
    posts, clock = Posts(), SystemClock()

    with running(posts, {"verify": DAY}, clock) as schedule:
        schedule.soon("verify", 0.01)

        assert posts.next() == "verify"
        assert left(schedule, "verify", clock) > 0.8 * DAY


def test_other_intervals_count_from_the_same_time():
    posts, clock = Posts(), TestClock(time.time())

    with running(posts, {"pull": 900.0, "poll": 60.0}, clock) as schedule:
        clock.advance(600)
        schedule.change({"pull": 1800.0, "scan": 3600.0})

        assert left(schedule, "pull", clock) == pytest.approx(1710 - 600, abs=1)
        assert left(schedule, "scan", clock) == pytest.approx(3420, abs=1)
        assert schedule.next_at("poll") is None


def test_an_interval_made_shorter_than_what_passed_is_due_at_once():
    posts, clock = Posts(), TestClock(time.time() - 600)

    with running(posts, {"pull": 900.0}, clock) as schedule:
        clock.advance(600)
        schedule.change({"pull": 60.0})

        assert posts.next() == "pull"


def test_its_thread_ends_with_it():
    before = threading.active_count()

    with running(Posts(), {"pull": 900.0}, SystemClock()):
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_stopping_what_never_began_is_fine():
    Schedule(Posts().put, {"pull": 1.0}, SystemClock()).stop()


@pytest.mark.parametrize(
    ("wall", "passed", "jump"),
    [
        (900, 900, 0),
        (905, 900, 0),
        (0, 900, -900),
        (4500, 900, 3600),
        (28_800, 28_800, 0),
    ],
    ids=["a quarter of an hour", "an adjusted clock", "set back", "set on", "a sleep"],
)
def test_only_a_clock_that_was_set_is_a_jump(wall: float, passed: float, jump: float):
    watch = JumpWatch(wall=1000.0, monotonic=50.0)

    assert watch.jump(1000 + wall, 50 + passed) == jump
