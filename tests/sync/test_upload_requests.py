"""What an upload costs: how many requests, and how often a file is read."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.sandbox import Fault
from figsync.state import Steps
from figsync.sync.engine import Wish
from figsync.sync.facts import read_facts
from figsync.sync.loop import sync_until_quiet
from figsync.sync.prove import LONGEST_WAIT
from figsync.sync.tasks import MANY_BYTES, ThreadPool
from tests.counting import CountingDisk
from tests.wire import Killed, wired
from tests.world import World, assert_agreed

PART = 1000
PATIENCE = 10.0
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


def asked_for_room(world: World) -> int:
    return world.box.log.count("api", "GET", path="/v2/account$")


def test_the_room_that_new_files_leave_is_known_without_asking(world: World) -> None:
    world.box.switches.quota = 100
    drop_many(world, [60])
    world.settle()

    report = world.sync()

    assert report.cycles == 3  # the item is made, the file sent, nothing left to do
    assert asked_for_room(world) == 1
    with world.state() as state:
        assert read_facts(state).used_quota == 60


def test_the_room_is_asked_for_again_where_a_file_was_replaced(world: World) -> None:
    drop_many(world, [10])
    world.settle()
    world.sync()
    drop_many(world, [20])
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert (report.cycles, asked_for_room(world)) == (2, 2)


def test_what_came_meanwhile_goes_into_the_room_that_is_left(world: World) -> None:
    world.box.switches.quota = 100
    drop_many(world, [60])
    world.settle()

    def drop_more(request: PreparedRequest) -> None:
        if request.method == "PUT":
            path = world.drop("More/more.bin", bytes(41))
            os.utime(path, (0, 0))

    with wired(world, after=drop_more):
        report = world.sync()

    assert [note.path for note in report.left_out] == ["more.bin"]
    assert asked_for_room(world) == 1
    assert not [entry for entry in world.box.log.find() if entry.status >= 400]


def test_parts_leave_half_of_the_workers_to_others(tmp_path: Path) -> None:
    world = World(tmp_path, part_size=MANY_BYTES)
    world.drop("New/large.bin", bytes(12 * MANY_BYTES))
    world.settle()
    world.make_pool = lambda: ThreadPool(8)
    most = 4
    lock, meeting = threading.Lock(), threading.Barrier(most, timeout=PATIENCE)
    at_once: list[int] = [0]

    def meet(request: PreparedRequest) -> None:
        if request.method == "PUT":
            with lock:
                at_once.append(at_once[-1] + 1)
            meeting.wait()

    def part(request: PreparedRequest) -> None:
        if request.method == "PUT":
            with lock:
                at_once.append(at_once[-1] - 1)

    with wired(world, before=meet, after=part):
        assert world.sync().exit_code == 0

    assert max(at_once) == most


def test_a_new_item_is_not_listed_before_its_first_file(world: World) -> None:
    drop_many(world, [10])
    world.settle()

    assert world.sync().exit_code == 0

    assert world.box.log.count("api", "GET", path=r"/articles/\d+/files$") == 0
    assert_agreed(world)


def reading_of_items(then: Callable[[str], object]) -> Callable[..., None]:
    """Return what looks at requests and calls *then* before an item is first read."""
    read: list[str] = []

    def look(request: PreparedRequest) -> None:
        found = re.search(r"/account/articles/(\d+)$", request.url or "")
        if found and request.method == "GET" and found[1] not in read:
            read.append(found[1])
            then(found[1])

    return look


def test_a_new_item_that_got_a_file_meanwhile_is_planned_anew(world: World) -> None:
    drop_many(world, [10])
    world.settle()
    web = world.box.web
    add = reading_of_items(lambda i: web.add_file(int(i), "000.bin", b"from the web"))

    with wired(world, before=add):
        report = world.sync()

    # Of two files of one name neither is sent over the other.
    assert (report.exit_code, report.conflicts) == (4, 1)
    assert world.remote("New") == {"000.bin": b"from the web"}


def test_a_new_item_in_which_something_was_found_is_listed(world: World) -> None:
    drop_many(world, [10])
    world.settle()
    web = world.box.web
    add = reading_of_items(lambda i: web.add_file(int(i), "web.bin", b"from the web"))

    with wired(world, before=add):
        report = world.sync()

    assert report.exit_code == 0
    assert world.box.log.count("api", "GET", path=r"/articles/\d+/files$") > 0
    assert_agreed(world)


def test_a_new_item_that_was_read_long_ago_is_listed(world: World) -> None:
    world.drop("A/a.bin", b"depth")
    world.drop("B/b.bin", b"time")
    world.settle()
    web, items = world.box.web, list[str]()

    def take_time(item_id: str) -> None:
        items.append(item_id)
        if len(items) == 2:
            world.clock.advance(60)
            web.add_file(int(items[0]), "a.bin", b"from the web")
            web.add_file(int(items[0]), "b.bin", b"from the web")

    with wired(world, before=reading_of_items(take_time)):
        report = world.sync()

    assert (report.exit_code, report.conflicts) == (4, 1)
    assert len(web.files(int(items[0]))) == 2


def test_an_item_made_long_before_is_listed_before_its_next_file(world: World) -> None:
    drop_many(world, [10])
    world.settle()
    world.sync()
    for file in world.box.web.files(int(world.item_id("New"))):
        world.box.web.delete_file(file.id)
    world.sync()
    world.drop("New/more.bin", b"time")
    world.settle()
    world.box.log.clear()

    assert world.sync().exit_code == 0

    assert world.box.log.count("api", "GET", path=r"/articles/\d+/files$") > 0


def test_a_file_half_sent_before_takes_its_room_once(world: World) -> None:
    world.box.switches.quota = 105
    world.drop("Old/old.bin", b"depth")
    world.settle()
    world.sync()
    world.drop("Old/half.bin", bytes(60))

    def kill(request: PreparedRequest) -> None:
        if request.method == "PUT":
            raise Killed

    with wired(world, before=kill), pytest.raises(Killed):
        world.sync()
    world.drop("New/new.bin", bytes(30))
    world.settle()
    report = world.sync()

    assert (report.exit_code, report.left_out) == (0, [])
    assert_agreed(world)


def test_a_first_look_is_not_put_off_for_ever(world: World) -> None:
    drop_many(world, [10])
    world.settle()
    world.box.switches.api_latency = 20
    before = world.clock.waited

    assert world.sync().exit_code == 0

    requests = world.box.log.count("api")
    assert world.clock.waited - before <= requests * 20 + LONGEST_WAIT


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


def test_nobody_looks_for_a_proof_sooner_than_an_answer_takes(world: World) -> None:
    world.drop("New/first.bin", b"depth")
    world.sync()
    world.drop("New/new.bin", b"time")
    world.settle()
    world.box.switches.api_latency = 0.5
    # Two stages of 0.6 seconds: a look after 0.01 would be followed by others.
    world.box.switches.status_seconds = 0.6
    world.box.switches.status_reads = 0
    world.box.log.clear()

    assert world.sync().exit_code == 0

    looks = world.box.log.find("api", "GET", path=r"/files/\d+$")
    assert len(looks) == 2  # one for the address to send to, one for the proof


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
