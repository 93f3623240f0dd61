"""What the agenda says, carried out on a mirror that is open."""

from __future__ import annotations

import logging
from collections.abc import Callable

from figsync.clock import SystemClock
from figsync.daemon.agenda import EVERYTHING, Agenda, Job, Scan, Sync, Work
from figsync.daemon.desk import Desk, Errand
from figsync.daemon.inbox import Ask
from figsync.daemon.session import Session
from figsync.errors import FigsyncError, Interrupted, MirrorOwned, StateDamaged
from figsync.jobs import run_job
from figsync.model import FileAway
from figsync.sync.activity import Phase, read_pause
from figsync.sync.engine import Wish
from figsync.sync.glance import changed_folders
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.root import MARKER_ID, check_marker

# What failed is tried again after a minute for the first time (promise 11).
FAILED_WAIT = 60.0
# Requests whose answers nobody waits for any more may still change something.
DRAIN_SECONDS = 1.0
DAY = 24 * 3600.0

log = logging.getLogger(__name__)

Ended = Callable[[FigsyncError | None], None]


class Keeper:
    """Runs cycles and jobs, and puts what follows from them on the agenda.

    What shows that the mirror must be opened anew is raised: StateDamaged,
    MirrorOwned, and why the root is not the one it was.  *ended* is told of the end
    of each sync.
    """

    def __init__(
        self,
        session: Session,
        agenda: Agenda,
        desk: Desk,
        clock: SystemClock,
        ended: Ended,
    ) -> None:
        self._session = session
        self._mirror = session.mirror
        self._agenda = agenda
        self._desk = desk
        self._clock = clock
        self._ended = ended
        self._all_at = session.mirror.clock.monotonic()

    def turn(self) -> None:
        """Do one thing if any is due, for those who wait first; then say so."""
        self.obey_pause()
        now = self._mirror.clock.monotonic()
        # Who asks anew comes before who waits already: it may be for a pause.
        errand = None if self._agenda.has_asks else self._desk.next(now)
        work = self._agenda.next(now) if errand is None else None
        self._serve(errand)
        if work is not None:
            self._do(work)
        self.obey_pause()

    def _do(self, work: Work) -> None:
        match work:
            case Ask():
                self._serve(self._desk.take(work, self._mirror))
            case Sync(stirred, unproven):
                self._sync(stirred, unproven=unproven)
            case Scan():
                self._sync(None, unproven=True)
            case Job(name):
                self._job(name)

    def obey_pause(self) -> None:
        """Let nothing be due while there is a pause; what was due comes after it."""
        wall = self._mirror.clock.now()
        pause = read_pause(self._mirror.state, wall)
        self._agenda.paused = pause is not None
        self._agenda.wake_at = None
        if pause is not None and pause.until is not None:
            self._agenda.wake_at = self._mirror.clock.monotonic() + pause.until - wall
        self._session.tell(Phase.IDLE if pause is None else Phase.PAUSED)

    def _serve(self, errand: Errand | None) -> None:
        if errand is not None:
            report = Report()
            # Who asks for a sync expects what was saved just before to be in it.
            problem = self._run(errand.wish, report, patient=errand.patient)
            self._desk.ended(errand, self._mirror, report, problem)

    def _sync(self, stirred: frozenset[str] | None, *, unproven: bool) -> None:
        """Sync what may have changed; hints that are *unproven* are looked at first."""
        if unproven:
            try:
                stirred = frozenset(changed_folders(self._mirror, stirred))
            except Interrupted:
                self._agenda.everything()
                return
            if not stirred:
                return
        if stirred is not None and (EVERYTHING in stirred or self._needs_all()):
            stirred = None
        if stirred is None:
            self._all_at = self._mirror.clock.monotonic()
        with self._session.yielding():
            self._run(Wish(stirred=stirred, yields=True), Report())

    def _needs_all(self) -> bool:
        """Tell whether to look at everything, whatever is known to have changed.

        A loose file that waits for its folder is in none so far; and once a day no
        hint is relied on.
        """
        held = self._mirror.state.decisions.held()
        filing = [row for row in held if row.key.kind == FileAway.__name__]
        # One that is to stay where it is waits for nothing.
        is_filing = not all(row.listed for row in filing)
        return is_filing or self._mirror.clock.monotonic() - self._all_at > DAY

    def _run(
        self, wish: Wish, report: Report, *, patient: bool = False
    ) -> FigsyncError | None:
        """Run cycles until they leave nothing to do; what they did is in the *report*.

        Return what ended them too early.
        """
        self._session.tell(Phase.SYNCING)
        try:
            sync_until_quiet(self._mirror, wish, report=report, patient=patient)
        except (StateDamaged, MirrorOwned):
            raise
        except FigsyncError as problem:
            self._broke_off(problem)
            return problem
        self._follow_up(report)
        self._ended(None)
        return None

    def _broke_off(self, problem: FigsyncError) -> None:
        """Leave all of it to another time; raise why the mirror must be left."""
        self._agenda.everything()
        self._ended(problem)
        if isinstance(problem, Interrupted):
            self._drain()
        else:
            check_marker(self._mirror.disk, self._mirror.state.settings.get(MARKER_ID))

    def _drain(self) -> None:
        """Let requests under way end before anything else is decided."""
        while not self._mirror.pool.drained(DRAIN_SECONDS):
            if self._clock.stopped:
                return
            self._mirror.tick()

    def _follow_up(self, report: Report) -> None:
        """Plan to look again where something was moving, failed, or has its time."""
        now = self._mirror.clock.monotonic()
        for path in report.unsettled:
            self._agenda.look(path.partition("/")[0], now)
        self._agenda.again_at = self._next_time(report, now)

    def _next_time(self, report: Report, now: float) -> float | None:
        wall = self._mirror.clock.now()
        held = [row.until for row in self._mirror.state.decisions.held()]
        times = [until - wall for until in held if until is not None and until > wall]
        if report.is_unfinished:
            times.append(FAILED_WAIT)
        return now + min(times) if times else None

    def _job(self, name: str) -> None:
        """Run a job of the schedule; what goes wrong is told in the log."""
        try:
            said, goes_on = run_job(self._mirror, name)
        except Interrupted:
            self._agenda.due(name)
            self._drain()
            return
        except (StateDamaged, MirrorOwned):
            raise
        except FigsyncError as problem:
            log.warning("%s: %s", name, problem)
            return
        if said:
            log.info("%s: %s", name, said)
        if goes_on is not None:
            self._session.schedule.soon(name, goes_on)
