"""One stretch of watching, from a proven start to its end or its failure."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.errors import FigsyncError
from figsync.watch.drives import network_drive
from figsync.watch.folders import folder_of
from figsync.watch.observer import Told, reason

NETWORK = "the mirror root is on a network drive ({}), where not every change is told"
NO_EVENT = "the system tells nothing of a file written in the mirror root"
PROOF = "watch.proof"
WATCHDOG = "watchdog"
READING = "watchdog.observers.inotify"


class Observes(Protocol):
    """What a session asks of an observer."""

    def start(self) -> None:
        """Begin; OSError when the system lets nobody watch any more."""
        ...

    def stop(self) -> None:
        """End it."""
        ...

    def join(self) -> None:
        """Return when it is over; RuntimeError if it never began."""
        ...

    def is_whole(self) -> bool:
        """Tell whether all its threads are at work."""
        ...


MakeObserver = Callable[[Path, FileSystemEventHandler, Told], Observes]


class Session(FileSystemEventHandler):
    """Watches *root* until it is stopped; *failed* is told, once, if that can't be."""

    def __init__(
        self,
        root: Path,
        look: Callable[[str], None],
        failed: Callable[[Session], None],
    ) -> None:
        self.problem = ""
        self._root = root
        self._look = look
        self._failed = failed
        self._prefix = ""
        self._proof = ""
        self._proven = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._observer: Observes | None = None
        self._ears = _Ears(self)
        self._hush = _Hush(self._over)

    def start(self, make: MakeObserver, seconds: float) -> None:
        """Begin, and wait that long for a proof; `problem` tells why it can not be."""
        try:
            disk = Disk(self._root, clock=SystemClock())
            disk.identity()
            if kind := network_drive(disk.root):
                self.problem = NETWORK.format(kind)
                return
            self._watch(disk.root, make)
            self._prove(disk, seconds)
        except (OSError, RuntimeError) as error:
            self.problem = self.problem or reason(error)
        except FigsyncError as error:
            self.problem = self.problem or error.cause

    def _watch(self, root: Path, make: MakeObserver) -> None:
        _allow_watching_twice()
        logging.getLogger(WATCHDOG).addHandler(self._ears)
        logging.getLogger(READING).addFilter(self._hush)
        self._prefix = f"{root}/"
        self._observer = make(root, self, self)
        self._observer.start()

    def _prove(self, disk: Disk, seconds: float) -> None:
        """Write a file of figsync's own and wait for its event."""
        self._proof = str(disk.own_path(PROOF))
        try:
            disk.write_own(PROOF, b"")
            if not self._proven.wait(seconds):
                self.problem = self.problem or NO_EVENT
        finally:
            disk.remove_own(PROOF)

    def stop(self) -> None:
        """End it and wait for its threads; no hint comes after that."""
        self._over.set()
        with self._lock:
            observer, self._observer = self._observer, None
            if observer is not None:
                observer.stop()
                # One that could not start has no thread to wait for.
                with suppress(RuntimeError):
                    observer.join()
            logging.getLogger(WATCHDOG).removeHandler(self._ears)
            logging.getLogger(READING).removeFilter(self._hush)

    def is_whole(self) -> bool:
        """Tell whether all threads are at work."""
        observer = self._observer
        return observer is not None and observer.is_whole()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Hint at the folders that an event is about: both ends of a move."""
        for path in (event.src_path, event.dest_path):
            if path:
                self._happened(os.fsdecode(path), is_folder=event.is_directory)

    def _happened(self, path: str, *, is_folder: bool) -> None:
        if path == self._proof:
            self._proven.set()
        if not path.startswith(self._prefix):
            return
        folder = folder_of(path.removeprefix(self._prefix), is_folder=is_folder)
        if folder is not None and not self._over.is_set():
            self._look(folder)

    def events_lost(self) -> None:
        """Hint at everything: nobody knows where something changed."""
        if not self._over.is_set():
            self._look("")

    def broken(self, problem: str) -> None:
        """Tell, the first time, that events can not be relied on any more."""
        if self.problem or self._over.is_set():
            return
        self.problem = problem
        # Who waits for a proof waits in vain.
        self._proven.set()
        self._failed(self)


class _Ears(logging.Handler):
    """Hears what watchdog only logs: lost events, watches that it can not renew."""

    def __init__(self, told: Told) -> None:
        super().__init__(logging.WARNING)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.events_lost()
        if record.levelno >= logging.ERROR:
            self._told.broken(f"watchdog says: {record.getMessage()}")


class _Hush(logging.Filter):
    """Lets watchdog not complain that its threads are asked for more as they stop."""

    def __init__(self, over: threading.Event) -> None:
        super().__init__()
        self._over = over

    def filter(self, record: logging.LogRecord) -> bool:
        del record
        return not self._over.is_set()


def _allow_watching_twice() -> None:
    """Let watchdog watch a folder again that was moved out of the root and back."""
    again = "Callback with id .* already exists"
    warnings.filterwarnings("ignore", message=again, category=RuntimeWarning)
