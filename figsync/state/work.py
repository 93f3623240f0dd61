"""What must outlive a process: intents, transfers, absences, counts and retries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from figsync.clock import Clock
from figsync.state.columns import Row, from_ids, sealed, to_ids, unsealed
from figsync.state.connection import Connection

_MINUTE, _HOUR = 60.0, 3600.0
_DAY = 24 * _HOUR
_LONGEST_WAIT = 6 * _HOUR


@dataclass(frozen=True, slots=True)
class CreateIntent:
    """A create-item call whose reply did not come yet.

    *known_ids* are the items that existed before the call.
    """

    folder: str
    title: str
    started_at: float
    known_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Transfer:
    """An upload that is not proven yet; *folder* and *name* are those on Figshare.

    *file_id* is "" until the reply to the initiate call came; *known_ids* are the
    records that existed before it; *replaces* is the superseded record, or "".
    """

    item_id: str
    path: str
    md5: str
    size: int
    folder: str
    name: str
    file_id: str = ""
    replaces: str = ""
    started_at: float = 0.0
    known_ids: frozenset[str] = frozenset()
    completed: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """Since when, and how often, something was missing; *moved_to* is where it is."""

    first_seen: float
    sightings: int
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often something failed in a row, and when (POSIX) it may be tried again."""

    tries: int
    next_at: float
    message: str = ""


def retry_wait(tries: int) -> float:
    """Return the seconds to wait after *tries* failures: 1, 5, 25 min ... 6 h."""
    return min(_MINUTE * 5.0 ** min(max(tries, 1) - 1, 9), _LONGEST_WAIT)


class Work:
    """Rows that let the next process go on where the last one stopped."""

    def __init__(self, db: Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def create_intents(self) -> list[CreateIntent]:
        """Return the items whose creation is unsure, in the order of their folders."""
        return self._db.load(_create_intent, "SELECT * FROM intents ORDER BY folder")

    def add_create_intent(
        self, folder: str, title: str, known_ids: frozenset[str]
    ) -> None:
        """Record, before the call, that a draft is made of *folder*."""
        started_at = float(self._clock.now())
        row = sealed("intents", folder, title, started_at, to_ids(known_ids))
        self._db.save("intents", [row])

    def drop_create_intent(self, folder: str) -> None:
        self._db.write("DELETE FROM intents WHERE folder = ?", folder)

    def transfers(self, item_id: str) -> dict[str, Transfer]:
        """Return the unfinished uploads of an item by path."""
        sql = "SELECT * FROM transfers WHERE item_id = ?"
        found = self._db.load(_transfer, sql, item_id)
        return {transfer.path: transfer for transfer in found}

    def all_transfers(self) -> list[Transfer]:
        """Return the unfinished uploads of all items."""
        return self._db.load(_transfer, "SELECT * FROM transfers")

    def save_transfer(self, transfer: Transfer) -> None:
        self._db.save("transfers", [_transfer_row(transfer)])

    def drop_transfer(self, item_id: str, path: str) -> None:
        sql = "DELETE FROM transfers WHERE item_id = ? AND path = ?"
        self._db.write(sql, item_id, path)

    def absences(self, scope: str) -> dict[str, Absence]:
        """Return what is missing in *scope*, such as `items` or `local:ID`, by name."""
        sql = "SELECT * FROM absences WHERE scope = ?"
        return dict(self._db.load(_named_absence, sql, scope))

    def save_absence(self, scope: str, name: str, absence: Absence) -> None:
        row = sealed(
            "absences",
            scope,
            name,
            float(absence.first_seen),
            absence.sightings,
            absence.moved_to,
        )
        self._db.save("absences", [row])

    def drop_absence(self, scope: str, name: str) -> None:
        sql = "DELETE FROM absences WHERE scope = ? AND name = ?"
        self._db.write(sql, scope, name)

    def keep_absences(self, scope: str, names: Collection[str]) -> None:
        """Drop what is stored as missing in *scope*, all but *names*."""
        kept = frozenset(names)
        found = self._db.rows("SELECT name FROM absences WHERE scope = ?", scope)
        back = [(scope, name) for (name,) in found if name not in kept]
        sql = "DELETE FROM absences WHERE scope = ? AND name = ?"
        self._db.write_many(sql, back)

    def count(self, kind: str, name: str) -> int:
        """Return how often `add_count` was called for this in the last 24 hours."""
        sql = "SELECT count(*) FROM counts WHERE kind = ? AND name = ? AND at > ?"
        return int(self._db.row(sql, kind, name, self._clock.now() - _DAY)[0])

    def add_count(self, kind: str, name: str) -> None:
        """Count one transfer now; counts older than 24 hours are dropped."""
        now = self._clock.now()
        with self._db.writing():
            self._db.write("DELETE FROM counts WHERE at <= ?", now - _DAY)
            self._db.save("counts", [(kind, name, now)])

    def drop_count(self, kind: str, name: str) -> None:
        """Take back the last `add_count` of this."""
        self._db.write(
            "DELETE FROM counts WHERE rowid = (SELECT max(rowid) FROM counts"
            " WHERE kind = ? AND name = ?)",
            kind,
            name,
        )

    def retry(self, name: str) -> Retry | None:
        """Return when *name* may be tried again, None if its last try did not fail."""
        sql = "SELECT tries, next_at, message FROM retries WHERE name = ?"
        row = self._db.row(sql, name)
        return Retry(*row) if row else None

    def failed(self, name: str, message: str) -> Retry:
        """Record a failure of *name* and return when it may be tried again."""
        last = self.retry(name)
        tries = last.tries + 1 if last else 1
        retry = Retry(tries, self._clock.now() + retry_wait(tries), message)
        self._db.save("retries", [(name, tries, retry.next_at, message)])
        return retry

    def succeeded(self, name: str) -> None:
        """Forget the failures of *name*."""
        if self.retry(name):
            self._db.write("DELETE FROM retries WHERE name = ?", name)


def _create_intent(row: Row) -> CreateIntent:
    folder, title, started_at, known_ids = unsealed("intents", row)
    return CreateIntent(folder, title, started_at, from_ids(known_ids))


def _transfer_row(transfer: Transfer) -> Row:
    return sealed(
        "transfers",
        transfer.item_id,
        transfer.path,
        transfer.md5,
        transfer.size,
        transfer.folder,
        transfer.name,
        transfer.file_id,
        transfer.replaces,
        float(transfer.started_at),
        to_ids(transfer.known_ids),
        transfer.completed,
    )


def _transfer(row: Row) -> Transfer:
    *fields, started_at, known_ids, completed = unsealed("transfers", row)
    item_id, path, md5, size, folder, name, file_id, replaces = fields
    return Transfer(
        item_id,
        path,
        md5,
        size,
        folder,
        name,
        file_id,
        replaces,
        started_at,
        from_ids(known_ids),
        bool(completed),
    )


def _named_absence(row: Row) -> tuple[str, Absence]:
    _, name, first_seen, sightings, moved_to = unsealed("absences", row)
    return name, Absence(first_seen, sightings, moved_to)
