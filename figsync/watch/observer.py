"""watchdog's observer of inotify, which also says what watchdog keeps to itself.

watchdog leaves out without a word the folders that the system's limit on watches
does not allow, says nothing when the watched folder is moved, and a thread of it
that fails is gone.  Each of these would leave a mirror that only looks watched.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, EventQueue, ObservedWatch
from watchdog.observers.inotify import InotifyEmitter
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

from figsync.naming import shown
from figsync.watch.folders import is_watched

# Reading a file, opening it, and what follows in its folder is no change: the
# system does not even tell of it.
CHANGES: list[type[FileSystemEvent]] = [
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]
ROOT_LOST = "the mirror root was moved, deleted or unmounted"
_LOST = (
    InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_UNMOUNT
)
_LIMITS = {
    errno.ENOSPC: "no more folders can be watched (raise fs.inotify.max_user_watches)",
    errno.EMFILE: (
        "no more programs can watch folders (raise fs.inotify.max_user_instances)"
    ),
    errno.ENFILE: "too many files are open on this computer (raise fs.file-max)",
    errno.ENOMEM: "the system has no memory left to watch more folders",
    errno.ENOSYS: "this system can not watch folders",
}

log = logging.getLogger(__name__)


class Told(Protocol):
    """Who is told how the watching goes; from any thread, and nothing may block."""

    def events_lost(self) -> None:
        """Something may have changed anywhere without an event."""
        ...

    def broken(self, problem: str) -> None:
        """The events are no longer to be relied on, and why."""
        ...


def reason(error: BaseException) -> str:
    """Return in one clause why watching failed, with the remedy where there is one."""
    code = error.errno if isinstance(error, OSError) else None
    if code in _LIMITS:
        return _LIMITS[code]
    told = os.strerror(code) if code else f"{type(error).__name__}: {error}"
    return f"the folder can not be watched ({shown(told)})"


class Reader(InotifyFD):
    """Reads the events of the system below *root*."""

    def __init__(self, root: Path, told: Told) -> None:
        super().__init__()
        self.told = told
        self._root = os.fsencode(root)
        self._root_watch: WatchDescriptor | None = None

    def add_callback(
        self, path: bytes, mask: Mask, callback: WatchCallback, id_: CallbackId
    ) -> WatchDescriptor:
        """Watch one folder; OSError if it can not or need not be watched."""
        below = path.removeprefix(self._root).lstrip(b"/")
        if not is_watched(os.fsdecode(below)):
            raise PermissionError(errno.EPERM, "nobody asks for its events")
        # To watchdog a folder that nobody may read looks watched, twice at times.
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if path == self._root:
            mask = Mask(mask | InotifyConstants.IN_MOVE_SELF)
        try:
            watch = super().add_callback(path, mask, callback, id_)
        except OSError as error:
            if error.errno in _LIMITS:
                self.told.broken(reason(error))
            raise
        if path == self._root:
            self._root_watch = watch
        return watch

    def handle_event(self, event: InotifyEvent) -> None:
        """Pass an event on; say so when the root is lost, or some events."""
        if event.wd == self._root_watch and event.mask & _LOST:
            self.told.broken(ROOT_LOST)
        super().handle_event(event)
        # Only now is everything watched again, and who looks will miss nothing.
        if event.is_queue_overflow or event.mask & InotifyConstants.IN_UNMOUNT:
            log.info("Events were lost: everything is looked at again")
            self.told.events_lost()

    def run(self) -> None:
        """Read until asked to stop; a failure is told."""
        until_it_fails(super().run, self.told)


class Emitter(InotifyEmitter):
    """Makes watchdog's events of what a `Reader` read."""

    def __init__(
        self,
        event_queue: EventQueue,
        watch: ObservedWatch,
        *,
        timeout: float,
        event_filter: list[type[FileSystemEvent]] | None,
        inotify_fd: Reader,
    ) -> None:
        super().__init__(
            event_queue,
            watch,
            timeout=timeout,
            event_filter=event_filter,
            inotify_fd=inotify_fd,
        )
        self._told = inotify_fd.told

    def run(self) -> None:
        """Make events until asked to stop; a failure is told."""
        until_it_fails(super().run, self._told)


class Observer(BaseObserver):
    """Hands every change below *root* to a handler, in a thread of its own.

    OSError when the system lets nobody watch any more, at once or in `start`.
    """

    def __init__(
        self,
        root: Path,
        handler: FileSystemEventHandler,
        told: Told,
        reader: Callable[[Path, Told], Reader] = Reader,
    ) -> None:
        self._told = told
        self._reader = reader(root, told)
        super().__init__(Emitter, inotify_fd=self._reader)
        self.schedule(handler, str(root), recursive=True, event_filter=CHANGES)
        self._reader.start()

    def run(self) -> None:
        """Hand events over until asked to stop; a failure is told."""
        until_it_fails(super().run, self._told)

    def on_thread_stop(self) -> None:
        super().on_thread_stop()
        self._reader.stop()
        self._reader.join()

    def is_whole(self) -> bool:
        """Tell whether all its threads are at work."""
        threads = (self, self._reader, *self.emitters)
        return all(thread.is_alive() for thread in threads)


def until_it_fails(run: Callable[[], None], told: Told) -> None:
    """Run a thread's work; what ends it is told, and logged with its traceback."""
    try:
        run()
    except Exception as error:
        log.debug("A thread that watches ended", exc_info=error)
        told.broken(reason(error))
