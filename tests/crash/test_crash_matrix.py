"""Killed at any boundary of any scenario, figsync loses nothing and goes on.

`pytest tests/crash --crash-matrix` kills at every boundary; without the option at
some, the same ones every time. `-k` chooses scenarios, for several processes at once.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.crash import both_sides, coming_down, going_up
from tests.crash.oracle import broken_at_once, broken_in_the_end
from tests.crash.scene import Scene
from tests.crash.stage import Scenario, Stage
from tests.crash.telling import SCENARIOS
from tests.world import World

MEMORY = Path("/dev/shm")
SAMPLE = 6
TWICE = 0.2
TOLD = (going_up, coming_down, both_sides)


@pytest.fixture(autouse=True)
def _unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What thousands of processes are answered is not held to the contract again."""
    monkeypatch.setattr(World, "recorder", None)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder in memory where there is such a place: fsync costs nothing."""
    place = MEMORY if MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="figsync-crash-", dir=place))
    yield folder
    shutil.rmtree(folder)


class Matrix:
    """One scenario, and what is known of its wrecks."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.stage = Stage(scenario, folder)
        self.scenario = scenario
        self.stage.restore()
        self.passed = self.stage.boundaries()
        self.goal = self.stage.recover()
        self.random = Random(scenario.name)
        self.recovered: set[str] = set()
        self.broken: list[str] = []

    def kill(self, number: int) -> None:
        """Die at one boundary, look, and recover unless such a wreck was seen."""
        self.stage.restore()
        where = self.stage.kill(number)
        assert where == self.passed[number - 1]
        died = self.stage.look()
        if died.wreck in self.recovered:
            return
        self.recovered.add(died.wreck)
        goal = self.goal
        broken = broken_at_once(self.scenario, self.stage.before, died, goal.scene)
        if self.random.random() < TWICE:
            again = self.random.randint(1, len(self.passed))
            self.stage.kill_recovery(again)
            where += f", again at {again}"
            died = self.stage.look()
            broken += broken_at_once(self.scenario, self.stage.before, died, goal.scene)
        broken += self._recover(died)
        self.broken += [f"killed {where} ({number}): {problem}" for problem in broken]

    def _recover(self, died: Scene) -> list[str]:
        try:
            end = self.stage.recover()
        except AssertionError as problem:
            return [f"no recovery: {problem}"]
        return broken_in_the_end(self.scenario, died, self.goal, end)


def test_there_are_scenarios_enough() -> None:
    assert len(SCENARIOS) >= 30


@pytest.mark.parametrize("name", SCENARIOS)
def test_killed_anywhere_it_loses_nothing_and_goes_on(
    request: pytest.FixtureRequest, folder: Path, name: str
) -> None:
    matrix = Matrix(SCENARIOS[name], folder)
    numbers = range(1, len(matrix.passed) + 1)
    if not request.config.getoption("--crash-matrix"):
        numbers = sorted(Random(f"{name} 1").sample(numbers, SAMPLE))

    for number in numbers:
        matrix.kill(number)

    print(f"{name}: {len(numbers)} of {len(matrix.passed)}, {len(matrix.recovered)}")
    assert not matrix.broken, "\n".join(matrix.broken)
