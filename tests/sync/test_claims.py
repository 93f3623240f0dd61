"""What the records in the root's folders claim: read again when it may be new."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from figsync.model import Mode
from figsync.sync.claims import load_claims
from figsync.sync.root import look_at_root
from tests.world import World, assert_agreed

RECORD = ".figshare/record.json"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Three items whose records alone are mirrored, and nothing left to do."""
    world = World(tmp_path, mirror__new_items="metadata")
    for title in ("Earth", "Mars", "Venus"):
        world.box.web.create_item(title)
    quiet(world)
    return world


def quiet(world: World) -> None:
    for _ in range(3):
        world.clock.advance(60)
        world.sync()


def claimed(world: World) -> dict[str, str]:
    with world.mirror() as mirror:
        folders = look_at_root(mirror).folders
        return {name: folder.record_id for name, folder in folders.items()}


def right(world: World) -> dict[str, str]:
    return {name: world.item_id(name) for name in ("Earth", "Mars", "Venus")}


def test_a_record_that_is_as_it_was_is_not_read_again(world: World):
    with world.mirror() as mirror:
        claims = load_claims(mirror, ["Earth", "Mars"])
        # Whoever read it now would find nothing.
        (world.root / "Earth" / RECORD).unlink()

        assert claims.of(mirror, "Earth") == world.item_id("Earth")
        assert claims.now.keys() == {"Earth"}


def test_another_id_of_the_same_length_is_seen(world: World):
    record = world.root / "Earth" / RECORD
    mars = world.item_id("Mars")
    text = record.read_text().replace(world.item_id("Earth"), mars)
    before = record.stat()
    record.write_text(text)
    os.utime(record, ns=(before.st_mtime_ns, before.st_mtime_ns))

    assert len(text) == before.st_size
    assert claimed(world) == right(world) | {"Earth": mars}


def test_a_record_that_is_gone_claims_nothing(world: World):
    (world.root / "Earth" / RECORD).unlink()

    assert claimed(world) == right(world) | {"Earth": ""}


def test_records_swapped_between_folders_are_seen(world: World):
    one, other = world.root / "Earth" / ".figshare", world.root / "Mars" / ".figshare"
    one.rename(world.root / "aside")
    other.rename(one)
    (world.root / "aside").rename(other)

    ids = right(world)
    assert claimed(world) == ids | {"Earth": ids["Mars"], "Mars": ids["Earth"]}


def test_a_record_behind_a_link_is_not_believed(world: World, tmp_path: Path):
    inside = world.root / "Earth" / ".figshare"
    inside.rename(tmp_path / "elsewhere")
    inside.symlink_to(tmp_path / "elsewhere")

    with world.mirror() as mirror:
        folder = look_at_root(mirror).folders["Earth"]

    assert (folder.record_id, folder.unreadable) == ("", True)


def test_what_was_saved_just_before_it_was_read_is_read_again(world: World):
    assert remembered(world) == right(world).keys()
    record = world.root / "Earth" / RECORD
    world.clock.jump(record.stat().st_ctime - world.clock.now() + 1)

    assert "Earth" not in remembered(world)


def remembered(world: World) -> set[str]:
    with world.mirror() as mirror:
        claims = look_at_root(mirror).claims
    assert claims is not None
    return set(claims.now)


def test_thousands_of_records_are_not_written_again_for_one(world: World):
    for number in range(30):
        world.box.web.create_item(f"Moon {number}")
    quiet(world)
    before = stored(world)
    record = world.root / "Earth" / RECORD
    record.write_text(record.read_text() + " ")
    quiet(world)

    assert stored(world) == before
    assert claimed(world)["Earth"] == world.item_id("Earth")


def stored(world: World) -> str:
    with world.state() as state:
        return state.settings.get("record_ids")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Earth": 7}', '{"Ea": ["1", 2]}'])
def test_claims_that_are_none_cost_a_reading(world: World, text: str):
    with world.mirror() as mirror:
        mirror.state.settings.set("record_ids", text)

    assert claimed(world) == right(world)


def test_names_that_are_not_utf_8_are_remembered_too(world: World):
    name = os.fsdecode(b"caf\xe9")
    (world.root / "Earth").rename(world.root / name)
    quiet(world)

    with world.mirror() as mirror:
        assert load_claims(mirror, []).before.keys() == {name, "Mars", "Venus"}
    assert claimed(world)[name] == world.item_id("Earth")


def test_a_file_dropped_after_quiet_syncs_is_held(world: World):
    world.drop("Venus/raw/a.csv", "a")
    world.settle()
    report = world.sync()

    assert [held.action.path for held in report.held] == ["raw/a.csv"]

    (world.root / "Venus/raw/a.csv").unlink()
    assert world.sync().held == ()


def test_a_change_on_the_web_after_quiet_syncs_comes(world: World):
    world.box.web.edit_item(int(world.item_id("Venus")), description="hot")
    world.clock.advance(60)
    world.sync()

    assert "hot" in (world.root / "Venus" / RECORD).read_text()


def test_a_record_that_was_removed_is_written_again(world: World):
    record = world.root / "Venus" / RECORD
    before = record.read_bytes()
    record.unlink()
    world.sync()

    assert record.read_bytes() == before


def test_what_is_included_after_quiet_syncs_gets_its_files(world: World):
    venus = world.item_id("Venus")
    world.box.web.add_file(int(venus), "a.csv", b"a")
    with world.mirror() as mirror:
        for known in mirror.state.items.all().values():
            mirror.state.items.save(replace(known, mode=Mode.MIRRORED))
    quiet(world)

    assert world.tree() == {"Venus/a.csv": b"a"}
    assert_agreed(world)
