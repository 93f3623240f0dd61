"""How long to wait before the next call: a calculation without a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


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
