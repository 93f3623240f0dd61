"""What a person does in the mirror's folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

from tests.simulation.places import Machine
from tests.simulation.values import Values, label

# What is done to a shortcut is undone, so nobody writes into one here.
SHORTCUT = b"[InternetShortcut]"
ITEMS = ("Ice", "Soil cores", "soil cores", "Leaf (x)", "Fäden", "ab", "CON", ".later")
NAMES = ("a.txt", "b.csv", "B.csv", "é.dat", "é.dat", "x y.bin", "-n", "l.url")
LOOSE = ("notes.txt", "Ice.csv", "é.dat", ".hidden", "no-suffix")
FOLDERS = ("", "", "", "raw", "raw/2024", "Deep/er", "Raw")


class Person:
    """Draws acts on one computer; each returns what to tell, "" if it was not possible.

    A person sees what they overwrite or delete.
    """

    def __init__(self, machine: Machine, values: Values) -> None:
        self.machine = machine
        self.values = values
        self.acts: tuple[tuple[int, Callable[[Random], str]], ...] = (
            (8, self.create),
            (3, self.create_folder),
            (10, self.edit),
            (6, self.delete),
            (6, self.move),
            (3, self.copy),
            (2, self.rename_folder),
            (2, self.rename_item),
            (2, self.copy_item),
            (1, self.delete_item),
            (1, self.delete_folder),
            (2, self.drop_loose),
            (1, self.touch),
            (2, self.restore_old),
            (1, self.empty),
            (1, self.change_kind),
            (1, self.remove_record),
            (1, self.put_symlink),
            (2, self.resolve),
            (1, self.swap_items),
            (2, self.swap_files),
        )

    def act(self, random: Random) -> str:
        """Do something that is possible now."""
        self.machine.root.mkdir(exist_ok=True)
        weights = [weight for weight, _ in self.acts]
        for _ in range(8):
            (chosen,) = random.choices(self.acts, weights)
            self.machine.clock.advance(random.choice((0.01, 0.5, 3)))
            if told := self.do(chosen[1], random):
                return f"{self.machine.name} {told}"
        return ""

    def do(self, act: Callable[..., str], *how: object) -> str:
        """Carry out one act, and note what it takes from its place."""
        before = self.machine.tree()
        told = act(*how)
        self.values.note_taken(self.machine.name, before, self.machine.tree())
        return told

    def act_on(self, name: str, random: Random) -> str:
        """Edit or delete a file of this name, in place or not."""
        paths = [p for p in self.machine.files() if p.rpartition("/")[2] == name]
        if not paths:
            return ""
        self.machine.clock.advance(0.01)
        chosen = random.choice((self.edit, self.edit, self.delete))
        told = self.do(chosen, random, random.choice(paths))
        return f"{self.machine.name} {told}" if told else ""

    def create(self, random: Random) -> str:
        folders = self.machine.item_folders()
        if not folders or random.random() < 0.15:
            folders = list(ITEMS)
        path = self._path_in(random, random.choice(folders))
        if (self.machine.root / path).exists() or not self._is_free(path):
            return ""
        content = self.values.new(random, path)
        self.machine.write(path, content, in_place=random.random() < 0.5)
        return f"creates {path} ({label(content)})"

    def create_folder(self, random: Random) -> str:
        name = random.choice(ITEMS)
        if (self.machine.root / name).exists():
            return ""
        for _ in range(random.randint(1, 4)):
            path = self._path_in(random, name)
            if self._is_free(path) and not (self.machine.root / path).exists():
                self.machine.write(path, self.values.new(random, path))
        return f"drops the folder {name} with {self._shown(name)}"

    def edit(self, random: Random, path: str = "") -> str:
        path = path or self._some_file(random)
        if not path:
            return ""
        old = self.machine.read(path)
        if old.startswith(SHORTCUT):
            return ""
        size = len(old) if random.random() < 0.3 else 0
        new = self.values.new(random, path, size=size)
        self.values.seen_off(old)
        self.machine.write(path, new, in_place=random.random() < 0.5)
        return f"edits {path} ({label(old)} -> {label(new)})"

    def delete(self, random: Random, path: str = "") -> str:
        path = path or self._some_file(random)
        if not path:
            return ""
        old = self.machine.read(path)
        self.values.seen_off(old)
        (self.machine.root / path).unlink()
        return f"deletes {path} ({label(old)})"

    def move(self, random: Random) -> str:
        path, target = self._file_and_place(random)
        if not path:
            return ""
        (self.machine.root / target).parent.mkdir(parents=True, exist_ok=True)
        (self.machine.root / path).rename(self.machine.root / target)
        return f"moves {path} to {target}"

    def copy(self, random: Random) -> str:
        path, target = self._file_and_place(random)
        if not path:
            return ""
        self.machine.write(target, self.machine.read(path))
        return f"copies {path} to {target}"

    def rename_folder(self, random: Random) -> str:
        inner = [path for path in self.machine.folders() if "/" in path]
        if not inner:
            return ""
        path = random.choice(inner)
        target = f"{path.rpartition('/')[0]}/{random.choice(('raw', 'new', 'old'))}"
        if (self.machine.root / target).exists():
            return ""
        (self.machine.root / path).rename(self.machine.root / target)
        return f"renames the folder {path} to {target}"

    def rename_item(self, random: Random) -> str:
        return self._with_item(random, "renames", lambda a, b: a.rename(b))

    def copy_item(self, random: Random) -> str:
        return self._with_item(
            random, "copies", lambda a, b: shutil.copytree(a, b, symlinks=True)
        )

    def swap_items(self, random: Random) -> str:
        return self._swap(random, self.machine.item_folders())

    def swap_files(self, random: Random) -> str:
        tree = self.machine.tree().items()
        return self._swap(random, [p for p, c in tree if not c.startswith(SHORTCUT)])

    def delete_item(self, random: Random) -> str:
        folders = self.machine.item_folders()
        # An emptied root is an accident of its own.
        if len(folders) < 3:
            return ""
        return self._delete_below(random.choice(folders))

    def delete_folder(self, random: Random) -> str:
        inner = [path for path in self.machine.folders() if "/" in path]
        return self._delete_below(random.choice(inner)) if inner else ""

    def drop_loose(self, random: Random) -> str:
        name = random.choice(LOOSE)
        if (self.machine.root / name).exists():
            return ""
        content = self.values.new(random, name)
        self.machine.write(name, content)
        return f"drops {name} ({label(content)}) into the root"

    def touch(self, random: Random) -> str:
        path = self._some_file(random)
        if not path:
            return ""
        self.machine.touch(self.machine.root / path)
        return f"touches {path}"

    def restore_old(self, random: Random) -> str:
        path = self._some_file(random)
        if not path:
            return ""
        old = self.machine.read(path)
        if old.startswith(SHORTCUT):
            return ""
        new = self.values.again(self.values.some_old(random), path)
        if new != old:
            self.values.seen_off(old)
        self.machine.write(path, new)
        return f"puts {label(new)} back as {path} (was {label(old)})"

    def empty(self, random: Random) -> str:
        path = self._some_file(random)
        if not path:
            return ""
        old = self.machine.read(path)
        self.values.seen_off(old)
        self.machine.write(path, b"")
        return f"empties {path} ({label(old)})"

    def change_kind(self, random: Random) -> str:
        path = self._some_file(random)
        if not path or "/" not in path:
            return ""
        old = self.machine.read(path)
        self.values.seen_off(old)
        (self.machine.root / path).unlink()
        content = self.values.new(random, path)
        self.machine.write(f"{path}/inner.txt", content)
        return f"makes a folder of {path} ({label(old)}) with {label(content)}"

    def remove_record(self, random: Random) -> str:
        folders = self.machine.item_folders()
        if not folders:
            return ""
        folder = random.choice(folders)
        record = self.machine.root / folder / ".figshare"
        if not record.exists():
            return ""
        shutil.rmtree(record)
        return f"deletes the record of {folder}"

    def put_symlink(self, random: Random) -> str:
        folders = self.machine.item_folders()
        if not folders:
            return ""
        path = self._path_in(random, random.choice(folders))
        link = self.machine.root / path
        if link.exists() or link.is_symlink() or not self._is_free(path):
            return ""
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(self.machine.folder.parent / "outside" / "kept.txt")
        return f"puts a symlink at {path}"

    def resolve(self, random: Random) -> str:
        """Decide on one conflict copy: delete it, rename it, or let it win."""
        copies = self.machine.conflict_copies()
        if not copies:
            return ""
        copy = random.choice(copies)
        source = self.machine.root / copy
        content = self.machine.read(copy)
        choice = random.choice(("delete", "rename", "win"))
        if choice == "delete":
            self.values.seen_off(content)
            source.unlink()
            return f"deletes the copy {copy} ({label(content)})"
        target = source.with_name(source.name.split(" (conflict")[0] + source.suffix)
        taken = target.exists() or target.is_symlink()
        if taken and (choice == "rename" or target.is_dir() or target.is_symlink()):
            target = _free_name(source, "kept")
        elif taken:
            self.values.seen_off(target.read_bytes())
        source.rename(target)
        return f"moves the copy {copy} ({label(content)}) to {target.name}"

    def clear(self, path: str) -> str:
        """Move away what is no file at *path*, or what is no folder above it.

        When nothing here is in the way, its folder gets another name.
        """
        for here in (*_parents(path), path):
            place = self.machine.root / here
            wanted = place.is_dir() if here != path else place.is_file()
            if place.is_symlink():
                place.unlink()
                return f"removes the symlink {here}"
            if place.exists() and not wanted:
                place.rename(_free_name(place, "aside"))
                return f"moves {here} aside"
        folder = (self.machine.root / path).parent
        if path.count("/") < 2 or not folder.is_dir():
            return ""
        folder.rename(_free_name(folder, "aside"))
        return f"moves the folder of {path} aside"

    def _delete_below(self, folder: str) -> str:
        shown = self._shown(folder)
        for path in self.machine.files(folder):
            self.values.seen_off(self.machine.read(path))
        self.machine.remove_folder(folder)
        return f"deletes the folder {folder} with {shown}"

    def _with_item(self, random: Random, verb: str, act: Callable[..., object]) -> str:
        folders = self.machine.item_folders()
        target = self.machine.root / random.choice(ITEMS)
        if not folders or target.exists():
            return ""
        folder = random.choice(folders)
        act(self.machine.root / folder, target)
        return f"{verb} the item folder {folder} to {target.name}"

    def _swap(self, random: Random, paths: list[str]) -> str:
        if len(paths) < 2:
            return ""
        one, other = (self.machine.root / path for path in random.sample(paths, 2))
        if one in other.parents or other in one.parents:
            return ""
        between = self.machine.aside / "between"
        one.rename(between)
        other.rename(one)
        between.rename(other)
        return f"swaps {one.name} and {other.name} of {one.parent.name}"

    def _file_and_place(self, random: Random) -> tuple[str, str]:
        path, folders = self._some_file(random), self.machine.item_folders()
        if not path or not folders:
            return "", ""
        own = path.split("/")[0]
        item = own if own in folders and random.random() < 0.7 else ""
        target = self._path_in(random, item or random.choice(folders))
        place = self.machine.root / target
        if place.exists() or place.is_symlink() or not self._is_free(target):
            return "", ""
        return path, target

    def _is_free(self, path: str) -> bool:
        """Tell whether no file or link stands where a folder would have to be."""
        parents = [self.machine.root / p for p in _parents(path)]
        return all(
            not p.is_symlink() and (p.is_dir() or not p.exists()) for p in parents
        )

    def _path_in(self, random: Random, item: str) -> str:
        folder, name = random.choice(FOLDERS), random.choice(NAMES)
        return "/".join(part for part in (item, folder, name) if part)

    def _some_file(self, random: Random) -> str:
        files = self.machine.files()
        return random.choice(files) if files else ""

    def _shown(self, folder: str) -> str:
        files = self.machine.files(folder)
        shown = [
            f"{path.removeprefix(folder)[1:]} ({label(self.machine.read(path))})"
            for path in files
        ]
        return ", ".join(shown) or "no files"


def _free_name(place: Path, stem: str) -> Path:
    names = (place.with_name(f"{stem} {n}{place.suffix}") for n in count(1))
    return next(name for name in names if not name.exists() and not name.is_symlink())


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
