"""Scenarios in which something happened on Figshare."""

from __future__ import annotations

from tests.crash.going_up import LARGE
from tests.crash.telling import approve_all, ice, record, scenario, synced
from tests.world import HOUR, World

HOSTILE = (
    "con",
    "a/../b.csv",
    "x\u202ey.csv",
    "a\x00b.csv",
    ".figshare",
    "  ",
    "é.csv",
)


@scenario()
def a_new_item(world: World) -> None:
    ice(world)
    item = world.box.web.create_item("Soil")
    world.box.web.add_files(item, {"a.csv": b"new a", "raw/b.csv": b"new b"})


@scenario()
def a_new_record(world: World) -> None:
    item = ice(world)
    world.box.web.add_file(item, "c.csv", b"new c", folder="deep/er")
    world.box.web.add_file(item, "large.bin", LARGE)


@scenario()
def many_small_files(world: World) -> None:
    item = ice(world)
    files = {f"deep/{number}.csv": b"new %d" % number for number in range(5)}
    world.box.web.add_files(item, {**files, "top.csv": b"new at the top"})


@scenario(lost=[("Ice", "a.csv"), ("Ice", "raw/b.csv")])
def edits_on_the_web_that_come_together(world: World) -> None:
    item = ice(world)
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited a")
    world.box.web.replace_file(record(world, item, "raw/b.csv"), b"edited b")
    world.box.web.add_file(item, "new.csv", b"new")


@scenario(weather=lambda world: setattr(world.box.switches, "zip_lacking", True))
def a_zip_that_lacks_a_file(world: World) -> None:
    item = ice(world)
    world.box.web.add_files(item, {"new/a.csv": b"new a", "new/b.csv": b"new b"})


@scenario(lost=[("Ice", "a.csv")])
def an_edit_on_the_web(world: World) -> None:
    item = ice(world)
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited a")


@scenario()
def a_file_deleted_on_the_web(world: World) -> None:
    item = ice(world)
    world.box.web.delete_file(record(world, item, "raw/b.csv"))


@scenario()
def an_item_deleted_on_the_web(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    world.box.web.delete_item(ice(world))


@scenario()
def an_item_deleted_on_the_web_that_has_new_files_here(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    item = ice(world)
    world.drop("Ice/mine.csv", "never sent")
    world.box.web.delete_item(item)


@scenario()
def an_orphan_approved(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    item = ice(world)
    world.drop("Ice/mine.csv", "never sent")
    world.box.web.delete_item(item)
    for _ in range(2):
        world.settle()
        world.sync()
    approve_all(world)


@scenario()
def a_record_moved_to_another_folder(world: World) -> None:
    item = ice(world)
    file_id = record(world, item, "a.csv")
    with world.box.world.store.writing() as db:
        db.execute("UPDATE files SET folder = 'new/one' WHERE id = ?", (file_id,))
    world.box.web.edit_item(item, description="moved")


@scenario()
def a_new_title(world: World) -> None:
    item = ice(world)
    world.box.web.edit_item(item, title="Glacier")
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited a")


@scenario()
def a_new_title_that_is_taken_here(world: World) -> None:
    item = ice(world)
    world.box.web.edit_item(item, title="Soil")
    world.drop("Soil/a.csv", "another thing")


@scenario()
def hostile_names(world: World) -> None:
    item = ice(world)
    for number, name in enumerate(HOSTILE):
        world.box.web.add_file(item, name, f"hostile {number}".encode())
    world.box.web.create_item("../../etc")


@scenario()
def a_link(world: World) -> None:
    ice(world)
    item = world.box.web.create_item("Linked")
    world.box.web.add_link(item, "https://example.org/data/table.csv")


@scenario()
def two_records_of_one_path(world: World) -> None:
    item = ice(world)
    world.box.web.add_file(item, "a.csv", b"another a")


@scenario()
def a_record_whose_bytes_are_here(world: World) -> None:
    item = ice(world)
    world.box.web.add_file(item, "copy.csv", b"old a")


@scenario(keys={"deletions__max_files": "1", "deletions__max_percent": "10"})
def an_approved_mass_deletion_on_the_web(world: World) -> None:
    files = {f"raw/{number}.csv": f"old {number}" for number in range(8)}
    synced(world, Ice=files)
    item = int(world.item_id("Ice"))
    for number in range(3):
        world.box.web.delete_file(record(world, item, f"raw/{number}.csv"))
    for _ in range(2):
        world.settle()
        world.sync()
    approve_all(world)


@scenario(expires=True)
def trash_that_expires(world: World) -> None:
    item = ice(world)
    world.box.web.delete_file(record(world, item, "raw/b.csv"))
    world.settle()
    world.sync()
    world.clock.advance(31 * 24 * HOUR)
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited a")
