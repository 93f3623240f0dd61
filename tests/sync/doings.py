"""What people do at random in a mirror of a few items: all kinds of acts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

from tests.world import World


def change(world: World, chance: Random) -> str:
    """Do what a person might, at a place where one might."""
    doing = chance.choice(DOINGS)
    place = path_of(world, chance)
    try:
        doing(world, chance, place)
    except OSError:
        return f"{doing.__name__} {place} in vain"
    return f"{doing.__name__} {place}"


def path_of(world: World, chance: Random) -> Path:
    depth = chance.choice([1, 1, 1, 2])
    names = [chance.choice(["Earth", "Mars", "Venus"])]
    names += [chance.choice(["raw", "more"]) for _ in range(depth - 1)]
    return world.root.joinpath(*names, chance.choice(NAMES))


NAMES = [
    "a.csv",
    "b.csv",
    "c.csv",
    ".DS_Store",
    "raw",
    "x (conflict 2026-11-20 1530).c",
]


def saving(world: World, chance: Random, place: Path) -> None:
    size = chance.choice([0, 1, 3, 3])
    world.drop(str(place.relative_to(world.root)), chance.randbytes(size))


def deleting(world: World, chance: Random, place: Path) -> None:
    del world, chance
    place.unlink()


def moving(world: World, chance: Random, place: Path) -> None:
    target = path_of(world, chance)
    target.parent.mkdir(parents=True, exist_ok=True)
    place.replace(target)


def touching(world: World, chance: Random, place: Path) -> None:
    at = world.clock.now() - chance.randrange(1000)
    os.utime(place, (at, at))


def linking(world: World, chance: Random, place: Path) -> None:
    del world, chance
    place.symlink_to("a.csv")


def ruling(world: World, chance: Random, place: Path) -> None:
    del place
    where = chance.choice(["", "Earth/", "Mars/raw/"])
    world.drop(f"{where}.figsyncignore", chance.choice(["", "b.csv\n", "raw/\n"]))


def renaming(world: World, chance: Random, place: Path) -> None:
    top = world.root / place.relative_to(world.root).parts[0]
    top.rename(world.root / chance.choice(["Earth", "Mars", "Venus", "Pluto"]))


def copying(world: World, chance: Random, place: Path) -> None:
    top = world.root / place.relative_to(world.root).parts[0]
    shutil.copytree(top, world.root / f"Copy {chance.randrange(3)}", symlinks=True)


def losing_records(world: World, chance: Random, place: Path) -> None:
    del chance
    top = world.root / place.relative_to(world.root).parts[0]
    shutil.rmtree(top / ".figshare")


def dropping_loose(world: World, chance: Random, place: Path) -> None:
    del place
    world.drop(chance.choice(["loose.csv", "other.txt"]), chance.randbytes(2))


DOINGS = [saving] * 6 + [deleting, moving, moving, touching, linking, ruling]
DOINGS += [renaming, copying, losing_records, dropping_loose]
