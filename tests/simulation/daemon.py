"""One machine's figsync as `figsync run` has it: open over many steps, on hints.

Agenda and keeper are the daemon's own; what is told to them is drawn: hints of what
changed on the disk, sometimes late, sometimes lost, and what is due by the schedule.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from random import Random

from figsync.daemon.agenda import Agenda
from figsync.daemon.answers import Broadcast
from figsync.daemon.desk import Desk
from figsync.daemon.keeper import Keeper
from figsync.errors import FigsyncError, Interrupted, StateDamaged
from figsync.jobs.patience import Patience
from figsync.model import Outcome, Plan
from figsync.sync.engine import Wish
from figsync.sync.hosts import api_rest
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror, Silent
from figsync.watch.folders import folder_of
from tests.simulation.peril import Peril
from tests.simulation.places import Machine, walk
from tests.simulation.values import Lost

# So many things in a row without a pause are no work any more.
MOST_TURNS = 12
JOBS = ("trash", "verify", "upkeep")
Footprint = dict[str, tuple[int, int, int]]
Tell = Callable[[str], None]
Ended = Callable[[FigsyncError | None], None]


class Daemon:
    """Keeps one mirror as long as it is up; *done* is what it did since it was asked.

    *ended_well* counts the syncs that came to their end.
    """

    def __init__(self, machine: Machine, tell: Tell) -> None:
        self.done: list[Outcome] = []
        self.ended_well = 0
        self._machine = machine
        self._tell = tell
        self._peril = Peril(Random(1), tell)
        self._open: tuple[ExitStack, OpenMirror] | None = None
        self._agenda = Agenda(0.0)
        self._patience = Patience()
        self._footprint: Footprint = {}
        self._late: set[str] = set()
        self._is_parked = False

    @property
    def is_up(self) -> bool:
        return self._open is not None

    def stop(self) -> None:
        """End as after SIGTERM; one that is not up stays so."""
        if self._open is not None:
            stack, self._open = self._open[0], None
            self._tell(f"   {self._machine.name}: the daemon stops")
            self._renew(Peril(Random(1), self._tell))
            stack.close()

    def start(self, peril: Peril, order: Random | None) -> None:
        """Come up unless it is up, with a *peril* of this step; raises as opening."""
        if self._open is not None:
            self._renew(peril)
            return
        self._peril = peril
        with ExitStack() as stack:
            mirror = stack.enter_context(self._machine.mirror(peril, order))
            mirror.progress = _Teller(self._tell, self.done)
            # A new process knows of nothing but its state.
            self._agenda = Agenda(mirror.config.schedule.settle)
            self._agenda.everything()
            self._patience, self._late = Patience(), set()
            self._footprint = _footprint(self._machine)
            self._open = stack.pop_all(), OpenMirror(mirror)
        self._tell(f"   {self._machine.name}: the daemon is up")

    def hear(self, random: Random | None) -> None:
        """Note where the disk changed; *random* delays and loses some of it."""
        now = _footprint(self._machine)
        differing = now.items() ^ self._footprint.items()
        self._footprint = now
        told, self._late = self._late, set()
        for folder in sorted({_hint(path) for path, _ in differing} - {None}):
            odds = random.random() if random is not None else 0.0
            if odds < 0.6:
                told.add(folder)
            elif odds < 0.8:
                self._late.add(folder)
        for folder in sorted(told):
            self._agenda.look(folder, self._machine.clock.monotonic())
        if told or self._late:
            late = f", late {sorted(self._late)}" if self._late else ""
            self._tell(f"   {self._machine.name} hears of {sorted(told)}{late}")

    def live(self, due: Collection[str] = ()) -> None:
        """Do all that is due now, and what is *due* by the schedule."""
        for job in due:
            self._agenda.due(job)
        self._tell(f"   {self._machine.name} goes on, due {sorted(due)}")
        self._is_parked = False
        for _ in range(MOST_TURNS):
            seconds = self._agenda.seconds(self._machine.clock.monotonic())
            if seconds is None or seconds > 0 or self._is_parked:
                return
            self._turn()
            # What was interrupted is due at once, when the daemon is let go on.
            self._is_parked |= self._machine.clock.is_told_to_stop()
        raise Lost("the daemon finds no rest")

    def sync(self, wish: Wish) -> Report:
        """Run a sync that somebody asked the daemon for."""
        with self.lent() as mirror:
            return sync_until_quiet(mirror, wish)

    @contextmanager
    def lent(self) -> Iterator[Mirror]:
        """Lend the open mirror; what kills the process ends the session."""
        assert self._open is not None
        stack, session = self._open
        try:
            yield session.mirror
        except BaseException as problem:
            if isinstance(problem, FigsyncError) and not isinstance(
                problem, StateDamaged
            ):
                raise
            self._open = None
            if not stack.__exit__(type(problem), problem, problem.__traceback__):
                raise

    def everything(self) -> None:
        """Sync all of the mirror next, as after a request that changed the state."""
        self._agenda.everything()

    def _turn(self) -> None:
        assert self._open is not None
        stack, session = self._open
        keeper = a_keeper(session, self._agenda, partial(self._ended, session.mirror))
        try:
            keeper.turn()
        except BaseException as problem:
            self._open = None
            if not stack.__exit__(type(problem), problem, problem.__traceback__):
                raise

    def _ended(self, mirror: Mirror, problem: FigsyncError | None) -> None:
        """Count a sync that ended, as the daemon does."""
        now = mirror.clock.monotonic()
        if problem is None:
            self.ended_well += 1
            self._patience = Patience()
        elif isinstance(problem, Interrupted):
            self._is_parked = True
            self._patience = Patience()
        else:
            rest = api_rest(mirror)
            self._patience = self._patience.after(problem, now, rest=rest)
        self._agenda.patience = now + self._patience.pause
        told = "ended" if problem is None else f"{type(problem).__name__}: {problem}"
        self._tell(f"      sync {told}")

    def _renew(self, peril: Peril) -> None:
        """Let the dangers of this step be those of the session."""
        vars(self._peril).update(vars(peril))


class _Schedule:
    def soon(self, name: str, seconds: float) -> None:
        """What goes on by itself is drawn anew here."""


class OpenMirror:
    """What a keeper needs of a session."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.schedule = _Schedule()

    def tell(self, phase: object) -> None:
        """Nobody reads the activity here."""

    def yielding(self) -> AbstractContextManager[None]:
        """Let nothing else have its turn: nobody waits here."""
        return nullcontext()


class _NeverStopped:
    stopped = False


def a_keeper(session: OpenMirror, agenda: Agenda, ended: Ended) -> Keeper:
    """Return the daemon's own keeper of a mirror; nobody asks it for anything."""
    desk = Desk(Broadcast(session.mirror.clock.monotonic), lambda *_: {})
    return Keeper(session, agenda, desk, _NeverStopped(), ended)  # type: ignore[arg-type]  # what a keeper needs of them


class _Teller(Silent):
    """Tells of each plan and outcome, and keeps the outcomes."""

    def __init__(self, tell: Tell, done: list[Outcome]) -> None:
        self._tell = tell
        self._done = done

    def planned(self, plan: Plan) -> None:
        for held in plan.held:
            where = f"{held.action.where.folder}/{held.action.path}"
            self._tell(f"      held {held.action.kind} {where}: {held.reason}")

    def finished(self, outcome: Outcome) -> None:
        self._done.append(outcome)
        action = outcome.action
        where = f"{action.where.folder}/{action.path}"
        self._tell(f"      {outcome.result} {action.kind} {where} {outcome.message}")


def _hint(path: str) -> str | None:
    """Return the folder of the root that a watch tells of, as the daemon's does."""
    return folder_of(path.rstrip("/"), is_folder=path.endswith("/"))


def _footprint(machine: Machine) -> Footprint:
    """Return what a watch would tell of, could it be asked: all names, unread."""
    found: Footprint = {}
    for path, kind in walk(machine.root, without={".figsync"}):
        stat = os.lstat(machine.root / path)
        if kind == "folder":
            # What is done in a folder changes its times as well.
            found[f"{path}/"] = (stat.st_ino, 0, 0)
        else:
            found[path] = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    return found
