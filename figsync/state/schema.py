"""The tables of the state, and the migrations that lead to them.

Migrations are only ever appended.
Every table can be read by a person in any SQLite browser; `files_overview` and
`items_overview` are views for that purpose alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sqlite_utils import Database, Migrations

from figsync.errors import FigsyncError, Interrupted, WrongUsage
from figsync.state.columns import sealed, unsealed
from figsync.state.connection import Connection, bound, damaged, translated
from figsync.state.place import APPLICATION

migrations = Migrations("figsync")
_MIGRATIONS = migrations.migrations_table

_APPLICATION_ID = int.from_bytes(APPLICATION, "big")

_TREES = """
CREATE TABLE items (
  item_id TEXT PRIMARY KEY, folder TEXT NOT NULL, inode NOT NULL,
  title TEXT NOT NULL, mode TEXT NOT NULL, named_by_user INTEGER NOT NULL,
  checksum TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE synced_files (
  item_id TEXT, path TEXT, file_id TEXT NOT NULL, md5 TEXT NOT NULL,
  size INTEGER NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (item_id, path)
) WITHOUT ROWID;
CREATE INDEX synced_files_by_md5 ON synced_files (md5);
CREATE TABLE remote_items (
  item_id TEXT PRIMARY KEY, title TEXT NOT NULL, row_date TEXT NOT NULL,
  read_at REAL NOT NULL, is_public INTEGER NOT NULL, file_count INTEGER NOT NULL,
  size INTEGER NOT NULL, created_date TEXT NOT NULL, writable_note TEXT NOT NULL,
  downloadable_note TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE records (item_id TEXT PRIMARY KEY, record NOT NULL);
CREATE TABLE remote_files (
  item_id TEXT, path TEXT, file_id TEXT, size INTEGER NOT NULL, md5 TEXT NOT NULL,
  folder TEXT NOT NULL, name TEXT NOT NULL, unknown TEXT NOT NULL,
  link TEXT NOT NULL, download_url TEXT NOT NULL,
  PRIMARY KEY (item_id, path, file_id)
) WITHOUT ROWID;
CREATE TABLE local_files (
  folder TEXT, path TEXT, size INTEGER NOT NULL, mtime_ns NOT NULL,
  ctime_ns NOT NULL, inode NOT NULL, md5 TEXT NOT NULL, hashed_at REAL NOT NULL,
  seen_at REAL NOT NULL, parts BLOB NOT NULL, part_size INTEGER NOT NULL,
  PRIMARY KEY (folder, path)
) WITHOUT ROWID;
CREATE TABLE names (
  item_id TEXT, remote_path TEXT, local_path TEXT NOT NULL,
  PRIMARY KEY (item_id, remote_path)
) WITHOUT ROWID;
CREATE TABLE made_folders (path TEXT PRIMARY KEY) WITHOUT ROWID;
"""

_WORK = """
CREATE TABLE intents (
  folder TEXT PRIMARY KEY, title TEXT NOT NULL, started_at REAL NOT NULL,
  known_ids TEXT NOT NULL, checksum TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE transfers (
  item_id TEXT, path TEXT, md5 TEXT NOT NULL, size INTEGER NOT NULL,
  folder TEXT NOT NULL, name TEXT NOT NULL, file_id TEXT NOT NULL,
  replaces TEXT NOT NULL, started_at REAL NOT NULL, known_ids TEXT NOT NULL,
  completed INTEGER NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (item_id, path)
) WITHOUT ROWID;
CREATE TABLE absences (
  scope TEXT, name TEXT, first_seen REAL NOT NULL, sightings INTEGER NOT NULL,
  moved_to TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (scope, name)
) WITHOUT ROWID;
CREATE TABLE counts (kind TEXT NOT NULL, name TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX counts_by_name ON counts (kind, name, at);
CREATE INDEX counts_by_age ON counts (at);
CREATE TABLE retries (
  name TEXT PRIMARY KEY, tries INTEGER NOT NULL, next_at REAL NOT NULL,
  message TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_PEOPLE = """
CREATE TABLE held (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, item_id TEXT NOT NULL,
  path TEXT NOT NULL, file_id TEXT NOT NULL, md5 TEXT NOT NULL,
  folder TEXT NOT NULL, reason TEXT NOT NULL, until TEXT, listed INTEGER NOT NULL,
  size INTEGER NOT NULL, since TEXT NOT NULL
);
CREATE TABLE decisions (
  kind TEXT, item_id TEXT, path TEXT, file_id TEXT, md5 TEXT,
  verdict TEXT NOT NULL, at TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (kind, item_id, path, file_id, md5)
) WITHOUT ROWID;
CREATE TABLE requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT, verb TEXT NOT NULL,
  arguments TEXT NOT NULL, at TEXT NOT NULL
);
CREATE TABLE conflicts (
  item_id TEXT NOT NULL, folder TEXT, path TEXT NOT NULL, copy TEXT,
  since TEXT NOT NULL,
  PRIMARY KEY (folder, copy)
) WITHOUT ROWID;
CREATE TABLE history (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL,
  item_id TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
  result TEXT NOT NULL, message TEXT NOT NULL, deleted_local INTEGER NOT NULL,
  deleted_remote INTEGER NOT NULL
);
CREATE INDEX history_by_time ON history (at);
CREATE INDEX history_deletions ON history (at, deleted_local, deleted_remote)
  WHERE deleted_local > 0 OR deleted_remote > 0;
"""

_VIEWS = """
CREATE VIEW items_overview AS
SELECT items.folder, items.title, items.item_id, items.mode,
  remote_items.is_public, count(synced_files.path) AS synced_files,
  coalesce(sum(synced_files.size), 0) AS synced_bytes,
  nullif(datetime(remote_items.read_at, 'unixepoch'), '1970-01-01 00:00:00')
    AS record_read_at
FROM items
LEFT JOIN remote_items USING (item_id)
LEFT JOIN synced_files USING (item_id)
GROUP BY items.item_id;
CREATE VIEW files_overview AS
SELECT items.folder, paths.path,
  local_files.size AS local_size, remote_files.size AS remote_size,
  synced_files.size AS synced_size, local_files.md5 AS local_md5,
  remote_files.md5 AS remote_md5, synced_files.md5 AS synced_md5,
  remote_files.file_id AS remote_file_id, synced_files.file_id AS synced_file_id
FROM (
  SELECT item_id, path FROM synced_files
  UNION SELECT item_id, path FROM remote_files
  UNION SELECT items.item_id, local_files.path
    FROM items JOIN local_files ON local_files.folder = items.folder
) AS paths
JOIN items ON items.item_id = paths.item_id
LEFT JOIN local_files
  ON local_files.folder = items.folder AND local_files.path = paths.path
LEFT JOIN remote_files
  ON remote_files.item_id = paths.item_id AND remote_files.path = paths.path
LEFT JOIN synced_files
  ON synced_files.item_id = paths.item_id AND synced_files.path = paths.path;
"""


@migrations()
def first_tables(db: Database) -> None:
    """Make all tables, and mark the file as figsync's."""
    db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    for script in (_TREES, _WORK, _PEOPLE, _VIEWS):
        # executescript() would end the transaction that the migration runs in.
        for statement in script.split(";\n"):
            db.execute(statement)


_SEALED_FIRST = (
    "items",
    "synced_files",
    "intents",
    "transfers",
    "absences",
    "decisions",
)
_SEALED_LATER = (
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
TABLES = (*_SEALED_FIRST, *_SEALED_LATER, "publications", "scans")
_OF_FILES = ("synced_files", "local_files", "remote_files", "records", "names")


@migrations()
def seal_all_tables(db: Database) -> None:
    """Give every row a checksum, as those have that name what may be deleted."""
    for table in _SEALED_LATER:
        found = db.execute(f"SELECT * FROM {table}").fetchall()
        column = "checksum TEXT NOT NULL DEFAULT ''"
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        db.execute(f"DELETE FROM {table}")
        rows = [bound(sealed(table, *row)) for row in found]
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            db.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


@migrations()
def remember_publications(db: Database) -> None:
    """Make the table of what is known of the public versions of items."""
    db.execute(
        "CREATE TABLE publications (item_id TEXT PRIMARY KEY, version INTEGER NOT NULL,"
        " file_ids TEXT NOT NULL, changed INTEGER NOT NULL, checksum TEXT NOT NULL)"
        " WITHOUT ROWID"
    )


@migrations()
def remember_rules_of_scans(db: Database) -> None:
    """Make the table of the ignore rules that the stored files of a folder passed."""
    db.execute(
        "CREATE TABLE scans (folder TEXT PRIMARY KEY, rules TEXT NOT NULL,"
        " checksum TEXT NOT NULL) WITHOUT ROWID"
    )


with Database(memory=True) as _empty:
    _KNOWN = {migration.name for migration in migrations.pending(_empty)}


def is_current(db: Connection) -> bool:
    """Say whether every migration is applied."""
    return _applied(db) >= _KNOWN


def _applied(db: Connection) -> set[str]:
    # sqlite-utils reads the whole schema several times to answer this.
    if not db.row("SELECT 1 FROM sqlite_master WHERE name = ?", _MIGRATIONS):
        return set()
    sql = f"SELECT name, applied_at FROM {_MIGRATIONS} WHERE migration_set = ?"
    return {name for name, _ in db.rows(sql, migrations.name)}


def is_empty(db: Connection) -> bool:
    """Say whether the database has no table at all."""
    return db.row("SELECT count(*) FROM sqlite_master") == (0,)


def migrate(db: Connection) -> None:
    """Apply the migrations that are missing; the caller holds the mirror's lock.

    All or none: a list of migrations alone would look like another program's file.
    """
    if not is_current(db):
        with db.writing(), translated(db.path):
            migrations.apply(db.database)


def check(db: Connection) -> None:
    """Raise StateDamaged or WrongUsage unless this is a sound state or empty.

    The rows of single files are looked at when they are used: there may be millions.
    """
    found = db.row("PRAGMA quick_check(1)")
    if found != ("ok",):
        raise damaged(db.path, f"the state database is damaged ({found[0]})")
    check_owner(db)
    for row in damaged_rows(db, [t for t in TABLES if t not in _OF_FILES]):
        raise damaged(db.path, row)


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
    if applied - _KNOWN and _KNOWN - applied:
        # Migrations are only ever appended: a newer figsync has all the old ones.
        raise damaged(db.path, "its list of migrations is damaged")
    if applied - _KNOWN:
        raise WrongUsage(
            str(db.path),
            "a newer figsync wrote this state database",
            "install that version again",
        )


def _foreign(db: Connection) -> FigsyncError:
    if db.row("PRAGMA application_id") == (_APPLICATION_ID,):
        return damaged(db.path, "its list of migrations is lost")
    cause = "this database belongs to another program"
    return WrongUsage(str(db.path), cause, _ANOTHER)


def foreign(path: Path) -> WrongUsage:
    """Return what to raise for a file that never was a state, and stays as it is."""
    cause = "this file is no database of figsync, and it stays as it is"
    return WrongUsage(str(path), cause, f"{_ANOTHER}, or move it away")


_ANOTHER = "name another file as `database` in the section [state]"
