"""Scenarios of both sides, of decisions, and of a state that is lost or damaged."""

from __future__ import annotations

import shutil

from tests.crash.telling import ask, ice, in_conflict, record, scenario, synced
from tests.world import World

LACKING = ("exchange", "rename_new")


def _edited_on_the_web(world: World, content: bytes) -> None:
    item = int(world.item_id("Ice"))
    world.box.web.replace_file(record(world, item, "a.csv"), content)


@scenario()
def both_edited(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited here")
    _edited_on_the_web(world, b"edited on the web")


@scenario(lacking=LACKING)
def both_edited_on_a_poor_disk(world: World) -> None:
    both_edited(world)


@scenario(lacking=(*LACKING, "link"))
def both_edited_on_a_very_poor_disk(world: World) -> None:
    both_edited(world)


@scenario()
def both_edited_alike(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited alike")
    _edited_on_the_web(world, b"edited alike")


@scenario()
def new_on_both_sides(world: World) -> None:
    item = ice(world)
    world.drop("Ice/c.csv", "new here")
    world.box.web.add_file(item, "c.csv", b"new on the web")


@scenario()
def an_edit_of_what_the_web_deleted(world: World) -> None:
    item = ice(world)
    world.drop("Ice/a.csv", "edited here")
    world.box.web.delete_file(record(world, item, "a.csv"))


@scenario()
def an_edit_on_the_web_of_what_was_deleted_here(world: World) -> None:
    ice(world)
    (world.root / "Ice/a.csv").unlink()
    _edited_on_the_web(world, b"edited on the web")


@scenario(lacking=LACKING)
def much_at_once_on_a_poor_disk(world: World) -> None:
    much_at_once(world)


@scenario()
def much_at_once(world: World) -> None:
    item = ice(world)
    synced(world, Soil={"a.csv": "other a", "b.csv": "other b"})
    world.drop("Ice/c.csv", "new c")
    world.drop("Soil/a.csv", "edited other a")
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited a")
    world.box.web.delete_file(record(world, item, "raw/b.csv"))
    world.box.web.add_file(int(world.item_id("Soil")), "d.csv", b"new d")


@scenario()
def a_conflict_that_the_local_version_wins(world: World) -> None:
    in_conflict(world)
    ask(world, "conflicts keep", which="local", path="Ice/a.csv")


@scenario()
def a_conflict_that_the_record_wins(world: World) -> None:
    in_conflict(world)
    ask(world, "conflicts keep", which="remote", path="Ice/a.csv")


@scenario()
def a_conflict_that_both_win(world: World) -> None:
    in_conflict(world)
    ask(world, "conflicts keep", which="both", path="Ice/a.csv")


@scenario()
def a_conflict_copy_moved_over_the_file(world: World) -> None:
    in_conflict(world)
    (copy,) = (world.root / "Ice").glob("*conflict*")
    copy.rename(world.root / "Ice/a.csv")


@scenario()
def an_item_excluded(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    ice(world)
    world.drop("Ice/mine.csv", "never sent")
    ask(world, "exclude", item="Ice")


@scenario()
def an_item_included_again(world: World) -> None:
    synced(world, Soil={"c.csv": "old c"})
    item = ice(world)
    ask(world, "exclude", item="Ice")
    synced(world)
    ask(world, "include", item=str(item))


@scenario()
def a_new_rule_that_hides_synced_files(world: World) -> None:
    item = ice(world)
    world.drop("Ice/.figsyncignore", "a.csv\n")
    world.drop("Ice/c.csv", "new c")
    world.box.web.delete_file(record(world, item, "raw/b.csv"))


@scenario()
def an_existing_tree_adopted(world: World) -> None:
    item = world.box.web.create_item("Ice")
    world.box.web.add_files(item, {"a.csv": b"equal", "b.csv": b"only on the web"})
    world.drop("Ice/a.csv", "equal")
    world.drop("Ice/c.csv", "only here")


@scenario()
def a_lost_database(world: World) -> None:
    ice(world)
    world.drop("Ice/c.csv", "new c")
    _edited_on_the_web(world, b"edited on the web")
    shutil.rmtree(world.folder / "state")


@scenario()
def a_damaged_database(world: World) -> None:
    ice(world)
    world.drop("Ice/c.csv", "new c")
    _edited_on_the_web(world, b"edited on the web")
    database = world.folder / "state" / "state.db"
    content = bytearray(database.read_bytes())
    content[5000:9000] = bytes(4000)
    database.write_bytes(content)


@scenario(keys={"mirror__direction": "pull"})
def pulling_brings_back_what_was_deleted(world: World) -> None:
    item = world.box.web.create_item("Ice")
    world.box.web.add_files(item, {"a.csv": b"old a", "b.csv": b"old b"})
    synced(world)
    (world.root / "Ice/a.csv").unlink()
    world.drop("Ice/b.csv", "edited b")


@scenario(keys={"mirror__direction": "push"})
def pushing_sends_edits_alone(world: World) -> None:
    item = ice(world)
    world.drop("Ice/a.csv", "edited a")
    world.box.web.add_file(item, "c.csv", b"new c")


@scenario(machines=("", "other"))
def two_machines_edit_one_file(world: World, other: World) -> None:
    ice(world)
    synced(other)
    other.drop("Ice/a.csv", "edited there")
    other.settle()
    other.sync()
    world.drop("Ice/a.csv", "edited here")


@scenario(machines=("", "other"))
def two_machines_add_one_file(world: World, other: World) -> None:
    ice(world)
    synced(other)
    other.drop("Ice/c.csv", "new there")
    other.settle()
    other.sync()
    world.drop("Ice/c.csv", "new here")
    world.drop("Ice/raw/b.csv", "edited b")
