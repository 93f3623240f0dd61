"""A new folder is read while Figshare is asked; the scan finds it known."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest

from figsync.disk import Disk, Hashed
from figsync.disk.reader import never
from figsync.errors import FigshareProblem, Interrupted
from figsync.sandbox import Fault
from figsync.sync.ahead import MOST_BYTES
from figsync.sync.engine import Wish, sync_once
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.scan import OPENING, scan
from figsync.sync.tasks import ThreadPool
from figsync.sync.walk import Lens, walk_folder
from tests.counting import CountingDisk
from tests.wire import wired
from tests.world import World, assert_agreed

PATIENCE = 10.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A mirror that has synced before: it knows what the account can take."""
    world = World(tmp_path)
    world.drop("Old/old.bin", b"depth")
    world.settle()
    assert world.sync().exit_code == 0
    return world


def sync_counting(world: World, *only: str) -> tuple[Report, CountingDisk]:
    with world.mirror() as mirror:
        mirror.disk = disk = CountingDisk(mirror.disk)
        return sync_until_quiet(mirror, Wish(frozenset(only))), disk


def read_before_a_refusal(world: World) -> CountingDisk:
    """Sync, have the list of items refused, and return what was read by then."""
    world.box.fail_next(Fault("api", "GET", r"/account/articles$", status=403))
    with world.mirror() as mirror:
        mirror.disk = disk = CountingDisk(mirror.disk)
        with pytest.raises(FigshareProblem):
            sync_until_quiet(mirror, Wish())
    return disk


class Gate(Disk):
    """Tells when the first file is being read."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.root, clock=disk.clock)
        self.entered = threading.Event()

    def hash(
        self, path: str, part_size: int = 0, *, stop: Callable[[], bool] = never
    ) -> Hashed:
        self.entered.set()
        return super().hash(path, part_size, stop=stop)


def test_figshare_answers_while_a_new_folder_is_read(world: World) -> None:
    world.drop("New/new.bin", b"time")
    world.settle()
    world.make_pool = lambda: ThreadPool(2)
    reads: list[bool] = []

    def answer_late(request: PreparedRequest) -> None:
        if not reads and "/account/articles?" in (request.url or ""):
            reads.append(gate.entered.wait(PATIENCE))

    with wired(world, before=answer_late), world.mirror() as mirror:
        mirror.disk = gate = Gate(mirror.disk)
        report = sync_until_quiet(mirror, Wish())

    assert reads == [True]
    assert report.exit_code == 0
    assert_agreed(world)


def test_what_was_read_ahead_is_not_read_again(world: World) -> None:
    for number in range(3):
        world.drop(f"New/{number}.bin", bytes([number]) * 100)
    world.settle()

    report, disk = sync_counting(world)

    assert report.exit_code == 0
    assert disk.read["hashing"] == 300
    assert_agreed(world)


def test_it_is_known_after_a_sync_that_failed(world: World) -> None:
    world.drop("New/new.bin", b"time")
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] == 4

    report, disk = sync_counting(world)
    assert report.exit_code == 0
    assert disk.read["hashing"] == 0


def test_who_is_refused_does_not_wait_until_all_is_read(world: World) -> None:
    half = MOST_BYTES // 2
    for name in ("a", "b", "c"):
        path = world.drop(f"New/{name}.bin", b"")
        os.truncate(path, half)
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] == half


def test_nothing_is_read_before_figshare_said_what_it_takes(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("New/new.bin", b"time")
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] == 0


def test_a_file_too_large_for_the_account_is_not_read(world: World) -> None:
    world.box.switches.maximum_file_size = 100
    world.sync()
    world.drop("New/large.bin", bytes(101))
    world.drop("New/small.bin", bytes(100))
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] == 100


def test_a_renamed_folder_takes_what_is_known_of_it_along(world: World) -> None:
    (world.root / "Old").rename(world.root / "Renamed")
    world.settle()

    report, disk = sync_counting(world)

    assert report.exit_code == 0
    assert disk.read["hashing"] == 0


def test_a_sync_of_one_folder_reads_no_other(world: World) -> None:
    world.drop("New/new.bin", b"time")
    world.drop("Other/other.bin", b"depth, time")
    world.settle()

    report, disk = sync_counting(world, "New")

    assert report.exit_code == 0
    assert disk.read["hashing"] == 4


def test_a_file_that_is_still_being_saved_is_left_alone(world: World) -> None:
    save_now(world, "New/new.bin")

    assert read_before_a_refusal(world).read["hashing"] == 0


class Saver(Disk):
    """Saves another file while the first one is read, which takes its time."""

    def __init__(self, world: World, disk: Disk) -> None:
        super().__init__(disk.root, clock=disk.clock)
        self.world = world
        self.saved = ""

    def hash(
        self, path: str, part_size: int = 0, *, stop: Callable[[], bool] = never
    ) -> Hashed:
        hashed = super().hash(path, part_size, stop=stop)
        if not self.saved:
            other = "B" if path.startswith("A") else "A"
            self.world.clock.advance(6)
            self.saved = f"{other}/saved.bin"
            save_now(self.world, self.saved)
        return hashed


class Slow(CountingDisk):
    """Takes some seconds to list each folder."""

    def __init__(self, world: World, disk: Disk, *, seconds: float) -> None:
        super().__init__(disk)
        self.world, self.seconds = world, seconds

    def news(self, folder: str, *args: Any, **more: Any) -> Any:
        self.world.clock.advance(self.seconds)
        return super().news(folder, *args, **more)


def save_now(world: World, path: str) -> None:
    """Save a file now, not when the test began."""
    now = int((world.clock.now() - 0.01) * 1e9)
    os.utime(world.drop(path, b"half of it"), ns=(now, now))


def test_a_file_seen_late_is_not_still_any_sooner(world: World) -> None:
    world.drop("A/a.bin", b"depth")
    world.drop("B/b.bin", b"time")
    world.settle()

    with world.mirror() as mirror:
        mirror.disk = disk = Saver(world, mirror.disk)
        cycle = sync_once(mirror, Wish())

    assert disk.saved
    assert cycle.survey.unsettled == [disk.saved]
    made = [o.action.where.folder for o in cycle.outcomes]
    assert disk.saved[0] not in made


def test_nor_is_one_that_was_saved_while_figshare_took_its_time(world: World) -> None:
    (world.root / "New").mkdir()
    asked: list[str] = []

    def take_time(request: PreparedRequest) -> None:
        if not asked:
            world.clock.advance(100)
            save_now(world, "New/new.bin")
        asked.append(request.url or "")

    with wired(world, before=take_time), world.mirror() as mirror:
        report = sync_until_quiet(mirror, Wish(), patient=False)

    assert report.unsettled == ["New/new.bin"]
    assert len(world.box.web.item_ids()) == 1


def test_a_folder_that_takes_long_to_look_through_is_left_to_the_scan(
    world: World,
) -> None:
    world.drop("New/new.bin", b"time")
    world.drop("New/below/new.bin", b"depth")
    world.settle()

    world.box.fail_next(Fault("api", "GET", r"/account/articles$", status=403))
    with world.mirror() as mirror:
        mirror.disk = disk = Slow(world, mirror.disk, seconds=1)
        with pytest.raises(FigshareProblem):
            sync_until_quiet(mirror, Wish())
        assert disk.read["hashing"] == 0
        report = sync_until_quiet(mirror, Wish(retry_now=True))

    assert report.exit_code == 0
    assert disk.read["hashing"] == 9
    assert_agreed(world)


def test_many_small_files_are_left_to_the_scan_too(world: World) -> None:
    for number in range(4):
        path = world.drop(f"New/{number}.bin", b"")
        os.truncate(path, MOST_BYTES // 4 - OPENING * (number < 3))
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] == 3 * (
        MOST_BYTES // 4 - OPENING
    )


def test_a_stop_ends_the_reading_at_once(world: World) -> None:
    world.drop("New/new.bin", b"time")
    world.settle()

    def stop(request: PreparedRequest) -> None:
        world.clock.stopped = "/account" in (request.url or "")

    with wired(world, after=stop), world.mirror() as mirror:
        mirror.disk = disk = CountingDisk(mirror.disk)
        with pytest.raises(Interrupted):
            sync_until_quiet(mirror, Wish())

    assert disk.read["hashing"] == 0


def test_an_item_folder_is_left_to_the_scan(world: World) -> None:
    world.drop("Old/more.bin", b"time")
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] == 0


def test_nothing_more_is_read_when_figshare_has_answered(world: World) -> None:
    for name in ("A", "B", "C", "D", "E"):
        world.drop(f"{name}/new.bin", b"time")
    world.settle()

    assert read_before_a_refusal(world).read["hashing"] < 5 * 4


def test_a_dry_run_reads_nothing_ahead(world: World) -> None:
    world.drop("New/new.bin", b"time")
    world.settle()
    world.box.fail_next(Fault("api", "GET", r"/account/articles$", status=403))

    with world.mirror(dry_run=True) as mirror:
        mirror.disk = disk = CountingDisk(mirror.disk)
        with pytest.raises(FigshareProblem):
            sync_until_quiet(mirror, Wish())

    assert disk.read["hashing"] == 0


def test_a_file_is_seen_when_the_walk_ends_at_the_latest(world: World) -> None:
    world.drop("New/below/new.bin", b"time")

    with world.mirror() as mirror:
        disk = Slow(world, mirror.disk, seconds=60)
        lens = Lens(disk, mirror.rules, world.clock.now(), 5, 0)
        found = scan(lens, walk_folder(lens, "New"), {}, expected=())

    assert found.seen["below/new.bin"].seen_at == lens.now + 2 * 60
