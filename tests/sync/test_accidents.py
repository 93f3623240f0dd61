"""Each accident once: nothing is deleted, nothing is doubled, the message helps."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from figsync.errors import FigsyncError, MirrorOwned, NeedsPerson, StateDamaged
from figsync.sandbox import Fault
from figsync.sync.engine import Wish, sync_once
from tests.sync.liar import lying
from tests.sync.seen import (
    approve,
    assert_quiet,
    everything,
    for_a_person,
    reasons,
    reject,
    results,
    waiting,
)
from tests.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a mirror of two items with three files each, in sync."""
    world = World(tmp_path)
    for title in ("Soil cores", "Leaves"):
        item = world.box.web.create_item(title)
        names = ("a.csv", "b.csv", "raw/c.csv")
        world.box.web.add_files(item, {name: (title + name).encode() for name in names})
    assert world.sync().exit_code == 0
    return world


def many(tmp_path: Path, *, each: int = 25, grace: str = "24h") -> World:
    """Return a mirror of four items of *each* so many files, in sync."""
    world = World(tmp_path, deletions__grace=grace)
    for number in range(4):
        item = world.box.web.create_item(f"Item {number}")
        files = {f"f{n:03}": f"{number} {n}".encode() for n in range(each)}
        world.box.web.add_files(item, files)
    assert world.sync().exit_code == 0
    return world


def remote_trees(world: World) -> dict[int, dict[str, bytes]]:
    web = world.box.web
    return {item_id: web.tree(item_id) for item_id in web.item_ids()}


def record_path(world: World, folder: str) -> Path:
    return world.root / folder / ".figshare/record.json"


def assert_stopped(world: World, remedy: str) -> FigsyncError:
    """Sync, and check that it stops before anything changes on either side."""
    local, remote = everything(world.folder / "mirror"), remote_trees(world)
    world.box.log.clear()

    with pytest.raises(FigsyncError) as caught:
        world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    after = everything(world.folder / "mirror")
    own = ".figsync"
    assert {p: s for p, s in after.items() if not p.startswith(own)} == {
        p: s for p, s in local.items() if not p.startswith(own)
    }
    assert caught.value.exit_code == 4
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


# The root


def test_an_emptied_root_stops_everything(world: World) -> None:
    for path in world.tree():
        (world.root / path).unlink()

    assert_stopped(world, "figsync approve --scope")


def test_a_root_in_which_only_ignored_files_are_left_is_emptied_too(
    world: World,
) -> None:
    for path in world.tree():
        (world.root / path).unlink()
    world.drop("Leaves/.DS_Store", b"of the file manager")
    world.drop("Leaves/raw/desktop.ini", b"of another one")

    assert_stopped(world, "figsync approve --scope")


def test_a_root_whose_item_folders_are_gone_stops_everything(world: World) -> None:
    for folder in ("Soil cores", "Leaves"):
        shutil.rmtree(world.root / folder)

    assert_stopped(world, "bring the files back")


def test_a_missing_root_stops_everything_and_is_not_made_again(world: World) -> None:
    world.root.rename(world.folder / "elsewhere")

    assert_stopped(world, "mount or move the right folder back")

    assert not world.root.exists()


def test_a_root_that_is_a_file_stops_everything(world: World) -> None:
    world.root.rename(world.folder / "elsewhere")
    world.root.write_bytes(b"precious")

    assert_stopped(world, "mount or move the right folder back")

    assert world.root.read_bytes() == b"precious"


def test_a_root_replaced_by_a_symlink_to_an_empty_folder_stops_everything(
    world: World,
) -> None:
    world.root.rename(world.folder / "elsewhere")
    (world.folder / "empty").mkdir()
    world.root.symlink_to(world.folder / "empty")

    assert_stopped(world, "mount or move the right folder back")

    assert list((world.folder / "empty").iterdir()) == []


def test_a_symlinked_root_works_until_the_link_points_elsewhere(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    (tmp_path / "disk").mkdir()
    world.root.symlink_to(tmp_path / "disk")
    world.drop("Leaves/a.csv", b"1,2")
    world.drop("Leaves/b.csv", b"3,4")
    world.settle()
    assert world.sync().exit_code == 0
    assert_quiet(world)
    world.root.unlink()
    (tmp_path / "another").mkdir()
    world.root.symlink_to(tmp_path / "another")

    assert_stopped(world, "mount or move the right folder back")

    assert list((tmp_path / "another").iterdir()) == []


def test_another_mirror_in_the_place_of_the_root_stops_everything(
    world: World, tmp_path: Path
) -> None:
    other = World(tmp_path / "other", beside=world)
    other.sync()
    world.root.rename(world.folder / "elsewhere")
    other.root.rename(world.root)

    error = assert_stopped(world, "mount or move the right folder back")

    assert "its marker is another one" in str(error)


def test_an_empty_folder_in_the_place_of_the_root_stops_everything(
    world: World,
) -> None:
    world.root.rename(world.folder / "elsewhere")
    world.root.mkdir()

    error = assert_stopped(world, "mount or move the right folder back")

    assert "its marker is missing" in str(error)
    assert list(world.root.iterdir()) == []


def test_a_removed_marker_stops_everything(world: World) -> None:
    for path in (world.root / ".figsync").glob("*"):
        if path.is_file():
            path.unlink()

    assert_stopped(world, "start over with another [state] database")


def test_a_damaged_marker_stops_everything(world: World) -> None:
    (marker,) = (world.root / ".figsync").glob("*arker*")
    marker.write_bytes(b"\x00garbage")

    with pytest.raises(FigsyncError):
        world.sync()

    assert len(remote_trees(world)) == 2


def test_a_moved_root_is_found_again_once_the_configuration_names_it(
    world: World,
) -> None:
    world.root = world.root.rename(world.folder / "moved")
    world.configure(mirror__root=str(world.root))

    report = world.sync()

    assert report.exit_code == 0
    assert_quiet(world)


def test_a_root_moved_in_the_configuration_to_nowhere_stops_everything(
    world: World,
) -> None:
    world.configure(mirror__root=str(world.folder / "new"))

    assert_stopped(world, "mount or move the right folder back")

    assert not (world.folder / "new").exists()


# Account and API


def test_another_accounts_token_stops_everything(world: World) -> None:
    world.box.add_account("another-token")
    world.token = "another-token"

    assert_stopped(world, "use the token of the first account")


def test_another_api_address_stops_everything(world: World) -> None:
    with world.served():
        error = assert_stopped(world, "use the token of the first account")

    assert "this mirror belongs to account" in str(error)


def test_another_accounts_token_stops_a_mirror_that_lost_its_state(
    world: World,
) -> None:
    world.box.add_account("another-token")
    world.token = "another-token"
    shutil.rmtree(world.config.database.parent)

    error = assert_stopped(world, "use the token of the first account")

    assert "this folder mirrors account" in str(error)


def test_a_refused_token_changes_nothing(world: World) -> None:
    world.token = "wrong-token"
    local, remote = world.tree(), remote_trees(world)

    with pytest.raises(FigsyncError) as caught:
        world.sync()

    assert caught.value.exit_code == 6
    assert (world.tree(), remote_trees(world)) == (local, remote)


# Many at once


def test_300_of_1000_files_deleted_here_are_held_and_an_approval_covers_them(
    tmp_path: Path,
) -> None:
    world = many(tmp_path, each=250)
    remote = remote_trees(world)
    victims = [f"Item {n}/f{i:03}" for n in (0, 1, 2) for i in range(100)]
    for path in victims:
        (world.root / path).unlink()
    world.clock.advance(60)
    world.box.log.clear()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    assert len(for_a_person(report)) == 300
    assert "300 of 1000 files were deleted on this computer" in reasons(report)
    assert report.exit_code == 4

    assert approve(world) == 300
    (world.root / "Item 3/f000").unlink()
    world.sync()

    left = [len(tree) for tree in remote_trees(world).values()]
    assert sorted(left) == [150, 150, 150, 250]


def test_300_of_1000_files_deleted_on_the_web_are_held(tmp_path: Path) -> None:
    world = many(tmp_path, each=250)
    local = world.tree()
    for item in world.box.web.item_ids()[:3]:
        for record in world.box.web.files(item)[:100]:
            world.box.web.delete_file(record.id)
    world.clock.advance(60)

    world.sync()
    report = world.sync()

    assert world.tree() == local
    assert len(for_a_person(report)) == 300
    assert "300 of 1000 files were deleted on Figshare" in reasons(report)
    assert report.exit_code == 4

    approve(world)
    world.sync()

    assert len(world.tree()) == 700
    assert len(world.trash()) >= 300


def test_many_files_deleted_a_few_a_day_are_no_accident(tmp_path: Path) -> None:
    world = many(tmp_path, grace="1h")
    for day in range(3):
        for number in range(15):
            (world.root / f"Item {day}/f{number:03}").unlink()
        world.clock.advance(60)
        world.sync()
        world.clock.advance(DAY)
        assert world.sync().exit_code == 0

    assert sum(len(tree) for tree in remote_trees(world).values()) == 100 - 45


def test_deletions_in_small_portions_within_a_day_are_counted_together(
    tmp_path: Path,
) -> None:
    world = many(tmp_path, grace="0")
    for portion in range(4):
        for number in range(8):
            (world.root / f"Item {portion}/f{number:03}").unlink()
        world.clock.advance(HOUR)
        report = world.sync()

    left = sum(len(tree) for tree in remote_trees(world).values())
    assert left >= 100 - 25
    assert len(for_a_person(report)) >= 8
    assert report.exit_code == 4


def test_10_deleted_files_are_deleted_after_the_grace_period(tmp_path: Path) -> None:
    world = many(tmp_path)
    for number in range(10):
        (world.root / f"Item 0/f{number:03}").unlink()
    world.clock.advance(60)

    report = world.sync()

    assert len(waiting(report)) == 10
    assert report.exit_code == 0
    world.clock.advance(DAY + 60)
    assert world.sync().exit_code == 0
    assert len(world.remote("Item 0")) == 15
    assert_quiet(world)


def test_more_than_half_of_the_files_edited_at_once_are_held(tmp_path: Path) -> None:
    world = many(tmp_path)
    remote = remote_trees(world)
    for number in range(3):
        for i in range(25):
            world.drop(f"Item {number}/f{i:03}", b"ENCRYPTED BY A THIEF")
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    assert len(for_a_person(report)) == 75
    assert "75 of 100 files were changed on this computer" in reasons(report)
    assert report.exit_code == 4


def test_more_than_half_of_the_files_replaced_on_the_web_are_held(
    tmp_path: Path,
) -> None:
    world = many(tmp_path)
    local = world.tree()
    for item in world.box.web.item_ids()[:3]:
        for record in world.box.web.files(item):
            world.box.web.replace_file(record.id, b"replaced")
    world.clock.advance(60)

    report = world.sync()

    assert world.tree() == local
    assert len(for_a_person(report)) == 75
    assert "75 of 100 files were changed on Figshare" in reasons(report)


def test_30_of_100_files_edited_at_once_go_up(tmp_path: Path) -> None:
    world = many(tmp_path)
    for i in range(15):
        world.drop(f"Item 0/f{i:03}", b"edited")
        world.drop(f"Item 1/f{i:03}", b"edited")
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert list(world.remote("Item 0").values()).count(b"edited") == 15


def test_many_files_deleted_with_their_folders_are_held(tmp_path: Path) -> None:
    world = many(tmp_path, grace="0")
    world.configure(deletions__items="propagate", deletions__grace="0")
    shutil.rmtree(world.root / "Item 0")
    shutil.rmtree(world.root / "Item 1")
    world.sync()
    world.clock.advance(DAY)

    report = world.sync()

    assert len(world.box.web.item_ids()) == 4
    assert "50 of 100 files were deleted on this computer" in reasons(report)
    assert approve(world) == 2
    world.sync()
    assert len(world.box.web.item_ids()) == 2
    assert_quiet(world)


def test_rejecting_many_items_deleted_on_the_web_makes_new_drafts(
    tmp_path: Path,
) -> None:
    world = many(tmp_path)
    before = world.tree()
    for title in ("Item 0", "Item 1"):
        world.box.web.delete_item(int(world.item_id(title)))
    world.clock.advance(60)
    report = world.sync()
    assert world.tree() == before
    assert "50 of 100 files were deleted on Figshare" in reasons(report)
    reject(world)

    world.sync()
    world.settle()
    report = world.sync()

    assert world.tree() == before
    assert len(world.remote("Item 0")) == len(world.remote("Item 1")) == 25
    assert report.exit_code == 0
    assert_quiet(world)


def test_emptying_an_item_is_held(world: World) -> None:
    for name in ("a.csv", "b.csv", "raw/c.csv"):
        (world.root / "Leaves" / name).unlink()
    world.box.log.clear()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert len(for_a_person(report)) == 3
    assert "it would empty the item of all its 3 files" in reasons(report)


def test_the_last_file_of_an_item_may_go_like_any_other(world: World) -> None:
    for name in ("a.csv", "b.csv", "raw/c.csv"):
        (world.root / "Leaves" / name).unlink()
        world.sync()
        world.clock.advance(2 * DAY)
        assert world.sync().exit_code == 0

    assert world.remote("Leaves") == {}
    assert_quiet(world)


# Listings that lie


def test_lists_cut_short_delete_nothing(world: World) -> None:
    local = world.tree()
    world.box.switches.cut_lists = 1
    for _ in range(3):
        world.clock.advance(60)
        world.sync()

    assert world.tree() == local
    world.box.switches.cut_lists = 0
    assert world.sync().exit_code == 0
    assert world.tree() == local
    assert_quiet(world)


@pytest.mark.parametrize("rows", [1, 3])
def test_short_pages_delete_nothing(tmp_path: Path, rows: int) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {f"f{n}": b"%d" % n for n in range(15)})
    world.box.web.create_item("Leaves")
    world.sync()
    local = world.tree()
    world.box.switches.short_page = rows
    for _ in range(3):
        world.clock.advance(60)
        world.box.web.edit_item(item, description=str(world.clock.now()))
        world.sync()

    assert world.tree() == local


def test_empty_lists_delete_nothing(world: World) -> None:
    local = world.tree()
    ids = set(world.box.web.item_ids())
    lying(world, "/account/articles", ids).lies = 1000

    for _ in range(3):
        world.clock.advance(60)
        world.sync()

    assert world.tree() == local


def test_lists_cut_short_double_nothing_when_the_state_is_lost(world: World) -> None:
    shutil.rmtree(world.config.database.parent)
    world.box.switches.cut_lists = 1
    world.box.log.clear()

    for _ in range(3):
        world.clock.advance(60)
        world.sync()

    assert world.box.log.mutations() == ()
    world.box.switches.cut_lists = 0
    assert world.sync().exit_code == 0
    assert len(world.box.web.item_ids()) == 2
    assert_quiet(world)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, "html"), (200, "empty"), (202, "html"), (403, "html"), (404, "html")],
)
def test_a_list_that_is_no_list_changes_nothing(
    world: World, status: int, kind: Any
) -> None:
    local = world.tree()
    fault = Fault(
        "api", "GET", r"/account/articles$", status=status, kind=kind, times=100
    )
    world.box.fail_next(fault)

    with pytest.raises(FigsyncError) as caught:
        world.sync()

    assert caught.value.exit_code == 6
    assert world.tree() == local
    world.box.world.faults.clear()
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["html", "json"])
def test_items_that_nobody_finds_for_a_while_are_not_gone(
    world: World, kind: Any
) -> None:
    local, remote = world.tree(), remote_trees(world)
    for item in world.box.web.item_ids():
        world.box.web.edit_item(item, description="edited")
    fault = Fault("api", "GET", r"/articles/\d+$", status=404, kind=kind, times=1000)
    world.box.fail_next(fault)

    for _ in range(3):
        world.clock.advance(60)
        world.sync()

    assert (world.tree(), remote_trees(world)) == (local, remote)


def test_an_item_missing_in_one_listing_only_is_not_gone(world: World) -> None:
    local, item = world.tree(), int(world.item_id("Leaves"))
    liar = lying(world, "/account/articles", {item})
    for _ in range(3):
        liar.lies = 3  # the listing, the confirming one, and its empty page
        world.box.fail_next(Fault("api", "GET", rf"/articles/{item}$", status=404))
        world.sync()
        liar.lies = 0
        world.sync()

    assert world.tree() == local
    assert_quiet(world)


def test_an_item_that_answers_403_is_unknown_even_if_no_list_has_it(
    world: World,
) -> None:
    local, item = world.tree(), int(world.item_id("Leaves"))
    lying(world, "/account/articles", {item}).lies = 1000
    world.box.fail_next(
        Fault("api", "GET", rf"/articles/{item}$", status=403, times=1000)
    )

    for _ in range(3):
        report = world.sync()

    assert world.tree() == local
    assert results(report) == []


@pytest.mark.parametrize("status", [403, 422, 500, 502, 202])
def test_an_item_that_can_not_be_read_holds_no_other_up(
    world: World, status: int
) -> None:
    item = world.item_id("Leaves")
    world.box.web.add_file(int(world.item_id("Soil cores")), "new.csv", b"new")
    world.box.web.add_file(int(item), "unseen.csv", b"unseen")
    world.clock.advance(60)
    local = world.tree()
    kind: Any = "html" if status == 202 else "json"
    fault = Fault(
        "api", "GET", rf"/articles/{item}($|/)", status=status, times=1000, kind=kind
    )
    world.box.fail_next(fault)

    report = world.sync()

    assert world.tree() == {**local, "Soil cores/new.csv": b"new"}
    assert list(report.problems) == [item]


def test_a_file_missing_in_one_list_only_is_not_gone(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    ids = world.box.web.add_files(item, {f"f{n}": b"%d" % n for n in range(15)})
    world.sync()
    local = world.tree()
    liar = lying(world, f"/articles/{item}/files", {ids[3], ids[7]})
    for lies in (1, 2, 3, 4, 100):
        liar.lies = lies
        world.box.web.edit_item(item, description=f"lies {lies}")
        world.clock.advance(60)
        world.sync()
        liar.lies = 0
        assert world.tree() == local

    world.sync()
    assert world.tree() == local


# Records and folders


def test_a_foreign_record_makes_a_folder_a_new_item(world: World) -> None:
    world.drop("Foreign/a.csv", b"foreign")
    world.drop("Foreign/.figshare/record.json", json.dumps({"id": 4711}))
    world.settle()

    world.sync()

    assert world.remote("Foreign") == {"a.csv": b"foreign"}
    assert json.loads(record_path(world, "Foreign").read_bytes())["id"] != 4711
    assert json.dumps({"id": 4711}).encode() in world.trash()
    assert len(world.box.web.item_ids()) == 3
    assert_quiet(world)


@pytest.mark.parametrize("claimed", ["a foreign item", "another item here"])
def test_a_record_overwritten_with_another_ones_deletes_nothing(
    world: World, claimed: str
) -> None:
    world.configure(deletions__items="propagate", deletions__grace="0")
    remote = remote_trees(world)
    record = b'{"id": 4711}'
    if claimed == "another item here":
        record = record_path(world, "Soil cores").read_bytes()
    record_path(world, "Leaves").write_bytes(record)
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    assert report.exit_code == 0
    assert_quiet(world)


@pytest.mark.parametrize(
    "record", [b"", b"{", b"[]", b'{"id": null}', b'{"id": [1]}', b"\xff\x00", b"null"]
)
def test_a_damaged_record_is_written_again(world: World, record: bytes) -> None:
    remote = remote_trees(world)
    before = record_path(world, "Leaves").read_bytes()
    record_path(world, "Leaves").write_bytes(record)
    world.settle()

    report = world.sync()

    assert remote_trees(world) == remote
    assert record_path(world, "Leaves").read_bytes() == before
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_copied_folder_loses_its_record_and_becomes_an_item_of_its_own(
    world: World,
) -> None:
    item = world.item_id("Leaves")
    remote = world.remote("Leaves")
    shutil.copytree(world.root / "Leaves", world.root / "Leaves copy")
    world.settle()

    world.sync()

    assert len(world.box.web.item_ids()) == 3
    assert world.item_id("Leaves") == item
    assert world.remote("Leaves copy") == remote
    assert world.remote("Leaves") == remote
    ids = [
        json.loads(record_path(world, folder).read_bytes())["id"]
        for folder in ("Leaves", "Leaves copy")
    ]
    assert len(set(ids)) == 2
    assert_quiet(world)


def test_a_copy_whose_original_was_renamed_is_told_apart_by_the_inode(
    world: World,
) -> None:
    item = int(world.item_id("Leaves"))
    shutil.copytree(world.root / "Leaves", world.root / "A copy")
    (world.root / "Leaves").rename(world.root / "Renamed")
    world.settle()

    world.sync()

    assert json.loads(record_path(world, "Renamed").read_bytes())["id"] == item
    assert world.remote("A copy") == world.remote("Leaves")
    assert len(world.box.web.item_ids()) == 3


def test_copies_that_nothing_tells_apart_are_held(world: World) -> None:
    remote = remote_trees(world)
    shutil.copytree(world.root / "Leaves", world.root / "One")
    shutil.copytree(world.root / "Leaves", world.root / "Two")
    shutil.rmtree(world.root / "Leaves")
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    assert report.exit_code == 4
    assert "several folders claim this item" in reasons(report)
    assert "One, Two" in reasons(report)


def test_a_renamed_item_folder_is_no_deletion_and_changes_no_title(
    world: World,
) -> None:
    remote = remote_trees(world)
    (world.root / "Leaves").rename(world.root / "My leaves")
    world.drop("My leaves/new.csv", b"new")
    world.settle()

    report = world.sync()

    remote[int(world.item_id("Leaves"))]["new.csv"] = b"new"
    assert remote_trees(world) == remote
    assert report.exit_code == 0
    assert_quiet(world)

    world.box.web.edit_item(int(world.item_id("Leaves")), title="Another title")
    world.clock.advance(60)
    world.sync()
    assert (world.root / "My leaves/new.csv").exists()


def test_two_item_folders_that_swapped_their_names_keep_their_items(
    world: World,
) -> None:
    remote = remote_trees(world)
    (world.root / "Leaves").rename(world.root / "x")
    (world.root / "Soil cores").rename(world.root / "Leaves")
    (world.root / "x").rename(world.root / "Soil cores")
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    assert (world.root / "Leaves/a.csv").read_bytes() == b"Soil coresa.csv"
    assert report.exit_code == 0
    assert_quiet(world)


def test_an_item_folder_moved_into_another_is_never_a_silent_deletion(
    world: World,
) -> None:
    leaves = world.remote("Leaves")
    (world.root / "Leaves").rename(world.root / "Soil cores/Leaves")
    world.settle()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.remote("Leaves") == leaves
    assert ("DeleteItem", "") in for_a_person(report)


def test_a_deleted_record_is_written_again(world: World) -> None:
    before = record_path(world, "Leaves").read_bytes()
    record_path(world, "Leaves").unlink()

    report = world.sync()

    assert record_path(world, "Leaves").read_bytes() == before
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_folder_deleted_and_made_again_with_its_files_is_the_same_item(
    world: World,
) -> None:
    remote = remote_trees(world)
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    for name in ("a.csv", "b.csv", "raw/c.csv"):
        world.drop(f"Leaves/{name}", f"Leaves{name}")
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert remote_trees(world) == remote
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_folder_deleted_and_made_again_with_other_files_is_a_new_item(
    world: World,
) -> None:
    old = world.item_id("Leaves")
    tree = world.remote("Leaves")
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.drop("Leaves/other.csv", b"other")
    world.settle()

    report = world.sync()

    trees = remote_trees(world)
    assert trees.pop(int(old)) == tree
    assert {"other.csv": b"other"} in trees.values()
    assert len(trees) == 2
    assert ("DeleteItem", "") in for_a_person(report)


def test_an_item_folder_without_record_and_without_files_is_not_trusted(
    world: World,
) -> None:
    leaves = world.remote("Leaves")
    shutil.rmtree(world.root / "Leaves")
    (world.root / "Leaves").mkdir()
    world.box.log.clear()

    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.remote("Leaves") == leaves
    assert "is it mounted?" in reasons(report)
    assert report.exit_code == 4


def test_while_a_folder_is_not_trusted_no_grace_period_runs(world: World) -> None:
    """Days without a disk are no days in which a person missed a file."""
    leaves = world.root / "Leaves"
    kept = leaves.rename(world.folder / "aside")
    leaves.mkdir()
    for _ in range(3):
        world.clock.advance(2 * DAY)
        world.sync()
    leaves.rmdir()
    kept.rename(leaves)
    next(leaves.rglob("*.csv")).unlink()
    world.box.log.clear()

    first, second = world.sync(), world.sync()

    assert world.box.log.mutations() == ()
    assert reasons(first) == reasons(second)
    assert "the grace period is not over" in reasons(second)
    world.clock.advance(DAY)
    world.sync()
    assert len(world.box.log.mutations()) == 1


# Replies that are lost


@pytest.mark.parametrize("kind", ["json", "html", "empty", "break"])
def test_a_lost_reply_to_create_leads_to_one_item(world: World, kind: Any) -> None:
    world.drop("New/a.csv", b"new")
    world.settle()
    world.box.fail_next(Fault.lost_create(kind=kind))

    world.sync()
    world.clock.advance(HOUR)
    world.sync()

    assert world.remote("New") == {"a.csv": b"new"}
    assert len(world.box.web.item_ids()) == 3
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["json", "html", "empty", "break"])
def test_a_lost_reply_to_initiate_leads_to_one_record(world: World, kind: Any) -> None:
    world.drop("Leaves/new.csv", b"new")
    world.settle()
    world.box.fail_next(Fault.lost_initiate(kind=kind))

    world.sync()
    world.clock.advance(HOUR)
    world.sync()

    assert len(world.box.web.files(int(world.item_id("Leaves")))) == 4
    assert world.remote("Leaves")["new.csv"] == b"new"
    assert_quiet(world)


def test_drafts_that_fit_a_lost_reply_equally_well_are_held(world: World) -> None:
    world.drop("New/a.csv", b"new")
    world.settle()
    world.box.fail_next(Fault("api", "POST", r"/articles$", status=500))
    with world.mirror() as mirror:
        sync_once(mirror, Wish())
    world.box.web.create_item("New")
    world.box.web.create_item("New")

    report = world.sync()

    assert ("CreateItem", "") in for_a_person(report)
    assert "several drafts fit" in reasons(report)
    assert len(world.box.web.item_ids()) == 4


# The state


def test_a_deleted_state_costs_no_transfer_and_no_byte(world: World) -> None:
    local, remote = world.tree(), remote_trees(world)
    shutil.rmtree(world.config.database.parent)
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert (world.tree(), remote_trees(world)) == (local, remote)
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_deleted_state_turns_differences_into_conflicts_and_deletes_nothing(
    world: World,
) -> None:
    world.drop("Leaves/a.csv", b"edited here")
    (world.root / "Leaves/b.csv").unlink()
    records = world.box.web.files(int(world.item_id("Leaves")))
    (third,) = [record for record in records if record.name == "c.csv"]
    world.box.web.delete_file(third.id)
    world.settle()
    shutil.rmtree(world.config.database.parent)

    report = world.sync()

    tree = world.tree()
    assert tree["Leaves/a.csv"] == b"Leavesa.csv"
    assert tree["Leaves/b.csv"] == b"Leavesb.csv"
    assert tree["Leaves/raw/c.csv"] == b"Leavesraw/c.csv"
    assert b"edited here" in tree.values()
    assert set(world.remote("Leaves")) == {"a.csv", "b.csv", "raw/c.csv"}
    assert report.conflicts == 1
    assert report.exit_code == 4


def test_a_state_lost_after_an_item_was_deleted_loses_no_file(world: World) -> None:
    world.drop("Leaves/new.csv", b"new")
    world.settle()
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.clock.advance(60)
    assert world.sync().exit_code == 4
    shutil.rmtree(world.config.database.parent)

    world.sync()
    world.sync()

    assert world.tree()["Leaves/new.csv"] == b"new"
    assert b"Leavesa.csv" in world.trash()


@pytest.mark.parametrize("garbage", [b"garbage" * 5000, b"", b"SQLite format 3\x00"])
def test_a_damaged_state_is_set_aside_and_rebuilt(world: World, garbage: bytes) -> None:
    local, remote = world.tree(), remote_trees(world)
    world.config.database.write_bytes(garbage)
    for ending in ("-wal", "-shm"):
        Path(f"{world.config.database}{ending}").unlink(missing_ok=True)
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert (world.tree(), remote_trees(world)) == (local, remote)
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_state_with_damaged_pages_is_set_aside_and_rebuilt(world: World) -> None:
    local, remote = world.tree(), remote_trees(world)
    content = bytearray(world.config.database.read_bytes())
    content[4096:] = b"\xa5" * len(content[4096:])
    world.config.database.write_bytes(content)
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert (world.tree(), remote_trees(world)) == (local, remote)
    assert report.exit_code == 0
    assert list(world.config.database.parent.glob("*.damaged-*"))


def test_an_altered_row_is_damage_too_and_the_next_sync_rebuilds(
    world: World,
) -> None:
    local, remote = world.tree(), remote_trees(world)
    with closing(sqlite3.connect(world.config.database)) as db, db:
        db.execute("UPDATE synced_files SET file_id = file_id + 1")
    world.box.log.clear()

    with pytest.raises(StateDamaged, match="set aside as state.db.damaged-"):
        world.sync()
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert (world.tree(), remote_trees(world)) == (local, remote)
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_state_that_lost_the_markers_id_is_bound_to_it_again(world: World) -> None:
    with closing(sqlite3.connect(world.config.database)) as db, db:
        db.execute("DELETE FROM settings WHERE name = 'mirror_id'")

    assert world.sync().exit_code == 0
    (world.root / ".figsync/marker.json").unlink()

    with pytest.raises(NeedsPerson, match="marker is missing"):
        world.sync()


@pytest.mark.parametrize("name", ["api_url", "account_id"])
def test_a_state_that_lost_half_of_what_it_is_bound_to_is_rebuilt(
    world: World, name: str
) -> None:
    with closing(sqlite3.connect(world.config.database)) as db, db:
        db.execute("DELETE FROM settings WHERE name = ?", (name,))

    with pytest.raises(StateDamaged, match="it lost whose account it is of"):
        world.sync()
    assert world.sync().exit_code == 0
    assert_quiet(world)


def test_an_old_copy_of_the_state_deletes_nothing(world: World) -> None:
    old = world.config.database.read_bytes()
    world.drop("Leaves/new.csv", b"new")
    world.drop("Leaves/a.csv", b"edited")
    world.box.web.create_item("Third")
    world.settle()
    world.sync()
    local, remote = world.tree(), remote_trees(world)
    world.config.database.write_bytes(old)
    for ending in ("-wal", "-shm"):
        Path(f"{world.config.database}{ending}").unlink(missing_ok=True)
    world.clock.advance(2 * DAY)

    world.sync()

    assert (world.tree(), remote_trees(world)) == (local, remote)
    assert_quiet(world)


# Configuration and time


@pytest.mark.parametrize(
    "keys",
    [
        {"mirror__ignore": "*.csv"},
        {"mirror__ignore": "Leaves/"},
        {"mirror__ignore": "raw"},
        {"mirror__direction": "pull"},
        {"mirror__direction": "push"},
        {"mirror__portable_names": "yes"},
    ],
    ids=lambda keys: "-".join(f"{k[8:]}={v}" for k, v in keys.items()),
)
def test_a_changed_configuration_deletes_nothing(
    world: World, keys: dict[str, str]
) -> None:
    local, remote = world.tree(), remote_trees(world)
    world.configure(**keys)
    world.box.log.clear()

    for _ in range(3):
        world.clock.advance(2 * DAY)
        world.sync()

    assert world.box.log.mutations() == ()
    assert (world.tree(), remote_trees(world)) == (local, remote)
    assert world.trash() == []

    world.configure()
    assert_quiet(world)


def test_deletions_stop_until_a_changed_rule_is_acknowledged(world: World) -> None:
    world.configure(mirror__ignore="*.tmp", deletions__grace="0")
    (world.root / "Leaves/a.csv").unlink()
    world.clock.advance(60)
    world.sync()
    report = world.sync()

    assert set(world.remote("Leaves")) == {"a.csv", "b.csv", "raw/c.csv"}
    assert for_a_person(report) == [("DeleteRemote", "a.csv")]
    assert "figsync approve --scope" in reasons(report)


def test_a_clock_set_back_starts_no_deletion_early(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    world.clock.jump(-400 * DAY)
    world.sync()
    world.sync()

    assert set(world.remote("Leaves")) == {"a.csv", "b.csv", "raw/c.csv"}
    world.clock.advance(2 * DAY)
    world.sync()
    assert set(world.remote("Leaves")) == {"b.csv", "raw/c.csv"}


def test_a_clock_set_forward_ends_no_grace_period(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    world.clock.jump(400 * DAY)
    world.sync()
    world.clock.advance(23 * HOUR)
    world.sync()
    assert set(world.remote("Leaves")) == {"a.csv", "b.csv", "raw/c.csv"}

    world.clock.advance(2 * HOUR)
    world.sync()
    assert set(world.remote("Leaves")) == {"b.csv", "raw/c.csv"}


def test_a_clock_set_forward_empties_no_trash(world: World) -> None:
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.path == "a.csv"]
    world.box.web.delete_file(record.id)
    world.clock.advance(60)
    world.sync()
    world.clock.jump(400 * DAY)

    world.sync()
    world.sync()

    assert b"Leavesa.csv" in world.trash()
    world.clock.advance(31 * DAY)
    world.sync()
    assert world.trash() == []


def test_a_second_figsync_is_told_who_works_there(world: World) -> None:
    with world.mirror(), pytest.raises(MirrorOwned) as caught:
        world.sync()

    assert caught.value.exit_code == 5
    assert "another figsync (process" in str(caught.value)
    assert_quiet(world)


def test_two_configurations_of_one_root_meet_at_its_lock(
    world: World,
) -> None:
    with world.mirror():
        world.configure(state__database=str(world.folder / "other/state.db"))
        with pytest.raises(MirrorOwned):
            world.sync()


def test_needing_a_person_is_exit_code_4() -> None:
    assert NeedsPerson("", "", "").exit_code == 4
