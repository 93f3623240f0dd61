"""How long to wait: the budget is never exceeded, pauses grow, dates are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from figsync.figshare.pacing import (
    LONGEST_PAUSE,
    Bucket,
    backoff,
    full_bucket,
    http_date,
    retry_after,
)

ANSWERED = "Fri, 20 Nov 2026 15:30:12 GMT"


def times_of(bucket: Bucket, arrivals: list[float]) -> list[float]:
    """Return when each of the requests that arrive may go."""
    times = []
    for now in arrivals:
        bucket, pause = bucket.take(1, now)
        times.append(now + pause)
    return times


@given(
    rate=st.floats(0.1, 50),
    burst=st.integers(1, 40),
    gaps=st.lists(st.floats(0, 10), min_size=2, max_size=80),
)
def test_no_window_holds_more_than_burst_and_rate(
    rate: float, burst: int, gaps: list[float]
) -> None:
    arrivals = [sum(gaps[: n + 1]) for n in range(len(gaps))]

    times = times_of(full_bucket(rate, burst, 0.0), arrivals)

    for first in range(len(times)):
        for last in range(first, len(times)):
            span = times[last] - times[first]
            assert last - first + 1 <= burst + rate * span + 1e-6


def test_a_burst_goes_at_once_and_the_rest_in_step() -> None:
    bucket = full_bucket(2.0, 3, 0.0)

    times = times_of(bucket, [0.0] * 6)

    assert times == [0, 0, 0, 0.5, 1.0, 1.5]


def test_a_rate_of_nothing_is_no_limit() -> None:
    bucket = full_bucket(0, 1, 0.0)

    assert times_of(bucket, [0.0] * 100) == [0.0] * 100


def test_a_clock_running_backwards_gives_nothing_away() -> None:
    bucket = Bucket(rate=1, burst=5, level=0, at=100.0)

    assert bucket.refilled(50.0).refilled(100.0).level == 0


def test_pauses_grow_to_a_limit_and_half_of_them_is_chance() -> None:
    assert [backoff(n, 1.0) for n in range(4)] == [0.5, 1.0, 2.0, 4.0]
    assert backoff(1, 0.0) == 0.5
    assert backoff(1000, 1.0) == LONGEST_PAUSE


def test_retry_after_is_seconds_or_a_date() -> None:
    now = http_date(ANSWERED)
    assert now is not None

    assert retry_after("7", now) == 7.0
    assert retry_after(" 1.5 ", now) == 1.5
    assert retry_after("Fri, 20 Nov 2026 15:31:12 GMT", now) == 60.0
    assert retry_after("Fri, 20 Nov 2026 15:29:12 GMT", now) == 0.0


def test_a_retry_after_that_says_nothing_is_none() -> None:
    for text in ("", "soon", "-1", "inf", "nan", "1e9", "٣", "Fri, 99 Nov 2026"):
        assert retry_after(text, 0.0) is None


def test_http_dates_are_utc_even_without_a_zone() -> None:
    assert http_date(ANSWERED) == http_date("Fri, 20 Nov 2026 15:30:12")
    assert http_date("Thu, 01 Jan 1970 00:00:10 GMT") == 10.0
    assert http_date("yesterday") is None
