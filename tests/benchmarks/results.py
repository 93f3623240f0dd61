"""What the benchmarks find: times of contestants, and figures with their limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

FIGSYNC = "figsync"
CURL = "curl"
SERIAL = "serial script"
PYFIGSHARE = "pyfigshare"
BEST = "pyfigshare, best"


@dataclass(slots=True)
class Contest:
    """One piece of work, done by several programs in turn; seconds of each run."""

    title: str
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        """Note one more run of a contestant."""
        self.seconds.setdefault(name, []).append(seconds)

    def median(self, name: str) -> float:
        """Return the median of a contestant's runs; KeyError if it had none."""
        return median(self.seconds[name])

    def best_of(self, prefix: str) -> str:
        """Return the name of the fastest contestant whose name begins so, or ""."""
        names = [name for name in self.seconds if name.startswith(prefix)]
        return min(names, key=self.median, default="")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a line: what it is, and the most it may be (or the least)."""

    line: int
    what: str
    value: float
    most: float
    unit: str = "×"
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Tell whether the figure is what was asked for."""
        if self.at_least:
            return self.value >= self.most
        return self.value <= self.most


@dataclass(slots=True)
class Findings:
    """All that a run of benchmarks found, and what it says of its surroundings."""

    about: list[str] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Take in what another benchmark found."""
        self.about += other.about
        self.contests += other.contests
        self.figures += other.figures
