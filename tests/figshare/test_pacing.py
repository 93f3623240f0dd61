"""How long to wait: the budget is never exceeded, pauses grow, dates are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from figsync.figshare.pacing import (
    KEPT,
    LEAST_SHARE,
    LONGEST_PAUSE,
    RECOVERY,
    TOGETHER,
    Bucket,
    Latency,
    Pace,
    backoff,
    full_bucket,
    full_pace,
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


def sent_at(pace: Pace, now: float, *, yields: bool) -> tuple[Pace, float]:
    """Return the pace after one request that arrives now, and when it may go."""
    while not (turn := pace.turn(now, yields=yields)).is_taken:
        pace, now = turn.pace, now + turn.pause
    return turn.pace, now + turn.pause


events = st.tuples(
    st.floats(0, 20),
    st.sampled_from(["ask"] * 6 + ["yield"] * 3 + ["cut", "hush", "give back"]),
)


@given(rate=st.floats(0.1, 20), burst=st.integers(1, 40), told=st.lists(events))
def test_whatever_happens_no_window_holds_more_than_burst_and_rate(
    rate: float, burst: int, told: list[tuple[float, str]]
) -> None:
    pace, now, times = full_pace(rate, burst, 0.0), 0.0, []
    for gap, event in told:
        now += gap
        match event:
            case "cut":
                pace = pace.cut(now, 0.5)
            case "hush":
                pace = pace.hushed(now, 7.0)
            case "give back":
                pace = pace.turn(now).pace.given_back()
            case _:
                pace, at = sent_at(pace, now, yields=event == "yield")
                times.append(at)
        assert 0 < pace.rate_at(now) <= rate
        assert pace.refilled(now).level <= burst

    times.sort()
    for first in range(len(times)):
        for last in range(first, len(times)):
            span = times[last] - times[first]
            assert last - first + 1 <= burst + rate * span + 1e-4


@given(
    cuts=st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 0.9)), min_size=1),
    rate=st.sampled_from([0.0, 1.0, 30.0]),
)
def test_trouble_slows_down_and_quiet_brings_the_whole_rate_back(
    cuts: list[tuple[float, float]], rate: float
) -> None:
    pace, now = full_pace(rate, 30, 0.0), 0.0
    for gap, factor in cuts:
        now += gap
        pace = pace.cut(now, factor)
        assert pace.rate_at(now) > 0
        assert pace.share >= LEAST_SHARE
    slow = pace.rate_at(now)

    later = [pace.rate_at(now + part * RECOVERY / 10) for part in range(10)]

    assert slow < (rate or 1e9)
    assert [r for r in later if r] == sorted(r for r in later if r)
    assert pace.rate_at(now + RECOVERY) == rate


def test_signs_of_trouble_that_come_together_are_one() -> None:
    pace = full_pace(1, 30, 0.0).cut(100.0, 0.5)

    assert pace.cut(100.0 + TOGETHER / 2, 0.5) == pace
    assert pace.cut(100.0 + TOGETHER, 0.5).share < 0.5 * 0.5 + TOGETHER / RECOVERY


def test_a_cut_leaves_no_burst() -> None:
    pace = full_pace(1, 30, 0.0).cut(100.0, 0.5)

    assert pace.turn(100.0).pause == 2.0


def test_what_yields_leaves_a_part_of_the_burst_to_the_others() -> None:
    pace, went = full_pace(1, 30, 0.0), 0
    while (turn := pace.turn(0.0, yields=True)).is_taken and not turn.pause:
        pace, went = turn.pace, went + 1

    others = 0
    while not (turn := pace.turn(0.0)).pause:
        pace, others = turn.pace, others + 1

    assert (went, others) == (20, 30 * KEPT)
    assert not pace.turn(5.0, yields=True).is_taken
    assert pace.turn(5.0).pause == 0


def test_nothing_goes_before_a_silence_is_over() -> None:
    pace = full_pace(0, 1, 0.0).hushed(10.0, 7.0)

    assert not pace.turn(16.9).is_taken
    assert pace.turn(10.0).pause == 7.0
    assert pace.turn(17.0).is_taken


@given(st.lists(st.floats(0.01, 2.0), max_size=100))
def test_answers_within_two_seconds_are_never_slow(seconds: list[float]) -> None:
    latency = Latency()
    for one in seconds:
        latency = latency.after(one)

        assert not latency.is_growing


def test_answers_that_take_ever_longer_are_noticed_and_one_slow_one_is_not() -> None:
    latency = Latency()
    for _ in range(20):
        latency = latency.after(0.2)
    assert not latency.after(5.0).is_growing

    for _ in range(5):
        latency = latency.after(5.0)

    assert latency.is_growing


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
