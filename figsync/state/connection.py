"""One SQLite connection: its transactions, and its errors in figsync's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from figsync.errors import DiskProblem, FigsyncError, NoRoom, StateDamaged
from figsync.state.columns import Row, from_row, sealed, to_text, unsealed
from figsync.state.steps import Steps

T = TypeVar("T")

_PRIMARY = 0xFF  # extended result codes carry the primary one in the low byte
_REBUILD = "the next sync sets it aside and rebuilds it; no file is lost"
_DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_ERROR,  # a table or column is missing
}
_LOCKED = (
    "another program keeps the database locked",
    "close it (a database browser?) and try again",
)
_FORBIDDEN = (
    "the state database can not be opened",
    "give your user read and write permission for it and its folder",
)
_DISK = (
    "the state database can not be read or written",
    "look at the disk's health and the folder's permissions, then try again",
)
_CIRCUMSTANCES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_PROTOCOL: _LOCKED,
    sqlite3.SQLITE_CANTOPEN: _FORBIDDEN,
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_AUTH: _FORBIDDEN,
    sqlite3.SQLITE_READONLY: (
        "the state database can not be written",
        "give your user write permission for it and its folder",
    ),
}


_NOT_UNICODE = "Could not decode to UTF-8"  # Python's own words
_LAST_ID = """
SELECT max(
  coalesce((SELECT max(id) FROM {}), 0),
  coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = ?), 0)
)
"""
# SQLite calls the disk full when it can count no further.
_IDS = 2**53


class Connection:
    """A connection used by one thread.

    Circumstances are raised as DiskProblem, NoRoom or StateDamaged.
    Misuse of SQLite is a bug and stays what it is.
    """

    def __init__(
        self, raw: sqlite3.Connection, path: Path, *, steps: Steps | None = None
    ) -> None:
        self.path = path
        self._steps = steps or Steps()
        self._writes: dict[str, int] = {}
        self.raw = raw

    @classmethod
    def to(
        cls,
        path: Path,
        access: str,
        *,
        patience: float = 10.0,
        steps: Steps | None = None,
    ) -> Connection:
        """Return a connection with *access*, parameters of an SQLite URI.

        *patience* is how many seconds a locked database is waited for.
        """
        uri = f"{path.absolute().as_uri()}?{access}"
        with translated(path):
            raw = sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None)
        return cls(raw, path, steps=steps)

    def close(self) -> None:
        self.raw.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query."""
        return [from_row(row) for row in self._fetched(sql, values)]

    def each(self, sql: str, *values: object) -> Iterator[Row]:
        """Yield the rows of a query as SQLite gives them: there may be millions."""
        with translated(self.path):
            yield from self.raw.execute(sql, bound(values))

    def _fetched(self, sql: str, values: Iterable[object]) -> list[Row]:
        with translated(self.path):
            found: list[Row] = self.raw.execute(sql, bound(values)).fetchall()
        return found

    def row(self, sql: str, *values: object) -> Row:
        """Return the first row of a query, or an empty one."""
        found = self.rows(sql, *values)
        return found[0] if found else ()

    def number(self, sql: str, *values: object) -> int:
        """Return the one number that a query gives; StateDamaged if it is none."""
        (found,) = self.row(sql, *values)
        try:
            return int(found)
        except (ValueError, TypeError, OverflowError) as exc:
            raise damaged(self.path, "a number in it is none") from exc

    def load(
        self, table: str, make: Callable[[Row], T], which: str = "", *values: object
    ) -> list[T]:
        """Return what *make* makes of the rows of *table*, all but their checksums.

        *which* is the end of the query, such as `WHERE path = ?`.
        StateDamaged if a row is not what was saved.
        """
        found = self._fetched(f"SELECT * FROM {table} {which}", values)
        try:
            return [make(unsealed(table, row)) for row in found]
        except (ValueError, KeyError) as exc:
            raise damaged(self.path, str(exc)) from exc

    def write(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Run one statement that changes something, in a transaction."""
        self._note_write(sql)
        with self.writing():
            return self._run(sql, values)

    def save(self, table: str, rows: Iterable[Row]) -> None:
        """Insert or replace *rows*, in the order of the columns, sealed here.

        Each value has the type that its column gives back.
        """
        rows = [sealed(table, *row) for row in rows]
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            sql = f"INSERT OR REPLACE INTO {table} VALUES ({marks})"
            self.write_many(sql, rows)

    def next_id(self, table: str) -> int:
        """Return an id that no row of *table* ever had."""
        last = self.number(_LAST_ID.format(table), table)
        if not 0 <= last < _IDS:
            raise damaged(self.path, f"table {table} has ids that it never gave")
        return last + 1

    def write_many(self, sql: str, rows: Iterable[Iterable[object]]) -> None:
        """Run one statement for each of *rows*, all in one transaction."""
        ready = [bound(row) for row in rows]
        if not ready:
            return
        self._note_write(sql)
        with self.writing(), translated(self.path):
            self.raw.executemany(sql, ready)

    @property
    def is_writing(self) -> bool:
        """Tell whether a transaction is open, whose writes may be undone."""
        return self.raw.in_transaction

    def version(self, table: str) -> tuple[int, int]:
        """Return what is another once somebody may have written to *table*."""
        elsewhere = self.number("PRAGMA data_version")
        return self._writes.setdefault(table, 0), elsewhere

    def _note_write(self, sql: str) -> None:
        for table in self._writes:
            if table in sql:
                self._writes[table] += 1

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make the writes inside one transaction; an exception undoes them all.

        Inside another one only the writes of the inner are undone.
        """
        nested = self.raw.in_transaction
        self._run("SAVEPOINT nested" if nested else "BEGIN IMMEDIATE")
        try:
            yield
            self._end(nested)
        except BaseException:
            self._undo(nested)
            raise

    def _end(self, nested: bool) -> None:
        if nested:
            self._run("RELEASE nested")
            return
        self._steps.before("commit")
        self._run("COMMIT")
        self._steps.after("commit")

    def _undo(self, nested: bool) -> None:
        # SQLite itself ends the whole transaction on some errors, a full disk among.
        if not self.raw.in_transaction:
            return
        if nested:
            self._run("ROLLBACK TO nested")
            self._run("RELEASE nested")
        else:
            self._run("ROLLBACK")

    def _run(self, sql: str, values: Iterable[object] = ()) -> sqlite3.Cursor:
        with translated(self.path):
            return self.raw.execute(sql, bound(values))


def bound(values: Iterable[object]) -> Row:
    """Return *values* as SQLite can hold them."""
    return tuple(to_text(v) if isinstance(v, str) else v for v in values)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what SQLite says of the database at *path* as an error of figsync."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise  # only a bug of figsync leads here
    except UnicodeDecodeError as exc:
        # Python fails to tell what SQLite complains of: a damaged name is quoted in it.
        raise damaged(path, "a name in it is not Unicode") from exc
    except sqlite3.DatabaseError as exc:
        raise _translation(path, exc) from exc


def damaged(path: Path, cause: str) -> StateDamaged:
    """Return the error that says the database at *path* can not be trusted."""
    return StateDamaged(str(path), cause, _REBUILD)


def _translation(path: Path, exc: sqlite3.DatabaseError) -> FigsyncError:
    if _NOT_UNICODE in str(exc):
        return damaged(path, "a text in it is not Unicode")
    # Errors of Python's own layer carry no code.
    code: int = getattr(exc, "sqlite_errorcode", 0)
    if code & _PRIMARY == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return NoRoom(str(path), "the disk is full", "free some space")
    if code & _PRIMARY in _DAMAGE:
        return damaged(path, f"the state database is damaged ({exc})")
    cause, remedy = _CIRCUMSTANCES.get(code & _PRIMARY, _DISK)
    return DiskProblem(str(path), f"{cause} ({exc})", remedy)
