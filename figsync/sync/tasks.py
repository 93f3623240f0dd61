"""Work that waits for the network, written as if nothing ever waited.

A task is a generator that runs on the deciding thread and may therefore write
the state.  It yields lists of jobs (plain calls, for the pool) and of further
tasks; all of a list run side by side, and their results come back in its order.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Job = Callable[[], Any]  # Any: a job's result goes back to the task that asked
Task = Generator[Any, Any, T]  # Any: what is yielded and sent differs by step

# What is smaller waits for the answer longer than it takes to send.
MANY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Pause:
    """Yielded alone: go on after so many seconds, without holding a worker."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Asking:
    """A job that needs some of the request budget, and may have to wait for it.

    Where the budget is small only a few workers may do so: the others carry bytes.
    """

    job: Job

    def __call__(self) -> Any:  # Any: what the job returns
        return self.job()


@dataclass(frozen=True, slots=True)
class Carrying:
    """A job that moves many bytes, and keeps a processor and the wire busy.

    More of them than fill both take each other's time, and that of everything else.
    """

    job: Job

    def __call__(self) -> Any:  # Any: what the job returns
        return self.job()


class Pool(Protocol):
    """Where jobs run; results come back one by one, in any order."""

    width: int

    def start(self, token: int, job: Job) -> None:
        """Begin a job."""
        ...

    def wait(self, seconds: float | None) -> tuple[int, Any] | None:
        """Return a finished job's token with its result or exception."""
        ...

    def drained(self, seconds: float) -> bool:
        """Wait, at most that long, until no job runs; what they return is dropped.

        A request whose answer nobody waits for may still change something.
        """
        ...


class InlinePool:
    """Runs each job at once on the calling thread: serial by construction."""

    width = 1

    def __init__(self) -> None:
        self._done: deque[tuple[int, Any]] = deque()  # Any: results of jobs

    def start(self, token: int, job: Job) -> None:
        self._done.append((token, outcome_of(job)))

    def wait(self, seconds: float | None) -> tuple[int, Any] | None:
        del seconds
        return self._done.popleft() if self._done else None

    def drained(self, seconds: float) -> bool:
        del seconds
        self._done.clear()
        return True


class ThreadPool:
    """Runs jobs on daemon threads, so that a stuck socket never holds up an exit."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._jobs: queue.SimpleQueue[tuple[int, Job] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._threads = 0
        self._running = 0

    def start(self, token: int, job: Job) -> None:
        self._running += 1
        if self._threads < min(self._running, self.width):
            self._threads += 1
            name = f"figsync-{self._threads}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        self._jobs.put((token, job))

    def wait(self, seconds: float | None) -> tuple[int, Any] | None:
        try:
            finished = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        self._running -= 1
        return finished

    def drained(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self._running and (left := end - time.monotonic()) > 0:
            self.wait(left)
        return self._running == 0

    def close(self) -> None:
        """Let the threads end as soon as they have nothing more to do."""
        for _ in range(self._threads):
            self._jobs.put(None)
        self._threads = 0

    def _work(self) -> None:
        while (waiting := self._jobs.get()) is not None:
            token, job = waiting
            self._done.put((token, outcome_of(job)))


def together(jobs: Sequence[Job | Task[Any]]) -> Task[list[Any]]:
    """Run jobs and tasks side by side; failures come back as exceptions, unraised."""
    results: list[Any] = yield list(jobs)
    return results


def all_of(jobs: Sequence[Job | Task[T]]) -> Task[list[T]]:
    """Run jobs and tasks side by side; when all have ended, raise the first failure."""
    results = yield from together(jobs)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def do(job: Callable[[], T] | Task[T]) -> Task[T]:
    """Run one job or task and return its result, or raise what it raised."""
    (result,) = yield [job]
    if isinstance(result, BaseException):
        raise result
    return result  # type: ignore[no-any-return]  # the result of this very job


def ask(job: Callable[[], T]) -> Task[T]:
    """Run one job that asks the API something, as `do` does."""
    return do(Asking(job))


def pause(seconds: float) -> Task[None]:
    """Let other work go on for a while."""
    yield Pause(seconds)


def outcome_of(job: Job) -> Any:
    """Return what a job returned or raised; the deciding thread sorts it out."""
    try:
        return job()
    except BaseException as problem:  # noqa: BLE001  # handed over, not swallowed
        return problem


def weighed(job: Job, size: int) -> Job:
    """Return a job that moves *size* bytes as what the workers are shared out by."""
    return Carrying(job) if size >= MANY_BYTES else job


def carry(job: Callable[[], T], size: int) -> Task[T]:
    """Run one job that moves *size* bytes, as `do` does."""
    return do(weighed(job, size))
