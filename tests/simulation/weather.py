"""Which dangers a history has, and the lines that tell what happened in it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from random import Random

_CHANCES = {
    "faults": 0.5,
    "disk": 0.5,
    "crashes": 0.5,
    "meddling": 0.5,
    "losses": 0.1,
    "clocks": 0.2,
    "accidents": 0.25,
    "wishes": 0.3,
    "limits": 0.15,
}


@dataclass(frozen=True, slots=True)
class Weather:
    """Which dangers a history has.

    *losses* are of the state, which may be damaged too; *accidents* befall the root
    and folders in it; *wishes* are verbs and changes of the configuration; *limits*
    are those of the account.  With *daemon* most syncs are done by a daemon that
    stays up; it is never drawn, so that a seed is the same history without it.
    """

    faults: bool = False
    disk: bool = False
    crashes: bool = False
    meddling: bool = False
    losses: bool = False
    clocks: bool = False
    accidents: bool = False
    wishes: bool = False
    limits: bool = False
    daemon: bool = False
    machines: int = 1

    @classmethod
    def drawn(cls, random: Random) -> Weather:
        """Return the weather of a seed; a quarter of all is calm."""
        if random.random() < 0.25:
            return cls()
        drawn = {name: random.random() < odds for name, odds in _CHANCES.items()}
        return cls(**drawn, machines=2 if random.random() < 0.15 else 1)

    def without(self, danger: str) -> Weather:
        """Return this weather less one danger."""
        return replace(self, **{danger: False})

    def dangers(self) -> list[str]:
        """Return the names of the dangers there are."""
        names = (f.name for f in fields(self) if f.name != "daemon")
        return [name for name in names if getattr(self, name) is True]

    def __str__(self) -> str:
        machines = f", {self.machines} machines" if self.machines > 1 else ""
        daemon = ", as a daemon" if self.daemon else ""
        return (", ".join(self.dangers()) or "calm") + machines + daemon


@dataclass(slots=True)
class Trace:
    """What happened, in lines that a person can read."""

    lines: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        if line.strip():
            self.lines.append(line.replace(f".{os.getpid()}.", ".PID."))
