"""What the deciding thread is asked for: one queue, filled from anywhere."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

Words = Mapping[str, str]
Told = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Look:
    """Something may have changed below this folder of the root; "" is all of it."""

    folder: str


@dataclass(frozen=True, slots=True)
class Due:
    """A job of the schedule is due: `pull`, `scan`, or one of `jobs.JOBS`."""

    job: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Another process asks for something, and is told of it as it goes.

    *tell* takes one JSON object, from any thread, and never raises or blocks for
    long; the last one it gets has the key `end`.  *is_gone* says whether nobody
    listens any more.
    """

    verb: str
    words: Words
    tell: Callable[[Told], None]
    is_gone: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Reload:
    """The configuration is to be read again."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Something outside changed, such as the wish to stop: look at it."""


Request = Look | Due | Ask | Reload | Wake


class Post(Protocol):
    """Where requests are left; safe in any thread and in signal handlers."""

    def put(self, request: Request) -> None:
        """Leave a request to the deciding thread."""
        ...


class Inbox:
    """The one queue that the deciding thread waits on."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._looks: set[Look] = set()

    def put(self, request: Request) -> None:
        """Leave a request; safe in any thread and in signal handlers.

        A hint that waits already is not left twice: a long sync may come to
        millions of them.
        """
        if isinstance(request, Look):
            if request in self._looks:
                return
            self._looks.add(request)
        self._queue.put(request)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits to be taken."""
        return self._queue.empty()

    def take(self, seconds: float | None) -> list[Request]:
        """Wait for requests, at most that long (None: for ever); return all there are.

        Of equal ones that follow each other only one is returned: bursts are merged.
        """
        taken: list[Request] = []
        try:
            taken.append(self._got(seconds, block=True))
            while True:
                request = self._got(None, block=False)
                if request != taken[-1]:
                    taken.append(request)
        except queue.Empty:
            return taken

    def _got(self, seconds: float | None, *, block: bool) -> Request:
        request = self._queue.get(block, seconds)
        if isinstance(request, Look):
            # Whoever took it looks only after this: what comes now is seen.
            self._looks.discard(request)
        return request
