"""Many items and many files, though lists are short unless paged."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.world import World, told

ITEMS = 2500
FILES = 1800


@pytest.fixture
def many_items(tmp_path: Path) -> World:
    world = World(tmp_path)
    for number in range(ITEMS):
        world.box.web.create_item(f"Item {number:04}")
    world.settle()
    return world


def test_2500_items_are_mirrored_each_exactly_once(many_items: World) -> None:
    world = many_items

    report = world.sync()
    folders = [path.name for path in world.root.iterdir() if path.name[0] != "."]
    world.box.log.clear()
    quiet = world.sync()

    assert report.exit_code == quiet.exit_code == 0
    assert sorted(folders) == [f"Item {number:04}" for number in range(ITEMS)]
    written = Counter(
        outcome.action.where.item_id
        for outcome in report.outcomes
        if outcome.action.kind == "WriteRecord"
    )
    assert (len(written), set(written.values())) == (ITEMS, {1})
    assert told(quiet) == []
    assert quiet.cycles == 1
    assert len(world.box.log.find("api")) <= 5


def test_an_item_of_1800_files_is_mirrored_each_exactly_once(tmp_path: Path) -> None:
    world = World(tmp_path, transfer__files_per_item="2000")
    item = world.box.web.create_item("Many files")
    tree = {f"part {n % 7}/{n:04}.txt": b"%d" % n for n in range(FILES)}
    world.box.web.add_files(item, tree)
    world.settle()

    report = world.sync()
    fetched = [path for kind, path, _ in told(report) if kind == "Download"]
    asked = len(world.box.log.find("api"))
    world.box.log.clear()
    quiet = world.sync()

    assert report.exit_code == quiet.exit_code == 0
    assert world.tree() == {f"Many files/{path}": one for path, one in tree.items()}
    assert len(fetched) == len(set(fetched)) == FILES
    assert asked < 12
    assert told(quiet) == []
    assert world.box.log.mutations() == ()
    assert quiet.bytes_down == 0


def test_an_item_of_many_files_goes_up_each_exactly_once(tmp_path: Path) -> None:
    """More than one batch and more than one page of the usual ten."""
    world = World(tmp_path)
    tree = {f"part {n % 3}/{n:04}.txt": b"%d" % n for n in range(150)}
    for path, content in tree.items():
        world.drop(f"Many files/{path}", content)
    world.settle()

    report = world.sync()

    files = world.box.web.files(int(world.item_id("Many files")))
    assert report.exit_code == 0
    assert sorted(file.path for file in files) == sorted(tree)
    assert world.remote("Many files") == tree


def test_edits_in_a_large_account_without_dates_are_found_by_search(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.box.switches.light_dates = False
    items = [world.box.web.create_item(f"Item {number:03}") for number in range(250)]
    world.settle()
    world.sync()
    world.clock.advance(3 * 24 * 3600)
    world.sync()
    world.box.web.add_file(items[7], "new.txt", b"new")
    world.box.web.edit_item(items[200], title="Renamed")
    world.clock.advance(60)
    world.box.log.clear()

    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Item 007/new.txt": b"new"}
    assert (world.root / "Renamed").is_dir()
    assert world.box.log.count("api", "GET", path=r"/articles/\d+$") < 150


def test_more_files_than_an_item_takes_wait_and_hold_nothing_up(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, transfer__files_per_item="12")
    for number in range(11):
        world.drop(f"Full/{number:02}.txt", str(number))
    world.drop("Too many/sub/x.txt", "x")
    for number in range(12):
        world.drop(f"Too many/{number:02}.txt", str(number))
    world.settle()
    first = world.sync()
    world.drop("Full/03.txt", "an edit has room")
    world.drop("Full/zz the last.txt", "has room after it")
    world.drop("Full/zz too many.txt", "no room")
    world.settle()

    second = world.sync()

    assert (first.exit_code, first.not_uploadable) == (0, 13)
    assert (second.exit_code, second.not_uploadable) == (0, 14)
    assert len(world.box.web.item_ids()) == 1
    assert len(world.remote("Full")) == 12
    assert world.remote("Full")["03.txt"] == b"an edit has room"
    assert "zz too many.txt" not in world.remote("Full")


def test_items_with_one_title_have_a_folder_each(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(12):
        item = world.box.web.create_item("The same")
        world.box.web.add_file(item, "a.txt", b"%d" % number)
    world.settle()

    report = world.sync()
    world.box.log.clear()
    quiet = world.sync()

    assert report.exit_code == 0
    assert sorted(world.tree().values()) == sorted(b"%d" % n for n in range(12))
    assert told(quiet) == []
    assert world.box.log.mutations() == ()
