"""Token buckets that many threads draw from."""

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


class Throttle:
    """Says how long to wait so that all threads together keep to one rate."""

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._bucket = full_bucket(rate, burst, clock.monotonic())

    def take(self, amount: float) -> float:
        """Take *amount* and return the seconds to wait before using it."""
        with self._lock:
            self._bucket, pause = self._bucket.take(amount, self._clock.monotonic())
        return pause

    @property
    def level(self) -> float:
        """What can be taken at once; below zero somebody waits for it already."""
        with self._lock:
            return self._bucket.refilled(self._clock.monotonic()).level

    @level.setter
    def level(self, level: float) -> None:
        with self._lock:
            self._bucket = replace(
                self._bucket,
                level=min(level, self._bucket.burst),
                at=self._clock.monotonic(),
            )


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
