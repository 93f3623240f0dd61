"""After a sync that ended well, the next one has nothing to do and says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from figsync.sync.loop import Report
from tests.wire import wired
from tests.world import HOUR, World, told


def a_busy_account(world: World) -> None:
    """Let both sides hold drafts, a public item, folders, links and odd names."""
    web = world.box.web
    item = web.create_item("Soil cores", description="<p>deep</p>")
    web.add_files(item, {f"raw/{n}.csv": b"%d" % n for n in range(25)})
    public = web.create_item("Published")
    web.add_file(public, "paper.txt", b"final", folder="text")
    web.publish(public)
    web.add_file(public, "erratum.txt", b"changed since")
    linked = web.create_item("Linked elsewhere")
    web.add_link(linked, "https://example.org/data/set")
    twins = web.create_item("Twins")
    web.add_file(twins, "a.txt", b"one")
    web.add_file(twins, "a.txt", b"two")
    web.create_item("Without files")
    world.drop("From here/x/y/z.txt", "z")
    world.drop("From here/a b.bin", bytes(3000))
    world.drop("From here/empty.txt", "")


def assert_silent(world: World, report: Report) -> None:
    """Assert that a sync changed nothing, moved no byte and needed one cycle."""
    assert told(report) == []
    assert report.exit_code == 0
    assert report.cycles == 1
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert world.box.log.mutations() == ()


@pytest.fixture(params=["dates", "no dates", "uuids", "uuids, no dates"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = World(tmp_path)
    world.box.switches.light_dates = "no dates" not in request.param
    world.box.switches.uuid_ids = "uuids" in request.param
    a_busy_account(world)
    world.settle()
    return world


def test_a_second_sync_is_silent(world: World) -> None:
    first = world.sync()
    world.box.log.clear()
    before = world.tree()

    second = world.sync()

    assert first.exit_code == 0
    assert_silent(world, second)
    assert world.tree() == before


def test_syncs_stay_silent_while_time_passes(world: World) -> None:
    world.sync()
    world.box.log.clear()

    for hours in (0.001, 1, 24, 24 * 8, 24 * 30):
        world.clock.advance(hours * 3600)
        assert_silent(world, world.sync())


def test_a_touch_of_every_file_sends_nothing(world: World) -> None:
    world.sync()
    world.box.log.clear()
    before = world.tree()
    moment = world.clock.now() - 600

    for path in world.root.rglob("*"):
        if path.is_file() and ".figsync" not in path.parts:
            os.utime(path, (moment, moment))
    world.settle()
    second = world.sync()

    assert_silent(world, second)
    assert world.tree() == before


def test_a_sync_right_after_a_web_edit_settles_too(world: World) -> None:
    """Dates have a grain of a second: the item is read again, and no more."""
    world.sync()
    item = world.box.web.create_item("Just now")
    world.box.web.add_file(item, "a.txt", b"now")

    assert world.sync().exit_code == 0
    world.box.log.clear()

    assert_silent(world, world.sync())


def test_an_edit_within_the_same_second_is_still_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    file_id = world.box.web.add_file(item, "a.txt", b"first")
    world.sync()

    world.box.web.replace_file(file_id, b"second")
    world.clock.advance(5)
    world.sync()

    assert world.tree() == {"Soil cores/a.txt": b"second"}


def test_a_quiet_sync_asks_for_the_account_and_its_list_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(30):
        item = world.box.web.create_item(f"Item {number}")
        world.box.web.add_file(item, "a.txt", b"%d" % number)
    world.clock.advance(60)
    world.sync()
    world.box.log.clear()

    report = world.sync()

    assert [entry.path for entry in world.box.log.find("api")] == [
        "/v2/account",
        "/v2/account/articles",
    ]
    assert report.cycles == 1


def test_saving_the_same_bytes_again_sends_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("New/a.txt", "same")
    world.sync()
    world.settle()
    world.box.log.clear()

    (world.root / "New/a.txt").unlink()
    world.drop("New/a.txt", "same")
    world.settle()

    assert_silent(world, world.sync())


def test_moving_the_files_of_an_item_away_and_back_sends_nothing(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.drop("New/a.txt", "one")
    world.drop("New/b.txt", "two")
    world.sync()
    world.box.log.clear()

    (world.root / "New/a.txt").rename(world.root / "New/gone.txt")
    (world.root / "New/gone.txt").rename(world.root / "New/a.txt")
    world.settle()

    assert_silent(world, world.sync())


@pytest.mark.parametrize("pace", [0.3, 1.1, 7.0])
def test_syncs_end_silent_while_both_clocks_run(tmp_path: Path, pace: float) -> None:
    world = World(tmp_path)
    a_busy_account(world)

    with wired(world, before=lambda _: world.clock.advance(pace)):
        first = world.sync()
        world.box.log.clear()
        second = world.sync()

    assert first.exit_code == 0
    assert_silent(world, second)


@pytest.mark.parametrize("hours", [1, 24 * 40])
def test_a_server_whose_clock_is_ahead_changes_nothing(
    tmp_path: Path, hours: int
) -> None:
    world = World(tmp_path)
    world.box.clock.advance(hours * HOUR)
    a_busy_account(world)
    world.settle()
    first = world.sync()
    world.box.log.clear()

    second = world.sync()

    assert first.exit_code == 0
    assert_silent(world, second)
    item = int(world.item_id("Soil cores"))
    world.box.web.add_file(item, "late.txt", b"late")
    world.sync()
    assert world.tree()["Soil cores/late.txt"] == b"late"


def test_edits_at_every_moment_of_a_second_are_seen(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    file_id = world.box.web.add_file(item, "a.txt", b"0")
    for number in range(1, 12):
        world.clock.advance(0.37)
        file_id = world.box.web.replace_file(file_id, b"%d" % number)
        world.clock.advance(0.11)
        world.sync()

        assert world.tree() == {"Soil cores/a.txt": b"%d" % number}
