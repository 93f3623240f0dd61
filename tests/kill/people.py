"""What people do on both sides while figsync is killed, and what must be there then."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random

from tests.commands.desk import Desk
from tests.world import md5

KIB = 1 << 10
PART = 16 * KIB
FOLDERS = ("Soil cores", "Water", "Ice")
MOST_PARTS = 12


class People:
    """A person at the computer and one on the web, who never touch the same file.

    *expected* is what both sides hold once all is done; *versions* is every content
    that a path ever had; nobody works while figsync runs.
    """

    def __init__(self, desk: Desk, random: Random) -> None:
        self._desk, self._random = desk, random
        self.expected: dict[str, bytes] = {}
        self.versions: dict[str, set[bytes]] = defaultdict(set)
        self.local_versions = 0
        self.deleted_here: set[str] = set()
        self._count = 0
        for folder in FOLDERS[:2]:
            desk.box.web.create_item(folder)

    def work(self, times: int) -> None:
        """Do some things on either side."""
        for _ in range(times):
            kinds = (self._add, self._edit, self._web_add, self._web_edit)
            self._random.choices((*kinds, self._delete, self._web_delete), WEIGHTS)[0]()

    def title_of(self, item_id: int) -> str:
        return str(self._desk.box.web.item(item_id)["title"])

    def on_figshare(self) -> dict[str, bytes]:
        """Return path and bytes of every file that is available on the web."""
        web = self._desk.box.web
        return {
            f"{title}/{path}": content
            for title, item_id in self._items().items()
            for path, content in web.tree(item_id).items()
        }

    def _items(self) -> dict[str, int]:
        web = self._desk.box.web
        return {self.title_of(item_id): item_id for item_id in web.item_ids()}

    def _content(self) -> bytes:
        parts = self._random.choice((1, 2, 6, MOST_PARTS))
        return self._random.randbytes(self._random.randint(1, parts * PART))

    def _new_name(self, author: str) -> str:
        self._count += 1
        sub = self._random.choice(("", "", "raw/"))
        return f"{sub}{author}-{self._count}.bin"

    def _of(self, author: str) -> list[str]:
        return sorted(path for path in self.expected if f"{author}-" in path)

    def _wrote(self, path: str, content: bytes) -> None:
        self.expected[path] = content
        self.versions[path].add(content)

    def _add(self) -> None:
        self._save(f"{self._random.choice(FOLDERS)}/{self._new_name('mine')}")

    def add_large(self) -> None:
        """Save a file of many parts."""
        path = f"{FOLDERS[0]}/{self._new_name('mine')}"
        self._save(path, self._random.randbytes(MOST_PARTS * PART))

    def _edit(self) -> None:
        if mine := self._of("mine"):
            self._save(self._random.choice(mine))

    def _save(self, path: str, content: bytes = b"") -> None:
        content = content or self._content()
        self._desk.drop(path, content)
        self._wrote(path, content)
        self.local_versions += 1

    def _delete(self) -> None:
        mine = self._of("mine")
        # Emptying an item is held for a person, which is another test's matter.
        if len(mine) < 6 * len(FOLDERS):
            return
        path = self._random.choice(mine)
        (self._desk.root / path).unlink()
        self.deleted_here.add(path)
        del self.expected[path]

    def _web_add(self) -> None:
        folder = self._random.choice(FOLDERS[:2])
        content, path = self._content(), self._new_name("web")
        sub, _, name = path.rpartition("/")
        item = self._items()[folder]
        self._desk.box.web.add_file(item, name, content, folder=sub)
        self._wrote(f"{folder}/{path}", content)

    def _web_edit(self) -> None:
        if theirs := self._of("web"):
            path, content = self._random.choice(theirs), self._content()
            self._desk.box.web.replace_file(self._web_id(path), content)
            self._wrote(path, content)

    def _web_delete(self) -> None:
        theirs = self._of("web")
        if len(theirs) < 6 * len(FOLDERS):
            return
        path = self._random.choice(theirs)
        self._desk.box.web.delete_file(self._web_id(path))
        del self.expected[path]

    def _web_id(self, path: str) -> int:
        folder, _, inner = path.partition("/")
        files = self._desk.box.web.files(self._items()[folder])
        (found,) = [file.id for file in files if file.path == inner]
        return found


WEIGHTS = (4, 4, 3, 3, 1, 1)


def local_tree(root: Path) -> dict[str, bytes]:
    """Return path and bytes of every mirrored file."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".figsync", ".figshare"} & set(path.parts)
    }


def trashed(root: Path) -> set[str]:
    """Return the MD5s of what is in the trash."""
    trash = root / ".figsync" / "trash"
    return {md5(path.read_bytes()) for path in trash.rglob("*") if path.is_file()}
