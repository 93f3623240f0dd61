"""A file moved within its item: its old record goes once the new one is proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.sandbox import Fault
from figsync.sync.engine import Wish, sync_once
from tests.sync.seen import assert_quiet, results, waiting
from tests.world import HOUR, World, assert_agreed


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.drop("New/a.txt", "moved")
    world.drop("New/b.txt", "stays")
    assert world.sync().exit_code == 0
    (world.root / "New/a.txt").rename(world.root / "New/c.txt")
    world.settle()
    return world


@pytest.mark.parametrize("switch", ["md5_never", "stuck_moving"])
def test_a_deletion_is_not_tried_before_its_new_place_is_proven(
    world: World, switch: str
) -> None:
    setattr(world.box.switches, switch, True)

    first = world.sync()
    setattr(world.box.switches, switch, False)
    second = world.sync()

    assert first.cycles == 1
    assert results(first, "stale") == []
    assert second.exit_code == 0
    assert world.remote("New") == {"c.txt": b"moved", "b.txt": b"stays"}
    assert_agreed(world)


def test_a_deletion_waits_as_long_as_the_upload_to_its_new_place(world: World) -> None:
    world.box.fail_next(Fault("upload", "PUT", status=500, times=1000))

    first = world.sync()

    assert first.cycles == 1
    assert results(first, "stale") == []
    with world.mirror() as mirror:
        cycle = sync_once(mirror, Wish())
    held = {(h.action.kind, h.action.path): h.until for h in cycle.plan.held}
    assert held["Upload", "c.txt"] is not None
    assert held["DeleteRemote", "a.txt"] == held["Upload", "c.txt"]
    assert {o.action.kind for o in cycle.outcomes} <= {"WriteRecord"}

    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)
    assert_quiet(world)


def test_a_deletion_asks_nothing_while_the_upload_waits_for_a_person(
    world: World,
) -> None:
    world.box.switches.flip_part_byte = True
    world.sync()
    world.sync()

    third = world.sync()

    assert third.exit_code == 4
    assert third.cycles == 1
    held = {h.action.kind: h for h in third.held}
    assert held["Upload"].needs_person
    assert not held["DeleteRemote"].needs_person
    assert "c.txt" in held["DeleteRemote"].reason
    assert world.remote("New") == {"a.txt": b"moved", "b.txt": b"stays"}
    assert waiting(third) == []
