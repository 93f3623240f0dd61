"""A file dropped into the root itself becomes an item of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.seen import assert_quiet, listed, waiting
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, deletions__grace="0")
    world.sync()
    return world


def test_a_loose_file_waits_until_it_has_been_still_for_a_minute(world: World) -> None:
    world.drop("survey.csv", b"1,2")

    report = world.sync()

    assert waiting(report) == [("FileAway", "survey.csv")]
    assert world.box.web.item_ids() == []
    assert report.exit_code == 0


def test_a_still_loose_file_becomes_an_item(world: World) -> None:
    world.drop("survey 2026.tar.gz", b"1,2")
    world.settle()

    report = world.sync()

    assert list(world.tree().values()) == [b"1,2"]
    (path,) = world.tree()
    assert path == "survey 2026/survey 2026.tar.gz"
    assert world.remote("survey 2026") == {"survey 2026.tar.gz": b"1,2"}
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_loose_file_never_goes_into_an_existing_folder(world: World) -> None:
    world.drop("survey/notes.txt", b"notes")
    world.settle()
    world.sync()
    world.drop("survey.csv", b"1,2")
    world.settle()

    world.sync()

    assert world.remote("survey") == {"notes.txt": b"notes"}
    (path,) = [path for path, content in world.tree().items() if content == b"1,2"]
    assert path.split("/")[0].startswith("survey (")
    assert len(world.box.web.item_ids()) == 2
    assert_quiet(world)


def test_two_loose_files_of_one_stem_become_two_items(world: World) -> None:
    world.drop("survey.csv", b"1,2")
    world.drop("survey.txt", b"text")
    world.settle()

    world.sync()

    assert len(world.box.web.item_ids()) == 2
    assert sorted(world.tree().values()) == [b"1,2", b"text"]
    assert len({path.split("/")[0] for path in world.tree()}) == 2
    assert_quiet(world)


def test_a_loose_file_of_a_filed_name_replaces_that_file(world: World) -> None:
    world.drop("survey.csv", b"1,2")
    world.settle()
    world.sync()
    world.drop("survey.csv", b"3,4")
    world.settle()

    world.sync()

    assert world.tree() == {"survey/survey.csv": b"3,4"}
    assert world.remote("survey") == {"survey.csv": b"3,4"}
    assert b"1,2" in world.trash()
    assert len(world.box.web.item_ids()) == 1
    assert_quiet(world)


def test_a_loose_file_follows_its_item_when_the_folder_was_renamed(
    world: World,
) -> None:
    world.drop("survey.csv", b"1,2")
    world.settle()
    world.sync()
    (world.root / "survey").rename(world.root / "My survey")
    world.sync()
    world.drop("survey.csv", b"3,4")
    world.settle()

    world.sync()

    assert world.tree() == {"My survey/survey.csv": b"3,4"}
    assert world.remote("survey") == {"survey.csv": b"3,4"}
    assert len(world.box.web.item_ids()) == 1
    assert_quiet(world)


def test_loose_files_can_be_left_alone(world: World) -> None:
    world.configure(mirror__loose_files="ignore")
    world.drop("survey.csv", b"1,2")
    world.settle()

    report = world.sync()

    assert world.tree() == {"survey.csv": b"1,2"}
    assert world.box.web.item_ids() == []
    assert report.exit_code == 0


def test_an_empty_loose_file_stays_where_it_is(world: World) -> None:
    world.drop("survey.csv", b"")
    world.settle()

    report = world.sync()

    assert world.tree() == {"survey.csv": b""}
    assert world.box.web.item_ids() == []
    assert report.exit_code == 0


@pytest.mark.parametrize("name", [".hidden", "~$survey.docx", "a.part", "Thumbs.db"])
def test_ignored_loose_files_stay_where_they_are(world: World, name: str) -> None:
    world.drop(name, b"1,2")
    world.settle()

    world.sync()

    assert (world.root / name).read_bytes() == b"1,2"
    assert world.box.web.item_ids() == []


def test_a_conflict_copy_in_the_root_is_not_filed(world: World) -> None:
    name = "survey (conflict 2026-11-20 153012).csv"
    world.drop(name, b"1,2")
    world.settle()

    world.sync()

    assert (world.root / name).read_bytes() == b"1,2"
    assert world.box.web.item_ids() == []


def test_a_loose_file_is_listed_under_pull(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.drop("survey.csv", b"1,2")
    world.settle()

    report = world.sync()

    assert listed(report) == [("FileAway", "survey.csv")]
    assert world.tree() == {"survey.csv": b"1,2"}


def test_a_loose_file_with_the_name_of_an_arriving_item_loses_nothing(
    world: World,
) -> None:
    item = world.box.web.create_item("survey")
    world.box.web.add_file(item, "a.csv", b"there")
    world.drop("survey", b"here")
    world.settle()

    world.sync()
    world.settle()
    world.sync()

    assert sorted(world.tree().values()) == [b"here", b"there"]
    contents = [world.box.web.tree(i) for i in world.box.web.item_ids()]
    assert {"a.csv": b"there"} in contents
    assert {"survey": b"here"} in contents
    assert_quiet(world)


def test_a_folder_in_the_filed_file_s_place_is_left_alone(world: World) -> None:
    world.drop("survey.csv", b"1,2")
    world.settle()
    world.sync()
    (world.root / "survey" / "survey.csv").unlink()
    world.drop("survey/survey.csv/inner.txt", b"inner")
    world.drop("survey.csv", b"3,4")
    world.settle()

    world.sync()

    assert world.tree()["survey/survey.csv/inner.txt"] == b"inner"
    assert b"3,4" in world.tree().values()
    assert b"inner" not in world.trash()
