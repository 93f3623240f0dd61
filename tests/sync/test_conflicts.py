"""Both sides changed a file: both stay, and a person resolves it by ordinary means."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sync.seen import assert_quiet, results
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a mirror in which both sides changed the same file, after a sync."""
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Leaves")
    file_id = world.box.web.add_file(item, "a.tar.gz", b"old")
    world.box.web.add_file(item, "other.csv", b"other")
    world.sync()
    world.drop("Leaves/a.tar.gz", b"here")
    world.box.web.replace_file(file_id, b"there")
    world.settle()
    return world


def copy_of(world: World) -> Path:
    (copy,) = [
        path for path in (world.root / "Leaves").iterdir() if "(conflict" in path.name
    ]
    return copy


def test_both_versions_stay_and_the_remote_one_has_the_name(world: World) -> None:
    report = world.sync()

    assert (world.root / "Leaves/a.tar.gz").read_bytes() == b"there"
    copy = copy_of(world)
    assert copy.read_bytes() == b"here"
    assert copy.name.startswith("a (conflict 20")
    assert copy.name.endswith(").tar.gz")
    assert world.remote("Leaves") == {"a.tar.gz": b"there", "other.csv": b"other"}
    assert report.conflicts == 1
    assert report.exit_code == 4
    with world.state() as state:
        (conflict,) = state.decisions.conflicts()
    assert (conflict.folder, conflict.path) == ("Leaves", "a.tar.gz")
    assert conflict.copy == copy.name


def test_a_conflict_copy_is_never_uploaded_and_may_be_edited(world: World) -> None:
    world.sync()
    copy_of(world).write_bytes(b"here, edited")
    world.settle()
    world.box.log.clear()

    for _ in range(3):
        world.clock.advance(3600)
        report = world.sync()

    assert world.box.log.mutations() == ()
    assert copy_of(world).read_bytes() == b"here, edited"
    assert report.exit_code == 4


def test_a_conflict_ends_when_the_copy_is_deleted(world: World) -> None:
    world.sync()
    copy_of(world).unlink()

    report = world.sync()

    assert world.remote("Leaves")["a.tar.gz"] == b"there"
    assert (report.conflicts, report.exit_code) == (0, 0)
    assert_quiet(world)


def test_a_conflict_ends_with_both_when_the_copy_is_renamed(world: World) -> None:
    world.sync()
    copy_of(world).rename(world.root / "Leaves/mine.tar.gz")
    world.settle()

    report = world.sync()

    assert world.remote("Leaves")["a.tar.gz"] == b"there"
    assert world.remote("Leaves")["mine.tar.gz"] == b"here"
    assert (report.conflicts, report.exit_code) == (0, 0)
    assert_quiet(world)


def test_a_conflict_ends_with_the_local_one_when_the_copy_takes_the_name(
    world: World,
) -> None:
    world.sync()
    copy_of(world).rename(world.root / "Leaves/a.tar.gz")
    world.settle()

    report = world.sync()

    assert world.remote("Leaves")["a.tar.gz"] == b"here"
    assert len(world.remote("Leaves")) == 2
    assert (report.conflicts, report.exit_code) == (0, 0)
    assert_quiet(world)


def test_a_conflict_copy_is_known_by_its_name_when_the_state_is_lost(
    world: World,
) -> None:
    world.sync()
    shutil.rmtree(world.config.database.parent)
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert copy_of(world).read_bytes() == b"here"
    assert report.conflicts == 1
    assert report.exit_code == 4


def test_a_second_conflict_gets_a_copy_of_its_own(world: World) -> None:
    world.sync()
    (record,) = [
        file
        for file in world.box.web.files(int(world.item_id("Leaves")))
        if file.name == "a.tar.gz"
    ]
    world.drop("Leaves/a.tar.gz", b"here again")
    world.box.web.replace_file(record.id, b"there again")
    world.settle()

    report = world.sync()

    assert (world.root / "Leaves/a.tar.gz").read_bytes() == b"there again"
    contents = [p.read_bytes() for p in (world.root / "Leaves").glob("*conflict*")]
    assert sorted(contents) == [b"here", b"here again"]
    assert report.conflicts == 2


def test_equal_edits_on_both_sides_are_no_conflict(world: World) -> None:
    world.drop("Leaves/a.tar.gz", b"there")
    world.settle()

    report = world.sync()

    assert ("Adopt", "a.tar.gz") in results(report)
    assert (report.conflicts, report.exit_code) == (0, 0)
    assert report.bytes_down == 0
    assert_quiet(world)


def test_a_new_file_on_both_sides_with_other_bytes_is_a_conflict(world: World) -> None:
    world.sync()
    copy_of(world).unlink()
    world.drop("Leaves/new.csv", b"new here")
    world.box.web.add_file(int(world.item_id("Leaves")), "new.csv", b"new there")
    world.settle()

    report = world.sync()

    assert (world.root / "Leaves/new.csv").read_bytes() == b"new there"
    assert copy_of(world).read_bytes() == b"new here"
    assert world.trash() == []
    assert report.conflicts == 1


def test_a_conflict_copy_moved_to_another_folder_is_still_no_upload(
    world: World,
) -> None:
    world.sync()
    copy = copy_of(world)
    (world.root / "Leaves/deep").mkdir()
    copy.rename(world.root / "Leaves/deep" / copy.name)
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert report.conflicts == 1


def test_an_item_folder_of_conflict_copies_alone_is_no_new_item(world: World) -> None:
    world.sync()
    copy = copy_of(world)
    (world.root / "Elsewhere").mkdir()
    copy.rename(world.root / "Elsewhere" / copy.name)
    world.settle()

    world.sync()

    assert len(world.box.web.item_ids()) == 1
