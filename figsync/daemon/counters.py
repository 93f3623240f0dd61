"""What the daemon counts while it runs: the loop and its workers say, monitors ask."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from figsync.clock import Clock
from figsync.errors import Interrupted
from figsync.model import Action, Outcome, Plan


class Traffic(Protocol):
    """A connection that counts what goes over it; `Figshare` is one."""

    @property
    def requests_by_service(self) -> Mapping[str, int]: ...

    @property
    def bytes_up(self) -> int: ...

    @property
    def bytes_down(self) -> int: ...

    @property
    def pace_level(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything counted since the start, as it was at one moment.

    *queue* are actions that are planned and not done yet, *folders* those that changed
    and have to become still first; *budget* the requests that may go at once, None
    without a connection.  Times: *started* in POSIX seconds, *silence* in seconds
    since the loop last said that it is alive.
    """

    started: float
    silence: float
    cycles: int = 0
    queue: int = 0
    folders: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    budget: float | None = None
    requests: Mapping[str, int] = field(default_factory=dict)
    actions: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)


class Counters:
    """Counts for any thread; a `Progress`, so that a cycle tells it by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock.now()
        self._beat = clock.monotonic()
        self._cycles = self._queue = self._folders = 0
        self._actions: Counter[tuple[str, ...]] = Counter()
        self._errors: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        self._up = self._down = 0
        self._traffic: Traffic | None = None

    def beat(self) -> None:
        """Say that the loop is alive; often is cheap."""
        self._beat = self._clock.monotonic()

    def phase(self, name: str) -> None:
        """A step of the cycle begins."""
        del name
        self.beat()

    def planned(self, plan: Plan) -> None:
        """The plan of the cycle is made: its actions are the queue."""
        self.beat()
        with self._lock:
            self._queue = len(plan.actions)

    def moved(self, action: Action, size: int) -> None:
        """Bytes moved: the connection counts them, and the loop may hang yet."""
        del action, size

    def finished(self, outcome: Outcome) -> None:
        """An action ended."""
        self.beat()
        with self._lock:
            self._queue = max(0, self._queue - 1)
            self._actions[outcome.action.kind, outcome.result] += 1
            if outcome.error and outcome.result != "stale":
                self._errors[outcome.error] += 1

    def dirty(self, folders: int) -> None:
        """So many folders changed and are waited for until they are still."""
        with self._lock:
            self._folders = folders

    def cycle_ended(self, problem: Exception | None = None) -> None:
        """A cycle came to its end, or broke off; to be interrupted is no error."""
        self.beat()
        with self._lock:
            self._cycles += 1
            self._queue = 0
            if problem is not None and not isinstance(problem, Interrupted):
                self._errors[type(problem).__name__] += 1

    @contextmanager
    def following(self, traffic: Traffic) -> Iterator[None]:
        """Count what goes over a connection; what went over it stays counted."""
        with self._lock:
            self._traffic = traffic
        try:
            yield
        finally:
            with self._lock:
                self._traffic = None
                self._up += traffic.bytes_up
                self._down += traffic.bytes_down
                self._requests.update(traffic.requests_by_service)

    def read(self) -> Counted:
        """Return all counts as they are now."""
        with self._lock:
            now = self._traffic
            return Counted(
                started=self._started,
                silence=max(0.0, self._clock.monotonic() - self._beat),
                cycles=self._cycles,
                queue=self._queue,
                folders=self._folders,
                bytes_up=self._up + (now.bytes_up if now else 0),
                bytes_down=self._down + (now.bytes_down if now else 0),
                budget=now.pace_level if now else None,
                requests=self._requests
                + Counter(now.requests_by_service if now else {}),
                actions=dict(self._actions),
                errors=dict(self._errors),
            )
