"""Ways in which a database breaks: bits, sectors, cut files, values changed by hand."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from figsync.state.schema import TABLES

# What could make a deletion, a download or a name wrong.
CRITICAL = (
    "absences",
    "items",
    "local_files",
    "names",
    "remote_files",
    "remote_items",
    "synced_files",
)
SECTOR = 512
PAGE = 4096
_WORD = re.compile(rb"[0-9a-zA-Z][0-9a-zA-Z./ -]{2,40}")

Damage = Callable[[Path, Random], str]


# What would be a deletion, a wrong file or a standstill, were it believed.
FATAL = {
    "a grace period that is over": "UPDATE absences SET first_seen = 0",
    "records that swapped their ids": """
UPDATE OR REPLACE remote_files SET (file_id, md5, size) = (
  SELECT file_id, md5, size FROM remote_files AS other
  WHERE other.item_id = remote_files.item_id AND other.path <> remote_files.path
  AND other.path LIKE '%A.csv')
WHERE path LIKE '%?.csv'""",
    "names of other files": """
UPDATE names SET local_path = CASE local_path
  WHEN 'raw/A.csv' THEN 'a:b?.csv' WHEN 'a:b?.csv' THEN 'raw/A.csv'
  ELSE local_path END""",
    "another title": "UPDATE remote_items SET title = 'Sand', read_at = 9e12",
    "an approval that nobody gave": """
INSERT INTO decisions SELECT kind, item_id, path, file_id, md5, 'approved',
  since, '0' FROM held WHERE kind = 'DeleteItem'""",
    "another mirror": "UPDATE settings SET value = '7' WHERE name = 'mirror_id'",
    "another account": "UPDATE settings SET value = '7' WHERE name = 'account_id'",
    "files that were never looked at": "UPDATE local_files SET md5 = 'f' || md5",
    "an item in another folder": "UPDATE items SET folder = 'New', inode = 7",
    "items that are gone": "UPDATE items SET mode = 'orphaned'",
    "files with the bytes of others": """
UPDATE synced_files SET md5 = 'f' || md5, size = 9""",
    "an upload that supersedes a whole record": """
UPDATE transfers SET file_id = (SELECT min(file_id) FROM synced_files
  WHERE synced_files.item_id = transfers.item_id)""",
    "times that are words": "UPDATE remote_items SET read_at = 'then'",
    "a migration nobody knows": """
UPDATE _sqlite_migrations SET name = 'x' WHERE id = 1""",
    "a rule that is no JSON": "UPDATE settings SET value = '[' WHERE name = 'scope'",
}


def change_by_sql(database: Path, sql: str) -> None:
    """Change the database as no check of its pages can notice."""
    with closing(sqlite3.connect(database)) as db, db:
        assert db.execute(sql).rowcount > 0


def damaged(database: Path, random: Random) -> str:
    """Damage the database somehow, and return how."""
    damage = random.choice(OF_THE_DATABASE + OF_THE_LOG)
    if damage in OF_THE_DATABASE and random.random() < 0.7:
        # Else the log hides most of what is in the database itself.
        with closing(sqlite3.connect(database)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return f"{damage.__name__.strip('_')}: {damage(database, random)}"


def _flip_bits(database: Path, random: Random) -> str:
    content = bytearray(database.read_bytes())
    places = [random.randrange(len(content)) for _ in range(random.choice((1, 1, 3)))]
    for place in places:
        content[place] ^= 1 << random.randrange(8)
    database.write_bytes(content)
    return f"{places}"


def _flip_header(database: Path, random: Random) -> str:
    content = bytearray(database.read_bytes())
    place = random.randrange(100)
    content[place] = random.randrange(256)
    database.write_bytes(content)
    return f"byte {place}"


def _change_letter(database: Path, random: Random) -> str:
    """Change one letter of a value, so that every page stays well-formed."""
    with closing(sqlite3.connect(database)) as db:
        table = random.choice(TABLES)
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
    values = sorted({v for row in rows for v in row if isinstance(v, str) and v})
    if not values:
        return f"{table} is empty"
    content = bytearray(database.read_bytes())
    value = random.choice(values).encode()
    place = content.find(value) + random.randrange(len(value))
    content[place] = random.choice(b"0123456789abcdefxyzABC")
    database.write_bytes(content)
    return f"{value!r} of {table} at {place}"


def _change_word(database: Path, random: Random) -> str:
    """Change one letter of a word anywhere, that of the tables' own text included."""
    content = bytearray(database.read_bytes())
    found = list(_WORD.finditer(content))
    word = random.choice(found)
    place = random.randrange(word.start(), word.end())
    content[place] = random.choice(b"0123456789abcdefxyzABC")
    database.write_bytes(content)
    return f"{word[0]!r} at {place}"


def _cut(database: Path, random: Random) -> str:
    size = database.stat().st_size
    length = random.choice((random.randrange(size), random.randrange(0, size, PAGE)))
    with database.open("r+b") as file:
        file.truncate(length)
    return f"{size} to {length}"


def _sector(database: Path, random: Random) -> str:
    content = bytearray(database.read_bytes())
    unit = random.choice((SECTOR, PAGE))
    target = random.randrange(0, len(content), unit)
    source = random.randrange(0, len(content), unit)
    other = random.choice(
        (bytes(unit), random.randbytes(unit), bytes(content[source : source + unit]))
    )
    content[target : target + unit] = other
    database.write_bytes(content[: max(PAGE, len(content))])
    return f"{unit} bytes at {target}"


def _flip_wal(database: Path, random: Random) -> str:
    return _flip_bits(_beside(database, "-wal"), random)


def _change_word_in_wal(database: Path, random: Random) -> str:
    return _change_word(_beside(database, "-wal"), random)


def _cut_wal(database: Path, random: Random) -> str:
    return _cut(_beside(database, "-wal"), random)


def _lose_file(database: Path, random: Random) -> str:
    ending = random.choice(("", "-wal", "-shm", "-wal -shm"))
    for one in ending.split() or [""]:
        _beside(database, one).unlink()
    return ending or "the database itself"


def _flip_shm(database: Path, random: Random) -> str:
    return _flip_bits(_beside(database, "-shm"), random)


def _swap_values(database: Path, random: Random) -> str:
    """Swap a value between two rows, as no check of pages could notice."""

    def swap(db: sqlite3.Connection, table: str, column: str) -> str:
        rows = db.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
        if len(rows) < 2:
            return _set(db, table, column, random)
        (one,), (other,) = random.sample(rows, 2)
        sql = f"CASE {column} WHEN ? THEN ? ELSE ? END"
        db.execute(
            f"UPDATE OR REPLACE {table} SET {column} = {sql} WHERE {column} IN (?, ?)",
            (one, other, one, one, other),
        )
        return f"{table}.{column}: {one!r}, {other!r}"

    return _by_sql(database, random, swap)


def _change_value(database: Path, random: Random) -> str:
    def change(db: sqlite3.Connection, table: str, column: str) -> str:
        return _set(db, table, column, random)

    return _by_sql(database, random, change)


def _set(db: sqlite3.Connection, table: str, column: str, random: Random) -> str:
    value = random.choice((0, -1, 2**62, 9e999, "", "x", b"\xff", "\0", "[]", 1e9))
    db.execute(f"UPDATE OR REPLACE {table} SET {column} = ?", (value,))
    return f"{table}.{column} = {value!r}"


def _lose_row(database: Path, random: Random) -> str:
    def lose(db: sqlite3.Connection, table: str, column: str) -> str:
        rows = db.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
        (value,) = random.choice(rows or [("",)])
        db.execute(f"DELETE FROM {table} WHERE {column} IS ?", (value,))
        return f"{table} where {column} is {value!r}"

    return _by_sql(database, random, lose)


def _by_sql(
    database: Path,
    random: Random,
    change: Callable[[sqlite3.Connection, str, str], str],
) -> str:
    table = random.choice(TABLES + CRITICAL * 2)
    with closing(sqlite3.connect(database)) as db, db:
        columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        column = random.choice(columns)
        with suppress(sqlite3.IntegrityError):
            return change(db, table, column)
        return f"{table}.{column} stays"


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)


OF_THE_DATABASE: tuple[Damage, ...] = (
    _flip_bits,
    _flip_bits,
    _flip_header,
    _change_letter,
    _change_letter,
    _change_letter,
    _change_word,
    _cut,
    _sector,
    _swap_values,
    _swap_values,
    _change_value,
    _lose_row,
)
OF_THE_LOG: tuple[Damage, ...] = (
    _flip_wal,
    _change_word_in_wal,
    _cut_wal,
    _lose_file,
    _flip_shm,
)
