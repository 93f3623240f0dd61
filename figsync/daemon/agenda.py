"""What is to be done next, and when: everything that was asked for, in its order."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from figsync.daemon.inbox import Ask

EVERYTHING = ""
# No sync that somebody asked for before puts these off.
AT_ONCE = ("pause", "resume")
# A folder in which something is always being written is looked at all the same.
LONGEST_UNREST = 60.0
# Two looks at a file that are `settle` apart must not be a hair too close.
MARGIN = 0.05


@dataclass(frozen=True, slots=True)
class Sync:
    """Run a cycle; *stirred* as in the engine's Wish.

    *unproven* hints are looked at first: figsync's own writes make some as well.
    """

    stirred: frozenset[str] | None = None
    unproven: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """Look through the whole folder, and sync what changed."""


@dataclass(frozen=True, slots=True)
class Job:
    """Run a job that is no sync."""

    name: str


Work = Sync | Scan | Job | Ask


@dataclass(slots=True)
class _Hint:
    """When something was seen in a folder, for the first and the last time."""

    first: float
    last: float


@dataclass(slots=True)
class Agenda:
    """Collects what is due; all times are those of the monotonic clock.

    Nothing but what people ask for, and what needs no Figshare, is done before
    *patience* ends; while *paused*, until *wake_at*, only what people ask for.
    """

    settle: float
    paused: bool = False
    wake_at: float | None = None
    patience: float = 0.0
    again_at: float | None = None
    _asks: deque[Ask] = field(default_factory=deque)
    _jobs: list[str] = field(default_factory=list)
    _hints: dict[str, _Hint] = field(default_factory=dict)
    _all: bool = True
    _pull: bool = False
    _scan: bool = False

    @property
    def folders(self) -> int:
        """How many folders wait to be looked at."""
        return len(self._hints)

    def look(self, folder: str, now: float) -> None:
        """Something was seen in *folder*, or in the root itself (EVERYTHING)."""
        hint = self._hints.setdefault(folder, _Hint(now, now))
        hint.last = now

    def ask(self, ask: Ask) -> None:
        """Somebody asks: for a pause, or its end, before whatever takes long."""
        self._asks.append(ask)
        self._asks = deque(sorted(self._asks, key=lambda ask: ask.verb not in AT_ONCE))

    @property
    def has_asks(self) -> bool:
        """Tell whether somebody asked for something that was not begun yet."""
        return bool(self._asks)

    def take_asks(self) -> list[Ask]:
        """Return what people ask for; it is off the agenda then."""
        asks, self._asks = list(self._asks), deque()
        return asks

    def due(self, job: str) -> None:
        """A job of the schedule is due."""
        if job == "pull":
            self._pull = True
        elif job == "scan":
            self._scan = True
        elif job not in self._jobs:
            self._jobs.append(job)

    def everything(self) -> None:
        """Sync all of the mirror as soon as possible."""
        self._all = True

    def next(self, now: float) -> Work | None:
        """Return what to do now, None if nothing is due; it is off the agenda then."""
        if self._asks:
            return self._asks.popleft()
        if self.paused:
            return None
        if now >= self.patience and (sync := self._next_sync(now)):
            return sync
        return Job(self._jobs.pop(0)) if self._jobs else None

    def _next_sync(self, now: float) -> Work | None:
        ripe = frozenset(
            f for f, hint in self._hints.items() if self._ripe(hint) <= now
        )
        again = self.again_at is not None and self.again_at <= now
        if self._all:
            self._all = self._pull = self._scan = False
            self.again_at = None
            self._taken(ripe)
            return Sync()
        if self._pull or again:
            self._pull = False
            self.again_at = None if again else self.again_at
            return Sync(self._taken(ripe))
        if EVERYTHING in ripe:
            # Often it is a file of no concern: Figshare is asked only if it is not.
            self._scan = False
            self._taken(ripe)
            return Scan()
        if ripe:
            return Sync(self._taken(ripe), unproven=True)
        if self._scan:
            self._scan = False
            return Scan()
        return None

    def _taken(self, folders: frozenset[str]) -> frozenset[str]:
        for folder in folders:
            del self._hints[folder]
        return folders

    def _ripe(self, hint: _Hint) -> float:
        """Return when a folder has been still for long enough to be looked at."""
        longest = max(LONGEST_UNREST, 10 * self.settle)
        return min(hint.last + self.settle, hint.first + longest) + MARGIN

    def seconds(self, now: float) -> float | None:
        """Return how long nothing will be due, None if only a request can be."""
        if self._asks:
            return 0.0
        if self.paused:
            return None if self.wake_at is None else max(0.0, self.wake_at - now)
        times = [self._ripe(hint) for hint in self._hints.values()]
        times += [] if self.again_at is None else [self.again_at]
        times += [now] if self._all or self._pull or self._scan else []
        due = [max(time, self.patience) for time in times]
        due += [now] if self._jobs else []
        return max(0.0, min(due) - now) if due else None
