"""Status knows which public items have other files than their newest version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from figsync.figshare import FileRecord, Item
from figsync.state import Publication
from figsync.sync.publication import publication
from tests.world import World, assert_agreed

DRAFT = Item(
    id="7",
    title="Soil cores",
    status="draft",
    is_public=False,
    version=0,
    created_date=None,
    modified_date=None,
    published_date=None,
    size=None,
    files=None,
    folder_structure={},
    has_linked_file=False,
    is_metadata_record=False,
    download_disabled=False,
    is_embargoed=False,
    is_confidential=False,
    embargo_type="",
    raw={},
)
PUBLIC = replace(DRAFT, status="public", is_public=True, version=2)
OLD = FileRecord("1", "a.csv", 3, is_attached_to_public_version=True)
NEW = FileRecord("2", "b.csv", 3, is_attached_to_public_version=False)


def changed(files: list[FileRecord], *seen: str, version: int = 2) -> bool:
    before = Publication(version, frozenset(seen), False) if seen else None
    known = publication(PUBLIC, files, before)
    assert known is not None
    return known.changed


def test_the_files_of_the_version_are_no_change() -> None:
    assert not changed([OLD])
    assert not changed([OLD], "1")


def test_a_file_in_no_version_was_added() -> None:
    assert changed([OLD, NEW])


def test_a_file_that_is_still_being_uploaded_is_no_change_yet() -> None:
    assert not changed([OLD, replace(NEW, status="created")])


def test_a_file_of_the_version_that_is_not_listed_was_removed() -> None:
    assert changed([OLD], "1", "3")
    assert changed([], "1")


def test_a_new_version_starts_afresh() -> None:
    assert not changed([OLD], "1", "3", version=1)


def test_removed_files_are_remembered_until_the_next_version() -> None:
    first = publication(PUBLIC, [OLD, replace(OLD, id="3")], None)
    then = publication(PUBLIC, [OLD], first)
    later = publication(PUBLIC, [OLD], then)

    assert later == Publication(2, frozenset({"1", "3"}), True)


@pytest.mark.parametrize(
    ("item", "file"),
    [(DRAFT, OLD), (PUBLIC, replace(OLD, is_attached_to_public_version=None))],
)
def test_of_drafts_and_where_figshare_says_nothing_nothing_is_known(
    item: Item, file: FileRecord
) -> None:
    assert publication(item, [file], Publication(2, frozenset({"9"}), True)) is None


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Mirror a public item of two files, and a draft."""
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"a", "b.csv": b"b"})
    publish(world, item)
    draft = world.box.web.create_item("Draft")
    world.box.web.add_file(draft, "c.csv", b"c")
    world.settle()
    assert world.sync().exit_code == 0
    return world


def publish(world: World, item: int) -> None:
    world.box.web.publish(item)
    world.settle()


def staged(world: World) -> list[str]:
    with world.state() as state:
        return state.items.changed_since_publication()


def test_nothing_is_changed_right_after_publication(world: World) -> None:
    assert staged(world) == []


@pytest.mark.parametrize("change", ["edit", "add", "delete", "web"])
def test_a_change_of_files_is_listed_until_it_is_published(
    world: World, change: str
) -> None:
    item = int(world.item_id("Soil cores"))
    match change:
        case "edit":
            world.drop("Soil cores/a.csv", "edited")
        case "add":
            world.drop("Soil cores/new.csv", "new")
        case "delete":
            (world.root / "Soil cores" / "a.csv").unlink()
        case _:
            world.box.web.delete_file(world.box.web.files(item)[0].id)
    world.settle()
    for _ in range(3):
        world.sync()
        world.clock.advance(60)

    assert staged(world) == [str(item)]
    assert_agreed(world)
    publish(world, item)
    world.sync()
    assert staged(world) == []
