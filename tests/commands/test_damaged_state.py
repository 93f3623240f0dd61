"""A database that can not be read: one line from every verb, and a sync mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.desk import Desk

VERBS = (
    ["status"],
    ["history"],
    ["held"],
    ["approve", "--all"],
    ["reject", "--all"],
    ["conflicts"],
    ["conflicts", "keep", "local", "Soil cores/a.csv"],
    ["include", "Soil cores"],
    ["exclude", "Soil cores"],
    ["restore", "Soil cores/a.csv"],
    ["why", "Soil cores/a.csv"],
    ["doctor"],
    ["sync", "--dry-run"],
)


def _no_database(path: Path) -> None:
    path.write_bytes(b"garbage " * 1000)


def _torn_pages(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def _altered_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(f"INSERT INTO held VALUES (1{', 0' * 12})")
        raw.execute(f"INSERT INTO conflicts VALUES (1{', 0' * 5})")
        for table in ("items", "held", "history", "settings", "conflicts"):
            raw.execute(f"UPDATE {table} SET checksum = 'other'")


def _no_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DROP VIEW files_overview")
        raw.execute("DROP VIEW items_overview")
        for table in ("items", "held", "history", "settings", "conflicts"):
            raw.execute(f"DROP TABLE {table}")


DAMAGES = (_no_database, _torn_pages, _altered_rows, _no_table)


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_verb_says_in_one_line_what_is_the_matter(
    desk: Desk, damage: Callable[[Path], None]
) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    damage(desk.config.database)
    before = desk.config.database.read_bytes()

    for words in VERBS:
        result = desk.call(*words)

        lines = (result.stderr or result.stdout).splitlines()
        told = [line for line in lines if "state.db" in line]
        assert len(told) == 1, (words, result.output)
        assert "the next sync sets it aside and rebuilds it" in told[0], words
        assert result.exit_code == (0 if words == ["doctor"] else 1), words
        assert words == ["doctor"] or len(lines) == 1, (words, lines)
    assert desk.config.database.read_bytes() == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_sync_sets_it_aside_and_transfers_nothing(
    desk: Desk, damage: Callable[[Path], None]
) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    damage(desk.config.database)
    before = desk.config.database.read_bytes()
    desk.box.log.clear()

    desk.ok("sync")

    assert not desk.box.log.mutations()
    assert desk.json("status")["files"] == 1
    (aside,) = desk.config.database.parent.glob("state.db.damaged-*")
    assert aside.read_bytes() == before


def test_a_persons_own_file_is_never_taken_for_a_damaged_database(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    own = desk.home / "thesis.docx"
    own.write_bytes(b"PK my thesis" * 1000)
    desk.configure(state__database=str(own))
    before = own.stat().st_ctime_ns

    for words in (*VERBS, ["sync"], ["trash", "restore", "x"]):
        result = desk.call(*words)

        told = [line for line in result.output.splitlines() if "thesis.docx" in line]
        assert len(told) == 1, (words, result.output)
        assert "no database of figsync, and it stays as it is" in told[0]
        assert "name another file as `database`" in told[0]
        assert result.exit_code == (0 if words == ["doctor"] else 2), words
    assert own.stat().st_ctime_ns == before
    assert sorted(desk.home.glob("thesis*")) == [own]
