"""The daemon's life: start-up, loop, shutdown.  One thread decides and writes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from figsync.clock import SystemClock
from figsync.config import refused_changes, taken_changes
from figsync.daemon.agenda import Agenda
from figsync.daemon.answers import Broadcast
from figsync.daemon.control import Control
from figsync.daemon.counters import Counters
from figsync.daemon.desk import Desk, Render
from figsync.daemon.inbox import Ask, Due, Inbox, Look, Reload, Request
from figsync.daemon.keeper import Keeper
from figsync.daemon.outlook import Outlook
from figsync.daemon.place import control_place
from figsync.daemon.session import Session, Setup, opened
from figsync.daemon.several import Several
from figsync.daemon.supervisor import Supervisor
from figsync.errors import (
    DiskProblem,
    FigsyncError,
    Interrupted,
    MirrorOwned,
    NeedsPerson,
    StateDamaged,
    WrongUsage,
)
from figsync.jobs.patience import Patience
from figsync.sync.hosts import api_rest
from figsync.sync.mirror import Mirror
from figsync.sync.telling import Telling

# A mirror that can not be opened is looked at again after so many seconds.
OPENING_WAIT = 30.0
# The deciding thread turns over at least this often: clocks are compared then.
LONGEST_TURN = 60.0
# After so many seconds of uploads whatever else waits is planned together with them.
LONGEST_CYCLE = 120.0

_RESTART = "restart figsync for that, or take it back"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Around:
    """What a daemon is told and tells, besides its mirror.

    *read* reads configuration and token; WrongUsage if either is wrong.  *render*
    makes the answer of a sync.
    """

    read: Callable[[], Setup]
    render: Render
    environ: Mapping[str, str]


class Daemon:
    """Keeps one mirror the same as its account until its clock is told to stop."""

    def __init__(
        self,
        around: Around,
        clock: SystemClock,
        supervisor: Supervisor,
        *,
        longest_cycle: float = LONGEST_CYCLE,
    ) -> None:
        self._around = around
        self._clock = clock
        self._supervisor = supervisor
        self._longest_cycle = longest_cycle
        self._inbox = Inbox()
        self._counters = Counters(clock)
        self._broadcast = Broadcast(clock.monotonic)
        self._desk = Desk(self._broadcast, around.render)
        self._setup = around.read()
        self._since = clock.now()
        self._agenda = Agenda(self._setup.config.schedule.settle)
        place = control_place(self._setup.config.database, around.environ)
        self._control = Control(self, place)
        self._patience = Patience()
        self._outlook = Outlook(self._counters, clock, around.environ, supervisor)
        self._open: tuple[ExitStack, Session] | None = None
        self._reopen = False

    def put(self, request: Request) -> None:
        """Leave a request; one that can not wait parks what runs now.

        Safe in any thread and, what others ask aside, in signal handlers.
        """
        if isinstance(request, Ask):
            self._desk.hear(request)
        # First: who goes on after being parked has to find what it was parked for.
        self._inbox.put(request)
        is_pause = isinstance(request, Ask) and request.verb == "pause"
        if is_pause or isinstance(request, Reload):
            self._clock.park()

    def start_up(self) -> None:
        """Open the mirror and begin to watch it.

        MirrorOwned if another figsync owns it, WrongUsage if there can be none; a
        root that is away is waited for.
        """
        self._control.start()
        try:
            self._open = self._opened()
        except (NeedsPerson, DiskProblem) as problem:
            log.error("%s", problem)
        # Only now: the port may be that of a figsync which has this mirror already.
        self._outlook.take(self._setup.config)
        log.info("Keeping %s the same as the account", self._setup.config.mirror.root)
        self._supervisor.ready()

    def loop(self) -> None:
        """Sync whatever is due until somebody asks to stop."""
        while not self._clock.stopped:
            try:
                stack, session = self._open or self._opened()
                self._open = None
                with stack:
                    self._keep(session)
            except (
                StateDamaged,
                NeedsPerson,
                DiskProblem,
                WrongUsage,
                MirrorOwned,
            ) as problem:
                self._desk.lost(problem)
                self._away(problem)

    def shut_down(self) -> None:
        """Let everybody go who still waits, and close what is open."""
        self._supervisor.stopping("stopping")
        self._desk.close(Interrupted("", "figsync is stopping"))
        self._control.stop()
        if self._open is not None:
            self._open[0].close()
            self._open = None
        self._outlook.close()

    def _opened(self) -> tuple[ExitStack, Session]:
        with ExitStack() as stack:
            means = replace(
                self._setup.means,
                progress=Several(Telling(self._broadcast), self._counters),
                control=self._control.path,
            )
            setup = replace(self._setup, means=means)
            session = stack.enter_context(opened(setup, self, self._since))
            stack.enter_context(self._counters.following(session.mirror.figshare))
            return stack.pop_all(), session

    def _keep(self, session: Session) -> None:
        """Do what is due on an open mirror until it has to be opened anew."""
        ended = partial(self._ended, session.mirror)
        session.mirror.tick = partial(self._tick_of, session)
        keeper = Keeper(session, self._agenda, self._desk, self._clock, ended)
        self._agenda.everything()
        if self._patience.is_for_person:
            # What somebody had to do is done, or it could not be opened.
            self._agenda.patience = self._clock.monotonic()
        self._reopen = False
        keeper.obey_pause()
        while not (self._clock.stopped or self._reopen):
            self._clock.go_on()
            self._hear(self._idle_seconds(), self._agenda.ask)
            self._take_new_token()
            session.attend()
            if not (self._clock.parked or self._reopen):
                keeper.turn()

    def _hear(self, seconds: float, serve: Callable[[Ask], None]) -> None:
        """Take what was asked for; wait for it at most so many *seconds*."""
        for request in self._inbox.take(seconds):
            match request:
                case Look(folder):
                    self._agenda.look(folder, self._clock.monotonic())
                case Due(job):
                    self._agenda.due(job)
                case Ask():
                    serve(request)
                case Reload():
                    self._reload()
        self._counters.dirty(self._agenda.folders)
        self._tick()

    def _idle_seconds(self) -> float:
        """Return how long nothing will be due."""
        now = self._clock.monotonic()
        due = (self._agenda.seconds(now), self._desk.seconds(now), self._longest_turn())
        return min(seconds for seconds in due if seconds is not None)

    def _longest_turn(self) -> float:
        watchdog = self._supervisor.watchdog_seconds
        return LONGEST_TURN if watchdog is None else min(LONGEST_TURN, watchdog / 2)

    def _tick(self) -> None:
        self._supervisor.watchdog()
        self._counters.beat()

    def _tick_of(self, session: Session) -> None:
        """Go on with a cycle, unless it lasts and something else waits for its end."""
        self._tick()
        session.beat()
        if session.yields(self._longest_cycle) and self._is_awaited(session):
            self._clock.park()

    def _is_awaited(self, session: Session) -> bool:
        """Tell whether another cycle has something to do already."""
        due = self._agenda.seconds(self._clock.monotonic()) == 0
        return due or session.has_new_items or not self._inbox.is_empty

    def _reload(self) -> None:
        """Read the configuration again; what can not be taken over changes nothing."""
        self._supervisor.reloading()
        try:
            self._take_over(self._around.read())
        except FigsyncError as problem:
            log.error("The configuration stays as it was: %s", problem)
        self._supervisor.ready()

    def _take_over(self, setup: Setup) -> None:
        old, new = self._setup.config, setup.config
        if refused := refused_changes(old, new):
            names = ", ".join(refused)
            raise WrongUsage(names, "it can not change while figsync runs", _RESTART)
        changed = taken_changes(old, new)
        if setup.means.token != self._setup.means.token:
            changed.append("the token")
        told = ", ".join(changed) or "nothing in it changed"
        log.info("Read the configuration: %s", told)
        self._setup, self._reopen = setup, True
        self._agenda.settle = new.schedule.settle
        self._patience = Patience()
        self._agenda.patience = self._clock.monotonic()
        self._outlook.take(new)

    def _take_new_token(self) -> None:
        """Go on with another token once one is stored in the place of a refused one."""
        if not self._patience.is_refused:
            return
        try:
            token = self._around.read().means.token
        except FigsyncError:
            return
        if token != self._setup.means.token:
            log.info("Read the token again: it is another one")
            means = replace(self._setup.means, token=token)
            self._setup, self._reopen = replace(self._setup, means=means), True
            self._agenda.patience = self._clock.monotonic()

    def _away(self, problem: FigsyncError) -> None:
        """Wait until the mirror may be there again; who asks has it looked for at once.

        Who asked before is told why it is not there.
        """
        self._endured(problem)
        self._outlook.ended(problem, None, is_news=self._patience.is_news)
        for ask in self._agenda.take_asks():
            self._desk.decline(ask, problem)
        until = self._clock.monotonic() + OPENING_WAIT
        self._reopen = False
        while not (self._clock.stopped or self._reopen or self._agenda.has_asks):
            self._clock.go_on()
            left = until - self._clock.monotonic()
            if left <= 0:
                return
            self._hear(min(left, self._longest_turn()), self._agenda.ask)

    def _ended(self, mirror: Mirror, problem: FigsyncError | None) -> None:
        """A sync ended: count it, and say how long to leave Figshare alone."""
        self._broadcast.over()
        self._counters.cycle_ended(problem)
        now = self._clock.monotonic()
        self._endured(problem, rest=api_rest(mirror))
        self._agenda.patience = now + self._patience.pause
        self._outlook.ended(problem, mirror.state, is_news=self._patience.is_news)

    def _endured(self, problem: FigsyncError | None, *, rest: float = 0.0) -> None:
        """Remember how long something has failed, and when that was told."""
        now, before = self._clock.monotonic(), self._patience
        if problem is None:
            self._patience = Patience(is_news=before.failures > 0)
        elif isinstance(problem, Interrupted):
            self._patience = replace(before, pause=0.0, is_news=False)
        else:
            self._patience = before.after(problem, now, rest=rest)
