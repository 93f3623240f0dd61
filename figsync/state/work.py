"""What must outlive a process: intents, transfers, absences, counts and retries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from figsync.clock import Clock
from figsync.state.columns import Row, from_ids, to_ids
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

    def is_waiting(self, now: float) -> bool:
        """Tell whether its time is still to come; a clock set back prolongs no wait."""
        return now < self.next_at <= now + retry_wait(self.tries)


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
        return self._db.load("intents", _create_intent, "ORDER BY folder")

    def add_create_intent(
        self, folder: str, title: str, known_ids: frozenset[str]
    ) -> None:
        """Record, before the call, that a draft is made of *folder*."""
        started_at = float(self._clock.now())
        row = (folder, title, started_at, to_ids(known_ids))
        self._db.save("intents", [row])

    def drop_create_intent(self, folder: str) -> None:
        self._db.write("DELETE FROM intents WHERE folder = ?", folder)

    def transfers(self, item_id: str) -> dict[str, Transfer]:
        """Return the unfinished uploads of an item by path."""
        found = self._db.load("transfers", _transfer, "WHERE item_id = ?", item_id)
        return {transfer.path: transfer for transfer in found}

    def transfer(self, item_id: str, path: str) -> Transfer | None:
        """Return the unfinished upload of one file, None if there is none."""
        which = "WHERE item_id = ? AND path = ?"
        found = self._db.load("transfers", _transfer, which, item_id, path)
        return found[0] if found else None

    def all_transfers(self) -> list[Transfer]:
        """Return the unfinished uploads of all items."""
        return self._db.load("transfers", _transfer)

    def save_transfer(self, transfer: Transfer) -> None:
        self._db.save("transfers", [_transfer_row(transfer)])

    def drop_transfer(self, item_id: str, path: str) -> None:
        sql = "DELETE FROM transfers WHERE item_id = ? AND path = ?"
        self._db.write(sql, item_id, path)

    def absences(self, scope: str) -> dict[str, Absence]:
        """Return what is missing in *scope*, such as `items` or `local:ID`, by name."""
        return dict(self._db.load("absences", _named_absence, "WHERE scope = ?", scope))

    def absence(self, scope: str, name: str) -> Absence | None:
        """Return what is known of one thing that is missing, None if it is not."""
        which = "WHERE scope = ? AND name = ?"
        found = self._db.load("absences", _named_absence, which, scope, name)
        return found[0][1] if found else None

    def save_absence(self, scope: str, name: str, absence: Absence) -> None:
        first_seen = float(absence.first_seen)
        row = (scope, name, first_seen, absence.sightings, absence.moved_to)
        self._db.save("absences", [row])

    def keep_absences(self, scope: str, names: Collection[str]) -> None:
        """Drop what is stored as missing in *scope*, all but *names*."""
        kept = frozenset(names)
        found = self._db.rows("SELECT name FROM absences WHERE scope = ?", scope)
        back = [(scope, name) for (name,) in found if name not in kept]
        sql = "DELETE FROM absences WHERE scope = ? AND name = ?"
        self._db.write_many(sql, back)

    def count(self, kind: str, name: str) -> int:
        """Return how often `add_count` was called for this in the last 24 hours."""
        which, since = "WHERE kind = ? AND name = ?", self._clock.now() - _DAY
        times = self._db.load("counts", _counted_at, which, kind, name)
        return sum(1 for at in times if at > since)

    def add_count(self, kind: str, name: str) -> None:
        """Count one transfer now; counts older than 24 hours are dropped."""
        now = float(self._clock.now())
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
        found = self._db.load("retries", _retry, "WHERE name = ?", name)
        return found[0] if found else None

    def failed(self, name: str, message: str) -> Retry:
        """Record a failure of *name* and return when it may be tried again."""
        last = self.retry(name)
        tries = last.tries + 1 if last else 1
        next_at = float(self._clock.now() + retry_wait(tries))
        retry = Retry(tries, next_at, message)
        self._db.save("retries", [(name, tries, retry.next_at, message)])
        return retry

    def succeeded(self, name: str) -> None:
        """Forget the failures of *name*."""
        if self.retry(name):
            self._db.write("DELETE FROM retries WHERE name = ?", name)


def _create_intent(row: Row) -> CreateIntent:
    folder, title, started_at, known_ids = row
    return CreateIntent(folder, title, started_at, from_ids(known_ids))


def _transfer_row(transfer: Transfer) -> Row:
    return (
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
    *fields, started_at, known_ids, completed = row
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
    _, name, first_seen, sightings, moved_to = row
    return name, Absence(first_seen, sightings, moved_to)


def _counted_at(row: Row) -> float:
    _, _, at = row
    return float(at)


def _retry(row: Row) -> Retry:
    _, tries, next_at, message = row
    return Retry(tries, next_at, message)
