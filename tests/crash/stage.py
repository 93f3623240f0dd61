"""Where a scenario is played again and again, each time killed somewhere else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import requests

from figsync.disk import Disk
from figsync.errors import StateDamaged
from figsync.model import FileStat
from figsync.state import State
from figsync.sync import standing
from tests.crash.boundaries import Boundaries
from tests.crash.scene import Scene, look
from tests.disk_box import Poor
from tests.forks import DEAD, Child, Say, forked
from tests.world import TestClock, World

# Far ahead: the change times that the system gives lie before it for ever.
START = 4_000_000_000.0
PART = 1000
LATER = 600.0
MOST_SYNCS = 8
Arrange = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A mirror, something that happened to it, and the sync that is going to die.

    *weather* is the trouble that sync meets and no later one.  *lost* are item and
    path of the records that may go without a successor; *expires* allows the trash to
    lose bytes.  *again* allows a record to be begun anew.  *lacking* are the calls
    that the file system does not know.
    """

    name: str
    arrange: Arrange
    keys: Mapping[str, str] = field(default_factory=dict)
    weather: Callable[[World], object] = id
    machines: tuple[str, ...] = ("",)
    lost: frozenset[tuple[str, str]] = frozenset()
    expires: bool = False
    again: bool = False
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """How a scenario ended after all: the scene, and what a person is told.

    *sent* are the upload tokens and numbers of the parts that came; *restless* is
    what one more sync did.
    """

    scene: Scene
    status: str
    exit_code: int
    sent: frozenset[tuple[str, int]]
    restless: str = ""


class Stage:
    """One scenario in a folder of its own."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self._world = folder / "world"
        self._prepared = folder / "prepared"
        self._seen: dict[str, dict[str, FileStat]] = {}
        self._now = START
        self._prepare()
        # Processes are forked from this one, so what they open is opened only once.
        self._worlds = self._open(self._now)
        _warm_up(self._worlds[0])
        self.before = self.look()

    def look(self) -> Scene:
        """Look at the world as it is, from outside."""
        return look(self._world, self.scenario.machines[0])

    def restore(self) -> None:
        """Put everything back to where the scenario's last sync begins."""
        shutil.rmtree(self._world)
        shutil.copytree(self._prepared, self._world)
        for machine in self.scenario.machines:
            self._keep_known(machine)

    def boundaries(self) -> list[str]:
        """Return what the scenario's sync passes; the world is left as it ends."""
        child = self._act(0, whole=True)
        assert child.code == 0, child.said
        return child.said.splitlines()

    def kill(self, number: int) -> str:
        """Sync until the boundary of this number and die; return what it was."""
        child = self._act(number)
        assert child.code == DEAD, f"it was to die at {number}, but {child}"
        return child.said

    def kill_recovery(self, number: int) -> None:
        """Begin to recover, and die at the boundary of this number if there is one."""
        child = self._act(number, later=LATER / 2, calm=True)
        assert child.code in (0, DEAD), child.said

    def recover(self) -> End:
        """Sync as a person would who comes back later, until nothing is left to do."""
        child = forked(lambda say: say(json.dumps(self._recover())))
        assert child.code == 0, child.said
        told = json.loads(child.said)
        sent = frozenset((token, number) for token, number in told.pop("sent"))
        return End(self.look(), sent=sent, **told)

    def _recover(self) -> dict[str, Any]:  # as JSON
        worlds = self._started(LATER)
        for _ in range(MOST_SYNCS):
            reports = [world.sync() for world in worlds]
            worlds[0].clock.advance(LATER)
            if not any(report.outcomes for report in reports):
                break
        return {
            "status": standing.look(worlds[0].config, worlds[0].clock).state,
            "exit_code": reports[0].exit_code,
            "sent": _sent(worlds[0]),
            "restless": _restless(worlds),
        }

    def _prepare(self) -> None:
        self._world.mkdir(parents=True)
        (self._world / "outside").mkdir()
        (self._world / "outside" / "kept.txt").write_text("not figsync's")
        worlds = self._open(START)
        self.scenario.arrange(*worlds)
        worlds[0].box.close()
        self._now = worlds[0].clock.now() + LATER
        for machine, world in zip(self.scenario.machines, worlds, strict=True):
            self._seen[machine] = _stats(world.root)
        shutil.copytree(self._world, self._prepared)

    def _open(self, at: float) -> list[World]:
        """Open the account and what stands for each computer that mirrors it."""
        worlds: list[World] = []
        for machine in self.scenario.machines:
            world = World(
                self._world / machine,
                seed=int(at),
                part_size=PART,
                clock=TestClock(at),
                beside=worlds[0] if worlds else None,
                **self.scenario.keys,
            )
            worlds.append(world)
        return worlds

    def _started(self, later: float) -> list[World]:
        """Return the worlds as a process has them that was started that much later."""
        for world in self._worlds:
            world.calls = Poor(*self.scenario.lacking)
        self._worlds[0].clock.advance(later)
        # Tokens must not come a second time.
        self._worlds[0].box.world.random = Random(int(later))
        return self._worlds

    def _act(
        self, fatal: int, *, whole: bool = False, later: float = 0.0, calm: bool = False
    ) -> Child:
        """Let a process sync that dies at the boundary *fatal*."""

        def act(say: Say) -> None:
            boundaries = Boundaries(lambda passed: len(passed) == fatal, say)
            world = self._started(later)[0]
            if not calm:
                self.scenario.weather(world)
            boundaries.guard(world)
            world.sync()
            if whole:
                say("\n".join(boundaries.passed))

        return forked(act)

    def _keep_known(self, machine: str) -> None:
        """Let the state know the copied files by the inodes that they have now."""
        folder = self._world / machine
        database = folder / "state" / "state.db"
        if not database.exists():
            return
        before, now = self._seen[machine], _stats(folder / "mirror")
        try:
            state = State.open(database, clock=TestClock(self._now))
        except StateDamaged:
            return
        with state, state.atomic():
            for item in state.items.all().values():
                if item.folder in now:
                    state.items.save(replace(item, inode=now[item.folder].inode))
            for below in state.files.folders():
                known = [
                    replace(row, file=replace(row.file, stat=now[f"{below}/{path}"]))
                    for path, row in state.files.local(below).items()
                    if before.get(f"{below}/{path}") == row.stat
                ]
                state.files.save_local(below, known)


def _warm_up(world: World) -> None:
    """Let each service answer once: the first answer of a process takes longest."""
    with requests.Session() as session:
        urls = world.box.mount(session)
        for url in (urls.api, urls.upload, urls.storage):
            session.get(f"{url}/nothing")
    world.box.log.clear()
    world.box.close()


def _stats(root: Path) -> dict[str, FileStat]:
    if not root.exists():
        return {}
    disk = Disk(root, clock=TestClock())
    paths = [str(path.relative_to(root)) for path in root.rglob("*")]
    found = {path: disk.stat(path) for path in paths if not path.startswith(".figsync")}
    return {path: stat for path, stat in found.items() if stat is not None}


def _sent(world: World) -> list[tuple[str, int]]:
    """Return upload token and number of each part that came."""
    puts = world.box.log.find("upload", "PUT", status=200)
    cut = [entry.path.split("/")[-2:] for entry in puts]
    return [(token, int(number)) for token, number in cut]


def _restless(worlds: list[World]) -> str:
    """Return what one more sync of all did, "" if nothing at all."""
    worlds[0].box.log.clear()
    before = [_stats(world.root) for world in worlds]
    reports = [world.sync() for world in worlds]
    if mutations := worlds[0].box.log.mutations():
        return f"sent {mutations}"
    if any(
        report.outcomes or report.bytes_up + report.bytes_down for report in reports
    ):
        return f"did {[report.outcomes for report in reports]}"
    after = [_stats(world.root) for world in worlds]
    return "" if after == before else "changed the folder"
