"""Transactions, and SQLite's errors in figsync's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.errors import DiskProblem, NoRoom, StateDamaged
from figsync.state.connection import Connection


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    db = Connection.to(tmp_path / "a #1?.db", "mode=rwc", patience=0.0)
    db.write("CREATE TABLE words (word TEXT, checksum TEXT)")
    yield db
    db.close()


def words(db: Connection) -> list[str]:
    return [word for (word,) in db.rows("SELECT word FROM words")]


def test_an_exception_undoes_the_whole_transaction(db: Connection) -> None:
    with pytest.raises(RuntimeError), db.writing():
        db.save("words", [("one",)])
        with db.writing():
            db.save("words", [("two",)])
        raise RuntimeError

    assert words(db) == []


def test_an_exception_in_an_inner_one_undoes_only_that(db: Connection) -> None:
    with db.writing():
        db.save("words", [("one",)])
        with pytest.raises(RuntimeError), db.writing():
            db.save("words", [("two",)])
            raise RuntimeError
        db.save("words", [("three",)])

    assert words(db) == ["one", "three"]


def test_saving_nothing_starts_no_transaction(db: Connection) -> None:
    other = Connection.to(db.path, "mode=rw", patience=0.0)

    with other.writing():
        db.save("words", [])

    other.close()


def test_a_locked_database_is_a_disk_problem_with_a_remedy(db: Connection) -> None:
    other = Connection.to(db.path, "mode=rw", patience=0.0)

    with other.writing(), pytest.raises(DiskProblem, match="another program"):
        db.write("DELETE FROM words")

    other.close()


def test_a_full_disk_is_no_room_and_undoes_the_transaction(db: Connection) -> None:
    db.rows("PRAGMA max_page_count = 5")

    with pytest.raises(NoRoom, match="disk is full"), db.writing():
        db.save("words", [("small",)])
        db.save("words", [("x" * 100_000,)])

    assert words(db) == []


def test_writing_through_a_reader_is_a_disk_problem(db: Connection) -> None:
    reader = Connection.to(db.path, "mode=ro")

    with pytest.raises(DiskProblem, match="can not be written"):
        reader.write("DELETE FROM words")

    reader.close()


def test_a_missing_folder_is_a_disk_problem(tmp_path: Path) -> None:
    with pytest.raises(DiskProblem, match="can not be opened"):
        Connection.to(tmp_path / "none" / "state.db", "mode=rw")


def test_a_missing_table_is_damage(db: Connection) -> None:
    with pytest.raises(StateDamaged, match="no such table"):
        db.load("gone", str)


def test_a_text_that_is_not_unicode_is_damage(db: Connection) -> None:
    db.write("INSERT INTO words VALUES (CAST(x'ff' AS TEXT), '')")

    with pytest.raises(StateDamaged, match="not Unicode"):
        words(db)


def test_a_damaged_name_that_is_not_unicode_is_damage(db: Connection) -> None:
    db.raw.execute("PRAGMA writable_schema = ON")
    name = "CAST(x'e9e9' AS TEXT)"
    db.raw.execute(f"UPDATE sqlite_master SET name = {name}, sql = 'damaged'")
    later = Connection.to(db.path, "mode=ro")

    with pytest.raises(StateDamaged, match="not Unicode"):
        words(later)

    later.close()


def test_a_row_that_makes_no_value_is_damage(db: Connection) -> None:
    db.save("words", [("seven",)])

    with pytest.raises(StateDamaged, match="seven"):
        db.load("words", lambda row: int(row[0]))


def test_a_row_that_was_altered_is_damage(db: Connection) -> None:
    db.save("words", [("seven",)])
    db.write("UPDATE words SET word = 'eight'")

    with pytest.raises(StateDamaged, match="row eight: its checksum does not match"):
        db.load("words", str)


@pytest.mark.parametrize("found", ["NULL", "'many'", "9e999"])
def test_a_number_that_is_none_is_damage(db: Connection, found: str) -> None:
    with pytest.raises(StateDamaged, match="a number in it is none"):
        db.number(f"SELECT {found}")


@pytest.mark.parametrize("last", ["9223372036854775807", "-1"])
def test_ids_that_were_never_given_are_damage(db: Connection, last: str) -> None:
    db.write("CREATE TABLE asked (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    db.write("INSERT INTO asked VALUES (1)")
    db.write(f"UPDATE sqlite_sequence SET seq = {last}")
    db.write("DELETE FROM asked")

    if last == "-1":
        assert db.next_id("asked") == 1
    else:
        with pytest.raises(StateDamaged, match="ids that it never gave"):
            db.next_id("asked")
