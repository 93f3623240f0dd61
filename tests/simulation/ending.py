"""How a history ends: all dangers are over, and both sides come to rest."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING

from figsync.errors import FigsyncError, NeedsPerson
from figsync.model import Mode
from figsync.sync.engine import Wish
from figsync.sync.glance import changed_folders
from figsync.sync.loop import Report
from tests.simulation.faults import calm
from tests.simulation.local import Person
from tests.simulation.peril import Peril
from tests.simulation.places import Machine
from tests.simulation.values import Lost
from tests.simulation.wishes import include

if TYPE_CHECKING:
    from tests.simulation.history import History

DAY = 24 * 3600.0
MOST_SYNCS = 8
# Both sides agree after this many syncs with nobody doing anything.
QUIET_SYNCS = 3
IN_THE_WAY = ("a symlink", "a file has", "a folder has")


class Ending:
    """Ends all dangers, lets people decide, and sees that both sides agree."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._tell = history.trace.tell
        self._oracle = history.oracle
        self._machines = history.machines
        self._since_people = 0

    def run(self) -> None:
        """Raise Lost unless both sides come to rest, agree, and stay so."""
        self._tell("calm:")
        self._mend()
        reports = self._come_to_rest()
        for machine, report in zip(self._machines, reports, strict=True):
            self._oracle.check_converged(machine, report)
        self._oracle.check_in_sight()
        for machine in self._machines:
            self._see_silence(machine)

    def _mend(self) -> None:
        calm(self._history.box)
        for machine in self._machines:
            machine.clock.ahead = 0
            machine.unreadable.clear()
            if machine.keys != machine.first_keys:
                self._history.stop_daemon(machine)
            machine.configure_as_at_first()

    def _come_to_rest(self) -> list[Report]:
        """Return the reports of syncs that left nothing to do, twice in a row.

        People decide nothing in between, and no computer has news for another.
        """
        self._look_at_daemons()
        quiet = 0
        for number in range(MOST_SYNCS * len(self._machines)):
            self._history.clock.advance(120 if number % 2 else 8 * DAY)
            found = [self._sync(machine, number) for machine in self._machines]
            reports = [report for report in found if report is not None]
            at_rest = len(reports) == len(found) and all(map(_is_at_rest, reports))
            quiet = quiet + 1 if at_rest else 0
            # What a later computer does the ones before it have yet to see.
            if quiet >= 2 and not any(report.outcomes for report in reports[1:]):
                return reports
            people = [
                self._decide(machine, report, Random(number))
                for machine, report in zip(self._machines, found, strict=True)
            ]
            quiet = 0 if any(people) else quiet
            self._count(any(people), at_rest)
        raise Lost("it does not come to rest")

    def _look_at_daemons(self) -> None:
        """See what daemons left undone before the age of all items has them read."""
        if self._history.weather.daemon:
            # Grace periods and waits end, and no item is read for its age yet.
            for seconds in (120, 120, DAY + 3600):
                self._history.clock.advance(seconds)
                for machine in self._machines:
                    self._sync(machine, 0)

    def _count(self, people_acted: bool, at_rest: bool) -> None:
        """Raise Lost if it takes too long although nobody does anything."""
        self._since_people = 0 if people_acted else self._since_people + 1
        if self._since_people > QUIET_SYNCS * len(self._machines) and not at_rest:
            raise Lost(f"not at rest after {self._since_people} quiet syncs")

    def _sync(self, machine: Machine, number: int) -> Report | None:
        self._tell(f"   {machine.name} syncs")
        try:
            if self._history.weather.daemon:
                report = self._sync_by_daemon(machine)
            else:
                report = machine.sync(Peril(Random(1), self._tell), None)
        except FigsyncError as problem:
            self._tell(f"   {type(problem).__name__}: {problem}")
            if isinstance(problem, NeedsPerson):
                person = self._history.people[machine.name]
                self._tell(f"   {person.create_folder(Random(number))}")
            return None
        finally:
            self._oracle.check_always()
        return self._history.tell_report(report)

    def _sync_by_daemon(self, machine: Machine) -> Report:
        """Let the daemon pull and scan until it is quiet; then nothing may be left."""
        daemon = self._history.daemons[machine.name]
        daemon.start(Peril(Random(1), self._tell), None)
        daemon.done.clear()
        quiet = 0
        for _ in range(2 * QUIET_SYNCS):
            before, ended = len(daemon.done), daemon.ended_well
            daemon.hear(None)
            self._history.clock.advance(6)
            daemon.live(("pull", "scan"))
            is_quiet = len(daemon.done) == before and daemon.ended_well > ended
            quiet = quiet + 1 if is_quiet else 0
            if quiet == 2:
                break
        done = list(daemon.done)
        self._tell(f"   {machine.name} is asked for a sync")
        report = daemon.sync(Wish())
        if quiet == 2 and report.outcomes:
            self._history.tell_report(report)
            raise Lost("a full sync does what the quiet daemon left undone")
        report.outcomes[:0] = done
        return report

    def _decide(self, machine: Machine, report: Report | None, random: Random) -> bool:
        """Let the person decide on everything that waits for one; tell if one did."""
        lines = len(self._history.trace.lines)
        person = self._history.people[machine.name]
        while told := person.do(person.resolve, random):
            self._tell(f"   {told}")
        for line in clear_the_way(person, report):
            self._tell(line)
        if report is None or report.needs_person or self._history.weather.wishes:
            self._ask_figsync(machine)
        return report is None or len(self._history.trace.lines) > lines

    def _ask_figsync(self, machine: Machine) -> None:
        self._history.approve(machine, None)
        with self._history.owned(machine, Peril(Random(1), self._tell)) as mirror:
            for known in list(mirror.state.items.all().values()):
                if known.mode in (Mode.EXCLUDED, Mode.METADATA):
                    self._tell(f"   {include(mirror, known.item_id)}")

    def _see_silence(self, machine: Machine) -> None:
        before = machine.snapshot()
        box = self._history.box
        box.log.clear()
        report = self._sync(machine, 0)
        if report is None:
            raise Lost("a sync after the last one failed")
        if mutations := box.log.mutations():
            raise Lost(f"a sync after the last one sent {mutations}")
        if report.bytes_up or report.bytes_down:
            raise Lost("a sync after the last one moved bytes")
        if report.outcomes:
            raise Lost("a sync after the last one did something")
        if machine.snapshot() != before:
            raise Lost("a sync after the last one changed the folder")
        with self._history.owned(machine, Peril(Random(1), self._tell)) as mirror:
            if changed := changed_folders(mirror):
                raise Lost(f"after all of it a glance still tells of {changed}")


def _is_at_rest(report: Report) -> bool:
    return report.exit_code == 0 and not report.waiting


def clear_the_way(person: Person, report: Report | None) -> Iterator[str]:
    """Let a person move away what stands in the place of files, and tell of it."""
    for held in report.held if report else ():
        if held.reason.startswith(IN_THE_WAY):
            path = f"{held.action.where.folder}/{held.action.path}"
            yield f"   {person.do(person.clear, path)}"
