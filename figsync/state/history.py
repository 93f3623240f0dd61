"""What figsync did, for people to read and for the guards to count."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from figsync.clock import Clock
from figsync.state.columns import Row, from_time, to_time
from figsync.state.connection import Connection

_DELETIONS = "WHERE (deleted_local > 0 OR deleted_remote > 0) AND at >= ?"


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One finished action; *at* is POSIX seconds."""

    id: int
    at: float
    action: str
    item_id: str
    path: str
    size: int
    result: str
    message: str


class History:
    """One row for each finished action."""

    def __init__(self, db: Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def add(  # noqa: PLR0913 - a row is written as it reads
        self,
        action: str,
        *,
        item_id: str,
        path: str,
        result: str,
        size: int = 0,
        message: str = "",
        deleted_local: int = 0,
        deleted_remote: int = 0,
    ) -> None:
        """Record that an action ended now, with the files it deleted on each side."""
        at = to_time(self._clock.now())
        told = (at, action, item_id, path, size, result, message)
        with self._db.writing():
            row = (self._db.next_id("history"), *told, deleted_local, deleted_remote)
            self._db.save("history", [row])

    def recent(self, limit: int) -> list[HistoryRow]:
        """Return the last *limit* rows, newest first."""
        which = "ORDER BY id DESC LIMIT ?"
        return self._db.load("history", _history_row, which, max(limit, 0))

    def about(self, path: str, *, item_id: str = "", limit: int) -> list[HistoryRow]:
        """Return the last rows of a path below the root and all below it, newest first.

        With *item_id* those of the item's same file under another folder name too.
        """
        which = (
            "WHERE path = ?1 OR substr(path, 1, length(?1) + 1) = ?1 || '/'"
            " OR (item_id = ?2 AND ?2 != '' AND instr(?1, '/') > 0"
            " AND substr(path, instr(path, '/')) = substr(?1, instr(?1, '/')))"
            " ORDER BY id DESC LIMIT ?3"
        )
        wanted = (path, item_id, max(limit, 0))
        return self._db.load("history", _history_row, which, *wanted)

    def deletions(self, side: Literal["local", "remote"], since: float) -> int:
        """Return how many files were deleted on one side since a POSIX time."""
        found = self._db.load("history", _deleted, _DELETIONS, to_time(since))
        return sum(local if side == "local" else remote for local, remote in found)

    def item_deletions(self, since: float) -> dict[str, int]:
        """Return by item how many files were deleted on Figshare since a POSIX time."""
        counts: Counter[str] = Counter()
        found = self._db.load("history", _deleted_in, _DELETIONS, to_time(since))
        for item_id, count in found:
            counts[item_id] += count
        return dict(counts)

    def prune(self, before: float) -> None:
        """Drop the rows older than a POSIX time."""
        self._db.write("DELETE FROM history WHERE at < ?", to_time(before))


def _history_row(row: Row) -> HistoryRow:
    row_id, at, *rest, _, _ = row
    return HistoryRow(row_id, from_time(at), *rest)


def _deleted_in(row: Row) -> tuple[str, int]:
    _, _, _, item_id, *_, deleted_remote = row
    return item_id, deleted_remote


def _deleted(row: Row) -> tuple[int, int]:
    *_, deleted_local, deleted_remote = row
    return deleted_local, deleted_remote
