"""What an upload costs: how many requests, and how often a file is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.sandbox import Fault
from figsync.sync.engine import Wish
from figsync.sync.loop import sync_until_quiet
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
