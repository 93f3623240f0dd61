"""What happens to a root or to parts of it that nobody meant to delete.

Each accident ends: what was gone comes back, as a disk that is mounted again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from random import Random

from tests.simulation.places import Machine

Undo = Callable[[], None]


def lose_root(machine: Machine, random: Random) -> tuple[str, Undo]:
    """Take the root away, as a disk that is not mounted; return how to undo it."""
    choice = random.choice(("nothing", "folder", "file", "symlink", "marker", "empty"))
    if choice == "empty":
        return "emptied", _emptied(machine)
    hidden = machine.aside / "root"
    machine.root.rename(hidden)
    match choice:
        case "folder":
            machine.root.mkdir()
        case "file":
            machine.root.write_bytes(b"")
        case "symlink":
            # To the very folder it would be a link that people may well have.
            (machine.aside / "another").mkdir(exist_ok=True)
            machine.root.symlink_to(machine.aside / "another")
        case "marker":
            own = machine.root / ".figsync"
            own.mkdir(parents=True)
            (own / "marker.json").write_text('{"mirror_id": "of another"}')
    told = f"replaced by {choice}" if choice != "nothing" else "not there"
    return told, lambda: _root_back(machine)


def _root_back(machine: Machine) -> None:
    if machine.root.is_symlink() or machine.root.is_file():
        machine.root.unlink()
    elif machine.root.exists():
        shutil.rmtree(machine.root)
    (machine.aside / "root").rename(machine.root)


def _emptied(machine: Machine) -> Undo:
    away = machine.aside / "emptied"
    away.mkdir()
    names = [path.name for path in machine.root.iterdir() if path.name != ".figsync"]
    for name in names:
        (machine.root / name).rename(away / name)

    def undo() -> None:
        for name in names:
            (away / name).rename(machine.root / name)
        away.rmdir()

    return undo


def lose_folder(machine: Machine, random: Random) -> tuple[str, Undo] | None:
    """Take an item folder, a folder in one, or a file out for a while."""
    choices = [*machine.item_folders(), *machine.folders(), *machine.files()]
    if not choices:
        return None
    path = random.choice(choices)
    away = machine.aside / "taken"
    (machine.root / path).rename(away)

    def undo() -> None:
        target, number = machine.root / path, 1
        target.parent.mkdir(parents=True, exist_ok=True)
        while target.exists() or target.is_symlink():
            number += 1
            target = (machine.root / path).with_name(f"back {number} {target.suffix}")
        away.rename(target)

    return path, undo


def unmount_inside(machine: Machine, random: Random) -> tuple[str, Undo] | None:
    """Empty an item folder that is a mount of its own: record and all files go."""
    folders = [
        folder
        for folder in machine.item_folders()
        if (machine.root / folder / ".figshare" / "record.json").exists()
    ]
    if not folders:
        return None
    path = random.choice(folders)
    away = machine.aside / "mount"
    away.mkdir()
    names = [inner.name for inner in (machine.root / path).iterdir()]
    for name in names:
        (machine.root / path / name).rename(away / name)

    def undo() -> None:
        # What figsync wrote into the bare mount point is covered by the mount.
        _cover(machine, path)
        for name in names:
            (away / name).rename(machine.root / path / name)
        away.rmdir()

    return path, undo


def _cover(machine: Machine, path: str) -> None:
    covered = machine.aside / f"covered {len(list(machine.aside.iterdir()))}"
    covered.mkdir()
    (machine.root / path).mkdir(exist_ok=True)
    for inner in list((machine.root / path).iterdir()):
        inner.rename(covered / inner.name)
