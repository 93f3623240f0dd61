from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from figsync.errors import Interrupted, StateDamaged
from figsync.jobs import upkeep
from figsync.state import TABLES
from tests.world import TestClock, World, assert_agreed

DAY = 24 * 3600.0


class SlowClock(TestClock):
    """Between two looks at it three seconds pass."""

    def monotonic(self) -> float:
        self.advance(3)
        return super().monotonic()


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {"a.csv": b"a", "b.csv": b"b"})
    world.clock.advance(60)
    world.sync()
    return world


def run(world: World) -> str:
    with world.mirror() as mirror:
        return upkeep.run(mirror)


def alter(world: World, sql: str) -> None:
    with closing(sqlite3.connect(world.config.database)) as database, database:
        database.execute(sql)


def test_there_is_nothing_to_tell_of_a_sound_state(world: World):
    assert run(world) == ""
    with world.state() as state:
        assert state.settings.get("checked") == TABLES[-1]


def test_the_log_beside_the_database_is_emptied(world: World):
    with world.mirror() as mirror:
        for number in range(200):
            mirror.state.settings.set("filler", str(number) * 1000)
        log = Path(f"{world.config.database}-wal")
        assert log.stat().st_size > 0

        upkeep.run(mirror)

        assert log.stat().st_size == 0


def test_somebody_who_reads_is_not_waited_for(world: World):
    with world.mirror() as mirror:
        with closing(sqlite3.connect(world.config.database)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM settings").fetchall()
            mirror.state.settings.set("filler", "x")

            assert upkeep.run(mirror) == ""

        assert mirror.state.settings.get("filler") == "x"


def test_an_altered_row_is_found_that_nobody_has_used(world: World):
    alter(world, "UPDATE local_files SET md5 = 'f00' WHERE path = 'a.csv'")

    with pytest.raises(StateDamaged, match="table local_files, row Leaves · a.csv"):
        run(world)

    # The state was set aside: the next opening rebuilds it, and nothing is lost.
    world.settle()
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_an_index_that_lacks_a_row_is_found(world: World):
    named = "WHERE name = 'synced_files_by_md5'"
    with closing(sqlite3.connect(world.config.database)) as database:
        (*index,) = database.execute(
            f"SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master {named}"
        ).fetchone()
    # Rows that are written while SQLite does not know of the index.
    alter_schema(world, f"DELETE FROM sqlite_master {named}")
    alter(world, "DELETE FROM synced_files WHERE path = 'b.csv'")
    alter_schema(world, "INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", *index)

    with pytest.raises(StateDamaged, match="damaged"):
        run(world)


def alter_schema(world: World, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(world.config.database)) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute(sql, values)


def test_the_next_run_goes_on_with_the_next_table(tmp_path: Path):
    world = World(tmp_path / "world", clock=SlowClock(time.time()))
    world.sync()

    with world.mirror() as mirror:
        for _ in range(3):
            upkeep.run(mirror)
        assert mirror.state.settings.get("checked") == TABLES[5]


def test_it_ends_when_asked_to_stop(world: World):
    with world.mirror() as mirror:
        world.clock.stopped = True
        with pytest.raises(Interrupted):
            upkeep.run(mirror)


def test_what_was_set_aside_long_ago_goes_with_what_belongs_to_it(world: World):
    database = world.config.database
    old = database.with_name(f"{database.name}.damaged-2026-01-01T000000Z-2")
    later = world.clock.now() + 20 * DAY
    young = database.with_name(f"{database.name}.before-rebuild-{_stamp(later)}")
    others = [
        database.with_name("other.db.damaged-2026-01-01T000000Z"),
        database.with_name(f"{database.name}.mine-2026-01-01T000000Z"),
        database.with_name(f"{database.name}.damaged-2026-19-01T000000Z"),
    ]
    for path in (old, Path(f"{old}-wal"), young, *others):
        path.write_text("x")
    world.clock.advance(40 * DAY)

    told = run(world)

    assert told == f"Removed {old.name}, set aside more than 30 days ago"
    assert not old.exists()
    assert not Path(f"{old}-wal").exists()
    assert young.exists()
    assert all(path.exists() for path in others)


def test_a_clock_set_forward_removes_nothing_set_aside(world: World):
    database = world.config.database
    aside = database.with_name(f"{database.name}.damaged-2026-01-01T000000Z")
    aside.write_text("x")
    world.clock.jump(400 * DAY)
    world.sync()

    assert run(world) == ""
    assert aside.exists()


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H%M%SZ")
