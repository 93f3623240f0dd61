"""A new folder is read while Figshare is asked; the scan finds it known."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.disk import Disk, Hashed
from figsync.disk.reader import never
from figsync.errors import FigshareProblem
from figsync.sandbox import Fault
from figsync.sync.ahead import MOST_BYTES
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.tasks import ThreadPool
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
    half = MOST_BYTES // 2 + 1
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
    path = world.drop("New/new.bin", b"time")
    os.utime(path, (world.clock.now(), world.clock.now()))

    assert read_before_a_refusal(world).read["hashing"] == 0
