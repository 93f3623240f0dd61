"""The loop that steps tasks, starts their jobs, and hands out what came of them."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

from figsync.clock import Clock
from figsync.errors import DiskProblem, FigsyncError, Interrupted, StateDamaged
from figsync.sync.crew import Crew, Write
from figsync.sync.tasks import Asking, Carrying, Job, Pause, Pool, Task

T = TypeVar("T")
Writing = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many tasks are open at a time, and how many workers do what at most.

    *asking* are those that may wait for the request budget, *carrying* those that may
    move many bytes; 0 is all of them.
    """

    at_once: int = 16
    asking: int = 0
    carrying: int = 0


UNBOUND = Bounds()


def drive(
    tasks: Iterable[Task[T]],
    pool: Pool,
    clock: Clock,
    *,
    bounds: Bounds = UNBOUND,
    tick: Callable[[], None] = lambda: None,
    writing: Writing = nullcontext,
) -> Iterator[T | FigsyncError]:
    """Run tasks, some of them open at a time, and yield what each returns.

    A task that fails with a FigsyncError yields that error; any other exception is
    a bug and is raised.  Raises Interrupted when the clock says to stop.  While it
    is not stuck, *tick* is called about once a second or more often.  Writes that
    tasks yield at about the same time are made within one *writing*.
    """
    driver = _Driver(pool, clock, tick, writing)
    driver.most[Asking] = bounds.asking or pool.width
    driver.most[Carrying] = bounds.carrying or pool.width
    return driver.run(tasks, bounds.at_once)


@dataclass(eq=False, slots=True)
class _Node:
    """A running task and the results it still waits for."""

    task: Task[Any]
    parent: _Node | None = None
    index: int = 0
    missing: int = 0
    results: list[Any] = field(default_factory=list)
    crew: Crew | None = None
    is_listening: bool = False

    @property
    def lane(self) -> _Node:
        """The task, such as that of one file, with which it takes turns with others."""
        if self.parent is None or self.parent.parent is None:
            return self
        return self.parent.lane


_Queued = tuple[_Node, int, Job]
# Jobs of one kind of one task; those of another kind do not wait behind them.
_Lane = tuple[_Node, type]


class _Driver:
    """The loop behind drive(): steps tasks, starts jobs, hands out results."""

    # Never the same twice: a loop that was left may have jobs on the pool still.
    _tokens = itertools.count()

    def __init__(
        self, pool: Pool, clock: Clock, tick: Callable[[], None], writing: Writing
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._tick = tick
        self._writing = writing
        self._writes: list[tuple[_Node, Write]] = []
        self._ready: deque[tuple[_Node, Any]] = deque()
        self._lanes: OrderedDict[_Lane, deque[_Queued]] = OrderedDict()
        self._running: dict[int, _Queued] = {}
        self.most: dict[type, int] = {}
        self._of_kind: Counter[type] = Counter()
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
        self._go_on()
        if self._writes:
            try:
                # What came in meanwhile is written with it.
                self._take_what_came()
                self._go_on()
            finally:
                # Even when that was the word to stop.
                self._write()
        if self._finished or self._ready:
            return
        if self._running:
            self._take(self._pool.wait(self._until_timer()))
        elif self._timers and self._clock.wait(self._until_timer() or 0):
            raise Interrupted("", "stopped before everything was done")
        self._wake()

    def _go_on(self) -> None:
        """Step every task that can go on, then give all workers something to do."""
        while self._ready:
            self._step(*self._ready.popleft())
        while len(self._running) < self._pool.width and self._start_next():
            pass

    def _take_what_came(self) -> None:
        for _ in range(len(self._running)):
            finished = self._pool.wait(0)
            if finished is None:
                return
            self._take(finished)

    def _write(self) -> None:
        """Make all changes that tasks wait for in one transaction."""
        writes, self._writes = self._writes, []
        results: list[Any] = []
        try:
            with self._writing():
                results += [self._written(write) for _, write in writes]
        except FigsyncError as problem:
            results = [problem] * len(writes)
        for (node, _), result in zip(writes, results, strict=True):
            self._ready.append((node, result))

    def _written(self, write: Write) -> Any:
        """Make one change; what is wrong with the state itself fails all of them.

        SQLite ends a whole transaction when the disk is full, not the change alone.
        """
        try:
            with self._writing():
                return write.change()
        except (DiskProblem, StateDamaged):
            raise
        except FigsyncError as problem:
            return problem

    def _start_next(self) -> bool:
        """Start a job of each lane in turn: no small file waits for a big one."""
        lane = next(filter(self._may_start, self._lanes), None)
        if lane is None:
            return False
        jobs = self._lanes.pop(lane)
        queued = jobs.popleft()
        if jobs:
            self._lanes[lane] = jobs
        token = next(self._tokens)
        self._running[token] = queued
        self._of_kind[type(queued[2])] += 1
        self._pool.start(token, queued[2])
        return True

    def _may_start(self, lane: _Lane) -> bool:
        _, kind = lane
        return self._of_kind[kind] < self.most.get(kind, self._pool.width)

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
        if isinstance(wish, Write):
            self._writes.append((node, wish))
            return
        if isinstance(wish, Crew):
            self._listen(node, wish)
            return
        node.missing = len(wish)
        node.results = [None] * len(wish)
        if not wish:
            self._ready.append((node, []))
        for index, thing in enumerate(wish):
            if isinstance(thing, Generator):
                self._ready.append((_Node(thing, node, index), None))
            else:
                queued = self._lanes.setdefault((node.lane, type(thing)), deque())
                queued.append((node, index, thing))

    def _listen(self, node: _Node, crew: Crew) -> None:
        """Begin the crew's new tasks, and wake its task when one has ended."""
        for task in crew.joining():
            self._ready.append((_Node(task, node, crew=crew), None))
        if crew.has_news:
            self._ready.append((node, None))
        else:
            node.is_listening = True

    def _tell_crew(self, crew: Crew, node: _Node, result: Any) -> None:
        crew.note(result)
        if node.is_listening:
            node.is_listening = False
            self._ready.append((node, None))

    def _finish(self, node: _Node, result: Any) -> None:
        if node.parent is not None and node.crew is not None:
            self._tell_crew(node.crew, node.parent, result)
        elif node.parent is None:
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
        node, index, job = self._running.pop(token)
        self._of_kind[type(job)] -= 1
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
