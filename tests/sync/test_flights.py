"""Uploads of somebody else that stand still: left alone, and named after seven days."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.sandbox.files import NewFile
from figsync.sync.facts import read_facts
from tests.sync.seen import assert_quiet
from tests.world import HOUR, World

WEEK = 7 * 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.box.web.add_file(world.box.web.create_item("Leaves"), "whole.txt", b"whole")
    world.sync()
    return world


def stalled(world: World) -> list[tuple[str, str]]:
    """Return folder and path of what status names."""
    with world.state() as state:
        return [(file.folder, file.path) for file in read_facts(state).stalled]


def begin(world: World, name: str) -> int:
    """Begin an upload as somebody else would."""
    item = int(world.item_id("Leaves"))
    return world.box.web.start_upload(item, NewFile(name, 100, folder="deep"))


def test_an_upload_that_stands_still_for_a_week_is_named(world: World) -> None:
    other = begin(world, "half.bin")
    world.settle()

    world.sync()
    world.clock.advance(WEEK - 2)
    world.sync()
    before = stalled(world)
    world.clock.advance(2)
    report = world.sync()

    assert before == []
    assert stalled(world) == [("Leaves", "deep/half.bin")]
    assert report.exit_code == 0
    assert_quiet(world)
    item = int(world.item_id("Leaves"))
    assert other in {file.id for file in world.box.web.files(item)}
    assert world.tree() == {"Leaves/whole.txt": b"whole"}


@pytest.mark.parametrize("end", ["finished", "deleted"])
def test_an_upload_that_came_to_its_end_is_not_named(world: World, end: str) -> None:
    other = begin(world, "half.bin")
    world.settle()
    world.sync()
    world.clock.advance(WEEK)
    world.sync()
    assert stalled(world)

    world.box.web.delete_file(other)
    if end == "finished":
        item = int(world.item_id("Leaves"))
        world.box.web.add_file(item, "half.bin", b"now whole", folder="deep")
    world.clock.advance(60)
    world.sync()

    assert stalled(world) == []


def test_a_week_begins_anew_with_another_upload(world: World) -> None:
    first = begin(world, "half.bin")
    world.settle()
    world.sync()
    world.clock.advance(WEEK - HOUR)
    world.box.web.delete_file(first)
    begin(world, "half.bin")
    world.sync()
    world.clock.advance(HOUR)

    world.sync()

    assert stalled(world) == []


def test_a_record_without_md5_is_named_too(world: World) -> None:
    item = int(world.item_id("Leaves"))
    world.box.web.add_file(item, "unproven.bin", b"x", md5_delay=1e9)
    world.settle()
    world.sync()
    world.clock.advance(WEEK)

    report = world.sync()

    assert stalled(world) == [("Leaves", "unproven.bin")]
    assert report.exit_code == 0
    assert world.tree() == {"Leaves/whole.txt": b"whole"}


def test_an_upload_of_this_computer_is_no_one_elses(world: World) -> None:
    world.box.switches.stuck_moving = True
    world.drop("Leaves/mine.txt", "mine")
    world.settle()
    world.sync()
    world.clock.advance(2 * WEEK)

    report = world.sync()

    assert report.exit_code == 1
    assert stalled(world) == []
