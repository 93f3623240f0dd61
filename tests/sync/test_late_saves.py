"""A save made at the very instant of a replacement is never left where nobody looks."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from figsync.disk import Calls
from tests.disk_box import Killed
from tests.sync.seen import assert_quiet
from tests.world import World, assert_agreed

PATH = "Leaves/a.txt"
RENAMES = ("exchange", "rename", "rename_new")


class Saving(Calls):
    """Saves a file right before one kind of call, then refuses all others of a kind.

    With no errno to refuse with, the process is killed there.
    """

    def __init__(
        self, world: World, at: str, then: str, code: int = 0, *, to: str = ""
    ) -> None:
        self.world = world
        self.at, self.then, self.code, self.to = at, then, code, to
        self.path = PATH
        self.saved = False
        self.dead = False

    def before(self, call: str, name: str) -> None:
        if self.dead:
            raise Killed
        if self.saved and call == self.then and self.to in name:
            if not self.code:
                self.dead = True
                raise Killed
            raise OSError(self.code, os.strerror(self.code), name)
        if call == self.at and name == "a.txt" and not self.saved:
            self.saved = True
            self.world.drop(self.path, "saved late")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {"a.txt": b"old", "b.txt": b"other"})
    assert world.sync().exit_code == 0
    world.settle()
    return world


def replaced(world: World) -> None:
    """Replace the file on the web."""
    (file, _) = world.box.web.files(int(world.item_id("Leaves")))
    world.box.web.replace_file(file.id, b"new on the web")


def deleted(world: World) -> None:
    """Delete the file on the web."""
    (file, _) = world.box.web.files(int(world.item_id("Leaves")))
    world.box.web.delete_file(file.id)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_late_save_that_can_not_be_kept_beside_is_brought_back_later(
    world: World, code: int
) -> None:
    replaced(world)
    world.calls = Saving(world, "exchange", "rename_new", code, to="(conflict ")

    first = world.sync()
    again = world.sync()
    world.calls = None
    kept = world.trash()
    world.settle()
    second = world.sync()

    assert first.exit_code == again.exit_code == 1
    assert again.stranded == 1
    assert b"saved late" in kept
    assert second.exit_code == 4
    assert second.conflicts == 1
    assert world.tree()[PATH] == b"new on the web"
    assert sorted(world.tree().values()) == [b"new on the web", b"other", b"saved late"]
    assert b"old" not in world.tree().values()


def test_a_late_save_that_can_not_be_kept_beside_deletes_no_record(
    world: World,
) -> None:
    item = int(world.item_id("Leaves"))
    (old, _) = world.box.web.files(item)
    world.box.web.add_file(item, "a.txt", b"new on the web")
    world.settle()
    refused = errno.ENOSPC
    world.calls = Saving(world, "exchange", "rename_new", refused, to="(conflict ")

    world.sync()
    world.calls = None
    for _ in range(3):
        world.settle()
        world.sync()

    assert old.id in [file.id for file in world.box.web.files(item)]
    assert set(world.tree().values()) == {
        b"new on the web",
        b"saved late",
        b"old",
        b"other",
    }


def test_a_late_save_is_listed_although_the_process_was_killed(world: World) -> None:
    replaced(world)
    world.calls = Saving(world, "exchange", "rename_new", to="(conflict ")

    with pytest.raises(Killed):
        world.sync()
    world.calls = None
    world.settle()
    report = world.sync()

    assert report.conflicts == 1
    assert sorted(world.tree().values()) == [b"new on the web", b"other", b"saved late"]


@pytest.mark.parametrize("code", [errno.EIO, 0])
def test_a_late_save_of_a_file_that_was_deleted_there_has_its_name_again(
    world: World, code: int
) -> None:
    deleted(world)
    world.calls = Saving(world, "rename_new", "rename_new", code)

    if code:
        assert world.sync().exit_code == 1
    else:
        with pytest.raises(Killed):
            world.sync()
    world.calls = None
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {PATH: b"saved late", "Leaves/b.txt": b"other"}
    assert_agreed(world)
    assert_quiet(world)


def test_a_late_save_of_a_filed_file_stays_beside_its_new_version(
    world: World,
) -> None:
    world.drop("a.txt", "filed")
    world.settle()
    assert world.sync().exit_code == 0
    world.drop("a.txt", "filed again")
    world.settle()
    world.calls = Saving(world, "exchange", "nothing")
    world.calls.path = "a/a.txt"

    world.sync()
    world.calls = None
    report = world.sync()

    assert report.conflicts == 1
    assert world.tree()["a/a.txt"] == b"filed again"
    assert b"saved late" in world.tree().values()


@pytest.mark.parametrize("change", [replaced, deleted])
def test_a_process_killed_at_any_step_makes_no_conflict_of_what_it_replaced(
    tmp_path: Path, change: Callable[[World], None]
) -> None:
    class Dying(Calls):
        """Dies before the rename of this number, and at every call after it."""

        def __init__(self, step: int) -> None:
            self.left = step

        def before(self, call: str, name: str) -> None:
            self.left -= call in RENAMES and name.startswith(("a", "file"))
            if self.left < 0:
                raise Killed

    step, died = -1, True
    while died:
        step += 1
        world = World(tmp_path / str(step))
        item = world.box.web.create_item("Leaves")
        world.box.web.add_files(item, {"a.txt": b"old", "b.txt": b"other"})
        world.sync()
        world.settle()
        change(world)
        world.calls = Dying(step)
        try:
            world.sync()
            died = False
        except Killed:
            died = True
        world.calls = None

        report = world.sync()

        assert report.exit_code == 0, f"killed at step {step}"
        assert report.conflicts == 0
        assert b"old" in world.trash()
        assert_agreed(world)
    assert step >= 1
