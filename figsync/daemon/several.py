"""A progress that tells several others."""

from __future__ import annotations

from figsync.model import Action, Outcome, Plan
from figsync.sync.mirror import Progress


class Several:
    """Passes on whatever it is told, in the order of its listeners."""

    def __init__(self, *listeners: Progress) -> None:
        self._listeners = listeners

    def phase(self, name: str) -> None:
        for listener in self._listeners:
            listener.phase(name)

    def planned(self, plan: Plan) -> None:
        for listener in self._listeners:
            listener.planned(plan)

    def moved(self, action: Action, size: int) -> None:
        for listener in self._listeners:
            listener.moved(action, size)

    def finished(self, outcome: Outcome) -> None:
        for listener in self._listeners:
            listener.finished(outcome)
