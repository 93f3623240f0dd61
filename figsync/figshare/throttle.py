"""A token bucket that many threads draw from."""

from __future__ import annotations

import threading
from dataclasses import replace

from figsync.clock import Clock
from figsync.figshare.pacing import full_bucket


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
