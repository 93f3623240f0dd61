"""A real folder that is really watched, and what was told of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.watch import Watch, Watching
from figsync.watch.observer import Observer
from figsync.watch.session import MakeObserver

PATIENCE = 20.0


class Ground:
    """A mirror root with what its watch tells; `until` waits for more of it."""

    def __init__(self, folder: Path, *item_folders: str) -> None:
        self.root = folder / "mirror"
        self.root.mkdir()
        for name in item_folders:
            (self.root / name).mkdir()
        self.disk = Disk(self.root, clock=SystemClock())
        self.disk.prepare()
        self.hints: list[str] = []
        self.turns: list[Watching] = []
        self._more = threading.Condition()
        self._sentinels = count()

    def look(self, folder: str) -> None:
        with self._more:
            self.hints.append(folder)
            self._more.notify_all()

    def changed(self, watching: Watching) -> None:
        with self._more:
            self.turns.append(watching)
            self._more.notify_all()

    def forget(self) -> None:
        with self._more:
            self.hints.clear()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that a hint or a turn makes true."""
        end = time.monotonic() + PATIENCE
        with self._more:
            while not holds():
                left = end - time.monotonic()
                assert left > 0, f"in vain: {set(self.hints)}, {self.turns}"
                self._more.wait(left)

    def until_hinted(self, *folders: str) -> None:
        """Wait for a hint at each of these folders."""
        self.until(lambda: {*folders} <= {*self.hints})

    def hinted(self) -> set[str]:
        """Return all folders hinted at by what happened so far: events have order."""
        sentinel = f"Sentinel {next(self._sentinels)}"
        (self.root / sentinel).mkdir()
        self.until_hinted(sentinel)
        return {hint for hint in self.hints if not hint.startswith("Sentinel")}

    @contextmanager
    def watched(
        self, observer: MakeObserver = Observer, *, probe_seconds: float = PATIENCE
    ) -> Iterator[Watch]:
        """Watch the root while the context lasts."""
        watch = Watch(
            self.root,
            self.look,
            probe_seconds=probe_seconds,
            changed=self.changed,
            observer=observer,
        )
        watch.start()
        try:
            yield watch
        finally:
            watch.stop()
