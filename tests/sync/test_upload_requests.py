"""What an upload costs: how many requests, and how often a file is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.disk import Disk, Hashed, PartBody
from figsync.disk.reader import never
from figsync.model import FileStat
from figsync.sandbox import Fault
from figsync.state import Steps
from figsync.sync.engine import Wish
from figsync.sync.loop import sync_until_quiet
from figsync.sync.tasks import ThreadPool
from tests.wire import Killed, wired
from tests.world import World, assert_agreed

PART = 1000
SESSION = r"^/upload/\w+$"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, part_size=PART)


def drop_many(world: World, sizes: list[int]) -> None:
    for number, size in enumerate(sizes):
        world.drop(f"New/{number:03}.bin", bytes([number % 256]) * size)


def sessions(world: World) -> int:
    return world.box.log.count("upload", "GET")


def parts_sent(world: World) -> int:
    return len(world.box.log.find("upload", "PUT", status=200))


class CountingDisk(Disk):
    """Counts the bytes that are read of files, and how often one is opened."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.root, clock=disk.clock)
        self.read: Counter[str] = Counter()
        self.opened = 0

    def open(self, path: str) -> FileIO:
        self.opened += path.endswith(".bin")
        return super().open(path)

    def hash(
        self, path: str, part_size: int = 0, *, stop: Callable[[], bool] = never
    ) -> Hashed:
        hashed = super().hash(path, part_size, stop=stop)
        self.read["hashing"] += hashed.size
        return hashed

    def part_body(
        self,
        path: str,
        start: int,
        *,
        length: int,
        md5: bytes | None,
        expect: FileStat,
    ) -> PartBody:
        self.read["sending"] += length
        return super().part_body(path, start, length=length, md5=md5, expect=expect)


def test_a_file_is_read_once_to_hash_and_once_to_send(world: World) -> None:
    world.drop("New/first.bin", bytes(2500))
    world.sync()
    sizes = [2500, 1000, 1001, 20, 999]
    drop_many(world, sizes)
    world.settle()

    with world.mirror() as mirror:
        mirror.disk = disk = CountingDisk(mirror.disk)
        report = sync_until_quiet(mirror, Wish())

    assert report.exit_code == 0
    assert disk.read == {"hashing": sum(sizes), "sending": sum(sizes)}
    parts = 3 + 1 + 2 + 1 + 1
    assert disk.opened == len(sizes) + parts
    assert_agreed(world)


class CountingSteps(Steps):
    """Counts the transactions that reach the disk."""

    def __init__(self) -> None:
        self.commits = 0

    def after(self, step: str) -> None:
        self.commits += step == "commit"


def test_what_is_known_at_one_time_is_written_at_once(world: World) -> None:
    drop_many(world, [10])
    world.sync()
    drop_many(world, [800] * 100)
    world.settle()
    world.steps = steps = CountingSteps()

    assert world.sync().exit_code == 0

    # One each for intent, id, completion, agreement and outcome would be 500.
    assert steps.commits <= 2 * 100


def test_the_room_is_asked_for_again_only_when_some_was_taken(world: World) -> None:
    drop_many(world, [10])
    world.settle()

    report = world.sync()

    assert report.cycles == 3  # the item is made, the file sent, nothing left to do
    assert world.box.log.count("api", "GET", path="/v2/account$") == 2


def unsent(world: World) -> int:
    """Return how many records of the item stand there with nothing sent to them."""
    initiated = world.box.log.count("api", "POST", path=r"/files$", status=201)
    return initiated - parts_sent(world)


def test_at_most_64_records_stand_with_nothing_sent_to_them(world: World) -> None:
    drop_many(world, [800] * 150)
    most = 0

    def look(_: PreparedRequest) -> None:
        nonlocal most
        most = max(most, unsent(world))

    with wired(world, before=look):
        assert world.sync().exit_code == 0

    assert 8 <= most <= 64


def test_what_another_process_began_is_sent_before_anything_new(world: World) -> None:
    for number in range(80):
        world.drop(f"New/z{number:03}.bin", bytes([number]) * 800)

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT":
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()
    begun = unsent(world)
    drop_many(world, [700] * 80)
    world.settle()
    most = 0

    def look(_: PreparedRequest) -> None:
        nonlocal most
        most = max(most, unsent(world))

    with wired(world, before=look):
        assert world.sync().exit_code == 0

    assert begun >= 8
    assert most <= 64
    numbers = [e.path for e in world.box.log.find("api", "POST", path=r"/files$")]
    assert len(numbers) == 160
    assert_agreed(world)


@pytest.mark.parametrize(("rate", "most"), [("0", 40), ("1", 16)])
def test_looks_for_a_late_proof_get_rarer(tmp_path: Path, rate: str, most: int) -> None:
    world = World(tmp_path, transfer__requests_per_second=rate)
    drop_many(world, [800] * 5)
    world.box.switches.md5_delay = 30

    assert world.sync().exit_code == 0

    assert world.box.log.count("api", "GET", path=r"/files$") <= most
    assert_agreed(world)


def test_a_large_file_holds_no_small_one_up(world: World) -> None:
    world.make_pool = lambda: ThreadPool(4)
    drop_many(world, [800] * 100)
    world.drop("New/large.bin", bytes(range(250)) * 400)
    in_order: list[str] = []

    def note(request: PreparedRequest) -> None:
        if request.method == "PUT" and request.url:
            in_order.append(request.url.rpartition("/")[2])

    with wired(world, before=note):
        assert world.sync().exit_code == 0

    last_small = len(in_order) - 1 - in_order[::-1].index("1")
    assert "100" in in_order[last_small:]
    assert_agreed(world)


def test_many_small_files_cost_two_api_requests_each_and_one_upload(
    world: World,
) -> None:
    drop_many(world, [800] * 100)

    report = world.sync()

    assert report.exit_code == 0
    assert world.box.log.count("api", "POST") == 1 + 2 * 100
    assert world.box.log.count("api", "GET") <= 22
    assert (sessions(world), parts_sent(world)) == (1, 100)
    assert_agreed(world)


def test_a_session_is_spared_up_to_what_the_host_has_told(world: World) -> None:
    drop_many(world, [300, 200, 900, 900, 899, 1000, 20])

    assert world.sync().exit_code == 0

    # Three files are each larger than what a session had shown before.
    assert (sessions(world), parts_sent(world)) == (3, 7)
    assert_agreed(world)


def test_a_file_in_several_parts_tells_how_large_one_may_be(world: World) -> None:
    drop_many(world, [2500, 1000, 999, 1001])

    assert world.sync().exit_code == 0

    assert (sessions(world), parts_sent(world)) == (2, 3 + 1 + 1 + 2)
    assert_agreed(world)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "empty"), (409, "empty"), (400, "empty"), (400, "json"), (302, "empty")],
)
def test_a_part_sent_unasked_that_is_refused_is_sent_as_its_session_says(
    world: World, status: int, kind: str
) -> None:
    drop_many(world, [800, 800, 800])
    unasked: list[str] = []

    def refuse(request: PreparedRequest) -> None:
        if request.method == "PUT" and sessions(world) == 1 and parts_sent(world):
            if not unasked:
                fault = Fault("upload", "PUT", status=status, kind=kind)
                world.box.fail_next(fault)
            unasked.append(request.url or "")

    with wired(world, before=refuse):
        report = world.sync()

    assert report.exit_code == 0
    assert len(unasked) == 1
    # What the host was believed to take is learnt anew.
    assert sessions(world) == 2
    assert world.box.log.count("api", "POST", path=r"/files$") == 3
    assert_agreed(world)


def test_an_upload_begun_by_another_process_reads_its_session(world: World) -> None:
    drop_many(world, [800, 800])

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT" and parts_sent(world) == 1:
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()
    world.box.log.clear()
    report = world.sync()

    assert report.exit_code == 0
    assert (sessions(world) >= 1, parts_sent(world)) == (True, 1)
    assert_agreed(world)


def test_a_host_that_cuts_smaller_from_some_day_on_gets_what_it_wants(
    world: World,
) -> None:
    drop_many(world, [800])
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        world.box.world.part_size = 100
        world.drop("New/late.bin", b"late" * 200)
        world.drop("New/later.bin", b"latr" * 200)
        world.settle()
        report = sync_until_quiet(mirror, Wish())

    assert report.exit_code == 0
    assert world.box.log.count("api", "POST", path=r"/files$") == 3
    assert_agreed(world)


def test_a_host_that_takes_part_of_a_file_for_all_of_it_is_asked_again(
    world: World,
) -> None:
    drop_many(world, [800])
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        world.box.switches.flip_part_byte = True
        world.drop("New/late.bin", b"late" * 200)
        world.settle()
        first = sync_until_quiet(mirror, Wish())
        world.box.switches.flip_part_byte = False
        asked = sessions(world)
        second = sync_until_quiet(mirror, Wish(retry_now=True))

    assert (first.exit_code, second.exit_code) == (1, 0)
    assert sessions(world) == asked + 1
    assert_agreed(world)


def test_files_that_could_be_confused_wait_for_each_other_and_for_no_large_one(
    world: World,
) -> None:
    world.make_pool = lambda: ThreadPool(4)
    for folder in "abcd":
        world.drop(f"New/{folder}/same.txt", "the same")
    world.drop("New/large.bin", bytes(range(250)) * 800)
    in_order: list[str] = []

    def note(request: PreparedRequest) -> None:
        if request.method == "PUT" and request.url:
            in_order.append(request.url.rpartition("/")[2])
            world.clock.advance(1)

    with wired(world, before=note):
        assert world.sync().exit_code == 0

    last_small = len(in_order) - 1 - in_order[::-1].index("1")
    assert "200" in in_order[last_small:]
    assert_agreed(world)
