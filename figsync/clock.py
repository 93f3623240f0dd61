"""Time as a parameter: the real clock, and what a clock of a test must offer."""

from __future__ import annotations

import _thread
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What engine, client and daemon ask of time."""

    def now(self) -> float:
        """Return the wall clock: POSIX seconds, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait; return True at once or as soon as somebody asked to stop."""
        ...


class SystemClock:
    """The machine's clock; `stop()` ends every wait, now and later.

    `park()` does so too, until `go_on()`: what runs comes to an end, and is begun
    again another time.  Both may be called in signal handlers.
    """

    def __init__(self) -> None:
        self._halt = threading.Event()
        self._stopped = False
        self._parked = False

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        # Unlike CLOCK_MONOTONIC it goes on while a laptop sleeps.
        return time.clock_gettime(_BOOTTIME)

    def wait(self, seconds: float) -> bool:
        ends = self.monotonic() + seconds
        while not (self._stopped or self._parked):
            left = ends - self.monotonic()
            if not self._halt.wait(max(0.0, left)) or left <= 0:
                return self._stopped or self._parked
            # What ended it may be the late end of a wish that is over.
            self._settle()
        return True

    def stop(self) -> None:
        self._stopped = True
        self._end_waits()

    def park(self) -> None:
        self._parked = True
        self._end_waits()

    def go_on(self) -> None:
        self._parked = False
        self._settle()

    def _settle(self) -> None:
        self._halt.clear()
        # A wish that came just now outlives this.
        if self._stopped or self._parked:
            self._halt.set()

    def _end_waits(self) -> None:
        # A signal handler must not take the event's lock: the thread that it
        # interrupted may hold it.
        _thread.start_new_thread(self._halt.set, ())

    @property
    def stopped(self) -> bool:
        return self._stopped

    @property
    def parked(self) -> bool:
        return self._parked


def boot_id() -> str:
    """Return what tells one boot of this machine from the next, "" if nothing does."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def iso(at: float | None) -> str | None:
    """Return a POSIX time in UTC as programs read it, None for none."""
    if at is None:
        return None
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
