"""A file that was moved keeps its old record until its new place is proven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from figsync.sandbox import Fault
from figsync.sync.carry import Asked, carry_out
from tests.sync.seen import assert_quiet, reasons
from tests.sync.test_deletions import DAY, soil_and_leaves
from tests.world import World

REFUSES_THESE = Fault("api", "POST", "/files$", status=400, times=10)
REFUSES_FILES = Fault("api", "POST", "/files$", status=503, times=10_000)
REFUSES_ITEMS = Fault("api", "POST", "/articles$", status=503, times=10_000)
MOVED = b"Leavesa.csv"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return soil_and_leaves(tmp_path)


def on_figshare(world: World) -> list[str]:
    """Return the titles of the items that have the moved file's bytes, proven."""
    web = world.box.web
    return [
        web.item(item)["title"]
        for item in web.item_ids()
        for file in web.files(item)
        if file.status == "available" and web.content(file.id) == MOVED
    ]


def move(world: World, target: str, source: str = "Leaves/a.csv") -> None:
    """Move a file and let it be still."""
    (world.root / target).parent.mkdir(exist_ok=True)
    (world.root / source).rename(world.root / target)
    world.settle()


def days(world: World, count: int) -> None:
    for _ in range(count):
        world.sync()
        world.clock.advance(DAY)


def twice(world: World) -> None:
    move(world, "Soil cores/moved.csv")
    days(world, 1)
    move(world, "Soil cores/again.csv", "Soil cores/moved.csv")


def all_of_them(world: World) -> None:
    for path in ("b.csv", "raw/c.csv", "raw/d.csv", "a.csv"):
        move(world, f"Soil cores/{path.replace('/', ' ')} moved", f"Leaves/{path}")
    (world.root / "Leaves/raw").rmdir()


WAYS: dict[str, Callable[[World], object]] = {
    "to another item": lambda world: move(world, "Soil cores/moved.csv"),
    "over a synced file": lambda world: move(world, "Soil cores/a.csv"),
    "over a synced file of its item": lambda world: move(world, "Leaves/b.csv"),
    "to a new folder": lambda world: move(world, "New/a.csv"),
    "once and again": twice,
    "with all others": all_of_them,
}


@pytest.mark.parametrize("grace", ["0", "24h"])
@pytest.mark.parametrize("way", WAYS)
def test_a_moved_file_is_on_figshare_at_every_time(
    tmp_path: Path, way: str, grace: str
) -> None:
    world = soil_and_leaves(tmp_path, grace=grace, items="propagate")
    world.box.fail_next(REFUSES_FILES)
    world.box.fail_next(REFUSES_ITEMS)
    WAYS[way](world)

    for _ in range(4):
        days(world, 1)
        assert on_figshare(world)
    world.box.world.faults.clear()
    days(world, 4)

    assert len(on_figshare(world)) == 1
    assert len(set(world.tree().values())) == len(world.tree())
    assert_quiet(world)


def test_an_item_whose_files_were_all_moved_goes_after_them(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, grace="0", items="propagate")
    world.box.fail_next(REFUSES_FILES)
    all_of_them(world)
    (world.root / "Leaves/.figshare/record.json").unlink()
    for folder in ("Leaves/.figshare", "Leaves"):
        (world.root / folder).rmdir()

    days(world, 2)
    assert on_figshare(world) == ["Leaves"]
    world.box.world.faults.clear()
    days(world, 3)

    assert on_figshare(world) == ["Soil cores"]
    assert len(world.box.web.item_ids()) == 1


def test_nothing_waits_for_a_file_in_an_item_that_was_excluded(world: World) -> None:
    world.box.fail_next(REFUSES_FILES)
    move(world, "Soil cores/moved.csv")
    days(world, 1)
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", {"item": world.item_id("Soil cores")}))

    days(world, 2)

    assert "a.csv" not in world.remote("Leaves")


def test_nothing_waits_for_a_file_that_finds_no_room(world: World) -> None:
    world.box.fail_next(REFUSES_FILES)
    move(world, "Soil cores/moved.csv")
    days(world, 1)
    world.box.world.faults.clear()
    web = world.box.web
    files = [file for item in web.item_ids() for file in web.files(item)]
    world.box.switches.quota = sum(file.size for file in files) + 3

    days(world, 3)

    assert on_figshare(world) == ["Soil cores"]
    assert_quiet(world)


def test_the_old_record_of_a_file_stays_until_its_new_place_is_proven(
    world: World,
) -> None:
    move(world, "Soil cores/moved.csv")
    world.box.fail_next(REFUSES_FILES)

    for _ in range(4):
        report = world.sync()
        world.clock.advance(DAY)

    assert "a.csv" in world.remote("Leaves")
    assert "it goes when Soil cores/moved.csv is on Figshare" in reasons(report)
    world.box.world.faults.clear()
    world.clock.advance(DAY)
    world.sync()
    assert "a.csv" not in world.remote("Leaves")
    assert world.remote("Soil cores")["moved.csv"] == b"Leavesa.csv"
    assert_quiet(world)


def test_the_old_record_of_a_file_stays_whose_upload_was_rejected(
    world: World,
) -> None:
    world.drop("Soil cores/moved.csv", (world.root / "Leaves/a.csv").read_bytes())
    (world.root / "Leaves/a.csv").unlink()
    world.settle()
    world.box.fail_next(REFUSES_THESE)
    world.sync()
    with world.mirror() as mirror:
        held = mirror.state.decisions.held()
        uploads = [row.id for row in held if row.key.kind == "Upload"]
        assert mirror.state.decisions.reject(uploads) == 1

    world.clock.advance(2 * DAY)
    report = world.sync()

    assert "a.csv" in world.remote("Leaves")
    told = "it goes when Soil cores/moved.csv is on Figshare: a person rejected it"
    assert told in reasons(report)
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_moved_file_deleted_before_it_was_sent_takes_its_old_record_along(
    world: World,
) -> None:
    move(world, "Soil cores/moved.csv")
    world.box.fail_next(REFUSES_FILES)
    world.sync()
    (world.root / "Soil cores/moved.csv").unlink()

    world.clock.advance(2 * DAY)
    world.sync()
    world.sync()

    assert "a.csv" not in world.remote("Leaves")
