"""What a database has to be to be the state: whose it is, how new, and undamaged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from figsync.errors import FigsyncError, Interrupted, WrongUsage
from figsync.state.columns import to_time, unsealed
from figsync.state.connection import Connection, damaged
from figsync.state.place import APPLICATION

MIGRATION_SET = "figsync"
APPLICATION_ID = int.from_bytes(APPLICATION, "big")
# sqlite-utils keeps its list of what was applied here.
MIGRATIONS = "_sqlite_migrations"
KNOWN = {
    "first_tables",
    "seal_all_tables",
    "remember_publications",
    "remember_rules_of_scans",
}

_SEALED_FIRST = (
    "items",
    "synced_files",
    "intents",
    "transfers",
    "absences",
    "decisions",
)
SEALED_LATER = (
    "remote_items",
    "records",
    "remote_files",
    "local_files",
    "names",
    "made_folders",
    "counts",
    "retries",
    "settings",
    "held",
    "requests",
    "conflicts",
    "history",
)
TABLES = (*_SEALED_FIRST, *SEALED_LATER, "publications", "scans")
_LOOKED_AT_LATER = (
    "synced_files",
    "local_files",
    "remote_files",
    "records",
    "names",
    "history",
)
# The guards count a day; a clock that was set may mix two.
_COUNTS_FOR = 2 * 24 * 3600.0


def is_current(db: Connection) -> bool:
    """Say whether every migration is applied."""
    return _applied(db) >= KNOWN


def _applied(db: Connection) -> set[str]:
    # sqlite-utils reads the whole schema several times to answer this.
    if not db.row("SELECT 1 FROM sqlite_master WHERE name = ?", MIGRATIONS):
        return set()
    sql = f"SELECT name, applied_at FROM {MIGRATIONS} WHERE migration_set = ?"
    return {name for name, _ in db.rows(sql, MIGRATION_SET)}


def is_empty(db: Connection) -> bool:
    """Say whether the database has no table at all."""
    return db.row("SELECT count(*) FROM sqlite_master") == (0,)


def migrate(db: Connection) -> None:
    """Apply the migrations that are missing; the caller holds the mirror's lock."""
    if not is_current(db):
        # sqlite-utils takes longer to import than most readers of the state to read.
        import_module("figsync.state.migrations").apply(db)


def check(db: Connection, now: float) -> None:
    """Raise StateDamaged or WrongUsage unless this is a sound state or empty.

    The rows of single files are looked at when they are used: there may be millions.
    Of the history only what still counts at the time *now* is looked at.
    """
    found = db.row("PRAGMA quick_check(1)")
    if found != ("ok",):
        raise damaged(db.path, f"the state database is damaged ({found[0]})")
    check_owner(db)
    for row in damaged_rows(db, [t for t in TABLES if t not in _LOOKED_AT_LATER]):
        raise damaged(db.path, row)
    _check_history(db, to_time(now - _COUNTS_FOR))


def _check_history(db: Connection, before: str) -> None:
    """Raise StateDamaged unless all is as saved that was done since *before*.

    An altered row may tell any time.  But ids grow with time: nothing younger is
    beyond a sound row that is older.
    """
    if is_empty(db) or not is_current(db):
        return
    for row in db.each("SELECT * FROM history ORDER BY id DESC"):
        try:
            _, at, *_ = unsealed("history", row)
        except ValueError as broken:
            raise damaged(db.path, str(broken)) from broken
        if at < before:
            return


_ROWS_AT_ONCE = 1000


def _never() -> bool:
    return False


def damaged_rows(
    db: Connection,
    tables: Iterable[str] = TABLES,
    stop: Callable[[], bool] = _never,
) -> Iterator[str]:
    """Yield what names each row that is not what was saved, all of them read.

    Interrupted when *stop*, which is asked again and again, says so.
    """
    if is_empty(db) or not is_current(db):
        return
    for table in tables:
        for number, row in enumerate(db.each(f"SELECT * FROM {table}")):
            if number % _ROWS_AT_ONCE == 0 and stop():
                raise Interrupted("", "stopped while checking the state")
            try:
                unsealed(table, row)
            except ValueError as broken:
                yield str(broken)


def check_owner(db: Connection) -> None:
    """Raise WrongUsage for another program's database or a newer figsync's."""
    applied = _applied(db)
    if not applied and not is_empty(db):
        raise _foreign(db)
    if applied - KNOWN and KNOWN - applied:
        # Migrations are only ever appended: a newer figsync has all the old ones.
        raise damaged(db.path, "its list of migrations is damaged")
    if applied - KNOWN:
        raise WrongUsage(
            str(db.path),
            "a newer figsync wrote this state database",
            "install that version again",
        )


def _foreign(db: Connection) -> FigsyncError:
    if db.row("PRAGMA application_id") == (APPLICATION_ID,):
        return damaged(db.path, "its list of migrations is lost")
    cause = "this database belongs to another program"
    return WrongUsage(str(db.path), cause, _ANOTHER)


def foreign(path: Path) -> WrongUsage:
    """Return what to raise for a file that never was a state, and stays as it is."""
    cause = "this file is no database of figsync, and it stays as it is"
    return WrongUsage(str(path), cause, f"{_ANOTHER}, or move it away")


_ANOTHER = "name another file as `database` in the section [state]"
