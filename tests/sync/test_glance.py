"""A glance tells the folders that changed here, and stays silent of all others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from figsync.errors import Interrupted
from figsync.sync.carry import Asked, carry_out
from figsync.sync.engine import Wish, sync_once
from figsync.sync.glance import changed_folders
from figsync.sync.loop import sync_until_quiet
from tests.sync.doings import change
from tests.world import World, told


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A mirror with two items in agreement, and with everything that stays aside."""
    world = World(tmp_path)
    world.root.mkdir()
    world.drop("Earth/a.csv", "a")
    world.drop("Earth/raw/b.csv", "b")
    world.drop("Mars/c.csv", "c")
    world.drop("Mars/empty.csv", "")
    world.drop("Mars/.DS_Store", "ignored")
    world.drop("Mars/c (conflict 2026-11-20 153012).csv", "mine")
    (world.root / "Mars" / "nothing").mkdir()
    (world.root / "Mars" / "link").symlink_to(world.root / "Earth")
    (world.root / "Bare").mkdir()
    world.drop(".hidden/x", "x")
    world.drop("empty.txt", "")
    quiet(world)
    return world


def quiet(world: World) -> None:
    """Sync until nothing is left to do."""
    world.settle()
    world.sync()


def glance(world: World, *folders: str) -> set[str]:
    with world.mirror() as mirror:
        return changed_folders(mirror, folders or None)


def sent(world: World) -> list[tuple[str, str, str]]:
    """Sync everything, and return what was done but for records of items."""
    world.settle()
    return told(world.sync())


def test_after_a_quiet_sync_nothing_changed(world: World):
    assert glance(world) == set()
    assert glance(world, "Earth", "Mars", "Bare", "nowhere") == set()


def test_before_the_first_sync_everything_is_new(tmp_path: Path):
    world = World(tmp_path)
    world.root.mkdir()
    world.drop("Earth/a.csv", "a")
    world.drop("loose.csv", "x")

    assert glance(world) == {"", "Earth"}


CHANGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a new file": (lambda root: (root / "Earth/new").write_text("x"), {"Earth"}),
    "an edit": (lambda root: (root / "Earth/a.csv").write_text("xy"), {"Earth"}),
    "an edit of equal size": (
        lambda root: (root / "Earth/raw/b.csv").write_text("x"),
        {"Earth"},
    ),
    "another time": (lambda root: os.utime(root / "Mars/c.csv", (9, 9)), {"Mars"}),
    "a deletion": (lambda root: (root / "Earth/a.csv").unlink(), {"Earth"}),
    "a move": (
        lambda root: (root / "Earth/a.csv").rename(root / "Mars/a.csv"),
        {"Earth", "Mars"},
    ),
    "a move within": (
        lambda root: (root / "Earth/a.csv").rename(root / "Earth/raw/a.csv"),
        {"Earth"},
    ),
    "a save by temp and rename": (
        lambda root: (root / "Mars/empty.csv").replace(root / "Mars/c.csv"),
        {"Mars"},
    ),
    "a file in the place of a folder": (
        lambda root: [
            shutil.rmtree(root / "Earth/raw"),
            (root / "Earth/raw").touch(),
        ],
        {"Earth"},
    ),
    "a link in the place of a file": (
        lambda root: [
            (root / "Earth/a.csv").unlink(),
            (root / "Earth/a.csv").symlink_to("raw"),
        ],
        {"Earth"},
    ),
    "a new folder": (lambda root: (root / "Venus").mkdir(), {"Venus"}),
    "a renamed folder": (
        lambda root: (root / "Earth").rename(root / "Terra"),
        {"Earth", "Terra"},
    ),
    "a lost folder": (lambda root: shutil.rmtree(root / "Earth"), {"Earth"}),
    "a copied folder": (
        lambda root: shutil.copytree(root / "Earth", root / "Terra"),
        {"Terra"},
    ),
    "a folder in the place of another": (
        lambda root: [
            (root / "Earth").rename(root.parent / "old"),
            shutil.copytree(root.parent / "old", root / "Earth"),
        ],
        {"Earth"},
    ),
    "a lost record": (
        lambda root: shutil.rmtree(root / "Earth/.figshare"),
        {"Earth"},
    ),
    "something in a bare folder": (
        lambda root: (root / "Bare/x").write_text("x"),
        {"Bare"},
    ),
    "something in an empty file": (
        lambda root: (root / "Mars/empty.csv").write_text("x"),
        {"Mars"},
    ),
    "the end of a conflict": (
        lambda root: (root / "Mars/c (conflict 2026-11-20 153012).csv").unlink(),
        {"Mars"},
    ),
    "a rule that hides": (
        lambda root: (root / ".figsyncignore").write_text("a.csv\n"),
        {"Earth"},
    ),
    "a rule of a folder": (
        lambda root: (root / "Mars/.figsyncignore").write_text("c.csv\n"),
        {"Mars"},
    ),
    "a loose file": (lambda root: (root / "loose.csv").write_text("x"), {""}),
    "an ignored file": (lambda root: (root / "Earth/.DS_Store").touch(), set()),
    "an empty folder": (lambda root: (root / "Earth/more").mkdir(), set()),
    "a look": (lambda root: (root / "Earth/a.csv").read_text(), set()),
    "a hidden name": (lambda root: (root / ".cache").mkdir(), set()),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_told_once_and_a_sync_makes_it_old(world: World, name: str):
    change, folders = CHANGES[name]

    change(world.root)

    assert glance(world) == folders
    assert glance(world, "Earth") == folders & {"Earth"}
    quiet(world)
    assert glance(world) == set()


def test_a_file_that_is_not_still_is_told_until_it_was_hashed(world: World):
    now = world.clock.now()
    os.utime(world.drop("Earth/new.csv", "x"), (now, now))
    with world.mirror() as mirror:
        sync_once(mirror, Wish())
        assert changed_folders(mirror) == {"Earth"}

    quiet(world)
    assert glance(world) == set()


def test_a_file_hashed_within_the_clocks_grain_is_told(world: World):
    path = world.drop("Earth/new.csv", "x")
    world.settle()
    now = world.clock.now()
    os.utime(path, (now - 1, now - 1))
    world.configure(schedule__settle="0s")
    world.sync()

    assert glance(world) == {"Earth"}


def test_what_figsync_brings_is_no_change(world: World):
    web = world.box.web
    earth = int(world.item_id("Earth"))
    web.add_file(earth, "d.csv", b"from the web", folder="raw")
    web.add_file(web.create_item("Venus"), "v.csv", b"new item")

    quiet(world)

    assert (world.root / "Earth/raw/d.csv").read_bytes() == b"from the web"
    assert glance(world) == set()


def test_a_download_is_no_change_even_before_the_next_cycle(world: World):
    web = world.box.web
    web.add_file(int(world.item_id("Earth")), "d.csv", b"from the web")
    with world.mirror() as mirror:
        sync_once(mirror, Wish())

        assert (world.root / "Earth/d.csv").exists()
        assert changed_folders(mirror) == set()


def test_both_versions_of_a_conflict_are_no_change(world: World):
    web, earth = world.box.web, int(world.item_id("Earth"))
    (file,) = [file for file in web.files(earth) if file.name == "a.csv"]
    web.replace_file(file.id, b"from the web")
    world.drop("Earth/a.csv", "by hand")
    world.settle()

    with world.mirror() as mirror:
        cycle = sync_once(mirror, Wish())

        kinds = {outcome.action.kind for outcome in cycle.outcomes}
        assert kinds == {"KeepBoth", "WriteRecord"}
        assert changed_folders(mirror) == set()


def test_a_folder_that_figsync_renamed_is_no_change(world: World):
    world.box.web.edit_item(int(world.item_id("Earth")), title="Terra")

    quiet(world)

    assert (world.root / "Terra").is_dir()
    assert glance(world) == set()


def test_a_file_that_was_moved_on_figshare_is_no_change(world: World):
    web, earth = world.box.web, int(world.item_id("Earth"))
    (file,) = [file for file in web.files(earth) if file.name == "a.csv"]
    web.delete_file(file.id)
    web.add_file(earth, "a.csv", b"a", folder="moved")
    for _ in range(3):
        world.clock.advance(2 * 3600)
        quiet(world)

    assert (world.root / "Earth/moved/a.csv").exists()
    assert glance(world) == set()


def test_what_figshare_can_not_take_is_no_change(world: World):
    world.box.switches.maximum_file_size = 10
    world.drop("Earth/large.csv", "x" * 11)

    quiet(world)
    assert glance(world) == set()

    world.drop("Earth/large.csv", "x" * 12)
    assert glance(world) == {"Earth"}


def test_what_finds_room_later_still_goes_up(world: World):
    world.box.switches.maximum_file_size = 10
    world.drop("Earth/large.csv", "x" * 11)
    quiet(world)
    world.box.switches.maximum_file_size = 0

    assert ("Upload", "large.csv", "done") in sent(world)


def test_a_deletion_that_waits_is_no_change(world: World):
    (world.root / "Earth/a.csv").unlink()
    shutil.rmtree(world.root / "Mars")

    quiet(world)

    assert glance(world) == set()


def test_a_folder_that_comes_back_is_a_change(world: World):
    (world.root / "Mars").rename(world.folder / "aside")
    quiet(world)

    (world.folder / "aside").rename(world.root / "Mars")

    assert glance(world) == {"Mars"}
    quiet(world)
    assert glance(world) == set()


@pytest.mark.parametrize("direction", ["pull", "push"])
def test_what_a_direction_forbids_is_no_change(world: World, direction: str):
    world.configure(mirror__direction=direction)
    world.drop("Earth/new.csv", "x")
    world.drop("Earth/a.csv", "edited")
    world.drop("Venus/v.csv", "v")
    world.drop("loose.csv", "x")

    quiet(world)

    assert glance(world) == set()


def test_a_loose_file_that_waits_is_told_once(world: World):
    now = world.clock.now()
    os.utime(world.drop("loose.csv", "x"), (now, now))
    assert glance(world) == {""}

    world.clock.advance(10)
    with world.mirror() as mirror:
        sync_once(mirror, Wish())
        assert changed_folders(mirror) == set()

    world.settle()
    assert glance(world) == {""}
    quiet(world)
    assert (world.root / "loose/loose.csv").exists()
    assert glance(world) == set()


def test_loose_files_that_stay_are_no_change(world: World):
    world.configure(mirror__loose_files="ignore")
    world.drop("loose.csv", "x")

    assert glance(world) == set()


def test_of_a_record_alone_only_changes_are_told(world: World):
    world.configure(mirror__new_items="metadata")
    venus = world.box.web.create_item("Venus")
    world.box.web.add_file(venus, "v.csv", b"v")
    quiet(world)
    assert glance(world) == set()

    world.drop("Venus/mine.csv", "x")
    assert glance(world) == {"Venus"}
    quiet(world)
    assert glance(world) == set()


def test_of_an_excluded_item_only_changes_are_told(world: World):
    words = {"item": world.item_id("Mars")}
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", words))
    quiet(world)
    assert (world.root / "Mars/empty.csv").exists()
    assert glance(world) == set()

    world.drop("Mars/empty.csv", "x")
    assert glance(world) == {"Mars"}
    quiet(world)
    assert glance(world) == set()


def test_of_an_item_deleted_on_figshare_only_changes_are_told(world: World):
    world.drop("Mars/mine.csv", "never sent")
    world.box.web.delete_item(int(world.item_id("Mars")))
    for _ in range(3):
        world.clock.advance(2 * 3600)
        quiet(world)
    assert glance(world) == set()

    world.drop("Mars/more.csv", "x")
    assert glance(world) == {"Mars"}
    quiet(world)
    assert glance(world) == set()


def test_names_that_are_no_text_are_told_as_they_are(world: World):
    name = os.fsdecode(b"caf\xe9")
    (world.root / name).mkdir()
    (world.root / name / name).write_text("x")
    assert glance(world) == {name}

    quiet(world)
    assert glance(world) == set()


def test_a_root_that_is_gone_is_a_matter_for_a_cycle(world: World):
    with world.mirror() as mirror:
        world.root.rename(world.folder / "aside")
        assert changed_folders(mirror) == {""}
        (world.folder / "aside").rename(world.root)


def test_nothing_is_asked_and_no_file_is_read(world: World):
    world.drop("Earth/new.csv", "x")
    (world.root / "Earth/new.csv").chmod(0)
    world.box.log.clear()

    assert glance(world) == {"Earth"}
    assert world.box.log.entries() == ()


@pytest.mark.parametrize("seed", range(6))
def test_what_a_glance_does_not_tell_needs_no_sync(
    seed: int, tmp_path: Path, pytestconfig: pytest.Config
):
    live_through(tmp_path / "0", seed, steps=6)
    for more in range(pytestconfig.getoption("--simulate") // 6):
        live_through(tmp_path / f"{more + 1}", 1000 * (more + 1) + seed, steps=10)


def live_through(folder: Path, seed: int, *, steps: int) -> None:
    """Change a mirror at random; a sync of what a glance tells is a sync of all."""
    folder.mkdir()
    world, chance = World(folder), Random(seed)
    world.root.mkdir()
    for _ in range(10):
        change(world, chance)
    quiet(world)
    assert glance(world) == set(), f"seed {seed}: restless"
    for _ in range(steps):
        made = [change(world, chance) for _ in range(chance.randrange(5))]
        world.settle()
        with world.mirror() as mirror:
            changed = changed_folders(mirror)
            stirred = None if "" in changed else frozenset(changed)
            if changed:
                sync_until_quiet(mirror, Wish(stirred=stirred))
            missed = told(sync_until_quiet(mirror, Wish()))
            left = changed_folders(mirror)
        assert missed == [], f"seed {seed}: {made} told as {changed}"
        assert left == set(), f"seed {seed}: {made} is told for ever"


def test_a_long_look_shows_that_it_goes_on_and_can_be_stopped(world: World):
    for name in ("Venus", "Jupiter", "Saturn"):
        world.drop(f"{name}/a.csv", name)
    with world.mirror() as mirror:
        ticks: list[float] = []
        mirror.tick = lambda: ticks.append(mirror.clock.now())
        assert len(changed_folders(mirror)) == 3
        assert len(ticks) >= 3

        world.clock.stopped = True
        with pytest.raises(Interrupted):
            changed_folders(mirror)
        world.clock.stopped = False
