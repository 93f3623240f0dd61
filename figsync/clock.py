"""Time as a parameter: the real clock, and what a clock of a test must offer."""

from __future__ import annotations

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
    """The machine's clock; `stop()` ends every wait, now and later."""

    def __init__(self) -> None:
        self._stop = threading.Event()

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        # Unlike CLOCK_MONOTONIC it goes on while a laptop sleeps.
        return time.clock_gettime(_BOOTTIME)

    def wait(self, seconds: float) -> bool:
        return self._stop.wait(max(0.0, seconds))

    def stop(self) -> None:
        self._stop.set()

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()


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
