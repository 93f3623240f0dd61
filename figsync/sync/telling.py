"""How a sync goes, in values small enough to be shown by another process too."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from figsync.model import Action, Download, KeepBoth, Outcome, Plan, Upload

UP, DOWN = "Uploading", "Downloading"


@dataclass(frozen=True, slots=True)
class Ended:
    """An action that ended, or that is planned: what is told of it.

    *way* is the direction in which its bytes go over the wire, "" for none.
    """

    kind: str
    folder: str
    path: str
    size: int
    way: str
    result: str
    message: str = ""
    unproven: bool = False


class Show(Protocol):
    """Where it is shown how a sync goes; every call is cheap, from any thread."""

    def phase(self, name: str) -> None:
        """A step of a cycle begins."""
        ...

    def ahead(self, sizes: Mapping[str, int]) -> None:
        """A cycle has its plan: so many more bytes are to go each way."""
        ...

    def moved(self, way: str, size: int) -> None:
        """So many more of them went, or are no longer ahead; negative: again."""
        ...

    def ended(self, ended: Ended) -> None:
        """An action ended."""
        ...


def way_of(action: Action) -> str:
    """Return the direction in which the bytes of an action go, "" for none."""
    if isinstance(action, Upload):
        return UP
    if isinstance(action, Download) and action.source is not None:
        return ""
    return DOWN if isinstance(action, Download | KeepBoth) else ""


def ended(outcome: Outcome) -> Ended:
    """Return what is told of an outcome."""
    action = outcome.action
    return Ended(
        action.kind,
        action.where.folder,
        action.path,
        action.size,
        way_of(action),
        outcome.result,
        outcome.message,
        outcome.unproven,
    )


class Telling:
    """A progress that tells a show: its bytes add up whatever happened on the way."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._moved: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()

    def phase(self, name: str) -> None:
        self._show.phase(name)

    def planned(self, plan: Plan) -> None:
        sizes: dict[str, int] = {}
        for action in plan.actions:
            if way := way_of(action):
                sizes[way] = sizes.get(way, 0) + max(0, action.size)
        self._show.ahead(sizes)

    def moved(self, action: Action, size: int) -> None:
        with self._lock:
            name = _name(action)
            self._moved[name] = self._moved.get(name, 0) + size
        self._show.moved(way_of(action), size)

    def finished(self, outcome: Outcome) -> None:
        action = outcome.action
        with self._lock:
            moved = self._moved.pop(_name(action), 0)
        if way := way_of(action):
            # What needed no transfer, or failed, is no longer ahead.
            self._show.moved(way, max(0, action.size) - moved)
        self._show.ended(ended(outcome))


def _name(action: Action) -> tuple[str, str, str]:
    return action.kind, action.where.folder, action.path
