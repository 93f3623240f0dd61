"""The progress of a sync drawn on a terminal: one bar for each direction."""

from __future__ import annotations

import threading
from collections.abc import Iterator
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

from figsync.commands.progress import DOWN, UP, direction, line
from figsync.model import Action, Outcome, Plan


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
        self._moved: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()

    def phase(self, name: str) -> None:
        self._bars.update(self._phase, description=name)

    def planned(self, plan: Plan) -> None:
        for way in (UP, DOWN):
            todo = [a for a in plan.actions if direction(a) == way]
            if not todo:
                continue
            if way not in self._tasks:
                self._tasks[way] = self._bars.add_task(way, total=0)
            task = self._tasks[way]
            before = self._bars.tasks[self._bars.task_ids.index(task)].total or 0
            self._bars.update(task, total=before + sum(max(0, a.size) for a in todo))

    def moved(self, action: Action, size: int) -> None:
        task = self._tasks.get(direction(action))
        if task is None:
            return
        with self._lock:
            key = _name(action)
            self._moved[key] = self._moved.get(key, 0) + size
            self._bars.advance(task, size)

    def finished(self, outcome: Outcome) -> None:
        action = outcome.action
        task = self._tasks.get(direction(action))
        if task is not None:
            with self._lock:
                # What needed no transfer, or failed, is no longer ahead.
                moved = self._moved.pop(_name(action), 0)
                self._bars.advance(task, max(0, action.size) - moved)
        if told := line(outcome):
            self._bars.console.print(Text(told))


def _name(action: Action) -> tuple[str, str, str]:
    return action.kind, action.where.folder, action.path
