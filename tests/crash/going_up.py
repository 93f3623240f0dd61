"""Scenarios in which something happened on this computer."""

from __future__ import annotations

import shutil

from figsync.sandbox import Fault
from tests.crash.stage import PART
from tests.crash.telling import approve_all, ask, ice, scenario, synced
from tests.world import HOUR, World

LARGE = bytes(range(256)) * 14
OTHER = LARGE[::-1]


@scenario()
def a_first_folder(world: World) -> None:
    world.drop("Ice/a.csv", "new a")
    world.drop("Ice/raw/b.csv", "new b")


@scenario()
def a_new_folder(world: World) -> None:
    ice(world)
    world.drop("Soil/a.csv", "new a")


@scenario()
def a_new_file(world: World) -> None:
    ice(world)
    world.drop("Ice/c.csv", "new c")


@scenario()
def a_file_of_several_parts(world: World) -> None:
    ice(world)
    world.drop("Ice/large.bin", LARGE)


@scenario()
def an_edited_file(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited a")


@scenario()
def an_edited_file_of_several_parts(world: World) -> None:
    synced(world, Ice={"large.bin": LARGE})
    world.drop("Ice/large.bin", OTHER)


@scenario()
def several_edits_in_an_item(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited a")
    world.drop("Ice/raw/b.csv", "edited b")
    world.drop("Ice/c.csv", "new c")


@scenario()
def edits_in_two_items(world: World) -> None:
    synced(world, Ice={"a.csv": "old a"}, Soil={"a.csv": "other a"})
    world.drop("Ice/a.csv", "edited a")
    world.drop("Soil/a.csv", "edited other a")


@scenario(keys={"deletions__grace": "24h"})
def a_file_renamed(world: World) -> None:
    ice(world)
    (world.root / "Ice/a.csv").rename(world.root / "Ice/c.csv")


@scenario(keys={"deletions__grace": "24h"})
def a_file_moved_to_a_sub_folder(world: World) -> None:
    ice(world)
    (world.root / "Ice/new").mkdir()
    (world.root / "Ice/a.csv").rename(world.root / "Ice/new/a.csv")


@scenario()
def a_file_moved_to_another_item(world: World) -> None:
    synced(world, Ice={"a.csv": "old a", "b.csv": "old b"}, Soil={"c.csv": "old c"})
    (world.root / "Ice/a.csv").rename(world.root / "Soil/a.csv")


@scenario()
def an_item_folder_renamed(world: World) -> None:
    ice(world)
    (world.root / "Ice").rename(world.root / "Old ice")
    world.drop("Old ice/a.csv", "edited a")


@scenario(lost=[("Ice", "a.csv")])
def a_file_deleted_without_grace(world: World) -> None:
    ice(world)
    (world.root / "Ice/a.csv").unlink()


@scenario(keys={"deletions__grace": "24h"}, lost=[("Ice", "a.csv")])
def a_file_deleted_a_day_ago(world: World) -> None:
    ice(world)
    (world.root / "Ice/a.csv").unlink()
    world.sync()
    world.clock.advance(24 * HOUR)


@scenario(lost=[("Ice", "a.csv"), ("Ice", "raw/b.csv")])
def a_deleted_item_folder_approved(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    ice(world)
    shutil.rmtree(world.root / "Ice")
    world.sync()
    world.sync()
    approve_all(world)


@scenario(
    keys={"deletions__max_files": "1", "deletions__max_percent": "10"},
    lost=[("Ice", f"{number}.csv") for number in range(3)],
)
def an_approved_mass_deletion(world: World) -> None:
    files = {f"{number}.csv": f"old {number}" for number in range(6)}
    synced(world, Ice=files)
    for number in range(3):
        (world.root / f"Ice/{number}.csv").unlink()
    world.sync()
    approve_all(world)


@scenario()
def a_loose_file(world: World) -> None:
    ice(world)
    world.drop("survey.csv", "loose")


@scenario()
def a_loose_file_of_a_filed_name(world: World) -> None:
    world.drop("survey.csv", "loose")
    synced(world)
    world.drop("survey.csv", "loose again")


@scenario(keys={"mirror__ignore": "*.tmp"})
def files_that_can_not_go_up_beside_one_that_can(world: World) -> None:
    ice(world)
    world.box.switches.maximum_file_size = 3 * PART
    for name, content in (("empty", b""), ("large", LARGE), ("x.tmp", b"x")):
        world.drop(f"Ice/{name}", content)
    world.drop("Ice/c.csv", "new c")


@scenario()
def equal_files_in_two_folders(world: World) -> None:
    ice(world)
    world.drop("Ice/one/same.csv", "same")
    world.drop("Ice/two/same.csv", "same")


def _sessions_get_lost(world: World) -> None:
    fault = Fault("upload", "GET", "^/upload/", status=404, kind="empty")
    world.box.fail_next(fault)


@scenario(weather=_sessions_get_lost, again=True)
def an_upload_session_that_is_lost(world: World) -> None:
    ice(world)
    world.drop("Ice/large.bin", LARGE)


def _parts_are_spoilt(world: World) -> None:
    world.box.switches.flip_part_byte = True


@scenario(weather=_parts_are_spoilt, again=True)
def an_upload_that_arrives_wrong(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited a")


def _replies_are_lost(world: World) -> None:
    world.box.fail_next(Fault.lost_create(kind="break"))
    world.box.fail_next(Fault.lost_initiate(kind="break"))


@scenario(weather=_replies_are_lost)
def replies_that_are_lost(world: World) -> None:
    ice(world)
    world.drop("Ice/large.bin", LARGE)
    world.drop("Soil/a.csv", "new a")


@scenario(again=True)
def an_unfinished_upload_whose_file_was_edited(world: World) -> None:
    ice(world)
    world.drop("Ice/large.bin", LARGE)
    world.box.fail_next(Fault("upload", "PUT", "/3$", times=50))
    world.sync()
    world.box.world.faults.clear()
    world.drop("Ice/large.bin", OTHER)


@scenario(again=True)
def an_unfinished_upload_whose_file_is_gone(world: World) -> None:
    ice(world)
    file = world.drop("Ice/large.bin", LARGE)
    world.box.fail_next(Fault("upload", "PUT", "/3$", times=50))
    world.sync()
    world.box.world.faults.clear()
    file.unlink()


@scenario(keys={"deletions__max_files": "0", "deletions__max_percent": "0"})
def a_rejected_deletion_on_the_web(world: World) -> None:
    synced(world, Ice={"a.csv": "old a", "b.csv": "old b"})
    item = int(world.item_id("Ice"))
    world.box.web.delete_file(world.box.web.files(item)[0].id)
    world.settle()
    world.sync()
    with world.mirror() as mirror:
        rows = mirror.state.decisions.held()
        assert mirror.state.decisions.reject(row.id for row in rows)


@scenario(keys={"deletions__grace": "24h"})
def a_deletion_taken_back(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    ice(world)
    shutil.rmtree(world.root / "Ice/raw")
    (world.root / "Ice/a.csv").unlink()
    world.sync()
    ask(world, "restore", path="Ice")


@scenario()
def a_file_brought_back_from_the_trash(world: World) -> None:
    synced(world, Ice={"a.csv": "old a", "b.csv": "old b"})
    item = int(world.item_id("Ice"))
    world.box.web.delete_file(world.box.web.files(item)[0].id)
    world.settle()
    world.sync()
    ask(world, "trash restore", path="Ice/a.csv")


@scenario(keys={"transfer__files_per_item": "3"})
def replacements_that_go_one_at_a_time(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited a")
    world.drop("Ice/raw/b.csv", "edited b")


@scenario(keys={"transfer__files_per_item": "2"}, lost=[("Ice", "a.csv")])
def a_replacement_approved_to_delete_first(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited a")
    world.settle()
    world.sync()
    approve_all(world)
