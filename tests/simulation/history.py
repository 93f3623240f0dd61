"""One history: steps drawn from a seed, told in lines, judged by the oracle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TypeVar

from figsync.errors import FigsyncError
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror
from tests.simulation.accidents import lose_folder, lose_root, unmount_inside
from tests.simulation.daemon import JOBS, Daemon
from tests.simulation.damage import harm_state
from tests.simulation.ending import Ending
from tests.simulation.faults import break_something, limit_something
from tests.simulation.local import Person
from tests.simulation.oracle import Oracle
from tests.simulation.peril import Killed, Peril
from tests.simulation.places import Machine, SimulatedClock, a_box
from tests.simulation.values import Lost, Values
from tests.simulation.weather import Trace, Weather
from tests.simulation.web import Owner
from tests.simulation.wishes import Wisher, configure
from tests.simulation.witness import DeletionWitness

DAY = 24 * 3600.0
# The share of the histories that keep to the default budget of requests.
PACED = 0.3
# What may be due at once by a daemon's schedule.
DUE = ((), (), ("pull",), ("scan",), ("pull", "scan"))
Step = Callable[[Random], None]
T = TypeVar("T")


class History:
    """Runs one seed; `skip` leaves out steps, to find what a failure needs."""

    def __init__(
        self,
        folder: Path,
        seed: int,
        *,
        skip: Collection[int] = (),
        weather: Weather | None = None,
        daemon: bool = False,
    ) -> None:
        self.seed = seed
        self.skip = skip
        self.trace = Trace()
        random = Random(f"{seed}")
        self.weather = weather or Weather.drawn(random)
        if daemon:
            self.weather = replace(self.weather, daemon=True)
        self.length = random.randint(12, 45)
        outside = folder / "outside"
        outside.mkdir(parents=True)
        (outside / "kept.txt").write_text("not figsync's")
        self.clock = SimulatedClock()
        self.box = a_box(folder / "figshare", self.clock, random)
        self.values = Values(self.clock)
        self.owner = Owner(self.box, self.values)
        self.machines = [
            Machine(folder / f"mac{number}", self.box, self.clock)
            for number in range(self.weather.machines)
        ]
        keys = {"deletions__grace": "24h"} if random.random() < 0.3 else {}
        if Random(f"budget {seed}").random() < PACED:
            keys["transfer__requests_per_second"] = "1"
        for machine in self.machines:
            machine.set_up(**keys)
        self.people = {m.name: Person(m, self.values) for m in self.machines}
        self.daemons = {m.name: Daemon(m, self.trace.tell) for m in self.machines}
        self.wishers = {
            m.name: Wisher(m, self.owner, self.values) for m in self.machines
        }
        self.oracle = Oracle(outside, self.owner, self.machines, self.values)
        for machine in self.machines:
            self.watch_deletions(machine)

    def watch_deletions(self, machine: Machine) -> None:
        """Hold every deletion on Figshare to the grace this machine has by now."""
        # Clocks and wishes may shorten the grace that was set up.
        has_grace = "deletions.grace" in machine.first_keys
        sure = not (self.weather.clocks or self.weather.wishes)
        grace = DAY if has_grace and sure else 0.0
        witness = DeletionWitness(machine, self.owner, self.values, grace)
        machine.witness = witness.see

    def run(self) -> None:
        """Live through the history; raises Lost, or whatever a bug raises."""
        self.trace.tell(f"seed {self.seed}, {self.weather}")
        for number in range(self.length):
            if number in self.skip:
                continue
            random = Random(f"{self.seed}:{number}")
            self.trace.tell(f"{number}:")
            self._draw(random)(random)
        self.calm_down()

    def calm_down(self) -> None:
        """End all dangers, let people decide, and see that both sides agree."""
        Ending(self).run()

    def _draw(self, random: Random) -> Step:
        weather = self.weather
        steps: list[tuple[int, bool, Step]] = [
            (10, True, self._someone_acts),
            (8, True, self._sync),
            (1, True, self._wait),
            (2, True, self._decide),
            (1, True, self._try_out),
            (1, weather.losses, self._lose_state),
            (4, weather.faults, self._break_something),
            (2, weather.clocks, self._set_clock),
            (2, weather.accidents, self._accident),
            (2, weather.accidents, self._hide_or_show),
            (2, weather.wishes, self._configure),
            (3, weather.wishes, self._wish),
            (2, weather.limits, self._limit),
        ]
        weights = [weight if is_drawn else 0 for weight, is_drawn, _ in steps]
        (chosen,) = random.choices(steps, weights)
        return chosen[2]

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
        self.trace.tell(f"   {break_something(self.box, random)}")

    def _limit(self, random: Random) -> None:
        self.trace.tell(f"   {limit_something(self.box, random)}")

    def _lose_state(self, random: Random) -> None:
        machine = random.choice(self.machines)
        self.stop_daemon(machine)
        if told := harm_state(machine, random):
            self.owner.disown_all()
            self.trace.tell(f"   {told}")

    def _set_clock(self, random: Random) -> None:
        """Set a computer's clock, or start it anew with its clock right or wrong."""
        machine = random.choice(self.machines)
        if random.random() < 0.5:
            self.stop_daemon(machine)
            machine.clock.boot()
        machine.clock.ahead = random.choice((0, -3 * DAY, -3600, 3600, 3 * DAY))
        clock = machine.clock
        self.trace.tell(
            f"   {machine.name}: boot {clock.boots}, {clock.ahead:.0f} seconds ahead"
        )

    def _configure(self, random: Random) -> None:
        machine = random.choice(self.machines)
        self.trace.tell(f"   {configure(machine, random)}")
        # A reload closes the mirror and opens it anew, too.
        self.stop_daemon(machine)

    def _wish(self, random: Random) -> None:
        machine = random.choice(self.machines)
        peril = self._peril(machine, random)

        def ask() -> None:
            with self.owned(machine, peril) as mirror:
                self.trace.tell(f"   {self.wishers[machine.name].ask(mirror, random)}")

        self.run_figsync(machine, ask)

    def _hide_or_show(self, random: Random) -> None:
        """Take away, or give back, the permission to read something."""
        machine = random.choice(self.machines)
        paths = [*machine.files(), *machine.folders()]
        if machine.unreadable and random.random() < 0.5:
            machine.unreadable.clear()
            self.trace.tell(f"   {machine.name} can read everything again")
        elif paths:
            path = random.choice(paths)
            machine.unreadable.add(path)
            self.trace.tell(f"   {machine.name} can not read {path}")

    def _accident(self, random: Random) -> None:
        machine = random.choice(self.machines)
        if random.random() < 0.5:
            self._lose_root(machine, random)
            return
        take = random.choice((lose_folder, lose_folder, unmount_inside))
        if not machine.root.is_dir() or (found := take(machine, random)) is None:
            return
        path, undo = found
        self.trace.tell(f"   {machine.name}: {path} is away ({take.__name__})")
        # Without files that were agreed on there is nothing to be seen amiss.
        before = self.oracle.records_below(machine, path)
        for _ in range(random.randint(1, 3) if before or take is lose_folder else 0):
            self.clock.advance(random.choice((5, 120, 2 * DAY)))
            self.sync(machine, Peril(random, self.trace.tell), None)
            if take is unmount_inside:
                self.oracle.check_kept(before)
        undo()
        self.trace.tell(f"   {machine.name}: {path} is back")

    def _lose_root(self, machine: Machine, random: Random) -> None:
        """See that nothing at all happens while the root is not what it was."""
        if machine.has_bare_state() or not machine.root.is_dir():
            return
        told, undo = lose_root(machine, random)
        self.trace.tell(f"   {machine.name}: the root is {told}")
        self.box.log.clear()
        before = machine.everything(but="state/")
        for _ in range(random.randint(1, 2)):
            self.clock.advance(random.choice((5, 120, 2 * DAY)))
            report = self.sync(machine, Peril(random, self.trace.tell), None)
            if report is not None:
                raise Lost("a sync worked although the root was not there")
        if sent := self.box.log.mutations():
            raise Lost(f"a sync without root sent {sent}")
        if machine.everything(but="state/") != before:
            raise Lost("a sync without root changed the disk")
        undo()

    def _decide(self, random: Random) -> None:
        machine = random.choice(self.machines)
        self.run_figsync(machine, lambda: self.approve(machine, random))

    def approve(self, machine: Machine, random: Random | None) -> None:
        """Approve all that waits for a person, or reject some of it."""
        with self.owned(machine, Peril(Random(1), self.trace.tell)) as mirror:
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

    def _try_out(self, random: Random) -> None:
        """Run `figsync sync --dry-run`, which changes nothing."""
        machine = random.choice(self.machines)
        before = machine.everything()
        self.box.log.clear()
        self.run_figsync(machine, machine.dry_sync)
        if sent := self.box.log.mutations():
            raise Lost(f"a dry run sent {sent}")
        if machine.everything() != before:
            raise Lost("a dry run changed the disk")

    def _sync(self, random: Random) -> None:
        machine = random.choice(self.machines)
        peril = self._peril(machine, random)
        if self.weather.crashes and random.random() < 0.1:
            self.clock.stop_after = random.randint(0, 60)
        if self.weather.daemon and random.random() < 0.9:
            self._live_on(machine, peril, random)
            self.clock.stop_after = None
            return
        self.stop_daemon(machine)
        order = random if random.random() < 0.7 else None
        folders = machine.item_folders()
        if folders and random.random() < 0.1:
            self.sync(machine, peril, order, only=random.choice(folders))
        elif random.random() < 0.15:
            self._stay_up(machine, peril, order, random)
        else:
            self.sync(machine, peril, order)
        self.clock.stop_after = None

    def _live_on(self, machine: Machine, peril: Peril, random: Random) -> None:
        """Let a machine's daemon do what it has heard of, and what is due."""
        daemon = self.daemons[machine.name]
        order = random if random.random() < 0.7 else None
        due = random.choice(DUE)
        if random.random() < 0.1:
            due = (*due, random.choice(JOBS))

        def live() -> None:
            daemon.start(peril, order)
            daemon.hear(random)
            self.clock.advance(random.choice((0, 6, 6, 70)))
            daemon.live(due)

        self.run_figsync(machine, live)

    def stop_daemon(self, machine: Machine) -> None:
        """Let a machine's daemon end, if one is up."""
        self.run_figsync(machine, self.daemons[machine.name].stop)

    @contextmanager
    def owned(self, machine: Machine, peril: Peril) -> Iterator[Mirror]:
        """Give what is done on a mirror to its daemon, or open it as a verb does."""
        daemon = self.daemons[machine.name]
        if not daemon.is_up:
            with machine.mirror(peril, None) as mirror:
                yield mirror
            return
        daemon.start(peril, None)
        with daemon.lent() as mirror:
            yield mirror
        daemon.everything()

    def _peril(self, machine: Machine, random: Random) -> Peril:
        peril = Peril(random, self.trace.tell)
        if self.weather.disk and random.random() < 0.5:
            self._break_disk(peril, random)
        # What a daemon forgets shows only in one that lives for a while.
        deaths = 0.1 if self.weather.daemon else 0.5
        if self.weather.crashes and random.random() < deaths:
            peril.left = random.choice((random.randint(0, 40), random.randint(0, 300)))
        if self.weather.meddling and random.random() < 0.7:
            peril.meddling = random.choice((0.01, 0.03, 0.1))
            peril.meddle = lambda rng: self._meddle(machine, rng)
            peril.meddle_with = lambda name, rng: self._meddle_with(machine, name, rng)
        return peril

    def _break_disk(self, peril: Peril, random: Random) -> None:
        match random.randrange(6):
            case 0:
                peril.full_after = random.randint(0, 60)
                self.trace.tell("   the disk will be full")
            case 1:
                peril.read_only_after = random.randint(0, 60)
                self.trace.tell("   the disk will be read-only")
            case 2:
                peril.state_failures = random.choice((0.01, 0.1))
            case _:
                peril.disk_failures = random.choice((0.02, 0.2, 0.01))

    def _stay_up(
        self, machine: Machine, peril: Peril, order: Random | None, random: Random
    ) -> None:
        """Sync several times in one process, as the daemon does."""

        def live() -> None:
            with machine.mirror(peril, order) as mirror:
                for _ in range(3):
                    self.trace.tell(f"   {machine.name} syncs and stays up")
                    self.tell_report(sync_until_quiet(mirror, Wish(retry_now=True)))
                    self._someone_acts(random)

        self.run_figsync(machine, live)

    def _meddle(self, machine: Machine, random: Random) -> None:
        if random.random() < 0.6:
            self.trace.tell(f"      {self.people[machine.name].act(random)}")
        else:
            self.trace.tell(f"      {self.owner.act(random)}")

    def _meddle_with(self, machine: Machine, name: str, random: Random) -> bool:
        told = self.people[machine.name].act_on(name, random)
        self.trace.tell(f"   meanwhile {told}" if told else "")
        return bool(told)

    def sync(
        self, machine: Machine, peril: Peril, order: Random | None, *, only: str = ""
    ) -> Report | None:
        """Run `figsync sync` and look at everything after; None if it failed."""
        if self.daemons[machine.name].is_up:
            return self._sync_by_daemon(machine, peril)
        self.trace.tell(f"   {machine.name} syncs {only}".rstrip())
        wanted = frozenset({only} - {""})
        return self.run_figsync(
            machine, lambda: self.tell_report(machine.sync(peril, order, wanted))
        )

    def _sync_by_daemon(self, machine: Machine, peril: Peril) -> Report | None:
        """Let the daemon pull and scan; None if no sync came to its end."""
        daemon = self.daemons[machine.name]
        before = daemon.ended_well

        def live() -> None:
            daemon.start(peril, None)
            daemon.hear(None)
            daemon.live(("pull", "scan"))

        self.run_figsync(machine, live)
        return Report() if daemon.ended_well > before else None

    def run_figsync(self, machine: Machine, act: Callable[[], T]) -> T | None:
        """Let figsync run, whatever comes of it, and see that nothing is lost."""
        try:
            return act()
        except FigsyncError as problem:
            self.trace.tell(f"   {machine.name}: {type(problem).__name__}: {problem}")
        except Killed:
            pass
        finally:
            self.oracle.check_always()
        return None

    def close(self) -> None:
        """Close whatever is open."""
        for daemon in self.daemons.values():
            daemon.stop()
        self.box.close()

    def tell_report(self, report: Report) -> Report:
        """Tell what a sync did and what it leaves behind."""
        for outcome in report.outcomes:
            action = outcome.action
            where = f"{action.where.folder}/{action.path}"
            told = f"{outcome.result} {action.kind} {where} {outcome.message}"
            self.trace.tell(f"      {told}")
        for held in report.held:
            where = f"{held.action.where.folder}/{held.action.path}"
            due = "" if held.until is None else f", {held.until - self.clock.now():.0f}"
            self.trace.tell(
                f"      held {held.action.kind} {where}: {held.reason}{due}"
            )
        for item_id, problem in report.problems.items():
            self.trace.tell(f"      item {item_id}: {problem}")
        self.trace.tell(f"      code {report.exit_code}, {report.cycles} cycles")
        return report
