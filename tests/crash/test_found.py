"""What the crash matrix found, each as the smallest situation that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.model import Mode
from tests.crash.boundaries import dies
from tests.crash.telling import ask, ice, record, synced
from tests.disk_box import Poor
from tests.world import World, assert_agreed

COMMITTED = "after commit of the state"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, part_size=1000)


def commits(world: World, count: int) -> None:
    dies(world, COMMITTED, time=count)


def test_a_second_upload_that_was_interrupted_goes_on(world: World) -> None:
    item = ice(world)
    world.box.web.delete_file(record(world, item, "a.csv"))
    world.settle()
    world.sync()
    world.drop("Ice/a.csv", "old a")
    world.settle()

    dies(world, "before PUT /upload/*/1")
    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


def test_a_file_moved_in_its_item_needs_no_grace_after_a_kill(world: World) -> None:
    ice(world)
    (world.root / "Ice/a.csv").rename(world.root / "Ice/c.csv")

    dies(world, "before DELETE /v2/account/articles/*/files/*")
    report = world.sync()

    assert (report.exit_code, report.waiting) == (0, 0)
    assert set(world.remote("Ice")) == {"c.csv", "raw/b.csv"}
    assert_agreed(world)


def test_a_copy_of_a_moved_file_waits_for_its_grace_after_a_kill(world: World) -> None:
    synced(world, Ice={"a.csv": "equal", "b.csv": "equal", "c.csv": "other"})
    (world.root / "Ice/a.csv").unlink()

    dies(world, "before GET /v2/account/articles")
    report = world.sync()

    assert report.waiting == 1
    assert set(world.remote("Ice")) == {"a.csv", "b.csv", "c.csv"}


def test_a_conflict_leaves_one_copy_after_a_kill_before_the_swap(world: World) -> None:
    item = ice(world)
    world.drop("Ice/a.csv", "edited here")
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited on the web")
    world.settle()

    dies(world, "before exchange", time=2)  # the first one tries the file system
    world.clock.advance(10)
    report = world.sync()

    copies = [path for path in world.tree() if "(conflict" in path]
    assert [world.tree()[copy] for copy in copies] == [b"edited here"]
    assert world.tree()["Ice/a.csv"] == b"edited on the web"
    assert report.conflicts == 1


def test_a_copy_with_bytes_of_its_own_is_no_leftover(world: World) -> None:
    item = ice(world)
    for number in (1, 2):
        world.drop("Ice/a.csv", f"{number} edited here")
        web = f"{number} edited on the web".encode()
        world.box.web.replace_file(record(world, item, "a.csv"), web)
        world.settle()
        world.sync()

    copies = {content for path, content in world.tree().items() if "(confl" in path}
    assert copies == {b"1 edited here", b"2 edited here"}


@pytest.mark.parametrize("moment", ["after mkdir", "before mkdir"])
def test_a_folder_made_for_an_item_is_used_after_a_kill(
    world: World, moment: str
) -> None:
    ice(world)
    item = world.box.web.create_item("Soil")
    world.box.web.add_file(item, "a.csv", b"new a")
    world.settle()

    dies(world, moment, time=2)  # the first one is for the permissions of new files
    world.sync()

    assert set(world.tree()) == {"Ice/a.csv", "Ice/raw/b.csv", "Soil/a.csv"}


def test_a_folder_a_person_filled_meanwhile_is_left_alone(world: World) -> None:
    ice(world)
    item = world.box.web.create_item("Soil")
    world.box.web.add_file(item, "a.csv", b"on the web")
    world.settle()

    dies(world, "after mkdir", time=2)
    world.drop("Soil/a.csv", "mine")
    world.settle()
    world.sync()

    assert world.tree()["Soil/a.csv"] == b"mine"
    assert sorted(world.tree().values())[-2:] == [b"old b", b"on the web"]


def test_a_folder_made_for_a_loose_file_is_used_after_a_kill(world: World) -> None:
    ice(world)
    world.drop("survey.csv", "loose")
    world.settle()

    dies(world, "after mkdir", time=2)
    world.sync()

    assert set(world.tree()) == {"Ice/a.csv", "Ice/raw/b.csv", "survey/survey.csv"}


@pytest.mark.parametrize("time", range(1, 7))
def test_an_exclusion_goes_on_after_a_kill(world: World, time: int) -> None:
    synced(world, Soil={"c.csv": "old c"})
    ice(world)
    ask(world, "exclude", item="Ice")

    dies(world, "after rename_new", time=time)
    world.sync()

    assert set(world.tree()) == {"Soil/c.csv"}
    assert sorted(world.trash())[:2] == [b"old a", b"old b"]
    assert set(world.remote("Ice")) == {"a.csv", "raw/b.csv"}


@pytest.mark.parametrize("time", range(1, 9))
def test_an_exclusion_is_whole_or_not_at_all(world: World, time: int) -> None:
    synced(world, Soil={"c.csv": "old c"})
    item = ice(world)
    ask(world, "exclude", item="Ice")

    commits(world, time)
    with world.state() as state:
        known = state.items.all()[str(item)]
        rows = state.files.synced(str(item))

    assert (known.mode is Mode.EXCLUDED) == (not rows)
    assert set(world.remote("Ice")) == {"a.csv", "raw/b.csv"}


def test_an_included_item_gets_the_folder_that_was_made_before_a_kill(
    world: World,
) -> None:
    ice(world)
    item = world.box.web.create_item("Soil")
    world.box.web.add_file(item, "a.csv", b"old soil")
    synced(world)
    ask(world, "exclude", item="Soil")
    synced(world)
    ask(world, "include", item=str(item))

    dies(world, "after mkdir", time=2)  # the first one is for the permissions
    world.sync()

    assert set(world.tree()) == {"Ice/a.csv", "Ice/raw/b.csv", "Soil/a.csv"}


def test_what_a_kill_left_in_the_trash_is_synced_no_longer(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    item = ice(world)
    world.drop("Ice/mine.csv", "never sent")
    world.box.web.delete_item(item)
    world.settle()

    dies(world, "after rename_new", time=5)  # four of them try the file system
    world.sync()

    assert set(world.tree()) == {"Ice/mine.csv", "Soil/c.csv"}
    with world.state() as state:
        assert state.files.synced(str(item)) == {}


@pytest.mark.parametrize("time", [5, 6])  # four links try the file system
def test_a_conflict_leaves_one_copy_where_nothing_can_be_swapped(
    world: World, time: int
) -> None:
    item = ice(world)
    world.drop("Ice/a.csv", "edited here")
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited on the web")
    world.settle()
    world.calls = Poor("exchange", "rename_new")

    dies(world, "after link", time=time)
    world.clock.advance(10)
    world.sync()

    copies = [path for path in world.tree() if "(conflict" in path]
    assert [world.tree()[copy] for copy in copies] == [b"edited here"]
    assert world.tree()["Ice/a.csv"] == b"edited on the web"


class TestADownloadNobodyRecorded:
    """It is no edit, so nobody consented to supersede the record it replaced."""

    def test_the_old_record_stays_beside_the_new_one(self, world: World) -> None:
        item = ice(world)
        old = record(world, item, "a.csv")
        world.box.web.add_file(item, "a.csv", b"another a")
        world.settle()

        dies(world, "after exchange", time=2)  # the first one tries the file system
        world.sync()

        assert old in [file.id for file in world.box.web.files(item)]
        assert world.tree()["Ice/a.csv"] == b"another a"
        assert world.tree()[f"Ice/a (#{old}).csv"] == b"old a"

    def test_also_when_the_folder_was_renamed_since(self, world: World) -> None:
        item = ice(world)
        old = record(world, item, "a.csv")
        world.box.web.add_file(item, "a.csv", b"another a")
        world.settle()

        dies(world, "after exchange", time=2)
        (world.root / "Ice").rename(world.root / "Cold")
        world.settle()
        world.sync()

        assert old in [file.id for file in world.box.web.files(item)]
        assert world.tree()["Cold/a.csv"] == b"another a"
        assert world.tree()[f"Cold/a (#{old}).csv"] == b"old a"

    def test_also_when_the_local_file_was_edited(self, world: World) -> None:
        item = ice(world)
        old = record(world, item, "a.csv")
        world.box.web.add_file(item, "a.csv", b"another a")
        world.drop("Ice/a.csv", "edited here")
        world.settle()

        dies(world, "after exchange", time=2)
        world.sync()

        assert old in [file.id for file in world.box.web.files(item)]
        assert sorted(world.tree().values()) == [
            b"another a",
            b"edited here",
            b"old a",
            b"old b",
        ]

    def test_an_edit_since_the_kill_is_kept(self, world: World) -> None:
        item = ice(world)
        old = record(world, item, "a.csv")
        world.box.web.add_file(item, "a.csv", b"another a")
        world.settle()

        dies(world, "after exchange", time=2)
        world.drop("Ice/a.csv", "edited since")
        world.settle()
        world.sync()

        assert old in [file.id for file in world.box.web.files(item)]
        assert b"edited since" in world.tree().values()


@pytest.mark.parametrize("kills", [1, 2])
def test_the_old_record_of_a_moved_file_outlives_kills_before_its_upload(
    tmp_path: Path, kills: int
) -> None:
    world = World(tmp_path, deletions__grace="0")
    synced(world, Ice={"a.csv": "old a", "b.csv": "b"}, Soil={"c.csv": "old c"})
    (world.root / "Ice/a.csv").rename(world.root / "Soil/a.csv")
    world.settle()

    for _ in range(kills):
        dies(world, "before POST /v2/account/articles/*/files")
        assert set(world.remote("Ice")) == {"a.csv", "b.csv"}
    report = world.sync()

    assert (report.exit_code, report.waiting) == (0, 0)
    assert set(world.remote("Soil")) == {"a.csv", "c.csv"}
    assert_agreed(world)
