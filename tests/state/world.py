"""What the tests of the state are about: values, a clock, and the files on disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from figsync.model import FileStat, LocalFile, SyncedFile, SyncedItem
from figsync.state import KnownFile, Observed, Transfer

NOON = 1_795_176_000.0  # 2026-11-20T12:00:00Z

NOT_UTF8 = "caf\udce9 \\ \\udce9.txt"


@dataclass
class SetClock:
    """A clock that stands until a test moves it."""

    at: float = NOON

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def wait(self, seconds: float) -> bool:
        self.at += seconds
        return False


def an_item(item_id: str = "7", folder: str = "Soil") -> SyncedItem:
    return SyncedItem(item_id, folder, inode=12, title="Soil <i>cores</i>")


def a_known_file(path: str, md5: str = "d4") -> KnownFile:
    stat = FileStat(5, 10, 11, 12)
    file = LocalFile(path, stat, md5, parts=b"p" * 16, part_size=10)
    return KnownFile(file, 2.5, 1.5)


def a_synced_file(path: str, file_id: str = "31", md5: str = "d4") -> SyncedFile:
    return SyncedFile(path, file_id, md5, size=5)


def an_observation(item_id: str = "7") -> Observed:
    return Observed(item_id, "Soil", "2026-11-01T00:00:00Z", NOON, True, 1, 5, "2026")


def a_transfer(item_id: str = "7", path: str = "a.txt") -> Transfer:
    return Transfer(
        item_id,
        path,
        md5="d4",
        size=5,
        folder="",
        name="a.txt",
        file_id="31",
        replaces="30",
        started_at=NOON,
        known_ids=frozenset({"29", "30"}),
        completed=True,
    )


def run_sql(path: Path, sql: str) -> None:
    """Change the database as a person with an SQLite browser would."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(sql)


def all_bytes(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return the content and modification time of everything in a folder."""
    return {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns)
        for file in folder.iterdir()
    }
