"""The progress of a sync drawn on a terminal: one bar for each direction."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from figsync.commands.progress import line
from figsync.sync.telling import Ended


@contextmanager
def drawn() -> Iterator[Drawn]:
    """Draw bars with bytes, speed and time left while the block runs."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, transient=True) as bars:
        yield Drawn(bars)


class Drawn:
    """Draws one bar for each direction, and the lines above them."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._phase = bars.add_task("Beginning", total=None)
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def phase(self, name: str) -> None:
        self._bars.update(self._phase, description=name)

    def ahead(self, sizes: Mapping[str, int]) -> None:
        for way, size in sizes.items():
            if way not in self._tasks:
                self._tasks[way] = self._bars.add_task(way, total=0)
            task = self._tasks[way]
            before = self._bars.tasks[self._bars.task_ids.index(task)].total or 0
            self._bars.update(task, total=before + size)

    def moved(self, way: str, size: int) -> None:
        task = self._tasks.get(way)
        if task is not None:
            with self._lock:
                self._bars.advance(task, size)

    def ended(self, ended: Ended) -> None:
        if told := line(ended):
            self._bars.console.print(Text(told))
