from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from figsync.errors import NeedsPerson
from figsync.jobs import trash
from tests.world import World

DAY = 24 * 3600.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world with one file in the trash."""
    world = World(tmp_path / "world")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {"a.csv": b"first", "b.csv": b"other"})
    world.clock.advance(60)
    world.sync()
    (first, _) = world.box.web.files(item)
    world.box.web.replace_file(first.id, b"second")
    world.clock.advance(60)
    world.sync()
    assert world.trash() == [b"first"]
    return world


def test_what_is_old_enough_goes(world: World):
    world.clock.advance(30 * DAY + 60)

    with world.mirror() as mirror:
        told = trash.run(mirror)

    assert told == "Emptied the trash of 1 file older than 30 days"
    assert world.trash() == []


def test_what_is_younger_stays_and_nothing_is_told(world: World):
    world.clock.advance(29 * DAY)

    with world.mirror() as mirror:
        assert trash.run(mirror) == ""

    assert world.trash() == [b"first"]


def test_a_clock_set_forward_deletes_nothing(world: World):
    world.clock.jump(400 * DAY)
    world.sync()

    with world.mirror() as mirror:
        assert trash.run(mirror) == ""

    assert world.trash() == [b"first"]


def test_the_trash_of_an_emptied_mirror_stays(world: World):
    world.clock.advance(40 * DAY)
    with world.mirror() as mirror:
        shutil.rmtree(world.root / "Leaves")

        with pytest.raises(NeedsPerson):
            trash.run(mirror)

    assert world.trash() == [b"first"]


def test_the_trash_of_another_mirror_in_its_place_stays(world: World):
    world.clock.advance(40 * DAY)
    marker = world.root / ".figsync" / "marker.json"
    with world.mirror() as mirror:
        marker.write_text(marker.read_text().replace(mirror_id(marker), "another"))

        with pytest.raises(NeedsPerson):
            trash.run(mirror)

    assert world.trash() == [b"first"]


def mirror_id(marker: Path) -> str:
    return str(json.loads(marker.read_text())["mirror_id"])
