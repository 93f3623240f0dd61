"""The sandbox's time: real or given, and movable forwards."""

import time
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Protocol


class Clock(Protocol):
    """What the sandbox asks of a clock; times are POSIX seconds, UTC."""

    def now(self) -> float:
        """Return the wall-clock time."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        ...

    def wait(self, seconds: float, /) -> object:
        """Return when *seconds* have passed."""
        ...


class RealClock:
    """The computer's clock."""

    def __init__(self) -> None:
        self._over = Event()

    def now(self) -> float:
        """Return the wall-clock time."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Return when *seconds* have passed, or nobody needs to wait any more."""
        return self._over.wait(seconds)

    def end_waits(self) -> None:
        """Let everybody go who waits now."""
        over, self._over = self._over, Event()
        over.set()


class ShiftedClock:
    """Another clock, moved forwards by what `advance` was told."""

    def __init__(self, inner: Clock) -> None:
        self._inner = inner
        self._ahead = 0.0
        self._lock = Lock()

    def now(self) -> float:
        """Return the wall-clock time."""
        return self._inner.now() + self._ahead

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return self._inner.monotonic() + self._ahead

    def wait(self, seconds: float) -> None:
        """Return when *seconds* have passed."""
        if seconds > 0:
            self._inner.wait(seconds)

    def end_waits(self) -> None:
        """Let everybody go who waits on the real clock: the services stop."""
        if isinstance(self._inner, RealClock):
            self._inner.end_waits()

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        with self._lock:
            self._ahead += seconds


def stamp(seconds: float) -> str:
    """Return a time as Figshare writes it: UTC, whole seconds, with a final Z."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_stamp(text: str) -> float:
    """Return POSIX seconds of a date or date-time; ValueError if it is neither."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
