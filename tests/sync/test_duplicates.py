"""Several records under one path, and two computers that mirror one account."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.sandbox import Fault
from figsync.sandbox.files import NewFile
from tests.sync.seen import approve, assert_quiet, results
from tests.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, deletions__grace="0")


def both(tmp_path: Path) -> tuple[World, World]:
    """Return two computers that mirror one account, in sync."""
    here = World(tmp_path / "here", deletions__grace="0")
    there = World(tmp_path / "there", beside=here, deletions__grace="0")
    item = here.box.web.create_item("Leaves")
    here.box.web.add_files(item, {"a.csv": b"old a", "b.csv": b"old b", "c": b"c"})
    for world in (here, there):
        assert world.sync().exit_code == 0
    return here, there


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()


def settle_down(*worlds: World) -> None:
    """Sync every computer in turn until nobody has anything left to do."""
    for _ in range(4):
        for world in worlds:
            world.clock.advance(60)
            world.sync()


# Several records under one path


def test_the_newest_of_two_records_owns_the_name(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    old = world.box.web.add_file(item, "a.csv", b"old")
    world.box.web.add_file(item, "a.csv", b"new")

    report = world.sync()

    tree = {"Leaves/a.csv": b"new", f"Leaves/a (#{old}).csv": b"old"}
    assert world.tree() == tree
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_second_record_of_one_name_deletes_no_record(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    old = world.box.web.add_file(item, "a.csv", b"old")
    world.sync()
    world.box.web.add_file(item, "a.csv", b"new")
    world.clock.advance(60)

    world.sync()

    assert world.tree()["Leaves/a.csv"] == b"new"
    assert world.tree()[f"Leaves/a (#{old}).csv"] == b"old"
    assert len(world.box.web.files(item)) == 2
    assert_quiet(world)


def test_an_edit_supersedes_the_owner_of_the_name_only(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    old = world.box.web.add_file(item, "a.csv", b"old")
    new = world.box.web.add_file(item, "a.csv", b"new")
    world.sync()
    world.drop("Leaves/a.csv", b"edited")
    world.settle()

    world.sync()

    ids = {record.id for record in world.box.web.files(item)}
    assert old in ids
    assert new not in ids
    assert len(ids) == 2
    assert world.tree()[f"Leaves/a (#{old}).csv"] == b"old"
    assert_quiet(world)


def test_an_edit_of_the_one_beside_supersedes_that_record_only(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    old = world.box.web.add_file(item, "a.csv", b"old")
    new = world.box.web.add_file(item, "a.csv", b"new")
    world.sync()
    world.drop(f"Leaves/a (#{old}).csv", b"old, edited")
    world.settle()

    world.sync()
    world.clock.advance(60)
    world.sync()

    contents = {world.box.web.content(f.id) for f in world.box.web.files(item)}
    assert contents == {b"new", b"old, edited"}
    assert new in {f.id for f in world.box.web.files(item)}
    assert set(world.tree().values()) == contents
    assert_quiet(world)


def test_deleting_the_one_beside_deletes_that_record_only(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    old = world.box.web.add_file(item, "a.csv", b"old")
    world.box.web.add_file(item, "a.csv", b"new")
    world.sync()
    (world.root / f"Leaves/a (#{old}).csv").unlink()
    world.clock.advance(60)

    world.sync()

    assert [world.box.web.content(f.id) for f in world.box.web.files(item)] == [b"new"]
    assert world.tree() == {"Leaves/a.csv": b"new"}
    assert_quiet(world)


def test_deleting_the_owner_lets_the_other_have_the_name(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.csv", b"old")
    new = world.box.web.add_file(item, "a.csv", b"new")
    world.sync()
    world.box.web.delete_file(new)
    world.clock.advance(60)

    world.sync()
    world.clock.advance(60)
    world.sync()

    assert world.tree() == {"Leaves/a.csv": b"old"}
    assert b"new" in world.trash()
    assert len(world.box.web.files(item)) == 1
    assert_quiet(world)


def test_equal_twins_show_once_and_an_edit_leaves_the_other_twin(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    first = world.box.web.add_file(item, "a.csv", b"same")
    world.box.web.add_file(item, "a.csv", b"same")
    world.sync()
    assert world.tree() == {"Leaves/a.csv": b"same"}
    world.drop("Leaves/a.csv", b"edited")
    world.settle()

    world.sync()
    world.clock.advance(60)
    world.sync()

    assert first in {record.id for record in world.box.web.files(item)}
    assert world.box.web.tree(item)["a.csv"] in (b"edited", b"same")
    assert world.tree()["Leaves/a.csv"] == b"edited"
    assert_quiet(world)


def test_duplicates_cost_no_transfer_when_the_state_is_lost(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    for content in (b"old", b"older than new", b"new"):
        world.box.web.add_file(item, "a.csv", content)
    world.sync()
    before = world.tree()
    assert len(before) == 3
    world.config.database.unlink()

    report = world.sync()

    assert world.tree() == before
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert_quiet(world)


def test_somebody_elses_unfinished_upload_is_neither_present_nor_gone(
    world: World,
) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.csv", b"old")
    world.sync()
    other = world.box.web.start_upload(item, NewFile("b.csv", 100))
    second = world.box.web.start_upload(item, NewFile("a.csv", 100))
    world.clock.advance(60)
    world.box.log.clear()

    report = world.sync()
    world.clock.advance(2 * DAY)
    world.sync()

    assert world.box.log.mutations() == ()
    assert world.tree() == {"Leaves/a.csv": b"old"}
    assert {other, second} <= {record.id for record in world.box.web.files(item)}
    assert report.exit_code == 0


def test_an_edit_beside_somebody_elses_unfinished_upload_goes_up(
    world: World,
) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.csv", b"old")
    world.sync()
    other = world.box.web.start_upload(item, NewFile("a.csv", 100))
    world.drop("Leaves/a.csv", b"edited")
    world.settle()

    world.sync()
    world.clock.advance(60)
    world.sync()

    assert world.box.web.tree(item) == {"a.csv": b"edited"}
    assert other in {record.id for record in world.box.web.files(item)}


def test_a_crash_between_proof_and_deletion_leaves_one_record_in_the_end(
    world: World,
) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.csv", b"old")
    world.sync()
    world.drop("Leaves/a.csv", b"edited")
    world.settle()
    world.box.fail_next(Fault("api", "DELETE", status=500, times=20))
    world.sync()
    assert len(world.box.web.files(item)) == 2

    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    world.sync()

    (record,) = world.box.web.files(item)
    assert world.box.web.content(record.id) == b"edited"
    assert world.tree() == {"Leaves/a.csv": b"edited"}
    assert_quiet(world)


# Two computers


def test_what_one_computer_adds_the_other_gets(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.drop("New/x.csv", b"x")
    here.drop("Leaves/deep/d.csv", b"d")
    here.settle()

    settle_down(here, there)

    assert here.tree() == there.tree()
    assert there.tree()["New/x.csv"] == b"x"
    assert_quiet(here)
    assert_quiet(there)


def test_edits_of_different_files_meet(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.drop("Leaves/a.csv", b"a, here")
    there.drop("Leaves/b.csv", b"b, there")
    here.settle()

    settle_down(here, there)

    assert here.tree() == there.tree()
    assert here.tree()["Leaves/a.csv"] == b"a, here"
    assert here.tree()["Leaves/b.csv"] == b"b, there"
    assert len(here.box.web.files(int(here.item_id("Leaves")))) == 3
    assert_quiet(here)
    assert_quiet(there)


def test_edits_of_one_file_one_after_the_other_lose_no_byte(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.drop("Leaves/a.csv", b"a, here")
    there.drop("Leaves/a.csv", b"a, there")
    here.settle()

    settle_down(here, there)

    assert here.remote("Leaves")["a.csv"] == b"a, here"
    assert here.tree()["Leaves/a.csv"] == there.tree()["Leaves/a.csv"] == b"a, here"
    assert b"a, there" in there.tree().values()
    assert len(here.box.web.files(int(here.item_id("Leaves")))) == 3


def test_edits_of_one_file_at_the_same_moment_lose_no_byte(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.drop("Leaves/a.csv", b"a, here")
    there.drop("Leaves/a.csv", b"a, there")
    here.settle()
    item = int(here.item_id("Leaves"))
    # The other computer's record arrives while this one's plan is being made.
    here.box.fail_next(Fault("api", "DELETE", status=500, times=20))
    here.sync()
    here.box.world.faults.clear()

    settle_down(there, here)
    here.clock.advance(HOUR)
    settle_down(there, here)

    everywhere = [*here.tree().values(), *there.tree().values()]
    remote = [here.box.web.content(f.id) for f in here.box.web.files(item)]
    assert b"a, here" in remote
    assert b"a, there" in everywhere + remote
    assert here.tree()["Leaves/a.csv"] == there.tree()["Leaves/a.csv"]


def test_new_files_of_one_name_and_other_bytes_lose_no_byte(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.drop("Leaves/new.csv", b"new, here")
    there.drop("Leaves/new.csv", b"new, there")
    here.settle()

    settle_down(here, there)

    everywhere = {*here.tree().values(), *there.tree().values()}
    assert {b"new, here", b"new, there"} <= everywhere
    assert here.tree()["Leaves/new.csv"] == there.tree()["Leaves/new.csv"]


def test_new_files_of_one_name_and_equal_bytes_are_one_record(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.drop("Leaves/new.csv", b"new")
    there.drop("Leaves/new.csv", b"new")
    here.settle()

    settle_down(here, there)

    assert len(here.box.web.files(int(here.item_id("Leaves")))) == 4
    assert here.tree() == there.tree()
    assert_quiet(here)
    assert_quiet(there)


def test_a_deletion_on_one_computer_follows_on_the_other(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    (here.root / "Leaves/a.csv").unlink()
    here.clock.advance(60)

    settle_down(here, there)

    assert set(here.tree()) == set(there.tree()) == {"Leaves/b.csv", "Leaves/c"}
    assert b"old a" in there.trash()
    assert_quiet(here)
    assert_quiet(there)


def test_a_deletion_on_one_computer_and_an_edit_on_the_other_keep_the_edit(
    tmp_path: Path,
) -> None:
    here, there = both(tmp_path)
    (here.root / "Leaves/a.csv").unlink()
    there.drop("Leaves/a.csv", b"edited there")
    here.settle()

    settle_down(here, there)

    assert here.remote("Leaves")["a.csv"] == b"edited there"
    assert here.tree() == there.tree()
    assert_quiet(here)
    assert_quiet(there)


def test_a_new_folder_of_one_name_on_both_computers_is_lost_on_neither(
    tmp_path: Path,
) -> None:
    here, there = both(tmp_path)
    here.drop("New/x.csv", b"x, here")
    there.drop("New/y.csv", b"y, there")
    here.settle()

    settle_down(here, there)

    for world in (here, there):
        assert {b"x, here", b"y, there"} <= set(world.tree().values())
        assert_quiet(world)


def test_a_folder_deleted_on_one_computer_leaves_the_other_alone(
    tmp_path: Path,
) -> None:
    here, there = both(tmp_path)
    here.box.web.add_file(here.box.web.create_item("Other"), "o.csv", b"o")
    settle_down(here, there)
    before = there.tree()
    for path in list(here.tree()):
        if path.startswith("Leaves/"):
            (here.root / path).unlink()
    (here.root / "Leaves/.figshare/record.json").unlink()
    (here.root / "Leaves/.figshare").rmdir()
    (here.root / "Leaves").rmdir()

    settle_down(here, there)
    assert there.tree() == before

    assert approve(here) == 1
    settle_down(here, there)
    assert here.tree() == there.tree() == {"Other/o.csv": b"o"}
    assert b"old a" in there.trash()


def test_both_computers_rename_nothing_twice(tmp_path: Path) -> None:
    here, there = both(tmp_path)
    here.box.web.edit_item(int(here.item_id("Leaves")), title="Needles")
    here.clock.advance(60)

    settle_down(here, there)

    assert here.tree() == there.tree()
    assert set(here.tree()) == {"Needles/a.csv", "Needles/b.csv", "Needles/c"}
    assert results(here.sync()) == []
