"""What reads large files on the deciding thread shows that it goes on, and stops."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from figsync.errors import Interrupted
from figsync.state import Conflict
from figsync.sync.arriving import ARRIVING, record_arrived
from figsync.sync.carry import carry_out_requests
from figsync.sync.mirror import Mirror
from figsync.sync.underway import SWAPS, recover_late_saves
from tests.world import World

PATH = "Earth/a.csv"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.drop(PATH, "a")
    world.settle()
    world.sync()
    return world


def what_arrived(mirror: Mirror) -> Callable[[], object]:
    """Let a download look as if it had been cut short before it was recorded."""
    (item_id,) = mirror.state.items.all()
    row = mirror.state.files.synced(item_id)["a.csv"]
    noted = [item_id, row.file_id, row.path, row.file_id, row.md5, row.size]
    mirror.state.settings.set(ARRIVING, json.dumps([noted]))
    return lambda: record_arrived(mirror)


def a_late_save(mirror: Mirror) -> Callable[[], object]:
    """Let a replacement look as if it had been cut short."""
    stat = mirror.disk.stat(PATH)
    assert stat is not None
    since = mirror.clock.now()
    mirror.disk.trash(PATH, stat)
    other = [*stat._replace(inode=stat.inode + 1)]
    swap = {"target": PATH, "stat": other, "since": since, "came": "0" * 32}
    mirror.state.settings.set(SWAPS, json.dumps([{**swap, "known": []}]))
    return lambda: recover_late_saves(mirror)


def an_exclusion(mirror: Mirror) -> Callable[[], object]:
    """Let somebody else have asked for an item to be excluded."""
    (item_id,) = mirror.state.items.all()
    mirror.state.decisions.request("exclude", {"item": item_id})
    return lambda: carry_out_requests(mirror)


def a_choice(mirror: Mirror) -> Callable[[], object]:
    """Let somebody else have asked for the local version of a conflict."""
    (item_id,) = mirror.state.items.all()
    copy = "a (conflict 2026-11-20 153012).csv"
    (mirror.disk.root / "Earth" / copy).write_text("mine")
    conflict = Conflict(item_id, "Earth", "a.csv", copy, mirror.clock.now())
    mirror.state.decisions.replace_conflicts([conflict])
    mirror.state.decisions.request("conflicts keep", {"path": PATH, "which": "local"})
    return lambda: carry_out_requests(mirror)


@pytest.mark.parametrize("begin", [what_arrived, a_late_save, an_exclusion, a_choice])
def test_a_large_file_holds_nothing_up(
    world: World, begin: Callable[[Mirror], Callable[[], object]]
) -> None:
    with world.mirror() as mirror:
        ticks: list[float] = []
        mirror.tick = lambda: ticks.append(mirror.clock.now())
        read = begin(mirror)
        noted = [mirror.state.settings.get(name) for name in (ARRIVING, SWAPS)]

        world.clock.stopped = True
        with pytest.raises(Interrupted):
            read()
        world.clock.stopped = False
        assert [mirror.state.settings.get(name) for name in (ARRIVING, SWAPS)] == noted

        ticks.clear()
        read()
        assert ticks
        assert mirror.state.decisions.requests() == []
