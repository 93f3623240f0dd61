"""A grace period is as long as it says, whatever is done to the clock meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import HOUR, TestClock, World

DAY = 24 * HOUR


class OwnClock(TestClock):
    """This computer's clock: Figshare's time, but for what it was set by."""

    def __init__(self, of_figshare: TestClock) -> None:
        super().__init__()
        self.of_figshare = of_figshare

    def now(self) -> float:
        return self.of_figshare.now() + self._ahead

    def monotonic(self) -> float:
        return self.of_figshare.monotonic()

    def wait(self, seconds: float) -> bool:
        return self.of_figshare.wait(seconds)

    def advance(self, seconds: float) -> None:
        self.of_figshare.advance(seconds)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a mirror from which a file was deleted; its grace period has begun."""
    world = World(tmp_path)
    world.clock = OwnClock(world.clock)
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {"a.csv": b"a", "b.csv": b"b", "c.csv": b"c"})
    assert world.sync().exit_code == 0
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    return world


def is_deleted(world: World) -> bool:
    return "a.csv" not in world.remote("Leaves")


@pytest.mark.parametrize("boot", ["the same boot", "another boot", ""])
@pytest.mark.parametrize("days", [-400, -2, 2, 400])
def test_a_clock_that_was_set_begins_the_grace_period_anew(
    world: World, days: int, boot: str
) -> None:
    world.clock.advance(HOUR)
    world.clock.jump(days * DAY)
    world.boot_id = boot
    world.sync()
    assert not is_deleted(world)
    world.clock.advance(23 * HOUR)
    world.sync()
    assert not is_deleted(world)

    world.clock.advance(2 * HOUR)
    world.sync()

    assert is_deleted(world)


def test_a_clock_set_there_and_back_begins_it_anew_twice(world: World) -> None:
    for jump in (400 * DAY, -400 * DAY):
        world.clock.jump(jump)
        world.clock.advance(12 * HOUR)
        world.sync()
    world.clock.advance(23 * HOUR)
    world.sync()
    assert not is_deleted(world)

    world.clock.advance(2 * HOUR)
    world.sync()

    assert is_deleted(world)


@pytest.mark.parametrize("boot", ["the same boot", "another boot"])
def test_time_that_passed_counts_also_while_nothing_ran(
    world: World, boot: str
) -> None:
    world.clock.advance(25 * HOUR)
    world.boot_id = boot

    world.sync()

    assert is_deleted(world)


def test_a_file_seen_in_between_begins_it_anew(world: World) -> None:
    world.clock.advance(20 * HOUR)
    back = world.drop("Leaves/a.csv", b"a")
    world.sync()
    back.unlink()
    world.clock.advance(5 * HOUR)
    world.sync()
    world.clock.advance(20 * HOUR)
    world.sync()
    assert not is_deleted(world)

    world.clock.advance(5 * HOUR)
    world.sync()

    assert is_deleted(world)
