"""What a task may wish for besides jobs: tasks beside it, and writes shared by many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from figsync.sync.tasks import Task

T = TypeVar("T")


class Crew:
    """Tasks that run beside the one that starts them, taken as they end.

    Where `together` waits for all of them, this waits for the next.
    """

    def __init__(self) -> None:
        self._starting: list[Task[Any]] = []
        self._results: list[Any] = []
        self._size = 0

    def __len__(self) -> int:
        """How many were started and not taken yet."""
        return self._size

    def start(self, task: Task[Any]) -> None:
        """Let a task begin at the next `ended`."""
        self._starting.append(task)
        self._size += 1

    def ended(self) -> Task[list[Any]]:
        """Wait until one has ended or several have; failures are results too."""
        assert self._size, "nobody to wait for"
        yield self
        results, self._results = self._results, []
        self._size -= len(results)
        return results

    def joining(self) -> list[Task[Any]]:
        """Return those that were not begun yet; for who drives them."""
        starting, self._starting = self._starting, []
        return starting

    def note(self, result: object) -> None:
        """Keep the result of one that has ended; for who drives them."""
        self._results.append(result)

    @property
    def has_news(self) -> bool:
        return bool(self._results)


@dataclass(frozen=True, slots=True)
class Write:
    """Yielded alone: a change of the state, in one transaction with those of others."""

    change: Callable[[], object]


def saved(change: Callable[[], T]) -> Task[T]:
    """Make a change of the state; it is on the disk when this returns its result.

    Raises what it raised, and then nothing of it was changed.
    """
    result = yield Write(change)
    if isinstance(result, BaseException):
        raise result
    return result  # type: ignore[no-any-return]  # the result of this very change
