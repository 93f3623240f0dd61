"""What is there at one instant: both sides, the trash, and what the state says."""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figsync.errors import FigsyncError
from figsync.state import State
from tests.world import TestClock

OWN = {".figsync", ".figshare"}
OURS = {"mirror", "state", "figshare"}
_COPY = re.compile(r"\(conflict [-0-9 ]+\)")
# What differs from one process to the next although nothing else does.
_CHANCE = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"
    r'|\.\d+\.\d+(-\w+)?\b|"pid": \d+'
)
_PASSING = {"ctime_ns", "inode", "checksum"}
_WITH_STATS = ("swaps", "filed:")


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a draft on Figshare, with its token for uploads."""

    id: int
    item: int
    path: str
    md5: str
    status: str
    token: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the promises speak of; *wreck* tells two scenes apart.

    *begun* counts the items and the records that were ever made on Figshare.
    """

    tree: dict[str, bytes]
    trash: list[bytes]
    temp: list[str]
    own_records: set[str]
    outside: dict[str, bytes]
    titles: dict[int, str]
    records: dict[int, Record]
    parts: set[tuple[int, int]]
    begun: tuple[int, int]
    synced: dict[tuple[str, str], tuple[str, str]]
    wreck: str

    @property
    def shared(self) -> list[tuple[str, str, str, str]]:
        """Return item, path, MD5 and status of every record."""
        return sorted(
            (self.titles[r.item], r.path, r.md5, r.status)
            for r in self.records.values()
        )

    def contents(self) -> set[bytes]:
        """Return the bytes of every local file, those in the trash included."""
        return {*self.tree.values(), *self.trash}


def look(folder: Path, machine: str = "") -> Scene:
    """Look at the world in *folder* through a copy, so that nothing in it changes."""
    copy = folder.with_name("looked-at")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, symlinks=True)
    here = copy / machine
    root = here / "mirror"
    files = dict(_files(root))
    with closing(_opened(copy / "figshare" / "sandbox.sqlite")) as web:
        titles, records = _items(web), _records(web)
        parts = {tuple(row) for row in web.execute("SELECT * FROM parts")}
        begun = tuple(seq for (seq,) in web.execute(_BEGUN))
        dump = list(_rows(web))
    return Scene(
        tree=_tree(files),
        trash=[b for path, b in files.items() if path.startswith(".figsync/trash/")],
        temp=[path for path in files if path.startswith(".figsync/tmp/")],
        own_records={p for p in files if p.split("/")[1:2] == [".figshare"]},
        outside=_outside(copy),
        titles=titles,
        records=records,
        parts=parts,
        begun=begun,
        synced=_synced(here / "state" / "state.db"),
        wreck=_wreck(root, files, [*dump, *_state_rows(here / "state")]),
    )


_BEGUN = "SELECT seq FROM sqlite_sequence WHERE name IN ('items', 'files') ORDER BY 1"


def _files(root: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(root)), path.read_bytes()


def _tree(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the mirrored files; the time in the name of a conflict copy is cut."""
    tree: dict[str, bytes] = {}
    for path, content in files.items():
        if not OWN & set(path.split("/")):
            name = _COPY.sub("(conflict)", path)
            while name in tree:
                name += " again"
            tree[name] = content
    return tree


def _outside(copy: Path) -> dict[str, bytes]:
    """Return what lies beside roots, states and account."""
    return {
        str(path.relative_to(copy)): path.read_bytes()
        for path in sorted(copy.rglob("*"))
        if path.is_file() and not OURS & set(path.relative_to(copy).parts)
    }


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.row_factory = sqlite3.Row
    return database


def _items(web: sqlite3.Connection) -> dict[int, str]:
    sql = "SELECT id, json_extract(fields, '$.title') FROM items"
    return {row[0]: row[1] for row in web.execute(sql)}


def _records(web: sqlite3.Connection) -> dict[int, Record]:
    return {
        row["id"]: Record(
            row["id"],
            row["item_id"],
            f"{row['folder']}/{row['name']}".lstrip("/"),
            row["true_md5"] or row["link"],
            row["status"],
            row["token"],
        )
        for row in web.execute("SELECT * FROM files WHERE in_draft")
    }


def _synced(database: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Return id and MD5 of every synced row by item and path."""
    try:
        state = State.read_only(database, clock=TestClock())
        if state is None:
            return {}
        with state:
            return {
                (item_id, path): (row.file_id, row.md5)
                for item_id in state.items.all()
                for path, row in state.files.synced(item_id).items()
            }
    except FigsyncError:
        return {}


def _state_rows(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.db")):
        try:
            with closing(_opened(path)) as database:
                yield from _rows(database)
        except sqlite3.DatabaseError as problem:
            yield str(problem)


def _rows(database: sqlite3.Connection) -> Iterator[str]:
    """Yield every row of every table, without inodes and the times of migrations."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    for (table,) in database.execute(names).fetchall():
        yield table
        if table != "_sqlite_migrations":
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield repr(_lasting(row))


def _lasting(row: sqlite3.Row) -> list[Any]:  # whatever SQLite holds
    """Return a row without what depends on the inodes that a copy has."""
    if str(row[0]).startswith(_WITH_STATS):
        return [row[0], bool(row[1])]
    return [row[column] for column in row.keys() if column not in _PASSING]  # noqa: SIM118


def _wreck(root: Path, files: dict[str, bytes], rows: Iterable[str]) -> str:
    """Return a digest of all that the next process will find."""
    digest = hashlib.sha256()
    folders = sorted(p.relative_to(root) for p in root.rglob("*") if p.is_dir())
    lines = [*map(str, folders), *(f"{path} {files[path]!r}" for path in files), *rows]
    for line in lines:
        digest.update(_CHANCE.sub("", line).encode(errors="surrogateescape"))
    return digest.hexdigest()
