"""What repeats itself ends: transfers are counted, whatever becomes of the process."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.errors import Interrupted
from figsync.sandbox import Fault
from tests.sync.seen import approve, reasons
from tests.wire import Killed, wired
from tests.world import HOUR, World, assert_agreed

FILES = r"/account/articles/[^/]+/files$"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def a_conflict(world: World) -> None:
    """Let both sides change one file."""
    item = world.box.web.create_item("Leaves")
    old = world.box.web.add_file(item, "a.txt", b"old")
    world.sync()
    world.box.web.replace_file(old, b"changed there")
    world.drop("Leaves/a.txt", "changed here")
    world.settle()


def test_three_wrong_downloads_of_a_conflict_are_enough(world: World) -> None:
    a_conflict(world)
    world.box.switches.corrupt_download = True
    codes = [world.sync().exit_code for _ in range(3)]
    world.box.log.clear()

    report = world.sync()

    assert codes == [1, 1, 1]
    assert report.exit_code == 4
    assert "downloaded 3 times in 24 hours" in reasons(report)
    assert world.box.log.count(path="/download/") == 0
    assert world.tree() == {"Leaves/a.txt": b"changed here"}
    world.box.switches.corrupt_download = False
    world.clock.advance(25 * HOUR)
    assert world.sync().conflicts == 1


def killed_while_fetching(world: World) -> bool:
    """Sync, and tell whether a download was there to be killed."""

    def die(request: PreparedRequest) -> None:
        if "/download/" in (request.url or ""):
            raise Killed

    try:
        with wired(world, after=die):
            world.sync()
    except Killed:
        return True
    return False


def test_a_download_that_crashes_every_time_is_not_begun_for_ever(
    world: World,
) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.txt", b"deadly")

    killed = [killed_while_fetching(world) for _ in range(12)]
    report = world.sync()

    assert killed == [True] * 10 + [False] * 2
    assert report.exit_code == 4
    assert "10 downloads of it in 24 hours ended with a crash" in reasons(report)
    assert approve(world) == 1
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_download_that_a_person_stops_is_not_counted(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.txt", b"wanted")

    def stop(request: PreparedRequest) -> None:
        if "/download/" in (request.url or ""):
            world.clock.stopped = True

    for _ in range(12):
        with wired(world, before=stop), pytest.raises(Interrupted):
            world.sync()
        world.clock.stopped = False

    assert world.sync().exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("switch", ["abort_sessions", "lose_sessions"])
def test_sessions_that_always_end_cost_two_uploads_a_day(
    world: World, switch: str
) -> None:
    world.drop("New/a.txt", "never taken")
    setattr(world.box.switches, switch, True)

    codes = [world.sync().exit_code for _ in range(4)]

    assert codes[0] == 1
    assert codes[1:] == [4, 4, 4]
    assert world.box.log.count("api", "POST", path=FILES) == 2
    assert world.box.web.files(int(world.item_id("New"))) == []


def test_a_record_begun_before_is_no_third_upload(world: World) -> None:
    world.drop("New/a.txt", "taken in the end")
    world.box.switches.flip_part_byte = True
    world.sync()
    world.box.switches.flip_part_byte = False
    world.box.switches.md5_never = True
    codes = [world.sync().exit_code for _ in range(2)]
    world.box.switches.md5_never = False

    report = world.sync()

    assert codes == [1, 1]
    assert report.exit_code == 0
    assert world.box.log.count("api", "POST", path=FILES) == 2
    assert_agreed(world)


def test_a_session_that_ends_during_a_second_upload_is_no_third_one(
    world: World,
) -> None:
    world.drop("New/a.txt", "in vain")
    world.box.switches.flip_part_byte = True
    world.sync()
    world.box.switches.flip_part_byte = False
    world.box.fail_next(Fault("upload", "GET", r"^/upload/", status=404, times=9))

    report = world.sync()
    again = world.sync()

    assert world.box.log.count("api", "POST", path=FILES) == 2
    assert report.exit_code in (1, 4)
    assert again.exit_code == 4
    assert "uploaded twice in 24 hours" in reasons(again)
    world.box.world.faults.clear()
    assert approve(world) == 1
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_record_of_a_lost_reply_counts_as_an_upload(world: World) -> None:
    world.drop("New/a.txt", "in vain")
    world.box.switches.flip_part_byte = True
    for _ in range(4):
        world.box.fail_next(Fault.lost_initiate(kind="break"))
        world.sync()
        world.clock.advance(HOUR)
        world.sync()

    assert world.box.log.count("api", "POST", path=FILES) == 2
