"""The sandbox's database: one SQLite file, short transactions, no URLs in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock
from weakref import finalize

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts(
  id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, token TEXT NOT NULL UNIQUE,
  first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT NOT NULL,
  is_admin INTEGER NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS authors(
  id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, first_name TEXT NOT NULL,
  last_name TEXT NOT NULL, orcid_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items(
  id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE,
  account_id INTEGER NOT NULL, fields TEXT NOT NULL, version INTEGER NOT NULL,
  created REAL NOT NULL, modified REAL NOT NULL, published REAL);
CREATE INDEX IF NOT EXISTS items_of_account ON items(account_id, created, id);
CREATE TABLE IF NOT EXISTS files(
  id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE,
  item_id INTEGER NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL,
  size INTEGER NOT NULL, link TEXT NOT NULL, supplied_md5 TEXT NOT NULL,
  true_md5 TEXT NOT NULL, status TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
  part_size INTEGER NOT NULL, stage_at REAL NOT NULL, md5_at REAL NOT NULL,
  reads INTEGER NOT NULL, hidden_reads INTEGER NOT NULL,
  in_draft INTEGER NOT NULL, attached INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS files_of_item ON files(item_id, in_draft, id);
CREATE TABLE IF NOT EXISTS parts(
  file_id INTEGER, number INTEGER, PRIMARY KEY(file_id, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions(
  item_id INTEGER, version INTEGER, fields TEXT NOT NULL, files TEXT NOT NULL,
  published REAL NOT NULL, modified REAL NOT NULL,
  PRIMARY KEY(item_id, version)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS publications(
  item_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, fields TEXT NOT NULL,
  files TEXT NOT NULL, published REAL NOT NULL, modified REAL NOT NULL,
  due REAL NOT NULL, reads_left INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS search(
  item_id INTEGER, scope TEXT, account_id INTEGER NOT NULL, shown TEXT,
  pending TEXT, due REAL, reads_left INTEGER NOT NULL,
  PRIMARY KEY(scope, item_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS search_pending ON search(due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS private_links(
  id TEXT PRIMARY KEY, item_id INTEGER NOT NULL, token TEXT NOT NULL UNIQUE,
  expires REAL NOT NULL, read_only INTEGER NOT NULL);
"""

# The first ids look like Figshare's, so that nobody takes them for row numbers.
FIRST_IDS = {"items": 30_000_000, "files": 51_000_000}


class Store:
    """Connections to the sandbox's database; each is used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._pool = Lock()
        self._writing = RLock()
        # A sandbox that nobody closed leaves no open database behind.
        finalize(self, _close_all, self._idle)
        with self.reading() as db:
            db.executescript(SCHEMA)
        with self.writing() as db:
            for table, first in FIRST_IDS.items():
                _start_ids(db, table, first)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; each statement sees what is committed."""
        db = self._borrow()
        try:
            yield db
        finally:
            with self._pool:
                self._idle.append(db)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection inside a transaction: all of it is kept, or nothing."""
        # Waiting for a lock of our own is fairer than SQLite's polling.
        with self._writing, self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def setting(self, key: str, fallback: str) -> str:
        """Return a remembered value, remembering *fallback* if there is none."""
        with self.writing() as db:
            row = db.execute("SELECT value FROM settings WHERE key = ?", (key,))
            found = row.fetchone()
            if found is None:
                self._remember(db, key, fallback)
            return fallback if found is None else str(found["value"])

    def remember(self, key: str, value: str) -> None:
        """Keep *value* under *key* for the next start."""
        with self.writing() as db:
            self._remember(db, key, value)

    def close(self) -> None:
        """Close every idle connection."""
        with self._pool:
            _close_all(self._idle)

    def _borrow(self) -> sqlite3.Connection:
        with self._pool:
            if self._idle:
                return self._idle.pop()
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
            db.execute(f"PRAGMA {pragma}")
        return db

    @staticmethod
    def _remember(db: sqlite3.Connection, key: str, value: str) -> None:
        db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


def _start_ids(db: sqlite3.Connection, table: str, first: int) -> None:
    known = db.execute("SELECT 1 FROM sqlite_sequence WHERE name = ?", (table,))
    if known.fetchone() is None:
        db.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, first))
