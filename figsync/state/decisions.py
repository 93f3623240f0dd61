"""What people see and decide: held actions, decisions, requests and conflicts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from figsync.clock import Clock
from figsync.model import ActionKey, Held
from figsync.state.columns import Row, from_time, to_time
from figsync.state.connection import Connection

Verdict = Literal["approved", "rejected"]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A held action as it is shown; times are POSIX seconds."""

    id: int
    key: ActionKey
    folder: str
    reason: str
    until: float | None
    listed: bool
    size: int
    since: float

    @property
    def needs_person(self) -> bool:
        return self.until is None and not self.listed


@dataclass(frozen=True, slots=True)
class Request:
    """What another process asks the owner of the lock to do."""

    id: int
    verb: str
    arguments: dict[str, str]
    at: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict copy that a person has not resolved yet; *since* is POSIX seconds."""

    item_id: str
    folder: str
    path: str
    copy: str
    since: float


class Decisions:
    """Everything that passes between figsync and the people it works for."""

    def __init__(self, db: Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def replace_held(
        self, held: Sequence[Held], *, within: Collection[str] = ()
    ) -> None:
        """Store what is held now; an action keeps its id for as long as it is held.

        With folders or item ids *within*, what is held elsewhere stays as it is.
        """
        before = {_identity(row.key, row.folder): row for row in self.held()}
        now = {_identity(new.action.key, new.action.where.folder): new for new in held}
        gone = [
            (row.id,)
            for same, row in before.items()
            if same not in now and _is_within(row.key.item_id, row.folder, within)
        ]
        known = {row.id: row for row in before.values()}
        with self._db.writing():
            ids = count(self._db.next_id("held"))
            rows = [
                self._held_row(new, before.get(same), ids) for same, new in now.items()
            ]
            changed = [row for row in rows if _shown(row) != known.get(row[0])]
            self._db.write_many("DELETE FROM held WHERE id = ?", gone)
            self._db.save("held", changed)

    def _held_row(self, new: Held, before: HeldRow | None, ids: Iterator[int]) -> Row:
        since = before.since if before else self._clock.now()
        until = None if new.until is None else to_time(new.until)
        return (
            before.id if before else next(ids),
            *_columns(new.action.key),
            new.action.where.folder,
            new.reason,
            until,
            new.listed,
            new.action.size,
            to_time(since),
        )

    def held(self) -> list[HeldRow]:
        """Return all held actions in the order in which they were first held."""
        return self._db.load("held", _shown, "ORDER BY id")

    def held_elsewhere(self, within: Collection[str]) -> list[HeldRow]:
        """Return what waits outside of these folders and item ids, [] without any."""
        return [
            row
            for row in self.held()
            if not (row.listed or _is_within(row.key.item_id, row.folder, within))
        ]

    def not_held_yet(self, held: Sequence[Held]) -> list[Held]:
        """Return those of *held* that are not stored, or with another reason."""
        before = {_identity(row.key, row.folder): row.reason for row in self.held()}
        return [
            new
            for new in held
            if before.get(_identity(new.action.key, new.action.where.folder))
            != new.reason
        ]

    def approve(self, ids: Iterable[int]) -> int:
        """Approve exactly the actions shown with these ids; return how many."""
        return self._decide("approved", ids)

    def reject(self, ids: Iterable[int]) -> int:
        """Reject exactly the actions shown with these ids; return how many."""
        return self._decide("rejected", ids)

    def approved(self) -> frozenset[ActionKey]:
        """Return what was approved; StateDamaged if a decision was altered."""
        return self._decided("approved")

    def rejected(self) -> frozenset[ActionKey]:
        """Return what was rejected; StateDamaged if a decision was altered."""
        return self._decided("rejected")

    def settle(self, key: ActionKey) -> None:
        """Drop the decision on an action that was carried out."""
        self._db.write(
            "DELETE FROM decisions WHERE kind = ? AND item_id = ? AND path = ?"
            " AND file_id = ? AND md5 = ?",
            *_columns(key),
        )

    def record(self, verdict: Verdict, keys: Iterable[ActionKey]) -> None:
        """Decide on these actions, held or not, in place of what was decided before."""
        at = to_time(self._clock.now())
        rows = [(*_columns(key), verdict, at) for key in keys]
        self._db.save("decisions", rows)

    def _decide(self, verdict: Verdict, ids: Iterable[int]) -> int:
        wanted = frozenset(ids)
        with self._db.writing():
            keys = {row.key for row in self.held() if row.id in wanted}
            self.record(verdict, keys)
        return len(keys)

    def _decided(self, verdict: Verdict) -> frozenset[ActionKey]:
        # All rows are read: an altered verdict must not go unnoticed.
        rows = self._db.load("decisions", _decision)
        return frozenset(key for key, decided in rows if decided == verdict)

    def request(self, verb: str, arguments: Mapping[str, str]) -> int:
        """Leave a request to the owner of the lock; return its id."""
        words = json.dumps(dict(arguments), ensure_ascii=False)
        with self._db.writing():
            request_id = self._db.next_id("requests")
            row = (request_id, verb, words, to_time(self._clock.now()))
            self._db.save("requests", [row])
        return request_id

    def requests(self) -> list[Request]:
        """Return the requests that wait, oldest first."""
        return self._db.load("requests", _request, "ORDER BY id")

    def is_requested(self, verb: str) -> bool:
        """Tell whether a request for *verb* waits."""
        return bool(self._db.row("SELECT 1 FROM requests WHERE verb = ?", verb))

    def drop_request(self, request_id: int) -> None:
        self._db.write("DELETE FROM requests WHERE id = ?", request_id)

    def replace_conflicts(
        self, conflicts: Sequence[Conflict], *, within: Collection[str] = ()
    ) -> None:
        """Store the conflicts there are now; a known one keeps its *since*.

        With folders or item ids *within*, those elsewhere stay as they are.
        """
        before = {(old.folder, old.copy): old for old in self.conflicts()}
        now = {
            same: old
            for same, old in before.items()
            if not _is_within(old.item_id, old.folder, within)
        }
        now |= {(new.folder, new.copy): new for new in conflicts}
        rows = {same: _conflict_row(new, before.get(same)) for same, new in now.items()}
        if {same: _conflict(row) for same, row in rows.items()} == before:
            return
        with self._db.writing():
            self._db.write("DELETE FROM conflicts")
            self._db.save("conflicts", rows.values())

    def conflicts(self) -> list[Conflict]:
        """Return the conflicts that wait for a person, by folder and path."""
        return self._db.load("conflicts", _conflict, "ORDER BY folder, path, copy")


def _is_within(item_id: str, folder: str, within: Collection[str]) -> bool:
    return not within or folder in within or item_id in within


def _columns(key: ActionKey) -> Row:
    return (key.kind, key.item_id, key.path, key.file_id, key.md5)


def _identity(key: ActionKey, folder: str) -> tuple[ActionKey, str]:
    # Folders that are no item yet share the empty item id.
    return key, "" if key.item_id else folder


def _shown(row: Row) -> HeldRow:
    row_id, kind, item_id, path, file_id, md5, folder, reason, *rest = row
    until, listed, size, since = rest
    return HeldRow(
        id=row_id,
        key=ActionKey(kind, item_id, path, file_id, md5),
        folder=folder,
        reason=reason,
        until=None if until is None else from_time(until),
        listed=bool(listed),
        size=size,
        since=from_time(since),
    )


def _decision(row: Row) -> tuple[ActionKey, str]:
    *key, verdict, _ = row
    return ActionKey(*key), verdict


def _request(row: Row) -> Request:
    request_id, verb, arguments, at = row
    return Request(request_id, verb, json.loads(arguments), from_time(at))


def _conflict_row(new: Conflict, old: Conflict | None) -> Row:
    since = to_time(old.since if old else new.since)
    return (new.item_id, new.folder, new.path, new.copy, since)


def _conflict(row: Row) -> Conflict:
    item_id, folder, path, copy, since = row
    return Conflict(item_id, folder, path, copy, from_time(since))
