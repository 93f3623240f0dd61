"""Histories in which one side acts at a time: its will is done, to the letter."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from random import Random

from figsync.errors import NeedsPerson
from tests.simulation.ending import clear_the_way
from tests.simulation.history import History
from tests.simulation.peril import Peril
from tests.simulation.values import Lost
from tests.simulation.weather import Weather

STEPS = 15
SYNCS = 4


class OneSided(History):
    """After each act and a sync the side that acted is as it was left."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed, weather=Weather())
        (self.machine,) = self.machines
        self.machine.set_up()
        self.watch_deletions(self.machine)
        self.person = self.people[self.machine.name]
        # Links are undone, twins change names, loose files are filed, emptied ones
        # can not go up, and a symlink is in the way: all of it by design.
        _forget(self.owner, "add_link", "add_twin")
        _forget(self.person, "drop_loose", "put_symlink", "empty")

    def run(self) -> None:
        """Live through the history; raises Lost when a side was meddled with."""
        self.trace.tell(f"seed {self.seed}, one side at a time")
        with suppress(NeedsPerson):  # an emptied root is an accident of its own
            self._live()

    def _live(self) -> None:
        for number in range(STEPS):
            random = Random(f"{self.seed}:{number}")
            self.trace.tell(f"{number}:")
            if random.random() < 0.5:
                self._act_here(random)
            else:
                self._act_there(random)
            self.oracle.check_always()
        self.calm_down()

    def _act_here(self, random: Random) -> None:
        self.trace.tell(f"   {self.person.act(random)}")
        before = self.machine.tree()
        self._sync_to_rest()
        if self.machine.tree() != before:
            raise Lost("a sync changed what a person had just left so")

    def _act_there(self, random: Random) -> None:
        self.trace.tell(f"   {self.owner.act(random)}")
        before = self._records()
        self._sync_to_rest()
        after = self._records()
        if any(after.get(item) != files for item, files in before.items()):
            raise Lost("a sync changed items that were just left so")

    def _records(self) -> dict[int, list[tuple[int, str]]]:
        web = self.owner.web
        return {i: [(f.id, f.path) for f in web.files(i)] for i in web.item_ids()}

    def _sync_to_rest(self) -> None:
        for _ in range(SYNCS):
            self.clock.advance(120)
            report = self.sync(self.machine, Peril(Random(1), self.trace.tell), None)
            if report and report.exit_code == 0 and not report.waiting:
                return
            for line in clear_the_way(self.person, report):
                self.trace.tell(line)
            self.approve(self.machine, None)
        raise Lost("it does not come to rest")


def _forget(actor: object, *names: str) -> None:
    acts = [act for act in actor.acts if act[1].__name__ not in names]  # type: ignore[attr-defined]  # both kinds of actors have acts
    actor.acts = tuple(acts)  # type: ignore[attr-defined]  # both kinds of actors have acts
