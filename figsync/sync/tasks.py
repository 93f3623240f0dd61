"""Work that waits for the network, written as if nothing ever waited.

A task is a generator that runs on the deciding thread and may therefore write
the state.  It yields lists of jobs (plain calls, for the pool) and of further
tasks; all of a list run side by side, and their results come back in its order.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from figsync.clock import Clock
from figsync.errors import FigsyncError, Interrupted

T = TypeVar("T")
Job = Callable[[], Any]  # Any: a job's result goes back to the task that asked
Task = Generator[Any, Any, T]  # Any: what is yielded and sent differs by step


@dataclass(frozen=True, slots=True)
class Pause:
    """Yielded alone: go on after so many seconds, without holding a worker."""

    seconds: float


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
        self._done.append((token, _outcome(job)))

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
            self._done.put((token, _outcome(job)))


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


def pause(seconds: float) -> Task[None]:
    """Let other work go on for a while."""
    yield Pause(seconds)


def drive(
    tasks: Iterable[Task[T]],
    pool: Pool,
    clock: Clock,
    *,
    at_once: int = 16,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[T | FigsyncError]:
    """Run tasks, *at_once* of them open at a time, and yield what each returns.

    A task that fails with a FigsyncError yields that error; any other exception is
    a bug and is raised.  Raises Interrupted when the clock says to stop.  While it
    is not stuck, *tick* is called about once a second or more often.
    """
    return _Driver(pool, clock, tick).run(tasks, at_once)


@dataclass(eq=False, slots=True)
class _Node:
    """A running task and the results it still waits for."""

    task: Task[Any]
    parent: _Node | None = None
    index: int = 0
    missing: int = 0
    results: list[Any] = field(default_factory=list)

    @property
    def lane(self) -> _Node:
        """The task, such as that of one file, with which it takes turns with others."""
        if self.parent is None or self.parent.parent is None:
            return self
        return self.parent.lane


_Queued = tuple[_Node, int, Job]


class _Driver:
    """The loop behind drive(): steps tasks, starts jobs, hands out results."""

    # Never the same twice: a loop that was left may have jobs on the pool still.
    _tokens = itertools.count()

    def __init__(self, pool: Pool, clock: Clock, tick: Callable[[], None]) -> None:
        self._pool = pool
        self._clock = clock
        self._tick = tick
        self._ready: deque[tuple[_Node, Any]] = deque()
        self._lanes: OrderedDict[_Node, deque[_Queued]] = OrderedDict()
        self._running: dict[int, tuple[_Node, int]] = {}
        self._timers: list[tuple[float, int, _Node]] = []
        self._finished: deque[Any] = deque()

    def run(self, tasks: Iterable[Task[T]], at_once: int) -> Iterator[Any]:
        waiting = iter(tasks)
        open_roots = 0
        while True:
            while open_roots < at_once:
                task = next(waiting, None)
                if task is None:
                    break
                open_roots += 1
                self._ready.append((_Node(task), None))
            if open_roots == 0:
                return
            self._advance()
            while self._finished:
                open_roots -= 1
                yield self._finished.popleft()

    def _advance(self) -> None:
        """Step every task that can go on, start jobs, then wait for one result."""
        self._tick()
        if self._clock.wait(0):
            raise Interrupted("", "stopped before everything was done")
        while self._ready:
            self._step(*self._ready.popleft())
        while self._lanes and len(self._running) < self._pool.width:
            self._start_next()
        if self._finished:
            return
        if self._running:
            self._take(self._pool.wait(self._until_timer()))
        elif self._timers and self._clock.wait(self._until_timer() or 0):
            raise Interrupted("", "stopped before everything was done")
        self._wake()

    def _start_next(self) -> None:
        """Start a job of each lane in turn: no small file waits for a big one."""
        lane, jobs = self._lanes.popitem(last=False)
        node, index, job = jobs.popleft()
        if jobs:
            self._lanes[lane] = jobs
        token = next(self._tokens)
        self._running[token] = (node, index)
        self._pool.start(token, job)

    def _step(self, node: _Node, value: Any) -> None:
        try:
            wish = node.task.send(value)
        except StopIteration as stop:
            self._finish(node, stop.value)
        except FigsyncError as problem:
            self._finish(node, problem)
        else:
            self._grant(node, wish)

    def _grant(self, node: _Node, wish: Any) -> None:
        if isinstance(wish, Pause):
            due = self._clock.monotonic() + wish.seconds
            heapq.heappush(self._timers, (due, next(self._tokens), node))
            return
        node.missing = len(wish)
        node.results = [None] * len(wish)
        if not wish:
            self._ready.append((node, []))
        for index, thing in enumerate(wish):
            if isinstance(thing, Generator):
                self._ready.append((_Node(thing, node, index), None))
            else:
                queued = self._lanes.setdefault(node.lane, deque())
                queued.append((node, index, thing))

    def _finish(self, node: _Node, result: Any) -> None:
        if node.parent is None:
            self._finished.append(result)
        else:
            self._deliver(node.parent, node.index, result)

    def _deliver(self, node: _Node, index: int, result: Any) -> None:
        node.results[index] = result
        node.missing -= 1
        if node.missing == 0:
            self._ready.append((node, node.results))

    def _take(self, finished: tuple[int, Any] | None) -> None:
        if finished is None or finished[0] not in self._running:
            return
        token, result = finished
        if isinstance(result, BaseException) and not isinstance(result, FigsyncError):
            raise result
        if isinstance(result, Interrupted):
            raise result
        node, index = self._running.pop(token)
        self._deliver(node, index, result)

    def _until_timer(self) -> float | None:
        """Return the seconds to the next timer; look at the stop flag each second."""
        if not self._timers:
            return 1.0 if self._running else None
        left = max(0.0, self._timers[0][0] - self._clock.monotonic())
        return min(1.0, left) if self._running else left

    def _wake(self) -> None:
        while self._timers and self._timers[0][0] <= self._clock.monotonic():
            _, _, node = heapq.heappop(self._timers)
            self._ready.append((node, None))


def _outcome(job: Job) -> Any:
    """Return what a job returned or raised; the deciding thread sorts it out."""
    try:
        return job()
    except BaseException as problem:  # noqa: BLE001  # handed over, not swallowed
        return problem
