"""What a person deletes follows, late and after guards; what they decide holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from figsync.sandbox import Fault
from figsync.sync.engine import Wish, sync_once
from tests.sync.seen import (
    approve,
    approve_after_all,
    assert_quiet,
    for_a_person,
    listed,
    reasons,
    reject,
    results,
    waiting,
)
from tests.world import HOUR, World

DAY = 24 * HOUR


def soil_and_leaves(
    tmp_path: Path, *, grace: str = "24h", items: str = "hold", files: str = "propagate"
) -> World:
    """Return a mirror of two drafts with four files each, in sync."""
    world = World(
        tmp_path,
        deletions__grace=grace,
        deletions__items=items,
        deletions__files=files,
    )
    for title in ("Soil cores", "Leaves"):
        item = world.box.web.create_item(title)
        names = ("a.csv", "b.csv", "raw/c.csv", "raw/d.csv")
        world.box.web.add_files(item, {name: (title + name).encode() for name in names})
    assert world.sync().exit_code == 0
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return soil_and_leaves(tmp_path)


def deletions_sent(world: World) -> int:
    return world.box.log.count("api", "DELETE")


# The grace period


def test_a_deleted_file_stays_on_figshare_for_a_day(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    report = world.sync()
    assert waiting(report) == [("DeleteRemote", "a.csv")]
    assert report.exit_code == 0

    world.clock.advance(23 * HOUR)
    world.sync()
    assert "a.csv" in world.remote("Leaves")

    world.clock.advance(2 * HOUR)
    world.sync()
    assert set(world.remote("Leaves")) == {"b.csv", "raw/c.csv", "raw/d.csv"}
    assert_quiet(world)


def test_a_file_put_back_within_the_grace_period_is_never_deleted(
    world: World,
) -> None:
    content = (world.root / "Leaves/a.csv").read_bytes()
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    world.clock.advance(23 * HOUR)
    world.sync()
    world.drop("Leaves/a.csv", content)
    world.clock.advance(2 * DAY)
    world.box.log.clear()

    report = world.sync()

    assert deletions_sent(world) == 0
    assert world.box.log.mutations() == ()
    assert report.exit_code == 0
    assert_quiet(world)


def test_the_grace_period_begins_anew_when_the_file_was_back_in_between(
    world: World,
) -> None:
    content = (world.root / "Leaves/a.csv").read_bytes()
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    world.clock.advance(23 * HOUR)
    world.drop("Leaves/a.csv", content)
    world.sync()
    (world.root / "Leaves/a.csv").unlink()
    world.clock.advance(2 * HOUR)

    world.sync()
    world.clock.advance(22 * HOUR)
    world.sync()

    assert "a.csv" in world.remote("Leaves")


def test_one_scan_alone_never_deletes(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, grace="0")
    (world.root / "Leaves/a.csv").unlink()
    world.box.log.clear()

    with world.mirror() as mirror:
        sync_once(mirror, Wish())
        assert deletions_sent(world) == 0
        sync_once(mirror, Wish())

    assert "a.csv" not in world.remote("Leaves")
    assert deletions_sent(world) == 1


def test_a_deletion_here_meets_an_edit_there_and_the_edit_comes_down(
    world: World,
) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.replace_file(record.id, b"edited there")
    world.clock.advance(2 * DAY)

    world.sync()

    assert (world.root / "Leaves/a.csv").read_bytes() == b"edited there"
    assert world.remote("Leaves")["a.csv"] == b"edited there"
    assert_quiet(world)


def test_a_deletion_there_meets_an_edit_here_and_the_edit_goes_up(
    world: World,
) -> None:
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.delete_file(record.id)
    world.drop("Leaves/a.csv", b"edited here")
    world.settle()

    world.sync()

    assert world.remote("Leaves")["a.csv"] == b"edited here"
    assert world.trash() == []
    assert_quiet(world)


def test_a_file_deleted_on_both_sides_is_forgotten(world: World) -> None:
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.delete_file(record.id)
    (world.root / "Leaves/a.csv").unlink()
    world.clock.advance(60)

    report = world.sync()

    assert ("Forget", "a.csv") in results(report)
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_refused_deletion_is_not_tried_for_ever(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    world.clock.advance(2 * DAY)
    world.box.fail_next(Fault("api", "DELETE", status=403, times=1000))

    report = world.sync()

    assert "a.csv" in world.remote("Leaves")
    assert report.exit_code == 4
    assert deletions_sent(world) <= 2


# Moves


def test_a_file_moved_within_its_item_needs_no_grace(world: World) -> None:
    (world.root / "Leaves/raw/c.csv").rename(world.root / "Leaves/c moved.csv")
    world.settle()

    report = world.sync()

    remote = world.remote("Leaves")
    assert remote["c moved.csv"] == b"Leavesraw/c.csv"
    assert "raw/c.csv" not in remote
    assert report.exit_code == 0
    assert_quiet(world)


def test_moving_every_file_of_an_item_is_no_mass_deletion(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(40)})
    world.sync()
    (world.root / "Leaves/deeper").mkdir()
    for number in range(40):
        name = f"{number}.csv"
        (world.root / "Leaves" / name).rename(world.root / "Leaves/deeper" / name)
    world.settle()

    report = world.sync()

    expected = {f"deeper/{n}.csv": b"%d" % n for n in range(40)}
    assert world.remote("Leaves") == expected
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_file_moved_to_another_item_goes_up_at_once_and_leaves_after_the_grace(
    world: World,
) -> None:
    (world.root / "Leaves/a.csv").rename(world.root / "Soil cores/moved.csv")
    world.settle()

    world.sync()

    assert world.remote("Soil cores")["moved.csv"] == b"Leavesa.csv"
    assert world.remote("Leaves")["a.csv"] == b"Leavesa.csv"
    world.clock.advance(2 * DAY)
    world.sync()
    assert "a.csv" not in world.remote("Leaves")
    assert_quiet(world)


def test_many_files_moved_to_another_item_are_outside_the_guards_once_proven(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, deletions__grace="1h")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.box.web.add_file(world.box.web.create_item("Soil cores"), "x", b"x")
    world.sync()
    for number in range(30):
        name = f"{number}.csv"
        (world.root / "Leaves" / name).rename(world.root / "Soil cores" / name)
    world.settle()

    world.sync()
    world.clock.advance(2 * HOUR)
    report = world.sync()

    assert report.exit_code == 0
    assert len(world.remote("Soil cores")) == 31
    assert len(world.remote("Leaves")) == 30
    assert_quiet(world)


# Approving and rejecting


def test_an_approval_deletes_what_was_shown_and_nothing_added_later(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.sync()
    for number in range(30):
        (world.root / f"Leaves/{number}.csv").unlink()
    world.sync()
    assert approve(world) == 30
    for number in range(30, 58):
        (world.root / f"Leaves/{number}.csv").unlink()

    report = world.sync()

    assert len(world.remote("Leaves")) == 30
    assert len(for_a_person(report)) == 28
    assert "58 of" in reasons(report) or "28 of" in reasons(report)


def test_an_approval_does_not_cover_the_same_path_with_other_bytes(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Leaves")
    ids = world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.sync()
    for number in range(30):
        (world.root / f"Leaves/{number}.csv").unlink()
    world.sync()
    approve(world)
    world.box.web.replace_file(ids[0], b"edited there")
    world.clock.advance(60)

    world.sync()

    assert world.remote("Leaves")["0.csv"] == b"edited there"
    assert len(world.remote("Leaves")) == 31
    assert (world.root / "Leaves/0.csv").read_bytes() == b"edited there"


def test_an_approval_does_not_shorten_the_grace_period(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.sync()
    for number in range(30):
        (world.root / f"Leaves/{number}.csv").unlink()
    world.sync()
    approve(world)

    world.sync()
    assert len(world.remote("Leaves")) == 60

    world.clock.advance(DAY + HOUR)
    report = world.sync()
    assert len(world.remote("Leaves")) == 30
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_rejected_deletion_brings_the_files_back(tmp_path: Path) -> None:
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.sync()
    before = world.tree()
    for number in range(30):
        (world.root / f"Leaves/{number}.csv").unlink()
    world.sync()
    reject(world)
    world.box.log.clear()

    report = world.sync()

    assert world.tree() == before
    assert world.box.log.mutations() == ()
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_deletion_that_waits_can_be_rejected_too(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    reject(world)

    world.sync()

    assert (world.root / "Leaves/a.csv").read_bytes() == b"Leavesa.csv"
    world.clock.advance(2 * DAY)
    assert_quiet(world)


def with_an_orphaned_folder(world: World) -> None:
    """Delete an item on Figshare of which one file was edited here."""
    world.drop("Leaves/a.csv", b"edited here")
    world.settle()
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.sync()
    world.clock.advance(60)
    assert for_a_person(world.sync()) == [("SetAsideRecord", "")]


def test_rejecting_a_new_draft_leaves_the_orphaned_folder_as_it_is(
    world: World,
) -> None:
    with_an_orphaned_folder(world)
    before = world.tree()
    reject(world)

    report = world.sync()

    assert listed(report) == [("SetAsideRecord", "")]
    assert "approve to make one after all" in reasons(report)
    assert report.exit_code == 0
    assert world.tree() == before
    assert_quiet(world)


def test_an_orphaned_folder_that_was_left_can_become_a_draft_after_all(
    world: World,
) -> None:
    with_an_orphaned_folder(world)
    reject(world)
    world.sync()
    approve_after_all(world)

    report = world.sync()

    assert world.remote("Leaves") == {"a.csv": b"edited here"}
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_rejected_deletion_on_figshare_sends_the_files_up_again(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    ids = world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.sync()
    before, remote = world.tree(), world.remote("Leaves")
    for file_id in ids[:30]:
        world.box.web.delete_file(file_id)
    world.clock.advance(60)
    assert len(for_a_person(world.sync())) == 30
    reject(world)

    report = world.sync()

    assert world.tree() == before
    assert world.remote("Leaves") == remote
    assert world.trash() == []
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_file_brought_back_by_a_rejection_can_be_deleted_later(
    world: World,
) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    reject(world)
    world.sync()
    (world.root / "Leaves/a.csv").unlink()

    world.sync()
    world.clock.advance(2 * DAY)
    world.sync()

    assert "a.csv" not in world.remote("Leaves")
    assert_quiet(world)


def test_a_lost_reply_to_a_deletion_is_no_failure_the_next_time(
    tmp_path: Path,
) -> None:
    world = soil_and_leaves(tmp_path, grace="0")
    (world.root / "Leaves/a.csv").unlink()
    world.clock.advance(60)
    world.box.fail_next(Fault("api", "DELETE", status=500, after_effect=True))

    world.sync()
    world.clock.advance(HOUR)
    report = world.sync()

    assert "a.csv" not in world.remote("Leaves")
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_partial_sync_brings_no_deletion_elsewhere_nearer(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync("Soil cores")
    world.clock.advance(2 * DAY)
    world.sync("Soil cores")

    report = world.sync()

    assert "a.csv" in world.remote("Leaves")
    assert waiting(report) == [("DeleteRemote", "a.csv")]


# Items


def test_a_deleted_item_folder_is_held_and_nothing_is_deleted(world: World) -> None:
    remote = world.remote("Leaves")
    shutil.rmtree(world.root / "Leaves")
    world.box.log.clear()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.remote("Leaves") == remote
    assert for_a_person(report) == [("DeleteItem", "")]
    assert "items = hold" in reasons(report)
    assert report.exit_code == 4


def test_approving_a_deleted_folder_deletes_the_draft(world: World) -> None:
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.clock.advance(2 * DAY)
    world.sync()
    assert approve(world) == 1

    report = world.sync()

    assert len(world.box.web.item_ids()) == 1
    assert report.exit_code == 0
    assert not (world.root / "Leaves").exists()
    assert_quiet(world)


def test_rejecting_a_deleted_folder_brings_the_item_back(world: World) -> None:
    before = world.tree()
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.clock.advance(2 * DAY)
    world.sync()
    reject(world)

    report = world.sync()

    assert world.tree() == before
    assert report.exit_code == 0
    assert len(world.box.web.item_ids()) == 2
    assert_quiet(world)


def test_an_item_that_got_more_files_is_not_deleted_by_an_old_approval(
    world: World,
) -> None:
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.clock.advance(2 * DAY)
    world.sync()
    approve(world)
    item = int(world.item_id("Leaves"))
    world.box.web.add_file(item, "new.csv", b"new there")
    world.clock.advance(60)

    world.sync()

    assert world.remote("Leaves")["new.csv"] == b"new there"
    assert len(world.remote("Leaves")) == 5


def test_a_folder_that_returns_is_linked_again_by_itself(world: World) -> None:
    elsewhere = (world.root / "Leaves").rename(world.folder / "elsewhere")
    world.sync()
    world.clock.advance(2 * DAY)
    world.sync()
    elsewhere.rename(world.root / "Leaves")
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert report.exit_code == 0
    assert_quiet(world)


def test_items_propagate_deletes_a_draft_after_the_grace_period(
    tmp_path: Path,
) -> None:
    world = soil_and_leaves(tmp_path, items="propagate")
    shutil.rmtree(world.root / "Leaves")

    report = world.sync()
    assert waiting(report) == [("DeleteItem", "")]
    assert len(world.box.web.item_ids()) == 2

    world.clock.advance(2 * DAY)
    world.sync()
    assert len(world.box.web.item_ids()) == 1
    assert_quiet(world)


def test_items_propagate_stops_before_an_item_with_unsynced_files(
    tmp_path: Path,
) -> None:
    world = soil_and_leaves(tmp_path, items="propagate")
    world.box.web.add_file(int(world.item_id("Leaves")), "new.csv", b"new there")
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.clock.advance(2 * DAY)

    report = world.sync()

    assert len(world.remote("Leaves")) == 5
    assert for_a_person(report) == [("DeleteItem", "")]
    assert "approving only stops mirroring it" in reasons(report)


@pytest.mark.parametrize("items", ["hold", "propagate"])
def test_a_public_item_is_never_deleted(tmp_path: Path, items: str) -> None:
    world = soil_and_leaves(tmp_path, items=items)
    world.box.web.publish(int(world.item_id("Leaves")))
    world.clock.advance(60)
    world.sync()
    remote = world.remote("Leaves")
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()
    assert "Figshare does not delete public items" in reasons(report)
    approve(world)
    world.box.log.clear()

    report = world.sync()

    assert deletions_sent(world) == 0
    assert world.remote("Leaves") == remote
    assert report.exit_code == 0
    assert not (world.root / "Leaves").exists()
    assert_quiet(world)


def test_items_keep_leaves_both_sides_alone(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, items="keep")
    remote = world.remote("Leaves")
    shutil.rmtree(world.root / "Leaves")
    world.box.web.delete_item(int(world.item_id("Soil cores")))
    world.clock.advance(2 * DAY)
    world.box.log.clear()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.remote("Leaves") == remote
    assert not (world.root / "Leaves").exists()
    assert (world.root / "Soil cores/a.csv").exists()
    assert for_a_person(report) == []
    assert report.exit_code == 0


def test_files_keep_leaves_both_sides_alone(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, files="keep")
    (world.root / "Leaves/a.csv").unlink()
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "b.csv"]
    world.box.web.delete_file(record.id)
    world.clock.advance(2 * DAY)
    world.box.log.clear()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert "a.csv" in world.remote("Leaves")
    assert not (world.root / "Leaves/a.csv").exists()
    assert (world.root / "Leaves/b.csv").read_bytes() == b"Leavesb.csv"
    assert set(listed(report)) == {("DeleteRemote", "a.csv"), ("TrashLocal", "b.csv")}
    assert report.exit_code == 0


def test_an_item_deleted_on_figshare_goes_to_the_trash(world: World) -> None:
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.clock.advance(60)

    report = world.sync()

    assert not (world.root / "Leaves").exists()
    assert b"Leavesraw/c.csv" in world.trash()
    assert len(world.tree()) == 4
    assert report.exit_code == 0
    assert_quiet(world)


def test_an_item_deleted_on_figshare_is_found_under_its_folders_new_name(
    world: World,
) -> None:
    world.box.web.delete_item(int(world.item_id("Leaves")))
    (world.root / "Leaves").rename(world.root / "My leaves")
    world.clock.advance(60)

    report = world.sync()

    assert {path.split("/")[0] for path in world.tree()} == {"Soil cores"}
    assert b"Leavesa.csv" in world.trash()
    assert report.exit_code == 0
    assert_quiet(world)


def test_what_was_edited_in_a_deleted_item_stays_and_approval_makes_a_new_draft(
    world: World,
) -> None:
    old = world.item_id("Leaves")
    world.drop("Leaves/a.csv", b"edited here")
    world.drop("Leaves/new.csv", b"new here")
    world.settle()
    world.box.web.delete_item(int(old))
    world.clock.advance(60)

    report = world.sync()

    assert (world.root / "Leaves/a.csv").read_bytes() == b"edited here"
    assert (world.root / "Leaves/new.csv").read_bytes() == b"new here"
    assert not (world.root / "Leaves/b.csv").exists()
    assert b"Leavesb.csv" in world.trash()
    assert "its item was deleted on Figshare" in reasons(report)
    assert report.exit_code == 4
    world.clock.advance(2 * DAY)
    assert world.sync().exit_code == 4
    assert len(world.box.web.item_ids()) == 1

    assert approve(world) == 1
    world.sync()
    world.settle()
    report = world.sync()

    assert world.remote("Leaves") == {"a.csv": b"edited here", "new.csv": b"new here"}
    assert world.item_id("Leaves") != old
    assert report.exit_code == 0
    assert_quiet(world)


def test_an_item_gone_on_both_sides_is_forgotten(world: World) -> None:
    world.box.web.delete_item(int(world.item_id("Leaves")))
    shutil.rmtree(world.root / "Leaves")
    world.clock.advance(60)

    report = world.sync()

    assert report.exit_code == 0
    assert for_a_person(report) == []
    assert_quiet(world)


def test_figsync_removes_only_folders_it_made_and_emptied(world: World) -> None:
    (world.root / "Leaves/mine").mkdir()
    item = int(world.item_id("Leaves"))
    for record in world.box.web.files(item):
        if record.folder == "raw":
            world.box.web.delete_file(record.id)
    world.clock.advance(60)

    world.sync()

    assert not (world.root / "Leaves/raw").exists()
    assert (world.root / "Leaves/mine").is_dir()


@pytest.mark.parametrize("left", ["ignored files", "an empty folder"])
def test_what_nobody_looks_at_makes_no_orphan_of_a_deleted_items_folder(
    world: World, left: str
) -> None:
    mine = world.root / "Leaves/mine"
    mine.mkdir()
    if left == "ignored files":
        (mine / ".DS_Store").write_bytes(b"of the file manager")
        (mine / "notes.swp").write_bytes(b"of the editor")
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.clock.advance(60)

    report = world.sync()

    assert report.exit_code == 0
    assert for_a_person(report) == []
    kept = {path.name for path in (world.root / "Leaves").rglob("*")}
    assert kept == {"mine"} | {path.name for path in mine.iterdir()}
    assert len(world.trash()) == 5
    assert_quiet(world)
    assert len(world.box.web.item_ids()) == 1


def test_an_orphan_is_over_when_a_person_took_away_what_was_left(
    world: World,
) -> None:
    mine = world.drop("Leaves/a.csv", b"edited here")
    world.settle()
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.clock.advance(60)
    assert world.sync().exit_code == 4
    (world.root / "Leaves/.DS_Store").write_bytes(b"of the file manager")
    mine.unlink()

    assert world.sync().exit_code == 0

    assert_quiet(world)
