"""A state lost, or set aside on request: what comes back, and what stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.errors import MirrorOwned, WrongUsage
from figsync.model import Mode
from figsync.sync.carry import Asked, carry_out
from figsync.sync.rebuild import set_state_aside
from tests.wire import Killed, wired
from tests.world import World, assert_agreed, told

DAY = 24 * 3600.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    for title in ("Leaves", "Stones"):
        item = world.box.web.create_item(title)
        names = ("a.csv", "b.csv", "c.csv")
        world.box.web.add_files(item, {n: f"{title} {n}".encode() for n in names})
    world.clock.advance(60)
    world.sync()
    return world


def set_aside(world: World) -> Path:
    return set_state_aside(world.config, world.means(), why="before-rebuild")


def modes(world: World) -> dict[str, Mode]:
    with world.state() as state:
        items = state.items.all().values()
        return {item.title or item.folder: item.mode for item in items}


def test_equal_files_are_adopted_and_the_old_database_stays(world: World) -> None:
    before = world.config.database.read_bytes()
    world.box.log.clear()

    aside = set_aside(world)
    report = world.sync()

    assert aside.name.startswith("state.db.before-rebuild-")
    assert aside.read_bytes() == before
    assert not world.box.log.mutations()
    assert (report.bytes_up, report.bytes_down, report.exit_code) == (0, 0, 0)
    assert_agreed(world)


def test_a_deletion_that_was_waiting_is_never_carried_out(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    shutil.rmtree(world.root / "Stones")
    world.settle()
    world.sync()
    world.clock.advance(2 * DAY)
    remote = world.remote("Leaves"), world.remote("Stones")

    set_aside(world)
    for _ in range(3):
        world.sync()
        world.clock.advance(2 * DAY)

    assert not world.box.log.find(method="DELETE")
    assert (world.remote("Leaves"), world.remote("Stones")) == remote
    assert_agreed(world)


def test_what_differs_becomes_a_conflict(world: World) -> None:
    world.drop("Leaves/a.csv", b"edited here")
    world.settle()

    set_aside(world)
    report = world.sync()

    assert report.exit_code == 4
    assert report.conflicts == 1
    assert world.tree()["Leaves/a.csv"] == b"Leaves a.csv"
    assert b"edited here" in world.tree().values()
    assert not world.box.log.mutations()


def test_conflict_copies_and_exclusions_stay(world: World) -> None:
    copy = "Leaves/a (conflict 2026-11-20 153012).csv"
    world.drop(copy, b"mine")
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", {"item": "Stones"}))
    world.settle()
    before = world.tree()

    set_aside(world)
    report = world.sync()

    assert report.conflicts == 1
    assert modes(world) == {"Leaves": Mode.MIRRORED, "Stones": Mode.EXCLUDED}
    assert world.tree() == before
    assert not world.box.log.mutations()


def test_a_record_alone_stays_a_record_alone(tmp_path: Path) -> None:
    world = World(tmp_path / "world", mirror__new_items="metadata")
    for title in ("Leaves", "Stones"):
        item = world.box.web.create_item(title)
        world.box.web.add_file(item, "a.csv", title.encode())
    world.clock.advance(60)
    world.sync()
    with world.mirror() as mirror:
        carry_out(mirror, Asked("include", {"item": "Leaves"}))
    world.sync()
    (world.root / "Stones").rename(world.root / "Pebbles")
    tree, before = world.tree(), modes(world)
    assert list(tree) == ["Leaves/a.csv"]

    set_aside(world)
    report = world.sync()

    assert report.bytes_down == 0
    assert world.tree() == tree
    assert modes(world) == before


def test_files_of_an_item_deleted_on_the_web_wait_for_a_person_still(
    world: World,
) -> None:
    world.drop("Leaves/new.csv", b"new")
    world.settle()
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.clock.advance(60)
    world.sync()
    world.sync()
    assert modes(world)["Leaves"] is Mode.ORPHANED
    world.box.log.clear()

    set_aside(world)
    report = world.sync()

    assert not world.box.log.mutations()
    assert [held.action.kind for held in report.held] == ["SetAsideRecord"]
    assert world.tree()["Leaves/new.csv"] == b"new"


@pytest.mark.parametrize("name", ["a:b?.csv", "x*/y.csv", "con/aux.txt"])
def test_an_unportable_name_is_not_doubled(tmp_path: Path, name: str) -> None:
    world = World(tmp_path / "world", mirror__portable_names="yes")
    world.drop(f"New/{name}", b"1,2")
    world.drop("New/plain.csv", b"3,4")
    world.settle()
    world.sync()
    tree, remote = world.tree(), world.remote("New")
    world.box.log.clear()

    set_aside(world)
    report = world.sync()

    assert report.exit_code == 0
    assert (world.tree(), world.remote("New")) == (tree, remote)
    assert not world.box.log.mutations()
    assert world.sync().cycles == 1
    assert_agreed(world)


def test_an_unportable_name_from_the_web_keeps_its_portable_one(
    tmp_path: Path,
) -> None:
    world = World(tmp_path / "world", mirror__portable_names="yes")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a:b?.csv", b"1,2")
    world.clock.advance(60)
    world.sync()
    tree = world.tree()
    assert "Leaves/a:b?.csv" not in tree

    set_aside(world)
    report = world.sync()

    assert world.tree() == tree
    assert (report.bytes_up, report.bytes_down) == (0, 0)


def test_an_unportable_name_here_and_other_bytes_there_are_a_conflict(
    tmp_path: Path,
) -> None:
    world = World(tmp_path / "world", mirror__portable_names="yes")
    world.drop("New/a:b.csv", b"1,2")
    world.settle()
    world.sync()
    world.drop("New/a:b.csv", b"edited")
    world.settle()

    set_aside(world)
    report = world.sync()

    assert report.conflicts == 1
    assert world.tree()["New/a:b.csv"] == b"1,2"
    assert b"edited" in world.tree().values()


def test_an_upload_that_was_interrupted_goes_on_as_one_record(tmp_path: Path) -> None:
    world = World(tmp_path / "world", part_size=1024)
    world.drop("New/large.bin", bytes(range(256)) * 20)
    world.settle()

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/3"):
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()
    world.box.log.clear()

    set_aside(world)
    report = world.sync()

    assert report.exit_code == 0
    assert len(world.box.web.files(int(world.item_id("New")))) == 1
    assert len(world.box.log.find("upload", "PUT")) == 3
    assert_agreed(world)


def test_a_running_owner_is_not_disturbed(world: World) -> None:
    with world.mirror(), pytest.raises(MirrorOwned):
        set_aside(world)

    assert world.sync().exit_code == 0
    assert not list(world.config.database.parent.glob("*before-rebuild*"))


def test_a_file_that_is_no_state_is_not_renamed(world: World) -> None:
    own = world.folder / "thesis.docx"
    own.write_bytes(b"my thesis" * 100)
    world.configure(state__database=str(own))

    with pytest.raises(WrongUsage, match="no database of figsync"):
        set_aside(world)

    assert own.read_bytes() == b"my thesis" * 100


def test_told_is_quiet_after_a_rebuild(world: World) -> None:
    set_aside(world)

    assert {kind for kind, _, _ in told(world.sync())} == {"Adopt"}
