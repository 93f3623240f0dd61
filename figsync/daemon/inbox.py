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
        self._folders: set[str] = set()

    def put(self, request: Request) -> None:
        """Leave a request; safe in any thread and in signal handlers.

        A folder that waits already is not put twice: while a sync goes on for days,
        a file that is appended to changes millions of times.
        """
        if isinstance(request, Look):
            if request.folder in self._folders:
                return
            self._folders.add(request.folder)
        self._queue.put(request)

    def take(self, seconds: float | None) -> list[Request]:
        """Wait for requests, at most that long (None: for ever); return all there are.

        Of equal ones that follow each other only one is returned: bursts are merged.
        """
        try:
            taken = [self._out(self._queue.get(timeout=seconds))]
        except queue.Empty:
            return []
        while True:
            try:
                request = self._out(self._queue.get_nowait())
            except queue.Empty:
                return taken
            if request != taken[-1]:
                taken.append(request)

    def _out(self, request: Request) -> Request:
        # Before anybody looks at the folder: what changes from now on is put again.
        if isinstance(request, Look):
            self._folders.discard(request.folder)
        return request
