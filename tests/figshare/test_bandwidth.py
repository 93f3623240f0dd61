"""A limit that changes with the time: transfers that run obey it as it is by then."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figsync.figshare import Part, Settings
from figsync.figshare.client import LOOK_SECONDS, Connection
from figsync.figshare.throttle import Bandwidth
from tests.figshare.world import FastClock, Give, in_turn, serving, talking

OK = Give(200, b"OK", {"Content-Type": "text/plain"})
START = 1_000_000.0
K = 1024
M = 1024 * K

Rate = Callable[[float], float]


def steps(*rates: tuple[float, float]) -> Rate:
    """Return a rate that changes: each is how long it lasts, and how much it is."""

    def rate(now: float) -> float:
        until = START
        for seconds, allowed in rates:
            until += seconds
            if now < until:
                return allowed
        return rates[-1][1]

    return rate


@contextmanager
def connected(rate: Rate, clock: FastClock) -> Iterator[Connection]:
    settings = Settings(requests_per_second=0, bandwidth=rate)
    connection = Connection("https://api.invalid", "t", clock=clock, settings=settings)
    with closing(connection):
        yield connection


class SlowBytes(io.BytesIO):
    """A part of which a quarter of a megabyte is read in a second."""

    def __init__(self, size: int, clock: FastClock) -> None:
        super().__init__(bytes(size))
        self._size = size
        self._clock = clock
        self.read_at: list[float] = []

    def __len__(self) -> int:
        return self._size

    def read(self, amount: int | None = -1, /) -> bytes:
        piece = super().read(amount)
        self._clock.wait(len(piece) / (256 * K))
        self.read_at.append(self._clock.now() - START)
        return piece


def send(rate: Rate, size: int, clock: FastClock) -> SlowBytes:
    body = SlowBytes(size, clock)
    settings = Settings(requests_per_second=0, bandwidth=rate)
    with (
        serving(in_turn(OK)) as server,
        talking(server, clock=clock, settings=settings) as figshare,
    ):
        part = Part(1, 0, size - 1)
        figshare.send_part(f"{server.url}/upload/t", part, body)
    return body


def test_a_limit_that_begins_slows_down_a_part_on_its_way():
    clock = FastClock(START)

    send(steps((4, 0), (10_000, 64 * K)), 4 * M, clock)

    # A quarter of a megabyte each second, for four seconds; the rest at the limit.
    assert clock.now() - START == pytest.approx(4 + 3 * M / (64 * K), abs=5)


def test_a_limit_that_ends_lets_a_part_on_its_way_go():
    clock = FastClock(START)

    body = send(steps((60, 8 * K), (10_000, 0)), 4 * M, clock)

    assert body.read_at[-1] < 60 + 4 * M / (256 * K) + 10


def test_who_waits_at_a_small_limit_goes_on_when_it_ends():
    clock = FastClock(START)
    with connected(steps((100, 1), (10_000, 0)), clock) as connection:
        connection.received(100_000)

    assert 100 <= clock.now() - START <= 100 + LOOK_SECONDS


def test_who_waits_at_a_small_limit_goes_on_at_the_larger_one():
    clock = FastClock(START)
    with connected(steps((100, 1), (10_000, 1000)), clock) as connection:
        connection.sent(100_000)

    assert clock.now() - START == pytest.approx(200, abs=LOOK_SECONDS)


def test_what_was_sent_without_a_limit_is_not_paid_for_later():
    clock = FastClock(START)
    with connected(steps((10, 0), (10_000, 1000)), clock) as connection:
        connection.sent(1_000_000)
        clock.wait(10)
        connection.sent(1500)

    assert clock.now() - START == pytest.approx(10.5)


def test_a_smaller_limit_allows_no_burst_of_the_larger_one():
    clock = FastClock(START)
    with connected(steps((10, 1_000_000), (10_000, 1000)), clock) as connection:
        clock.wait(10)
        connection.sent(11_000)

    assert clock.now() - START == pytest.approx(20)


def test_without_a_limit_nobody_waits():
    clock = FastClock(START)
    with connected(steps((1, 0)), clock) as connection:
        connection.sent(1 << 40)
        assert connection.send_at_once() == 256 * K

    assert clock.waits == []


@given(
    st.lists(
        st.tuples(st.floats(1, 100), st.floats(100, 10_000)), min_size=1, max_size=5
    ),
    st.lists(st.integers(1, 20_000), min_size=1, max_size=20),
)
def test_never_more_than_was_allowed(
    rates: list[tuple[float, float]], chunks: list[int]
):
    clock = FastClock(START)
    rate = steps(*rates)
    with connected(rate, clock) as connection:
        for chunk in chunks:
            connection.sent(chunk)

    passed = clock.now() - START
    most = max(allowed for _, allowed in rates)
    assert sum(chunks) <= allowed_in(passed, rates) + most * (1 + LOOK_SECONDS)


def allowed_in(passed: float, rates: list[tuple[float, float]]) -> float:
    total = 0.0
    for seconds, allowed in rates:
        total += min(seconds, max(0.0, passed)) * allowed
        passed -= seconds
    return total + max(0.0, passed) * rates[-1][1]


def test_all_threads_draw_from_one_limit():
    clock = FastClock(START)
    bandwidth = Bandwidth(lambda _: 1000.0, clock)

    owed = [bandwidth.take(1000) for _ in range(4)]

    assert owed == [0, 1000, 2000, 3000]
