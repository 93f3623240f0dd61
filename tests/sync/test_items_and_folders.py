"""New folders, new items, excluded and linked ones, and what can not go up."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from figsync.model import Mode
from figsync.sandbox import Fault
from figsync.sync.engine import Wish, sync_once
from tests.sync.seen import approve, assert_quiet, for_a_person, reasons, results
from tests.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, deletions__grace="0")


def record(world: World, folder: str) -> dict[str, object]:
    path = world.root / folder / ".figshare/record.json"
    found = json.loads(path.read_bytes())
    assert isinstance(found, dict)
    return found


# New folders


def test_a_new_folder_becomes_a_draft_with_its_tree(world: World) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Soil cores/raw/2024/b.csv", b"3,4")
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2", "raw/2024/b.csv": b"3,4"}
    item = world.box.web.item(int(world.item_id("Soil cores")))
    assert item["status"] == "draft"
    assert str(record(world, "Soil cores")["id"]) == world.item_id("Soil cores")
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_folder_that_is_still_being_filled_waits(world: World) -> None:
    world.sync()
    world.drop("Soil cores/a.csv", b"1,2")
    with world.mirror() as mirror:
        sync_once(mirror, Wish())
        world.clock.advance(4)
        world.drop("Soil cores/b.csv", b"3,4")
        os.utime(world.root / "Soil cores/b.csv", (world.clock.now(),) * 2)
        world.clock.advance(4)
        sync_once(mirror, Wish())
    assert world.box.web.item_ids() == []

    world.settle()
    world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2", "b.csv": b"3,4"}


def test_a_short_name_gets_a_title_figshare_takes(world: World) -> None:
    world.drop("ab/a.csv", b"1,2")
    world.settle()

    world.sync()

    assert world.remote("Folder ab") == {"a.csv": b"1,2"}
    assert (world.root / "ab/a.csv").exists()
    assert_quiet(world)


def test_an_empty_folder_and_one_of_empty_files_stay_local(world: World) -> None:
    (world.root / "Empty/deeper").mkdir(parents=True)
    world.drop("Only empty files/a.csv", b"")
    world.settle()

    report = world.sync()

    assert world.box.web.item_ids() == []
    assert (world.root / "Empty/deeper").is_dir()
    assert report.exit_code == 0
    assert_quiet(world)


def test_empty_folders_of_an_item_stay_local(world: World) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    (world.root / "Soil cores/empty").mkdir()
    world.settle()

    world.sync()

    assert (world.root / "Soil cores/empty").is_dir()
    assert_quiet(world)


def test_a_tree_that_is_already_there_is_adopted_without_a_transfer(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "raw/b.csv": b"3,4", "c": b"5"})
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Soil cores/raw/b.csv", b"3,4")
    world.drop("Soil cores/new.csv", b"new")
    world.settle()

    report = world.sync()

    assert len(world.box.web.item_ids()) == 1
    assert report.bytes_up == len(b"new")
    assert report.bytes_down == len(b"5")
    assert world.remote("Soil cores")["new.csv"] == b"new"
    assert len(world.tree()) == 4
    assert_quiet(world)


def test_a_tree_of_the_same_name_with_other_bytes_is_another_item(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"there"})
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Soil cores/b.csv", b"here")
    world.settle()

    world.sync()

    assert len(world.box.web.item_ids()) == 2
    assert sorted(world.tree().values()) == [b"1,2", b"1,2", b"here", b"there"]
    assert world.box.web.tree(item) == {"a.csv": b"1,2", "b.csv": b"there"}
    assert_quiet(world)


def test_a_new_folder_and_a_new_item_of_one_name_stay_apart(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "there.csv", b"there")
    world.drop("Soil cores/here.csv", b"here")
    world.settle()

    world.sync()

    assert world.box.web.tree(item) == {"there.csv": b"there"}
    assert len(world.box.web.item_ids()) == 2
    assert len({path.split("/")[0] for path in world.tree()}) == 2
    assert_quiet(world)


def test_a_folder_of_empty_files_in_the_place_of_an_items_is_not_that_folder(
    world: World,
) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop(".later/raw/empty.csv", b"")
    world.settle()
    world.sync()
    (world.root / "Soil cores").rename(world.root.parent / "moved away")
    (world.root / ".later").rename(world.root / "Soil cores")
    world.settle()
    world.drop("Leaves/b.csv", b"3,4")
    world.settle()
    assert for_a_person(world.sync()) == [("DeleteItem", "")]
    approve(world)

    report = world.sync()

    assert results(report, "stale") == []
    assert world.box.web.item_ids() == [int(world.item_id("Leaves"))]
    assert (world.root / "Soil cores/raw/empty.csv").exists()
    assert_quiet(world)


# What can not go up


def test_empty_files_are_listed_and_hold_nothing_up(world: World) -> None:
    world.drop("Soil cores/empty.csv", b"")
    world.drop("Soil cores/a.csv", b"1,2")
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert report.not_uploadable == 1
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_file_that_was_emptied_replaces_nothing(world: World) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Soil cores/b.csv", b"3,4")
    world.settle()
    world.sync()
    world.drop("Soil cores/a.csv", b"")
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.remote("Soil cores")["a.csv"] == b"1,2"
    assert (world.root / "Soil cores/a.csv").read_bytes() == b""
    assert report.not_uploadable == 1
    assert report.exit_code == 0


def test_files_that_are_too_large_are_listed_before_anything_is_sent(
    world: World,
) -> None:
    world.box.switches.maximum_file_size = 10
    world.drop("Soil cores/large.bin", b"x" * 11)
    world.drop("Soil cores/a.csv", b"x" * 10)
    world.settle()

    report = world.sync()

    assert set(world.remote("Soil cores")) == {"a.csv"}
    assert report.not_uploadable == 1
    assert report.exit_code == 0
    assert_quiet(world)

    world.box.switches.maximum_file_size = 0
    world.sync()
    assert set(world.remote("Soil cores")) == {"a.csv", "large.bin"}


def test_files_beyond_the_quota_are_listed_and_smaller_ones_go_up(
    world: World,
) -> None:
    world.box.switches.quota = 1000
    world.drop("Soil cores/large.bin", b"x" * 2000)
    world.drop("Soil cores/a.csv", b"x" * 500)
    world.settle()

    report = world.sync()

    assert set(world.remote("Soil cores")) == {"a.csv"}
    assert report.not_uploadable == 1
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_new_folder_beyond_the_files_of_an_item_goes_up_not_at_all(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, transfer__files_per_item="5")
    for number in range(6):
        world.drop(f"Too many/{number}.csv", b"%d" % number)
        world.drop(f"Soil cores/{number % 5}.csv", b"%d" % number)
    world.settle()

    report = world.sync()

    assert len(world.box.web.item_ids()) == 1
    assert len(world.remote("Soil cores")) == 5
    assert report.not_uploadable == 6
    assert report.exit_code == 0
    assert_quiet(world)


def test_only_the_excess_files_of_an_existing_item_wait(tmp_path: Path) -> None:
    world = World(tmp_path, transfer__files_per_item="5")
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a": b"a", "b": b"b", "c": b"c"})
    world.sync()
    for name in "defg":
        world.drop(f"Soil cores/{name}", name)
    world.settle()

    report = world.sync()

    assert set(world.remote("Soil cores")) == {"a", "b", "c", "d", "e"}
    assert report.not_uploadable == 2
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_new_folder_with_one_file_beyond_the_limits_sends_nothing_else_wrong(
    world: World,
) -> None:
    world.box.switches.maximum_file_size = 10
    world.drop("Only large files/large.bin", b"x" * 11)
    world.settle()

    report = world.sync()

    assert world.box.web.item_ids() == []
    assert report.not_uploadable == 1
    assert report.exit_code == 0


def test_an_equal_record_needs_no_room(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"x" * 900)
    world.sync()
    world.box.switches.quota = 1000
    shutil.rmtree(world.config.database.parent)

    report = world.sync()

    assert report.not_uploadable == 0
    assert report.exit_code == 0
    assert_quiet(world)


def test_what_can_not_be_downloaded_is_listed_and_holds_nothing_up(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"3,4"})
    world.box.switches.refuse_downloads = True
    assert world.sync().exit_code == 0
    world.drop("Soil cores/c.csv", b"5,6")
    world.settle()

    report = world.sync()

    assert world.box.web.tree(item)["c.csv"] == b"5,6"
    assert report.exit_code == 0
    world.box.switches.refuse_downloads = False
    world.clock.advance(DAY)
    world.sync()
    assert len(world.tree()) == 3
    assert_quiet(world)


def test_files_dated_in_the_future_go_up_like_others(world: World) -> None:
    wrong = world.clock.now() + 400 * DAY
    for path in ("Soil cores/a.csv", "loose.csv"):
        os.utime(world.drop(path, b"1,2"), (wrong, wrong))
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert world.remote("loose") == {"loose.csv": b"1,2"}
    assert report.exit_code == 0
    assert_quiet(world)

    os.utime(world.drop("Soil cores/a.csv", b"3,4"), (wrong, wrong))
    world.settle()
    world.sync()
    assert world.remote("Soil cores") == {"a.csv": b"3,4"}


# Names that change their kind


def mirror_of(world: World, **files: bytes) -> Path:
    """Sync an item of these files (`__` for a slash) and return its folder."""
    for name, content in files.items():
        world.drop(f"Soil cores/{name.replace('__', '/')}", content)
    world.settle()
    assert world.sync().exit_code == 0
    return world.root / "Soil cores"


def assert_arrives(world: World, expected: dict[str, bytes]) -> None:
    """Sync until the grace period is over: the item holds just what is expected."""
    world.settle()
    world.sync()
    world.clock.advance(2 * DAY)
    report = world.sync()
    assert world.remote("Soil cores") == expected
    assert len(world.box.web.files(int(world.item_id("Soil cores")))) == len(expected)
    assert report.exit_code == 0
    assert_quiet(world)


@pytest.mark.parametrize("grace", ["0", "24h"])
def test_a_file_that_becomes_a_folder_follows(world: World, grace: str) -> None:
    world.configure(deletions__grace=grace)
    folder = mirror_of(world, raw=b"old", other=b"o")
    (folder / "raw").unlink()
    world.drop("Soil cores/raw/x", b"new")

    assert_arrives(world, {"raw/x": b"new", "other": b"o"})


@pytest.mark.parametrize("grace", ["0", "24h"])
def test_a_folder_that_becomes_a_file_follows(world: World, grace: str) -> None:
    world.configure(deletions__grace=grace)
    folder = mirror_of(world, raw__x=b"old", other=b"o")
    shutil.rmtree(folder / "raw")
    world.drop("Soil cores/raw", b"new")

    assert_arrives(world, {"raw": b"new", "other": b"o"})


@pytest.mark.parametrize("grace", ["0", "24h"])
def test_a_file_moved_into_a_folder_of_its_name_follows(
    world: World, grace: str
) -> None:
    world.configure(deletions__grace=grace)
    folder = mirror_of(world, raw=b"old", other=b"o")
    (folder / "raw").rename(folder / "moving")
    (folder / "raw").mkdir()
    (folder / "moving").rename(folder / "raw/x")

    assert_arrives(world, {"raw/x": b"old", "other": b"o"})


@pytest.mark.parametrize("grace", ["0", "24h"])
def test_a_file_that_takes_its_folders_name_follows(world: World, grace: str) -> None:
    world.configure(deletions__grace=grace)
    folder = mirror_of(world, raw__x=b"old", other=b"o")
    (folder / "raw/x").rename(folder / "moving")
    (folder / "raw").rmdir()
    (folder / "moving").rename(folder / "raw")

    assert_arrives(world, {"raw": b"old", "other": b"o"})


def test_two_files_that_swap_their_names_follow(world: World) -> None:
    folder = mirror_of(world, a=b"was a", b=b"was b")
    (folder / "a").rename(folder / "moving")
    (folder / "b").rename(folder / "a")
    (folder / "moving").rename(folder / "b")

    assert_arrives(world, {"a": b"was b", "b": b"was a"})


def test_a_file_renamed_in_case_only_follows(world: World) -> None:
    folder = mirror_of(world, a=b"a", b=b"b")
    (folder / "a").rename(folder / "A")

    assert_arrives(world, {"A": b"a", "b": b"b"})


def test_a_renamed_sub_folder_of_many_files_follows(world: World) -> None:
    names = {f"raw__{number}": b"%d" % number for number in range(30)}
    folder = mirror_of(world, **names)
    (folder / "raw").rename(folder / "Raw")

    assert_arrives(world, {f"Raw/{n}": b"%d" % n for n in range(30)})


@pytest.mark.parametrize(("old", "new"), [("raw", "raw/x"), ("raw/x", "raw")])
def test_a_name_that_changes_its_kind_on_the_web_follows(
    world: World, old: str, new: str
) -> None:
    item = world.box.web.create_item("Soil cores")
    (old_id, _) = world.box.web.add_files(item, {old: b"old", "other": b"o"})
    world.sync()
    world.box.web.delete_file(old_id)
    world.box.web.add_files(item, {new: b"new"})
    world.clock.advance(60)

    report = world.sync()

    assert world.tree() == {f"Soil cores/{new}": b"new", "Soil cores/other": b"o"}
    assert report.exit_code == 0
    assert_quiet(world)


def test_files_that_swap_their_names_on_the_web_follow(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    ids = world.box.web.add_files(item, {"a": b"was a", "b": b"was b"})
    world.sync()
    for file_id in ids:
        world.box.web.delete_file(file_id)
    world.box.web.add_files(item, {"a": b"was b", "b": b"was a"})
    world.clock.advance(60)

    world.sync()

    assert world.tree() == {"Soil cores/a": b"was b", "Soil cores/b": b"was a"}
    assert_quiet(world)


def test_a_loose_file_in_the_place_of_an_item_folder_deletes_nothing(
    world: World,
) -> None:
    folder = mirror_of(world, a=b"a", b=b"b")
    mirror_of(world)
    world.drop("Leaves/c", b"c")
    world.settle()
    world.sync()
    shutil.rmtree(folder)
    world.drop("Soil cores", b"a file now")
    world.settle()

    world.sync()
    world.clock.advance(2 * DAY)
    world.sync()

    titles = [world.box.web.item(i)["title"] for i in world.box.web.item_ids()]
    trees = [world.box.web.tree(i) for i in world.box.web.item_ids()]
    assert {"a": b"a", "b": b"b"} in trees
    assert "Leaves" in titles
    assert b"a file now" in world.tree().values()


def test_other_bytes_of_equal_size_and_time_are_seen(world: World) -> None:
    file = world.drop("Soil cores/a.csv", b"1111")
    world.settle()
    world.sync()
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(b"2222")
    os.utime(file, ns=times)
    world.settle()

    world.sync()
    assert world.remote("Soil cores") == {"a.csv": b"2222"}

    another = world.folder / "another.csv"
    another.write_bytes(b"3333")
    os.utime(another, ns=times)
    another.rename(file)
    world.settle()

    world.sync()
    assert world.remote("Soil cores") == {"a.csv": b"3333"}
    assert_quiet(world)


def test_a_refused_new_item_or_file_is_held_and_goes_up_later(world: World) -> None:
    item = world.box.web.create_item("Leaves")
    world.sync()
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Leaves/b.csv", b"3,4")
    world.settle()
    world.box.fail_next(Fault("api", "POST", status=403, times=100))

    assert world.sync().exit_code == 4
    assert world.sync().exit_code == 4
    world.box.world.faults.clear()
    world.clock.advance(DAY)
    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert world.box.web.tree(item) == {"b.csv": b"3,4"}
    assert report.exit_code == 0
    assert_quiet(world)


# Links


def test_a_linked_file_is_a_shortcut(world: World) -> None:
    item = world.box.web.create_item("Elsewhere")
    world.box.web.add_link(item, "https://example.org/data?id=1")

    report = world.sync()

    ((path, content),) = world.tree().items()
    assert path.endswith(".url")
    assert b"URL=https://example.org/data?id=1" in content
    assert report.exit_code == 0
    assert_quiet(world)


def test_edits_to_a_shortcut_are_undone_and_a_deletion_too(world: World) -> None:
    item = world.box.web.create_item("Elsewhere")
    world.box.web.add_link(item, "https://example.org/data?id=1")
    world.sync()
    ((path, content),) = world.tree().items()
    world.drop(path, b"edited")
    world.settle()
    world.box.log.clear()

    world.sync()

    assert world.tree() == {path: content}
    assert b"edited" in world.trash()
    (world.root / path).unlink()
    world.clock.advance(DAY)
    world.sync()
    assert world.tree() == {path: content}
    assert world.box.log.mutations() == ()
    assert_quiet(world)


def test_files_dropped_into_a_linked_item_are_held(world: World) -> None:
    item = world.box.web.create_item("Elsewhere")
    world.box.web.add_link(item, "https://example.org/data?id=1")
    world.sync()
    world.drop("Elsewhere/a.csv", b"1,2")
    world.settle()
    world.box.log.clear()

    report = world.sync()

    assert world.box.log.mutations() == ()
    assert for_a_person(report) == [("Upload", "a.csv")]
    assert "linked file" in reasons(report)


def test_a_link_with_control_characters_is_not_written(world: World) -> None:
    item = world.box.web.create_item("Elsewhere")
    world.box.web.add_link(item, "https://example.org/\r\n[Malice]\r\nURL=file:///x")

    world.sync()

    assert not any(b"Malice" in content for content in world.tree().values())


def test_peoples_own_shortcuts_are_ordinary_files(world: World) -> None:
    content = b"[InternetShortcut]\r\nURL=https://example.org/\r\n"
    world.drop("Soil cores/site.url", content)
    world.settle()

    world.sync()

    assert world.remote("Soil cores") == {"site.url": content}
    assert_quiet(world)


# Records alone, excluded items


def test_new_items_come_as_records_alone_if_asked(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__new_items="metadata")
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")

    report = world.sync()

    assert world.tree() == {}
    assert record(world, "Soil cores")["id"] == item
    assert report.exit_code == 0
    assert_quiet(world)

    world.drop("Soil cores/b.csv", b"3,4")
    world.settle()
    report = world.sync()
    assert world.box.web.tree(item) == {"a.csv": b"1,2"}
    assert for_a_person(report) == [("Upload", "b.csv")]
    assert f"figsync include {item}" in reasons(report)


def test_a_record_alone_follows_the_web(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__new_items="metadata")
    item = world.box.web.create_item("Soil cores")
    world.sync()
    world.box.web.edit_item(item, title="Soil cores 2", description="deeper")
    world.clock.advance(60)

    world.sync()

    assert record(world, "Soil cores 2")["description"] == "deeper"
    assert not (world.root / "Soil cores").exists()
    assert_quiet(world)


def test_an_excluded_item_is_left_alone_on_both_sides(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    other = world.box.web.create_item("Leaves")
    world.box.web.add_file(other, "a.csv", b"1,2")
    world.sync()
    with world.mirror() as mirror:
        known = mirror.state.items.all()[str(item)]
        mirror.state.items.drop(str(item))
        mirror.state.items.save(replace(known, mode=Mode.EXCLUDED, folder=""))
    shutil.rmtree(world.root / "Soil cores")
    world.box.web.add_file(item, "b.csv", b"3,4")
    world.clock.advance(DAY)
    world.box.log.clear()

    for _ in range(3):
        report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.tree() == {"Leaves/a.csv": b"1,2"}
    assert len(world.box.web.tree(item)) == 2
    assert report.exit_code == 0


# Names of folders


def test_a_new_title_renames_the_folder_once(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    world.box.web.edit_item(item, title="Soil cores, revised")
    world.clock.advance(60)

    report = world.sync()

    assert world.tree() == {"Soil cores, revised/a.csv": b"1,2"}
    assert ("RenameFolder", "") in results(report)
    assert_quiet(world)


def test_a_new_title_that_is_taken_gets_a_suffix(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"first")
    other = world.box.web.create_item("Leaves")
    world.box.web.add_file(other, "a.csv", b"second")
    world.sync()
    world.box.web.edit_item(item, title="leaves")
    world.clock.advance(60)

    world.sync()

    assert world.tree()["Leaves/a.csv"] == b"second"
    assert sorted(world.tree().values()) == [b"first", b"second"]
    assert not (world.root / "Soil cores").exists()
    assert_quiet(world)


def test_a_new_title_leaves_a_folder_of_its_name_that_stayed_behind(
    world: World,
) -> None:
    gone = world.box.web.create_item("Leaves")
    world.box.web.add_file(gone, "a.csv", b"gone")
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    world.drop("Leaves/.DS_Store", b"a file browser's")
    world.box.web.delete_item(gone)
    world.sync()
    world.box.web.edit_item(item, title="Leaves")
    world.clock.advance(60)

    report = world.sync()

    assert report.exit_code == 0
    assert (world.root / "Leaves/.DS_Store").exists()
    assert list(world.tree().values()).count(b"1,2") == 1
    assert not (world.root / "Soil cores").exists()
    assert_quiet(world)


def test_items_that_swap_their_titles_keep_their_files(world: World) -> None:
    first = world.box.web.create_item("Soil cores")
    second = world.box.web.create_item("Leaves")
    world.box.web.add_file(first, "a.csv", b"first")
    world.box.web.add_file(second, "a.csv", b"second")
    world.sync()
    world.box.web.edit_item(first, title="Leaves")
    world.box.web.edit_item(second, title="Soil cores")
    world.clock.advance(60)

    world.sync()
    world.clock.advance(60)
    world.sync()

    assert sorted(world.tree().values()) == [b"first", b"second"]
    assert world.box.web.tree(first) == {"a.csv": b"first"}
    assert world.box.web.tree(second) == {"a.csv": b"second"}
    assert_quiet(world)


def test_a_title_that_changes_only_in_case_renames_the_folder(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    world.box.web.edit_item(item, title="Soil Cores")
    world.clock.advance(60)

    world.sync()

    assert world.tree() == {"Soil Cores/a.csv": b"1,2"}
    assert_quiet(world)


def test_a_partial_sync_touches_the_named_folder_only(world: World) -> None:
    for title in ("Soil cores", "Leaves"):
        item = world.box.web.create_item(title)
        world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    world.drop("Soil cores/new.csv", b"new")
    world.drop("Leaves/new.csv", b"new")
    world.drop("New folder/new.csv", b"new")
    (world.root / "Leaves/a.csv").unlink()
    world.settle()

    report = world.sync("Soil cores")

    assert set(world.remote("Soil cores")) == {"a.csv", "new.csv"}
    assert set(world.remote("Leaves")) == {"a.csv"}
    assert len(world.box.web.item_ids()) == 2
    assert report.exit_code == 0


def test_a_public_item_takes_changes_in_its_next_draft(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"3,4", "c.csv": b"5,6"})
    world.box.web.publish(item)
    world.clock.advance(60)
    world.sync()
    world.drop("Soil cores/a.csv", b"edited")
    world.drop("Soil cores/new.csv", b"new")
    (world.root / "Soil cores/b.csv").unlink()
    world.settle()

    report = world.sync()

    assert world.box.web.tree(item) == {
        "a.csv": b"edited",
        "c.csv": b"5,6",
        "new.csv": b"new",
    }
    assert world.box.log.count("api", "POST", path=r"/publish$") == 0
    assert report.exit_code == 0
    assert_quiet(world)
