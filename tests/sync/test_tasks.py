"""Tasks that wait for jobs, the loop that drives them, and the pools they run in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from figsync.errors import FigsyncError, Interrupted, NoRoom, Stale, Unreachable
from figsync.state.connection import Connection
from figsync.sync.crew import Crew, saved
from figsync.sync.driving import Bounds, drive
from figsync.sync.tasks import (
    MANY_BYTES,
    InlinePool,
    Pool,
    Task,
    ThreadPool,
    all_of,
    ask,
    carry,
    do,
    pause,
    together,
    weighed,
)
from tests.pools import SeededPool
from tests.world import TestClock

PATIENCE = 10.0


class Clock:
    """Time that passes only by waiting; it says to stop after *stop_after* waits."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.time = 0.0
        self.stop_after = stop_after

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += seconds
        if self.stop_after is None:
            return False
        self.stop_after -= 1
        return self.stop_after < 0


def every_pool() -> list[Any]:
    makers: list[Callable[[Clock], Pool]] = [
        lambda _: InlinePool(),
        lambda _: ThreadPool(3),
        lambda clock: SeededPool(Random(7), clock),
    ]
    return [pytest.param(make, id=make(Clock()).__class__.__name__) for make in makers]


in_every_pool = pytest.mark.parametrize("make_pool", every_pool())


def finished(*tasks: Task[Any], clock: Clock | None = None) -> list[Any]:
    """Return what tasks return, all of it serial."""
    return list(drive(tasks, InlinePool(), clock or Clock()))


def failing(problem: BaseException) -> Callable[[], None]:
    def job() -> None:
        raise problem

    return job


def returning(value: object) -> Task[object]:
    yield from ()
    return value


@in_every_pool
class TestInEveryPool:
    def test_a_job_gives_its_result_to_the_task(
        self, make_pool: Callable[[Clock], Pool]
    ) -> None:
        clock = Clock()

        def task() -> Task[int]:
            first = yield from do(lambda: 20)
            second = yield from do(lambda: 1)
            return 2 * first + 2 * second

        assert list(drive([task()], make_pool(clock), clock)) == [42]

    def test_results_keep_the_order_of_what_was_asked(
        self, make_pool: Callable[[Clock], Pool]
    ) -> None:
        clock = Clock()

        def task() -> Task[list[int]]:
            return (yield from together([partial(int, n) for n in range(20)]))

        assert list(drive([task()], make_pool(clock), clock)) == [list(range(20))]

    def test_every_task_comes_to_its_end(
        self, make_pool: Callable[[Clock], Pool]
    ) -> None:
        clock = Clock()

        def task(number: int) -> Task[int]:
            yield from pause(number % 3)
            return (yield from do(lambda: number))

        tasks = (task(number) for number in range(50))

        results: list[Any] = list(drive(tasks, make_pool(clock), clock))

        assert sorted(results) == list(range(50))

    def test_a_failed_job_raises_in_the_task_that_asked(
        self, make_pool: Callable[[Clock], Pool]
    ) -> None:
        clock = Clock()

        def task() -> Task[str]:
            try:
                yield from do(failing(Stale("a", "it changed")))
            except Stale as problem:
                return problem.subject
            return "no"

        assert list(drive([task()], make_pool(clock), clock)) == ["a"]

    def test_a_bug_in_a_job_is_raised(self, make_pool: Callable[[Clock], Pool]) -> None:
        clock = Clock()

        with pytest.raises(ZeroDivisionError):
            list(drive([do(lambda: 1 // 0)], make_pool(clock), clock))

    def test_a_stop_ends_everything(self, make_pool: Callable[[Clock], Pool]) -> None:
        clock = Clock(stop_after=3)

        def endless() -> Task[None]:
            while True:
                yield from do(lambda: None)

        with pytest.raises(Interrupted):
            list(drive([endless()], make_pool(clock), clock))


class TestErrors:
    def test_an_error_ends_its_task_and_no_other(self) -> None:
        problem = Unreachable("x", "no answer")

        results = finished(do(failing(problem)), returning("fine"))

        assert results == ["fine", problem]

    def test_together_hands_out_failures_unraised(self) -> None:
        problem = Unreachable("x", "no answer")

        def task() -> Task[list[Any]]:
            return (yield from together([failing(problem), lambda: "fine"]))

        assert finished(task()) == [[problem, "fine"]]

    def test_a_failed_task_within_a_task_is_that_ones_result(self) -> None:
        problem = Stale("x", "it changed")

        def outer() -> Task[list[Any]]:
            return (yield from together([do(failing(problem)), returning(1)]))

        assert finished(outer()) == [[problem, 1]]

    def test_a_bug_in_a_task_is_raised(self) -> None:
        def task() -> Task[None]:
            yield from do(lambda: None)
            raise KeyError("a bug")

        with pytest.raises(KeyError):
            finished(task())

    def test_an_interruption_in_a_job_ends_all_tasks(self) -> None:
        ran: list[str] = []

        def after() -> Task[None]:
            yield from pause(1)
            ran.append("after")

        with pytest.raises(Interrupted):
            finished(do(failing(Interrupted("", "stop"))), after())

        assert ran == []

    def test_an_exit_in_a_job_is_raised_at_once(self) -> None:
        with pytest.raises(KeyboardInterrupt):
            finished(do(failing(KeyboardInterrupt())))


class TestOrder:
    def test_asking_for_nothing_gives_nothing(self) -> None:
        assert finished(together([])) == [[]]

    def test_no_tasks_are_done_at_once(self) -> None:
        assert finished() == []

    def test_tasks_within_tasks_keep_their_order(self) -> None:
        def slow() -> Task[str]:
            yield from pause(5)
            return "slow"

        assert finished(together([slow(), returning("fast"), lambda: "job"])) == [
            ["slow", "fast", "job"]
        ]

    def test_whoever_is_done_first_comes_out_first(self) -> None:
        def after(seconds: float) -> Task[float]:
            yield from pause(seconds)
            return seconds

        assert finished(after(3), after(1), after(2)) == [1, 2, 3]

    def test_only_so_many_tasks_are_open_at_a_time(self) -> None:
        open_now, most = 0, 0

        def task() -> Task[None]:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            yield from pause(1)
            yield from do(lambda: None)
            open_now -= 1

        list(drive((task() for _ in range(9)), InlinePool(), Clock(), bounds=Bounds(3)))

        assert most == 3

    def test_tasks_are_taken_as_they_are_needed(self) -> None:
        taken: list[int] = []

        def tasks() -> Iterator[Task[object]]:
            for number in range(5):
                taken.append(number)
                yield returning(number)

        first = next(drive(tasks(), InlinePool(), Clock(), bounds=Bounds(2)))

        assert (first, taken) == (0, [0, 1])


class TestAsking:
    def test_only_some_workers_wait_for_the_budget(self) -> None:
        budget = threading.Event()

        def wait_for_budget() -> bool:
            return budget.wait(PATIENCE)

        def asks() -> Task[bool]:
            return (yield from ask(wait_for_budget))

        def carries() -> Task[bool]:
            yield from do(lambda: budget.set())
            return True

        tasks = [*(asks() for _ in range(9)), carries()]
        results = list(drive(tasks, ThreadPool(3), Clock(), bounds=Bounds(asking=2)))

        assert results == [True] * 10

    def test_all_of_them_ask_where_there_is_no_limit(self) -> None:
        meeting = threading.Barrier(3, timeout=PATIENCE)
        tasks = [ask(meeting.wait) for _ in range(3)]

        results: list[Any] = list(drive(tasks, ThreadPool(3), Clock()))

        assert sorted(results) == [0, 1, 2]


class TestCarrying:
    def test_small_jobs_find_a_worker_beside_those_that_move_many_bytes(self) -> None:
        begun = threading.Event()

        def carries() -> Task[bool]:
            return (yield from carry(lambda: begun.wait(PATIENCE), MANY_BYTES))

        def begins() -> Task[bool]:
            yield from carry(begun.set, MANY_BYTES - 1)
            return True

        tasks = [*(carries() for _ in range(9)), begins()]
        results = list(drive(tasks, ThreadPool(3), Clock(), bounds=Bounds(carrying=2)))

        assert results == [True] * 10

    def test_so_do_small_jobs_of_the_same_task(self) -> None:
        begun = threading.Event()

        def folder() -> Task[list[Any]]:
            many = [weighed(lambda: begun.wait(PATIENCE), MANY_BYTES) for _ in range(3)]
            return (yield from together([*many, begun.set]))

        bounds = Bounds(carrying=2)
        (results,) = drive([folder()], ThreadPool(4), Clock(), bounds=bounds)

        assert results == [True, True, True, None]

    def test_what_one_worker_carried_frees_it_for_the_next(self) -> None:
        tasks = [carry(lambda: 1, MANY_BYTES) for _ in range(9)]

        results = list(drive(tasks, InlinePool(), Clock(), bounds=Bounds(carrying=1)))

        assert results == [1] * 9


class TestPause:
    def test_a_pause_takes_its_time(self) -> None:
        clock = Clock()

        finished(pause(30), clock=clock)

        assert clock.time == 30

    def test_pauses_of_several_tasks_run_side_by_side(self) -> None:
        clock = Clock()

        finished(pause(30), pause(20), pause(30), clock=clock)

        assert clock.time == 30

    def test_other_work_goes_on_during_a_pause(self) -> None:
        clock = Clock()
        seen: list[float] = []

        def busy() -> Task[None]:
            for _ in range(3):
                yield from do(lambda: seen.append(clock.time))

        finished(pause(30), busy(), clock=clock)

        assert seen == [0, 0, 0]

    def test_a_stop_ends_a_pause(self) -> None:
        with pytest.raises(Interrupted):
            finished(pause(3600), clock=Clock(stop_after=1))


class TestThreads:
    def test_jobs_run_side_by_side(self) -> None:
        meeting = threading.Barrier(3, timeout=PATIENCE)

        def task() -> Task[list[Any]]:
            return (yield from together([meeting.wait] * 3))

        results: list[Any] = list(drive([task()], ThreadPool(3), Clock()))

        assert sorted(results[0]) == [0, 1, 2]

    def test_no_more_threads_than_wanted_are_started(self) -> None:
        names: set[str] = set()

        def task() -> Task[None]:
            jobs = [lambda: names.add(threading.current_thread().name)] * 40
            yield from together(jobs)

        list(drive([task()], ThreadPool(2), Clock()))

        assert 1 <= len(names) <= 2

    def test_a_few_jobs_start_no_more_threads_than_jobs(self) -> None:
        pool = ThreadPool(8)

        pool.start(1, lambda: threading.current_thread().name)
        first = pool.wait(PATIENCE)
        pool.start(2, lambda: threading.current_thread().name)
        second = pool.wait(PATIENCE)

        assert (first, second) == ((1, "figsync-1"), (2, "figsync-1"))

    def test_the_threads_hold_up_no_exit(self) -> None:
        def task() -> Task[bool]:
            return (yield from do(lambda: threading.current_thread().daemon))

        assert list(drive([task()], ThreadPool(1), Clock())) == [True]

    def test_waiting_for_nothing_ends_in_time(self) -> None:
        assert ThreadPool(1).wait(0.0) is None

    def test_tasks_run_on_the_thread_that_drives_them(self) -> None:
        threads: set[int] = set()

        def task() -> Task[None]:
            threads.add(threading.get_ident())
            yield from do(lambda: None)
            threads.add(threading.get_ident())

        list(drive([task() for _ in range(5)], ThreadPool(4), Clock()))

        assert threads == {threading.get_ident()}


def test_an_inline_pool_runs_a_job_when_it_is_started() -> None:
    pool, ran = InlinePool(), []

    pool.start(3, lambda: ran.append("job"))

    assert ran == ["job"]
    assert pool.wait(None) == (3, None)
    assert pool.wait(None) is None


def test_a_seeded_pool_finishes_jobs_in_another_order_with_another_seed() -> None:
    def order(seed: int) -> list[Any]:
        pool = SeededPool(Random(seed), Clock(), late=0)
        for token in range(8):
            pool.start(token, lambda: None)
        return [pool.wait(None) for _ in range(8)]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)) == sorted(order(2))


def test_errors_of_tasks_are_figsyncs_own() -> None:
    (problem,) = finished(do(failing(FigsyncError("x", "no"))))

    assert isinstance(problem, FigsyncError)


@in_every_pool
def test_all_of_raises_the_first_failure_when_all_have_ended(
    make_pool: Callable[[Clock], Pool],
) -> None:
    ended: list[str] = []

    def job(name: str) -> str:
        ended.append(name)
        if name != "a":
            raise Stale(name, "gone")
        return name

    def task() -> Task[list[str]]:
        return (yield from all_of([partial(job, name) for name in "abc"]))

    clock = Clock()
    (result,) = drive([task()], make_pool(clock), clock)

    assert isinstance(result, Stale)
    assert result.subject == "b"
    assert sorted(ended) == ["a", "b", "c"]


def test_a_loop_that_was_left_gives_its_results_to_nobody() -> None:
    clock, pool = Clock(), SeededPool(Random(3), Clock(), late=0.0)

    def waiting(name: str) -> Task[str]:
        return (yield from do(lambda: name))

    left = drive([waiting("old"), waiting("older")], pool, clock)
    first = next(left)
    (result,) = drive([waiting("new")], pool, clock)

    assert first in ("old", "older")
    assert result == "new"


def test_jobs_of_tasks_take_turns():
    """A file of one part does not wait for all the parts of another."""
    done: list[str] = []

    def file(name: str, parts: int) -> Task[None]:
        jobs = [partial(done.append, f"{name}{part}") for part in range(parts)]
        yield from together(jobs)

    tasks = [file("big", 5), file("small", 1)]
    list(drive(tasks, InlinePool(), TestClock(), bounds=Bounds(2)))
    assert done.index("small0") == 1


class TestCrew:
    def test_each_is_taken_as_it_ends(self) -> None:
        def after(seconds: float) -> Task[float]:
            yield from pause(seconds)
            return seconds

        def task() -> Task[list[float]]:
            crew, found = Crew(), []
            for seconds in (3.0, 1.0, 2.0):
                crew.start(after(seconds))
            while crew:
                found += yield from crew.ended()
            return found

        assert finished(task()) == [[1, 2, 3]]

    def test_more_may_be_started_while_others_run(self) -> None:
        clock = Clock()

        def task() -> Task[int]:
            crew, started = Crew(), 0
            while started < 20 or crew:
                while started < 20 and len(crew) < 3:
                    started += 1
                    crew.start(pause(1))
                yield from crew.ended()
            return started

        assert finished(task(), clock=clock) == [20]
        assert clock.time == 7

    def test_those_that_end_together_are_taken_together(self) -> None:
        def task() -> Task[list[object]]:
            crew = Crew()
            for value in range(5):
                crew.start(returning(value))
            return (yield from crew.ended())

        assert finished(task()) == [[0, 1, 2, 3, 4]]

    def test_a_failure_is_a_result(self) -> None:
        problem = Unreachable("x", "no answer")

        def task() -> Task[list[object]]:
            crew = Crew()
            crew.start(do(failing(problem)))
            return (yield from crew.ended())

        assert finished(task()) == [[problem]]


class Book:
    """Something written to, that counts its transactions."""

    def __init__(self) -> None:
        self.lines: list[object] = []
        self.transactions = 0
        self.depth = 0
        self.problem: FigsyncError | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        before = list(self.lines)
        self.depth += 1
        try:
            yield
            if self.depth == 1:
                self.transactions += 1
                if self.problem:
                    raise self.problem
        except BaseException:
            self.lines = before
            raise
        finally:
            self.depth -= 1

    def write(self, line: object) -> Task[int]:
        def change() -> int:
            self.lines.append(line)
            if line == "bad":
                raise Stale("bad", "it is")
            return len(self.lines)

        return saved(change)


class TestWrites:
    def driven(self, book: Book, *tasks: Task[Any], pool: Pool | None = None) -> Any:
        pool = pool or InlinePool()
        return list(drive(tasks, pool, Clock(), writing=book.writing))

    def test_those_of_one_moment_are_one_transaction(self) -> None:
        book = Book()

        assert self.driven(book, *map(book.write, "abcdef")) == [1, 2, 3, 4, 5, 6]
        assert (book.lines, book.transactions) == (list("abcdef"), 1)

    def test_nothing_goes_on_before_it_is_written(self) -> None:
        book = Book()

        def task(name: str) -> Task[None]:
            yield from book.write(name)
            assert (name in book.lines, book.depth) == (True, 0)
            yield from do(lambda: None)
            yield from book.write(name * 2)

        self.driven(book, task("a"), task("b"), pool=ThreadPool(2))

        assert sorted(map(str, book.lines)) == ["a", "aa", "b", "bb"]

    def test_a_change_that_fails_undoes_no_other(self) -> None:
        book = Book()

        first, bad, last = self.driven(book, *map(book.write, ["a", "bad", "b"]))

        assert (first, last) == (1, 2)
        assert isinstance(bad, Stale)
        assert book.lines == ["a", "b"]

    def test_a_transaction_that_fails_is_everybodys_failure(self) -> None:
        book = Book()
        book.problem = Unreachable("state.db", "the disk is full")

        assert self.driven(book, *map(book.write, "ab")) == [book.problem] * 2
        assert book.lines == []

    def test_a_database_without_room_is_everybodys_failure(
        self, tmp_path: Path
    ) -> None:
        # SQLite ends the whole transaction then: no commit can follow.
        (tmp_path / "state.db").touch()
        db = Connection.to(tmp_path / "state.db", "mode=rw")
        db.write("CREATE TABLE words (word TEXT)")
        db.rows("PRAGMA max_page_count = 5")

        def kept(word: str) -> Task[None]:
            sql = "INSERT INTO words VALUES (?)"
            yield from saved(lambda: db.write(sql, word))

        tasks = [kept("small"), kept("x" * 100_000), kept("small")]
        ended = list(drive(tasks, InlinePool(), Clock(), writing=db.writing))

        assert [type(result) for result in ended] == [NoRoom] * 3
        assert db.rows("SELECT * FROM words") == []
        db.close()

    def test_what_a_task_knows_is_written_although_another_is_told_to_stop(
        self,
    ) -> None:
        book = Book()

        def told() -> Task[int]:
            return (yield from book.write((yield from do(lambda: "its id"))))

        def stopped() -> None:
            raise Interrupted("", "stopped on request")

        class Two(InlinePool):
            width = 2

        with pytest.raises(Interrupted):
            self.driven(book, told(), do(stopped), pool=Two())

        assert book.lines == ["its id"]
