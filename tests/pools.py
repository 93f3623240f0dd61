"""Pools for tests: one that runs jobs in a random order that a seed decides."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from figsync.clock import Clock
from figsync.sync.tasks import InlinePool, Job
from tests.world import TestClock


class SeededPool:
    """Runs a random one of the waiting jobs at a time, on the calling thread.

    Sometimes none is finished in the time that `wait` is given.  *between* is called
    before each job: that is where the world changes behind the engine's back.
    """

    def __init__(
        self,
        random: Random,
        clock: Clock,
        *,
        width: int = 4,
        late: float = 0.1,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self.width = width
        self._random = random
        self._clock = clock
        self._late = late
        self._between = between
        self._jobs: list[tuple[int, Job]] = []

    def start(self, token: int, job: Job) -> None:
        self._jobs.append((token, job))

    def wait(self, seconds: float | None) -> tuple[int, Any] | None:
        if seconds is not None and self._random.random() < self._late:
            self._clock.wait(seconds)
            return None
        if not self._jobs:
            return None
        self._between()
        chosen = self._random.randrange(len(self._jobs))
        token, job = self._jobs.pop(chosen)
        return token, _outcome(job)

    def drained(self, seconds: float) -> bool:
        del seconds
        while self._jobs:
            self.wait(None)
        return True


class SlowPool(InlinePool):
    """Takes some seconds for each job."""

    def __init__(self, clock: TestClock, seconds: float = 2.0) -> None:
        super().__init__()
        self._clock = clock
        self._seconds = seconds

    def start(self, token: int, job: Job) -> None:
        self._clock.advance(self._seconds)
        super().start(token, job)


def _outcome(job: Job) -> Any:  # Any: a job's result, or what it raised
    try:
        return job()
    except BaseException as problem:  # noqa: BLE001  # handed over, not swallowed
        return problem
