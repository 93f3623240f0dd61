"""pull sends nothing, push fetches nothing, and neither records what is not so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sync.seen import (
    assert_quiet,
    everything,
    for_a_person,
    listed,
    reasons,
    results,
)
from tests.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a mirror of one item with five files, in sync."""
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, dict.fromkeys("abcde", b"old"))
    assert world.sync().exit_code == 0
    return world


def record(world: World, name: str) -> int:
    files = world.box.web.files(int(world.item_id("Leaves")))
    (found,) = [file.id for file in files if file.path == name]
    return found


def change_both(world: World) -> None:
    """Edit, add and delete on either side, and edit one file on both."""
    item = int(world.item_id("Leaves"))
    world.drop("Leaves/a", b"edited here")
    (world.root / "Leaves/b").unlink()
    world.drop("Leaves/new here", b"new here")
    world.box.web.replace_file(record(world, "c"), b"edited there")
    world.box.web.delete_file(record(world, "d"))
    world.box.web.add_file(item, "new there", b"new there")
    world.drop("Leaves/e", b"both: here")
    world.box.web.replace_file(record(world, "e"), b"both: there")
    world.settle()


# Pull


def test_pull_sends_nothing_and_lists_what_it_does_not_send(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.sync()
    change_both(world)
    world.drop("New folder/x", b"x")
    world.drop("loose.csv", b"loose")
    world.settle()
    remote = world.remote("Leaves")
    world.box.log.clear()

    for _ in range(3):
        world.clock.advance(DAY)
        report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.remote("Leaves") == remote
    shown = listed(report)
    assert ("Upload", "a") in shown
    assert ("Upload", "new here") in shown
    assert ("CreateItem", "") in shown
    assert ("FileAway", "loose.csv") in shown
    assert world.tree()["Leaves/a"] == b"edited here"
    assert world.tree()["Leaves/new here"] == b"new here"


def test_pull_brings_a_file_back_that_is_missing_here(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.sync()
    (world.root / "Leaves/b").unlink()
    world.clock.advance(60)

    report = world.sync()

    assert (world.root / "Leaves/b").read_bytes() == b"old"
    assert report.exit_code == 0


def test_pull_brings_an_item_folder_back(world: World) -> None:
    other = world.box.web.create_item("Other")
    world.box.web.add_file(other, "x", b"x")
    world.sync()
    world.configure(mirror__direction="pull")
    before = world.tree()
    shutil.rmtree(world.root / "Leaves")
    world.box.log.clear()

    for _ in range(3):
        world.clock.advance(DAY)
        report = world.sync()

    assert world.tree() == before
    assert world.box.log.mutations() == ()
    assert report.exit_code == 0


def test_pull_follows_figshare(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.sync()
    world.box.web.replace_file(record(world, "c"), b"edited there")
    world.box.web.add_file(int(world.item_id("Leaves")), "new there", b"new there")
    world.clock.advance(60)

    world.sync()

    assert world.tree()["Leaves/c"] == b"edited there"
    assert world.tree()["Leaves/new there"] == b"new there"
    assert_quiet(world)


def test_pull_keeps_both_when_both_edited(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.sync()
    world.drop("Leaves/e", b"both: here")
    world.box.web.replace_file(record(world, "e"), b"both: there")
    world.settle()

    report = world.sync()

    assert world.tree()["Leaves/e"] == b"both: there"
    assert b"both: here" in world.tree().values()
    assert report.conflicts == 1


def test_a_local_edit_under_pull_goes_up_once_the_direction_is_both_again(
    world: World,
) -> None:
    world.configure(mirror__direction="pull")
    world.drop("Leaves/a", b"edited here")
    world.settle()
    for _ in range(3):
        world.sync()
    assert world.remote("Leaves")["a"] == b"old"

    world.configure(mirror__direction="both")
    world.sync()

    assert world.remote("Leaves")["a"] == b"edited here"
    assert_quiet(world)


# Push


def test_push_changes_nothing_here_and_lists_what_it_does_not_fetch(
    world: World,
) -> None:
    world.configure(mirror__direction="push")
    world.sync()
    change_both(world)
    other = world.box.web.create_item("Other")
    world.box.web.add_file(other, "x", b"x")
    before = world.tree()

    for _ in range(3):
        world.clock.advance(DAY)
        report = world.sync()

    assert world.tree() == before
    assert not (world.root / "Other").exists()
    assert world.trash() == []
    shown = listed(report)
    assert ("Download", "c") in shown
    assert ("Download", "new there") in shown
    assert ("WriteRecord", "") in shown
    held = for_a_person(report)
    assert ("KeepBoth", "e") in held
    assert ("TrashLocal", "d") in held
    assert "direction = push" in reasons(report)
    remote = world.remote("Leaves")
    assert remote["a"] == b"edited here"
    assert remote["new here"] == b"new here"
    assert remote["c"] == b"edited there"
    assert remote["new there"] == b"new there"
    assert remote["e"] == b"both: there"


def test_push_never_deletes_what_only_figshare_has(world: World) -> None:
    world.configure(mirror__direction="push")
    world.box.web.add_file(int(world.item_id("Leaves")), "new there", b"new there")
    for _ in range(3):
        world.clock.advance(DAY)
        world.sync()

    assert world.remote("Leaves")["new there"] == b"new there"


def test_push_does_not_rename_folders(world: World) -> None:
    world.configure(mirror__direction="push")
    world.box.web.edit_item(int(world.item_id("Leaves")), title="Another title")
    world.clock.advance(60)
    before = {p for p in everything(world.root) if not p.startswith(".figsync")}

    world.sync()

    after = {p for p in everything(world.root) if not p.startswith(".figsync")}
    assert after == before


def test_what_push_left_alone_comes_down_once_the_direction_is_both_again(
    world: World,
) -> None:
    world.configure(mirror__direction="push")
    world.sync()
    world.box.web.replace_file(record(world, "c"), b"edited there")
    world.box.web.add_file(int(world.item_id("Leaves")), "new there", b"new there")
    other = world.box.web.create_item("Other")
    world.box.web.add_file(other, "x", b"x")
    world.clock.advance(60)
    world.sync()

    world.configure(mirror__direction="both")
    report = world.sync()

    assert world.tree()["Leaves/c"] == b"edited there"
    assert world.tree()["Leaves/new there"] == b"new there"
    assert world.tree()["Other/x"] == b"x"
    assert results(report, "failed") == []
    assert_quiet(world)


def test_push_makes_new_items(world: World) -> None:
    world.configure(mirror__direction="push")
    world.drop("New folder/x", b"x")
    world.settle()

    world.sync()

    assert world.remote("New folder") == {"x": b"x"}
    assert_quiet(world)
