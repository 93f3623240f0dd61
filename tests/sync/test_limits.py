"""The limits on deletions and edits through the whole engine: nothing slips past."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.sync.loop import Report
from tests.sync.seen import approve, assert_quiet, for_a_person, reasons, waiting
from tests.world import HOUR, World

DAY = 24 * HOUR


def mirrored(tmp_path: Path, *, items: int = 4, each: int = 25, **keys: str) -> World:
    """Return a mirror of some items of *each* so many files, in sync."""
    world = World(tmp_path, **{"deletions__grace": "0", **keys})
    for number in range(items):
        item = world.box.web.create_item(f"Item {number}")
        files = {f"f{n:03}": f"{number} {n}".encode() for n in range(each)}
        world.box.web.add_files(item, files)
    assert world.sync().exit_code == 0
    return world


def delete_here(world: World, item: int, *files: int) -> None:
    for number in files:
        (world.root / f"Item {item}/f{number:03}").unlink()


def delete_there(world: World, item: int, *files: int) -> None:
    records = {f.name: f for f in world.box.web.files(int(item_id(world, item)))}
    for number in files:
        world.box.web.delete_file(records[f"f{number:03}"].id)


def item_id(world: World, item: int) -> str:
    return world.item_id(f"Item {item}")


def left(world: World) -> int:
    web = world.box.web
    return sum(len(web.tree(item)) for item in web.item_ids())


def a_minute_later(world: World, *only: str) -> Report:
    world.clock.advance(60)
    return world.sync(*only)


# Partial syncs


def test_deletions_waiting_in_other_folders_count_in_a_partial_sync(
    tmp_path: Path,
) -> None:
    world = mirrored(tmp_path, deletions__grace="24h")
    for item in range(3):
        delete_here(world, item, *range(10))
    a_minute_later(world)
    world.clock.advance(2 * DAY)
    world.box.log.clear()

    for item in range(3):
        report = world.sync(f"Item {item}")
        assert len(for_a_person(report)) == 10
        assert "30 of 100 files were deleted on this computer" in reasons(report)

    assert world.box.log.mutations() == ()


def test_deletions_that_one_partial_sync_found_count_in_the_next(
    tmp_path: Path,
) -> None:
    world = mirrored(tmp_path, deletions__grace="24h")
    for item in range(3):
        delete_here(world, item, *range(10))
    first = a_minute_later(world, "Item 0")
    second = a_minute_later(world, "Item 1")
    third = a_minute_later(world, "Item 2")
    world.clock.advance(2 * DAY)
    world.box.log.clear()

    assert (len(waiting(first)), len(waiting(second))) == (10, 10)
    assert len(for_a_person(third)) == 10
    assert len(for_a_person(world.sync("Item 0"))) == 10
    assert world.box.log.mutations() == ()


def test_deletions_that_partial_syncs_made_count_in_the_next(tmp_path: Path) -> None:
    world = mirrored(tmp_path)
    for item in range(3):
        delete_here(world, item, *range(10))

    reports = [a_minute_later(world, f"Item {item}") for item in range(3)]

    assert [len(for_a_person(report)) for report in reports] == [0, 0, 10]
    assert left(world) == 80


def test_edits_held_in_other_folders_count_in_a_partial_sync(tmp_path: Path) -> None:
    world = mirrored(tmp_path)
    for item in range(3):
        for number in range(20):
            world.drop(f"Item {item}/f{number:03}", b"ENCRYPTED BY A THIEF")
    world.settle()
    assert len(for_a_person(world.sync())) == 60
    world.box.log.clear()

    report = world.sync("Item 0")

    assert world.box.log.mutations() == ()
    assert "60 of 100 files were changed on this computer" in reasons(report)
    assert approve(world) == 60
    assert world.sync("Item 0").exit_code == 0
    assert world.remote("Item 0")["f000"] == b"ENCRYPTED BY A THIEF"


# Over a day


@pytest.mark.parametrize("delete", [delete_here, delete_there])
def test_portions_over_hours_add_up_to_the_limit_exactly(
    tmp_path: Path, delete: object
) -> None:
    world = mirrored(tmp_path)
    for portion in range(5):
        delete(world, portion % 4, *range(5 * portion, 5 * portion + 5))  # type: ignore[operator]  # one of the two above
        world.clock.advance(HOUR)
        assert world.sync().exit_code == 0
    delete(world, 3, 24)  # type: ignore[operator]  # one of the two above
    world.clock.advance(HOUR)

    report = world.sync()

    assert "26 of 100 files were deleted" in reasons(report)
    assert len(for_a_person(report)) == 1
    world.clock.advance(DAY)
    assert world.sync().exit_code == 0


def test_a_clock_set_forward_ends_no_day_of_counting(tmp_path: Path) -> None:
    world = mirrored(tmp_path)
    delete_here(world, 0, *range(20))
    assert a_minute_later(world).exit_code == 0
    world.clock.jump(30 * DAY)
    delete_here(world, 1, *range(20))
    world.clock.advance(HOUR)

    report = world.sync()

    assert len(for_a_person(report)) == 20
    assert "40 of 100 files" in reasons(report)
    world.clock.advance(DAY)
    assert world.sync().exit_code == 0


def test_items_that_only_cease_to_be_mirrored_are_no_deletions(
    tmp_path: Path,
) -> None:
    world = mirrored(tmp_path)
    for item in (0, 1):
        world.box.web.publish(int(item_id(world, item)))
    a_minute_later(world)
    for item in (0, 1):
        (world.root / f"Item {item}").rename(tmp_path / f"aside {item}")
    a_minute_later(world)
    assert approve(world) == 2
    assert world.sync().exit_code == 0
    delete_here(world, 2, 0)

    assert a_minute_later(world).exit_code == 0

    assert left(world) == 99


# One item


def test_an_item_is_not_emptied_one_by_one_within_a_day(tmp_path: Path) -> None:
    world = mirrored(tmp_path, items=2, each=3)
    for number in range(3):
        delete_here(world, 0, number)
        report = a_minute_later(world)

    assert set(world.remote("Item 0")) == {"f002"}
    assert "it would empty the item of all its 3 files" in reasons(report)


def test_an_item_is_not_emptied_by_both_sides_together(tmp_path: Path) -> None:
    world = mirrored(tmp_path, items=2, each=3)
    delete_there(world, 0, 0)
    delete_here(world, 0, 1, 2)

    report = a_minute_later(world)

    assert set(world.remote("Item 0")) == {"f001", "f002"}
    assert "it would empty the item of all its 2 files" in reasons(report)


def test_an_item_is_not_emptied_for_a_file_that_can_not_be_sent(
    tmp_path: Path,
) -> None:
    world = mirrored(tmp_path, items=2, each=3)
    delete_here(world, 0, 0, 1, 2)
    world.drop("Item 0/all.zip", b"all three in one")
    world.box.switches.md5_never = True
    world.settle()

    for _ in range(3):
        report = world.sync()
        world.clock.advance(HOUR)

    assert {"f000", "f001", "f002"} <= set(world.remote("Item 0"))
    assert "it would empty the item" in reasons(report)
    world.box.switches.md5_never = False
    world.sync()
    assert world.sync().exit_code == 0
    assert set(world.remote("Item 0")) == {"all.zip"}
    assert_quiet(world)


# Ten and three hundred of a thousand


def deletions_sent(world: World) -> int:
    return world.box.log.count("api", "DELETE")


def test_of_1000_files_300_wait_for_a_person_and_10_for_a_day(tmp_path: Path) -> None:
    world = mirrored(tmp_path, each=250, deletions__grace="24h")
    aside = tmp_path / "aside"
    aside.mkdir()
    for number in range(300):
        path = world.root / f"Item {number % 3}/f{number:03}"
        if not path.exists():
            path = path.with_name(f"f{number - 250:03}")
        path.rename(aside / f"{path.parent.name} {path.name}")
    world.box.log.clear()
    assert len(for_a_person(a_minute_later(world))) == 300
    world.clock.advance(3 * DAY)
    assert len(for_a_person(world.sync())) == 300

    kept = sorted(aside.iterdir())
    for path in kept[10:]:
        item, _, name = path.name.rpartition(" ")
        path.rename(world.root / item / name)
    report = a_minute_later(world)
    assert (len(waiting(report)), len(for_a_person(report))) == (0, 0)
    assert deletions_sent(world) == 10
    assert left(world) == 990

    for number in range(10):
        path = world.root / f"Item 3/f{number:03}"
        path.rename(aside / path.name)
    assert len(waiting(a_minute_later(world))) == 10
    world.clock.advance(23 * HOUR)
    world.sync()
    assert deletions_sent(world) == 10
    for number in range(4):
        (aside / f"f{number:03}").rename(world.root / f"Item 3/f{number:03}")
    world.clock.advance(2 * HOUR)
    assert world.sync().exit_code == 0

    assert deletions_sent(world) == 16
    assert set(world.remote("Item 3")) == {
        f"f{n:03}" for n in range(250) if n not in range(4, 10)
    }
    assert_quiet(world)


def test_of_1000_files_10_deleted_on_the_web_go_to_the_trash(tmp_path: Path) -> None:
    world = mirrored(tmp_path, each=250)
    delete_there(world, 0, *range(10))
    world.box.log.clear()

    assert a_minute_later(world).exit_code == 0

    assert world.box.log.mutations() == ()
    assert len(world.tree()) == 990
    assert len(world.trash()) == 10
    delete_there(world, 1, *range(241))
    local = world.tree()
    report = a_minute_later(world)
    assert world.tree() == local
    assert "251 of 1000 files were deleted on Figshare" in reasons(report)
    assert world.box.log.mutations() == ()
