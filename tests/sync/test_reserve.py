"""Downloads leave a part of the disk free, whatever else happens."""

from __future__ import annotations

import errno
import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figsync.errors import Stale
from figsync.sync.facts import read_facts
from figsync.sync.reserve import Reserve
from figsync.sync.tasks import ThreadPool
from tests.disk_box import Failing, Small
from tests.world import World, assert_agreed, told

KIB = 1 << 10
KEPT = 100 * KIB
# What figsync writes besides of downloads: records, markers.
BESIDES = 40 * KIB


def a_world(folder: Path, *sizes: int, **keys: str) -> World:
    """Mirror an item whose files of these sizes are not here yet."""
    keys.setdefault("transfer__disk_reserve", "100 KiB")
    world = World(folder, **keys)
    item = world.box.web.create_item("Soil cores")
    for number, size in enumerate(sizes):
        world.box.web.add_file(item, f"{number}.bin", bytes([number]) * size)
    world.settle()
    return world


def names(world: World) -> list[str]:
    return sorted(path.rpartition("/")[2] for path in world.tree())


def test_below_the_reserve_nothing_comes_and_everything_else_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    world = a_world(tmp_path, *[KIB] * 30)
    world.calls = Small(KEPT - 1)
    world.drop("Mine/a.txt", "mine")
    world.settle()

    report = world.sync()

    assert world.remote("Mine") == {"a.txt": b"mine"}
    assert names(world) == ["a.txt"]
    assert (world.root / "Soil cores" / ".figshare" / "record.json").exists()
    assert report.exit_code == 1
    assert report.count("failed") == 0
    assert caplog.records == []
    assert world.box.log.find("storage") == ()
    assert len({held.reason for held in report.held}) == 1
    (reason,) = {held.reason for held in report.held}
    assert reason.startswith("no room for it: the disk has ")
    assert reason.endswith(" free, and disk_reserve keeps 100.0 KiB of it")
    with world.state() as state:
        assert f"no room for it: {read_facts(state).no_room}" == reason


def test_it_comes_when_there_is_room_again(tmp_path: Path) -> None:
    world = a_world(tmp_path, KIB, 2 * KIB)
    world.calls = Small(KEPT)
    assert world.sync(scheduled=True).exit_code == 1

    world.calls = Small(10 * KEPT)

    assert world.sync(scheduled=True).exit_code == 0
    assert_agreed(world)
    with world.state() as state:
        assert read_facts(state).no_room == ""


def test_what_fits_comes_and_what_does_not_waits(tmp_path: Path) -> None:
    world = a_world(tmp_path, 5 * KIB, 500 * KIB, 5 * KIB)
    world.calls = Small(KEPT + BESIDES + 20 * KIB)

    report = world.sync()

    assert names(world) == ["0.bin", "2.bin"]
    assert [held.action.path for held in report.held] == ["1.bin"]
    assert report.exit_code == 1


def test_a_replacement_waits_and_the_old_file_stays(tmp_path: Path) -> None:
    world = a_world(tmp_path, KIB)
    world.sync()
    item = int(world.item_id("Soil cores"))
    (file,) = world.box.web.files(item)
    world.clock.advance(10)
    world.box.web.replace_file(file.id, bytes(2 * KIB))
    world.calls = Small(KEPT)

    report = world.sync()

    assert told(report) == []
    assert world.tree() == {"Soil cores/0.bin": bytes(KIB)}
    assert world.trash() == []


@pytest.mark.parametrize("seed", range(3))
def test_downloads_side_by_side_leave_it_free_together(
    tmp_path: Path, seed: int
) -> None:
    sizes = [(7 * seed + 13 * n) % 40 * KIB + 1 for n in range(24)]
    world = a_world(tmp_path, *sizes)
    world.make_pool = lambda: ThreadPool(8)
    world.calls = small = Small(KEPT + BESIDES + sum(sizes) // 2)

    report = world.sync()

    assert small.least >= KEPT
    assert world.tree()
    assert report.held
    assert report.exit_code == 1


def test_a_disk_that_others_fill_meanwhile_is_left_alone(tmp_path: Path) -> None:
    world = a_world(tmp_path, *[10 * KIB] * 6)

    class Filling(Small):
        """Somebody else writes a lot while the second download comes."""

        def write(self, file: int, chunk: bytes, *, name: str) -> None:
            super().write(file, chunk, name=name)
            if len(world.tree()) == 2:
                self.free = min(self.free, KEPT + BESIDES // 4)

    world.calls = Filling(KEPT + 10 * BESIDES)

    report = world.sync()

    assert 2 <= len(world.tree()) <= 4
    assert report.count("failed") == 0
    assert len(report.held) == 6 - len(world.tree())
    assert report.exit_code == 1


def test_0_is_no_limit(tmp_path: Path) -> None:
    world = a_world(tmp_path, KIB, transfer__disk_reserve="0")
    world.calls = small = Small(0)

    assert world.sync().exit_code == 0
    assert small.asked == 0
    assert_agreed(world)


def test_the_first_dry_run_has_no_disk_to_look_at(tmp_path: Path) -> None:
    world = a_world(tmp_path, KIB)

    report = world.sync(dry_run=True)

    assert report.outcomes
    assert not world.root.exists()


def test_a_disk_that_is_full_all_the_same_costs_one_line_and_no_file(
    tmp_path: Path,
) -> None:
    world = a_world(tmp_path, 5 * KIB)
    world.sync()
    item = int(world.item_id("Soil cores"))
    world.box.web.add_file(item, "new.bin", b"n" * 5 * KIB)
    world.clock.advance(10)

    class Full(Failing):
        def before(self, call: str, name: str) -> None:
            if call == "write" and name.startswith("file_"):
                super().before(call, name)

    world.calls = Full(0, errno.ENOSPC)

    report = world.sync()

    (problem,) = [o.message for o in report.outcomes if o.result == "failed"]
    assert problem == "no room is left on the disk; free some space"
    assert report.exit_code == 1
    assert names(world) == ["0.bin"]
    assert list((world.root / ".figsync" / "tmp").iterdir()) == []


@dataclass
class Coming:
    """A file on its way."""

    size: int = 0


@given(
    free=st.integers(0, 1000),
    keep=st.integers(1, 500),
    sizes=st.lists(st.integers(1, 400), max_size=12),
)
def test_what_is_claimed_never_exceeds_what_is_spare(
    free: int, keep: int, sizes: list[int]
) -> None:
    disk = [free]
    reserve = Reserve(lambda: disk[0], keep)
    with ExitStack() as claims:
        for number, size in enumerate(sizes):
            coming = Coming()
            try:
                claims.enter_context(reserve.claimed(size, coming, "a"))
            except Stale:
                continue
            # Every other one is half written, which the disk shows already.
            if number % 2:
                coming.size = size // 2
                disk[0] -= size // 2
            spare = reserve.spare()
            assert spare is not None
            assert spare >= 0
    assert reserve.spare() == disk[0] - keep


def test_threads_that_claim_at_once_get_it_once() -> None:
    reserve = Reserve(lambda: 1000, 100)
    start, inside = Barrier(8), Barrier(8)

    def claim(_: int) -> bool:
        start.wait(20)
        try:
            with reserve.claimed(300, Coming(), "a"):
                inside.wait(20)
        except Stale:
            inside.wait(20)
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(claim, range(8))) == 3
