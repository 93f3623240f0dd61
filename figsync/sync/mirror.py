"""The parts that one mirror is made of, introduced to each other in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol, TypeVar

from figsync.clock import Clock
from figsync.config import Config
from figsync.disk import Disk, Probe
from figsync.errors import FigsyncError
from figsync.figshare import Account, Figshare
from figsync.model import Action, Outcome, Plan
from figsync.model.keys import Side
from figsync.naming import IgnoreRules
from figsync.state import State
from figsync.sync.driving import Bounds, drive
from figsync.sync.left_out import LeftOutSoFar
from figsync.sync.reserve import Reserve
from figsync.sync.tasks import Pool, Task
from figsync.sync.zip_trouble import ZipTrouble

T = TypeVar("T")

# So many at once fill a wire and two processors; with eight there all took longer.
CARRYING = 4


class Progress(Protocol):
    """Who is told how a cycle goes; every call is cheap and from any thread."""

    def phase(self, name: str) -> None:
        """A step of the cycle begins."""
        ...

    def planned(self, plan: Plan) -> None:
        """The plan of the cycle is made."""
        ...

    def moved(self, action: Action, size: int) -> None:
        """So many more bytes of a transfer went over the wire; negative: again."""
        ...

    def finished(self, outcome: Outcome) -> None:
        """An action ended."""
        ...


class Silent:
    """A progress that tells nobody."""

    def phase(self, name: str) -> None:
        del name

    def planned(self, plan: Plan) -> None:
        del plan

    def moved(self, action: Action, size: int) -> None:
        del action, size

    def finished(self, outcome: Outcome) -> None:
        del outcome


# The side that an edit changed, and of which item which path.
Edited = tuple[Side, str, str]


@dataclass(slots=True)
class Mirror:
    """Configuration, both sides, the state, and how time and workers behave.

    *changed* are the items whose files this process changed on Figshare, *fresh* those
    read since this sync began, with the dates their rows had: they are not read again.
    *made* are the items that this cycle made on Figshare; *bare* are those that the
    last one made and this one found without a file, with the monotonic time before.
    *begun* are the records whose bytes are on their way here now, *undone* the folders
    and items at which the next cycle has to look again in any case, *account* is what
    Figshare said of it in this sync, less the room that new files took since,
    *reading* counts what has to be read whole.  *tick* is called on the deciding
    thread as long as it goes on.
    """

    config: Config
    disk: Disk
    state: State
    figshare: Figshare
    clock: Clock
    pool: Pool
    rules: IgnoreRules
    abilities: Probe
    reserve: Reserve
    progress: Progress = field(default_factory=Silent)
    dry_run: bool = False
    boot_id: str = ""
    changed: set[str] = field(default_factory=set)
    fresh: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    bare: dict[str, float] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    account: Account | None = None
    reading: int = 0
    undone: set[str] = field(default_factory=set)
    edited: dict[Edited, float] = field(default_factory=dict)
    left_out: LeftOutSoFar = field(default_factory=LeftOutSoFar)
    zip_trouble: ZipTrouble = field(default_factory=ZipTrouble)
    tick: Callable[[], None] = lambda: None

    @contextmanager
    def unbroken(self) -> Iterator[None]:
        """Have no cycle ended early meanwhile: what is read would be read again."""
        self.reading += 1
        try:
            yield
        finally:
            self.reading -= 1

    def asked_to_stop(self) -> bool:
        """Show that the deciding thread goes on, and tell whether it is to stop.

        For whatever takes long on that thread, such as reading a large file.
        """
        self.tick()
        return self.clock.wait(0)

    def drive(
        self, tasks: Iterable[Task[T]], *, at_once: int = 16
    ) -> Iterator[T | FigsyncError]:
        """Run tasks on this mirror's workers, writing its state."""
        rate = self.config.transfer.requests_per_second
        return drive(
            tasks,
            self.pool,
            self.clock,
            bounds=_bounds(at_once, rate, self.pool.width),
            tick=self.tick,
            writing=self.state.atomic,
        )


def _bounds(at_once: int, rate: float, workers: int) -> Bounds:
    """Return how many workers do what: of many, some are left to small files."""
    carrying = min(workers, max(CARRYING, workers // 2))
    return Bounds(at_once, _asking(rate, workers), carrying)


def _asking(rate: float, workers: int) -> int:
    """Return how many workers may wait for the request budget; all if it has no end."""
    return max(1, min(workers - 1, 1 + ceil(rate / 2))) if rate else workers
