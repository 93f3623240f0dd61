"""Uploads whose proof is late, wrong or never comes: the old record stays meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.sandbox import Fault, NewFile
from tests.sync.seen import assert_quiet
from tests.wire import Killed, wired
from tests.world import HOUR, World, assert_agreed

DAY = 24 * HOUR
FILES = r"/account/articles/[^/]+/files$"
CONTENT = bytes(range(250)) * 10


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, part_size=1000)
    world.drop("New/a.bin", b"old")
    assert world.sync().exit_code == 0
    world.drop("New/a.bin", CONTENT)
    world.settle()
    world.box.log.clear()
    return world


def records(world: World) -> list[tuple[int, str]]:
    """Return id and status of the item's records."""
    files = world.box.web.files(int(world.item_id("New")))
    return [(file.id, file.status) for file in files]


def dies_at_part(world: World, number: int) -> None:
    """Sync, and end the process before the part of this number is sent."""

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith(f"/{number}"):
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()


def test_a_record_stuck_on_its_way_never_supersedes_the_old_one(world: World) -> None:
    (old, _) = records(world)[0]
    world.box.switches.stuck_moving = True

    codes = []
    for _ in range(4):
        codes.append(world.sync().exit_code)
        world.clock.advance(DAY)
    stuck = records(world)
    fetched = world.box.log.count(path="/download/")
    world.box.switches.stuck_moving = False
    report = world.sync()

    assert codes == [1, 1, 1, 1]
    assert (old, "available") in stuck
    assert [status for _, status in stuck] == ["available", "moving_to_final"]
    assert fetched == 0
    assert world.box.log.count("api", "POST", path=FILES) == 1
    assert report.exit_code == 0
    assert [file for file, _ in records(world)] == [stuck[1][0]]
    assert_agreed(world)


def test_a_check_that_fails_late_leaves_the_old_record_and_is_begun_again(
    world: World,
) -> None:
    (old, _) = records(world)[0]
    world.box.switches.flip_part_byte = True
    world.box.switches.status_seconds = 3 * HOUR
    world.box.switches.status_reads = 10**6
    first = world.sync()
    checked = records(world)
    world.box.switches.flip_part_byte = False
    world.clock.advance(4 * HOUR)
    world.box.switches.status_seconds = 0

    report = world.sync()

    assert first.exit_code == 1
    assert checked == [(old, "available"), (checked[1][0], "ic_checking")]
    assert report.exit_code == 0
    assert checked[1][0] not in [file for file, _ in records(world)]
    assert_agreed(world)
    assert_quiet(world)


def test_a_download_that_decides_against_it_keeps_the_old_record(world: World) -> None:
    (old, _) = records(world)[0]
    world.box.switches.md5_delay = 1e9
    assert world.sync().exit_code == 1
    world.clock.advance(25 * HOUR)
    world.box.switches.corrupt_download = True

    report = world.sync()

    assert report.exit_code == 1
    assert old in [file for file, _ in records(world)]
    assert world.tree() == {"New/a.bin": CONTENT}
    assert world.box.log.count(path="/download/") == 1
    world.box.switches.corrupt_download = False
    world.box.switches.md5_delay = 0
    world.clock.advance(HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_download_that_can_not_decide_is_not_made_for_ever(world: World) -> None:
    (old, _) = records(world)[0]
    world.box.switches.md5_delay = 1e9
    world.sync()
    world.clock.advance(25 * HOUR)

    def die(request: PreparedRequest) -> None:
        if "/download/" in (request.url or ""):
            raise Killed

    killed = 0
    for _ in range(12):
        try:
            with wired(world, after=die):
                world.sync()
        except Killed:
            killed += 1

    assert killed == 10
    assert old in [file for file, _ in records(world)]
    world.clock.advance(25 * HOUR)
    assert world.sync().exit_code == 0
    assert world.tree() == world.tree() | {"New/a.bin": CONTENT}


@pytest.mark.parametrize("moment", ["at the session", "at a part"])
def test_a_session_that_is_gone_in_the_next_process_is_replaced_as_one_record(
    world: World, moment: str
) -> None:
    (old, _) = records(world)[0]
    other = world.box.web.start_upload(
        int(world.item_id("New")), NewFile("a.bin", len(CONTENT))
    )
    dies_at_part(world, 2)
    (dead,) = {file for file, _ in records(world)} - {old, other}
    method = "GET" if moment == "at the session" else "PUT"
    fault = Fault("upload", method, r"^/upload/", status=404, kind="empty")
    world.box.fail_next(fault)

    codes = [world.sync().exit_code]
    world.clock.advance(HOUR)
    codes.append(world.sync().exit_code)

    left = {file for file, _ in records(world)}
    assert codes[1] == 0
    assert dead not in left or moment == "at a part"
    assert old not in left
    assert other in left
    assert len(left) == 2
    assert world.tree() == {"New/a.bin": CONTENT}
    assert world.remote("New") == {"a.bin": CONTENT}


@pytest.mark.parametrize("times", [0, 1, 3, 6, 12, 30])
def test_an_upload_that_came_to_its_end_stays_until_its_successor_is_proven(
    world: World, times: int
) -> None:
    (old, _) = records(world)[0]

    def die(request: PreparedRequest) -> None:
        if request.method == "DELETE":
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()
    ((_, _), (first, status)) = records(world)
    world.drop("New/a.bin", CONTENT[::-1])
    world.settle()
    world.box.log.clear()
    path = rf"/files/{first}$"
    world.box.fail_next(Fault("api", "GET", path, status=503, times=times or 1))
    if not times:
        world.box.world.faults.clear()

    world.sync()
    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    report = world.sync()

    assert status == "available"
    deleted = world.box.log.find("api", "DELETE", path=path, status=204)
    completed = world.box.log.find("api", "POST", path=r"/files/\d+$")
    order = [(e.method, e.path) for e in world.box.log.entries()]
    assert order.index((deleted[0].method, deleted[0].path)) > order.index(
        (completed[-1].method, completed[-1].path)
    )
    assert report.exit_code == 0
    assert old not in [file for file, _ in records(world)]
    assert_agreed(world)


def test_parts_that_arrived_are_not_sent_again_after_a_lock(world: World) -> None:
    dies_at_part(world, 2)
    world.box.log.clear()
    world.box.fail_next(Fault("upload", "PUT", r"/2$", status=409, kind="empty"))

    report = world.sync()

    sent = world.box.log.find("upload", "PUT", status=200)
    assert [entry.path.rpartition("/")[2] for entry in sent] == ["3", "2"]
    assert report.exit_code == 0
    assert_agreed(world)
