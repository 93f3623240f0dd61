"""The migrations that lead to the tables of the state; only ever appended.

Every table can be read by a person in any SQLite browser; `files_overview` and
`items_overview` are views for that purpose alone.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from figsync.state.columns import from_row, sealed
from figsync.state.connection import Connection, bound, translated
from figsync.state.schema import APPLICATION_ID, MIGRATION_SET, SEALED_LATER

migrations = Migrations(MIGRATION_SET)

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
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for script in (_TREES, _WORK, _PEOPLE, _VIEWS):
        # executescript() would end the transaction that the migration runs in.
        for statement in script.split(";\n"):
            db.execute(statement)


@migrations()
def seal_all_tables(db: Database) -> None:
    """Give every row a checksum, as those have that name what may be deleted."""
    for table in SEALED_LATER:
        found = db.execute(f"SELECT * FROM {table}").fetchall()
        column = "checksum TEXT NOT NULL DEFAULT ''"
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        db.execute(f"DELETE FROM {table}")
        rows = [bound(sealed(table, *from_row(row))) for row in found]
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


def apply(db: Connection) -> None:
    """Apply the migrations that are missing, all or none.

    A list of migrations alone would look like another program's file.
    """
    # Plugins that other programs installed have no business in the state.
    database = Database(db.raw, recursive_triggers=False, execute_plugins=False)
    with db.writing(), translated(db.path):
        migrations.apply(database)
