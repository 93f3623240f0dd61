"""A bandwidth that many threads share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from figsync.clock import Clock
from figsync.figshare.pacing import full_bucket

Rate = Callable[[float], float]  # bytes per second at a POSIX time, 0 is no limit


def unlimited(now: float) -> float:
    """Allow everything at any time."""
    del now
    return 0.0


class Bandwidth:
    """So many bytes per second for all threads together, changing as time goes by."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._rate = rate
        self._bucket = full_bucket(self.rate, self.rate, clock.monotonic())

    @property
    def rate(self) -> float:
        """The bytes per second that are allowed now; 0 is no limit."""
        return self._rate(self._clock.now())

    def take(self, amount: float) -> float:
        """Take so many bytes; return how many of them have to be waited for."""
        rate = self.rate
        with self._lock:
            now = self._clock.monotonic()
            if rate != self._bucket.rate:
                before = self._bucket.refilled(now)
                fresh = full_bucket(rate, rate, now)
                # Nobody had to wait while there was no limit.
                level = min(before.level, fresh.level) if before.rate else fresh.level
                self._bucket = replace(fresh, level=level)
            self._bucket, pause = self._bucket.take(amount, now)
        return pause * rate
