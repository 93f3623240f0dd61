"""How long to wait before the next call: a calculation without a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LEAST_SHARE = 1 / 16
RECOVERY = 300.0  # seconds from next to nothing back to the whole rate
TOGETHER = 5.0  # seconds; signs of trouble that are nearer than this are one
# Requests per second of a host without a limit, as long as it is in trouble.
CAUTIOUS = 8.0
KEPT = 1 / 3  # the share of the burst that is for people who wait
NEARLY = 1e-6
FEWEST = 8  # answers before latencies say anything
SLOWER = 3.0
SLOW = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket at one instant; *rate* 0 is no limit.

    A level below zero is what callers that still wait have taken in advance, so
    that callers who come at once line up instead of going together.
    """

    rate: float
    burst: float
    level: float
    at: float

    def refilled(self, now: float) -> Bucket:
        """Return the bucket as it is at *now*, never above its burst."""
        gained = max(0.0, now - self.at) * self.rate
        level = min(self.burst, self.level + gained)
        return replace(self, level=level, at=max(now, self.at))

    def take(self, amount: float, now: float) -> tuple[Bucket, float]:
        """Return the bucket without *amount*, and the seconds to wait first."""
        if self.rate <= 0:
            return self, 0.0
        full = self.refilled(now)
        level = full.level - amount
        return replace(full, level=level), max(0.0, -level / self.rate)


@dataclass(frozen=True, slots=True)
class Pace:
    """What may be asked of one host at one instant; *rate* 0 is no limit.

    After trouble only a *share* of the rate is used, from *cut_at* on a little more
    with every second until it is whole again; before *silent_until* nothing goes.
    All times are monotonic seconds.  A *level* below zero is as with a Bucket.
    """

    rate: float
    burst: float
    level: float
    at: float
    share: float = 1.0
    cut_at: float = 0.0
    silent_until: float = 0.0

    @property
    def kept(self) -> float:
        """The part of the burst that who yields leaves to the others."""
        return min(self.burst * KEPT, self.burst - 1)

    def rate_at(self, now: float) -> float:
        """Return the requests per second that are allowed now, 0 if there is no limit.

        It is never above the configured rate.
        """
        share = self._share_at(now)
        if self.rate:
            return self.rate * share
        return 0.0 if share >= 1 else CAUTIOUS * share

    @property
    def is_cut(self) -> bool:
        """Whether less than the whole rate is used, since there was trouble."""
        return self._share_at(self.at) < 1

    def is_silent(self, now: float) -> bool:
        """Tell whether nothing at all may go now."""
        return now < self.silent_until

    def refilled(self, now: float) -> Pace:
        """Return the pace as it is at *now*, its level never above its burst."""
        if now <= self.at:
            return self
        whole_at = self.cut_at + (1 - self.share) * RECOVERY
        ramp = max(0.0, min(now, whole_at) - self.at)
        mean = (self._share_at(self.at) + self._share_at(self.at + ramp)) / 2
        seconds = ramp * mean + (now - self.at - ramp)
        gained = seconds * (self.rate or CAUTIOUS)
        return replace(self, level=min(self.burst, self.level + gained), at=now)

    def turn(self, now: float, *, yields: bool = False) -> Turn:
        """Take one request, or tell how long to wait before asking again.

        Who *yields* leaves a part of the burst, and each turn, to the others.
        """
        if self.is_silent(now):
            return Turn(self, self.silent_until - now, is_taken=False)
        rate = self.rate_at(now)
        if not rate:
            return Turn(self, 0.0)
        full = self.refilled(now)
        missing = (self.kept if yields else 0.0) + 1 - full.level
        if yields and missing > NEARLY:
            return Turn(full, missing / rate, is_taken=False)
        level = full.level - 1
        return Turn(replace(full, level=level), max(0.0, -level / rate))

    def given_back(self) -> Pace:
        """Return the pace as if a request that was taken, and not sent, never was."""
        return replace(self, level=min(self.burst, self.level + 1))

    def hushed(self, now: float, seconds: float) -> Pace:
        """Return the pace with nothing going for so many seconds."""
        return replace(self, silent_until=max(self.silent_until, now + seconds))

    def cut(self, now: float, factor: float) -> Pace:
        """Return the pace with this much of its present rate, and no burst left.

        What was on its way at the first sign of trouble is no further sign.
        """
        share = self._share_at(now)
        if share < 1 and now - self.cut_at < TOGETHER:
            return self
        full = self.refilled(now)
        return replace(
            full,
            share=max(LEAST_SHARE, share * factor),
            cut_at=now,
            level=min(full.level, 0.0),
        )

    def _share_at(self, now: float) -> float:
        return min(1.0, self.share + max(0.0, now - self.cut_at) / RECOVERY)


@dataclass(frozen=True, slots=True)
class Turn:
    """The pace after asking for a turn, and the seconds to wait.

    If the turn *is_taken* the request goes after the wait, else it asks again.
    """

    pace: Pace
    pause: float
    is_taken: bool = True


def full_pace(rate: float, burst: float, now: float) -> Pace:
    """Return the pace of a host that was not asked yet; it allows one at least."""
    size = max(1.0, burst)
    return Pace(rate=rate, burst=size, level=size, at=now)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers take: usually, and lately (seconds)."""

    usual: float = 0.0
    recent: float = 0.0
    count: int = 0

    def after(self, seconds: float) -> Latency:
        """Return what it is after one more answer."""
        if not self.count:
            return Latency(seconds, seconds, 1)
        # What is usual follows a service that became faster soon, a slower one late.
        weight = 0.2 if seconds < self.usual else 0.02
        usual = self.usual + (seconds - self.usual) * weight
        recent = self.recent + (seconds - self.recent) * 0.3
        return Latency(usual, recent, self.count + 1)

    @property
    def is_growing(self) -> bool:
        """Whether answers take so much longer than usual that fewer should be asked."""
        limit = max(SLOWER * self.usual, self.usual + SLOW)
        return self.count >= FEWEST and self.recent > limit


def full_bucket(rate: float, burst: float, now: float) -> Bucket:
    """Return a bucket that has not been used yet; it holds at least one token."""
    size = max(1.0, burst)
    return Bucket(rate=rate, burst=size, level=size, at=now)


def backoff(attempt: int, jitter: float) -> float:
    """Return the seconds to wait after failed *attempt* (from 0); *jitter* is in 0..1.

    Half of the pause is random, so that many callers do not come back together.
    """
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt, 16))
    return pause * (0.5 + 0.5 * jitter)


def http_date(text: str) -> float | None:
    """Return the POSIX time of an HTTP date, None when it is not one."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def retry_after(text: str, now: float) -> float | None:
    """Return the seconds a Retry-After header asks for, None when it says nothing."""
    stripped = text.strip()
    if stripped.isascii() and stripped.replace(".", "", 1).isdecimal():
        return float(stripped)
    moment = http_date(stripped)
    return None if moment is None else max(0.0, moment - now)
