"""The decisions of one cycle, what is held back of them, and how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from figsync.model.actions import Action


@dataclass(frozen=True, slots=True)
class Held:
    """An action kept back: for a person, or until a time (POSIX seconds).

    *listed* marks what the configured direction or policy leaves alone for good:
    it is shown and asks nothing of anybody. *failing* marks what would have to be
    done and can not be now: the sync is not finished.
    """

    action: Action
    reason: str
    until: float | None = None
    listed: bool = False
    failing: bool = False

    @property
    def needs_person(self) -> bool:
        return self.until is None and not self.listed


@dataclass(frozen=True, slots=True)
class Plan:
    """The decisions of one cycle."""

    actions: tuple[Action, ...] = ()
    held: tuple[Held, ...] = ()

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.actions + other.actions, self.held + other.held)


Result = Literal["done", "failed", "refused", "stale", "planned"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one action ended; *unproven* means sent but not yet verified.

    *error* is the class of what went wrong.
    """

    action: Action
    result: Result
    message: str = ""
    size: int = 0
    unproven: bool = False
    error: str = ""
