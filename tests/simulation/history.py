"""One history: steps drawn from a seed, told in lines, judged by the oracle."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from figsync.errors import FigsyncError
from figsync.sync.loop import Report
from tests.simulation.faults import break_something, calm
from tests.simulation.local import Person
from tests.simulation.oracle import Oracle
from tests.simulation.peril import Killed, Peril
from tests.simulation.places import Machine, SimulatedClock, a_box
from tests.simulation.values import Lost, Values
from tests.simulation.web import Owner

DAY = 24 * 3600.0
CALM_SYNCS = 6
IN_THE_WAY = ("a symlink", "a file has", "a folder has")
Step = Callable[[Random], None]


@dataclass(frozen=True, slots=True)
class Weather:
    """Which dangers a history has."""

    faults: bool = False
    disk: bool = False
    crashes: bool = False
    meddling: bool = False
    losses: bool = False
    machines: int = 1

    @classmethod
    def drawn(cls, random: Random) -> Weather:
        """Return the weather of a seed; a quarter of all is calm."""
        if random.random() < 0.25:
            return cls()
        chances = [random.random() < chance for chance in (0.5, 0.5, 0.5, 0.5, 0.1)]
        machines = 2 if random.random() < 0.15 else 1
        return replace(cls(*chances), machines=machines)


@dataclass(slots=True)
class Trace:
    """What happened, in lines that a person can read."""

    lines: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        if line:
            self.lines.append(line.replace(f".{os.getpid()}.", ".PID."))


class History:
    """Runs one seed; `skip` leaves out steps, to find what a failure needs."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        skip: Collection[int] = (),
        weather: Weather | None = None,
    ) -> None:
        self.seed = seed
        self.skip = skip
        self.trace = Trace()
        random = Random(f"{seed}")
        self.weather = weather or Weather.drawn(random)
        self.length = random.randint(12, 45)
        outside = folder / "outside"
        outside.mkdir(parents=True)
        (outside / "kept.txt").write_text("not figsync's")
        self.clock = SimulatedClock()
        self.box = a_box(folder / "figshare", self.clock, random)
        self.values = Values()
        self.owner = Owner(self.box, self.values)
        self.machines = [
            Machine(folder / f"mac{number}", self.box, self.clock)
            for number in range(self.weather.machines)
        ]
        self.people = {m.name: Person(m, self.values) for m in self.machines}
        self.oracle = Oracle(outside, self.owner, self.machines, self.values)

    def run(self) -> None:
        """Live through the history; raises Lost, or whatever a bug raises."""
        self.trace.tell(f"seed {self.seed}, {self.weather}")
        for number in range(self.length):
            if number in self.skip:
                continue
            random = Random(f"{self.seed}:{number}")
            self.trace.tell(f"{number}:")
            self._draw(random)(random)
        self._calm_down()

    def _draw(self, random: Random) -> Step:
        steps: list[tuple[int, Step]] = [
            (10, self._someone_acts),
            (8, self._sync),
            (1, self._wait),
            (2, self._decide),
        ]
        if self.weather.losses:
            steps.append((1, self._lose_state))
        if self.weather.faults:
            steps.append((4, self._break_something))
        (chosen,) = random.choices(steps, [weight for weight, _ in steps])
        return chosen[1]

    def _someone_acts(self, random: Random) -> None:
        for _ in range(random.choice((1, 1, 2, 3))):
            if random.random() < 0.5:
                person = self.people[random.choice(self.machines).name]
                self.trace.tell(f"   {person.act(random)}")
            else:
                self.trace.tell(f"   {self.owner.act(random)}")
        if random.random() < 0.7:
            self.clock.advance(120)

    def _wait(self, random: Random) -> None:
        seconds = random.choice((5, 90, 3600, 2 * DAY))
        self.clock.advance(seconds)
        self.trace.tell(f"   {seconds:.0f} seconds pass")

    def _break_something(self, random: Random) -> None:
        told = break_something(self.box, random)
        self.trace.tell(f"   {told}")

    def _lose_state(self, random: Random) -> None:
        machine = random.choice(self.machines)
        shutil.rmtree(machine.folder / "state", ignore_errors=True)
        self.owner.disown_all()
        self.trace.tell(f"   {machine.name} loses its state")

    def _decide(self, random: Random) -> None:
        machine = random.choice(self.machines)
        self._run(machine, random, lambda: self._approve(machine, random))

    def _approve(self, machine: Machine, random: Random | None) -> None:
        """Approve all that waits for a person, or reject some of it."""
        with machine.mirror(Peril(Random(1), self.trace.tell), None) as mirror:
            rows = [row for row in mirror.state.decisions.held() if row.needs_person]
            for row in rows:
                if random is None or random.random() < 0.7:
                    mirror.state.decisions.approve([row.id])
                    verb = "approves"
                else:
                    mirror.state.decisions.reject([row.id])
                    verb = "rejects"
                self.trace.tell(
                    f"   {machine.name} {verb} {row.key.kind} {row.folder}"
                    f" {row.key.path} ({row.reason})"
                )

    def _sync(self, random: Random) -> None:
        machine = random.choice(self.machines)
        peril = Peril(random, self.trace.tell)
        if self.weather.disk and random.random() < 0.5:
            peril.disk_failures = random.choice((0.02, 0.2, 0.01))
        if self.weather.crashes and random.random() < 0.5:
            peril.left = random.choice((random.randint(0, 40), random.randint(0, 300)))
        if self.weather.crashes and random.random() < 0.1:
            self.clock.stop_after = random.randint(0, 60)
        if self.weather.meddling and random.random() < 0.7:
            peril.meddling = random.choice((0.01, 0.03, 0.1))
            peril.meddle = lambda rng: self._meddle(machine, rng)
            peril.meddle_with = lambda name, rng: self._meddle_with(machine, name, rng)
        order = random if random.random() < 0.7 else None
        self._run(machine, random, lambda: self._told(machine, peril, order))
        self.clock.stop_after = None

    def _meddle(self, machine: Machine, random: Random) -> None:
        if random.random() < 0.6:
            self.trace.tell(f"      {self.people[machine.name].act(random)}")
        else:
            self.trace.tell(f"      {self.owner.act(random)}")

    def _meddle_with(self, machine: Machine, name: str, random: Random) -> None:
        if told := self.people[machine.name].act_on(name, random):
            self.trace.tell(f"   meanwhile {told}")

    def _run(self, machine: Machine, random: Random, act: Callable[[], object]) -> None:
        try:
            act()
        except FigsyncError as problem:
            self.trace.tell(f"   {machine.name}: {type(problem).__name__}: {problem}")
        except Killed:
            del random
        self.oracle.check_always()

    def _told(self, machine: Machine, peril: Peril, order: Random | None) -> Report:
        self.trace.tell(f"   {machine.name} syncs")
        report = machine.sync(peril, order)
        for outcome in report.outcomes:
            action = outcome.action
            where = f"{action.where.folder}/{action.path}"
            told = f"{outcome.result} {action.kind} {where} {outcome.message}"
            self.trace.tell(f"      {told}")
        for held in report.held:
            until = (
                ""
                if held.until is None
                else f" until {held.until - self.clock.now():.0f}"
            )
            self.trace.tell(
                f"      held {held.action.kind} {held.action.where.folder}/"
                f"{held.action.path}: {held.reason}{until}"
            )
        for item_id, problem in report.problems.items():
            self.trace.tell(f"      item {item_id}: {problem}")
        self.trace.tell(f"      code {report.exit_code}, {report.cycles} cycles")
        return report

    def _calm_down(self) -> None:
        """End all faults, let people decide, and see that both sides agree."""
        self.trace.tell("calm:")
        calm(self.box)
        quiet = 0
        for number in range(CALM_SYNCS * len(self.machines)):
            self.clock.advance(120 if number % 2 else 8 * DAY)
            reports = [self._calm_sync(machine, number) for machine in self.machines]
            self.oracle.check_always()
            quiet = quiet + 1 if all(map(_is_at_rest, reports)) else 0
            if quiet == 2:
                break
            for machine, report in zip(self.machines, reports, strict=True):
                self._settle(machine, report, Random(number))
        if not quiet:
            raise Lost("it does not come to rest")
        for machine, report in zip(self.machines, reports, strict=True):
            assert report is not None
            self.oracle.check_converged(machine, report)
        self.oracle.check_in_sight()
        for machine in self.machines:
            self._see_silence(machine)

    def _calm_sync(self, machine: Machine, number: int) -> Report | None:
        try:
            return self._told(machine, Peril(Random(1), self.trace.tell), None)
        except FigsyncError as problem:
            person = self.people[machine.name]
            self.trace.tell(f"   {type(problem).__name__}: {problem}")
            self.trace.tell(f"   {person.create_folder(Random(number))}")
            return None

    def _settle(self, machine: Machine, report: Report | None, random: Random) -> None:
        """Let the person decide on everything that waits for one."""
        person = self.people[machine.name]
        while told := person.resolve(random):
            self.trace.tell(f"   {told}")
        self._clear_the_way(person, report)
        self._approve(machine, None)

    def _clear_the_way(self, person: Person, report: Report | None) -> None:
        for held in report.held if report else ():
            if held.reason.startswith(IN_THE_WAY):
                path = f"{held.action.where.folder}/{held.action.path}"
                self.trace.tell(f"   {person.clear(path)}")

    def _see_silence(self, machine: Machine) -> None:
        before = machine.snapshot()
        self.box.log.clear()
        report = self._told(machine, Peril(Random(1), self.trace.tell), None)
        if mutations := self.box.log.mutations():
            raise Lost(f"a sync after the last one sent {mutations}")
        if report.bytes_up or report.bytes_down:
            raise Lost("a sync after the last one moved bytes")
        if report.outcomes:
            raise Lost("a sync after the last one did something")
        if machine.snapshot() != before:
            raise Lost("a sync after the last one changed the folder")


def _is_at_rest(report: Report | None) -> bool:
    return report is not None and report.exit_code == 0 and not report.waiting
