"""A mirror in the middle of its work, killed, to be damaged again and again."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from requests import PreparedRequest

from tests.wire import Killed, wired
from tests.world import World

CHANGED_ON_THE_WEB = ("Leaves/a.csv", "Stones/b.csv")
PART = 1024
HOUR = 3600.0
FILES = ("a.csv", "b.csv", "raw/c.csv", "raw/A.csv", "a:b?.csv")
ITEMS = ("Leaves", "Stones", "Water")


class Ground:
    """A prepared world in a folder of its own; `fresh` puts it back as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "world"
        self.kept = folder / "kept"
        world = World(self.folder, part_size=PART, **KEYS)
        _live(world)
        _die_in_an_upload(world, self.kept)
        world.box.close()

    def fresh(self) -> World:
        """Return the world as it was when its process was killed, an hour later."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)
        world = World(self.folder, part_size=PART, **KEYS)
        world.clock.advance(HOUR)
        return world


KEYS = {"mirror__new_items": "all"}


def _live(world: World) -> None:
    """Sync items both ways, then leave deletions, a conflict and an edit waiting."""
    web = world.box.web
    for title in ITEMS:
        item = web.create_item(title)
        web.add_files(item, {name: f"{title} {name}".encode() for name in FILES})
    world.clock.advance(60)
    world.sync()
    world.drop("New/one.csv", b"one")
    world.drop("New/two.csv", b"two")
    world.settle()
    world.sync()
    (world.root / "Leaves/b.csv").unlink()
    shutil.rmtree(world.root / "Water")
    world.drop("Stones/a.csv", b"edited here")
    leaves = int(world.item_id("Leaves"))
    stones = int(world.item_id("Stones"))
    web.replace_file(_file(world, stones, "a.csv"), b"edited there")
    web.delete_file(_file(world, leaves, "raw/c.csv"))
    world.settle()
    world.sync()
    world.settle()
    world.sync()


def _file(world: World, item: int, path: str) -> int:
    (found,) = [f.id for f in world.box.web.files(item) if f.path == path]
    return found


def _die_in_an_upload(world: World, kept: Path) -> None:
    """End the process in the middle of an upload, its last writes in the -wal."""
    world.drop("New/large.bin", bytes(range(256)) * 20)
    world.drop("Leaves/new.csv", b"new")
    world.settle()

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/3"):
            _change_on_the_web(world)
            # What a kill leaves: the copy is made before anything is closed.
            shutil.copytree(world.folder, kept)
            raise Killed

    with wired(world, before=die):
        try:
            world.sync()
        except Killed:
            return
    raise AssertionError("the upload had no third part")


def _change_on_the_web(world: World) -> None:
    web = world.box.web
    web.replace_file(_file(world, int(world.item_id("Leaves")), "a.csv"), b"newer")
    web.delete_file(_file(world, int(world.item_id("Stones")), "b.csv"))


def local_bytes(world: World) -> Counter[bytes]:
    """Return the content of every file of a person below the root, trash included."""
    return Counter(
        path.read_bytes()
        for path in world.root.rglob("*")
        if path.is_file() and not _is_figsyncs(path.relative_to(world.root))
    )


def _is_figsyncs(path: Path) -> bool:
    inside = path.parts[0] == ".figsync" and path.parts[1] != "trash"
    return inside or ".figshare" in path.parts


def remote_bytes(world: World) -> dict[tuple[str, str], bytes]:
    """Return the content of every whole file on Figshare by item and path."""
    web = world.box.web
    return {
        (str(item), path): content
        for item in web.item_ids()
        for path, content in web.tree(item).items()
    }
