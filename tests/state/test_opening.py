"""Opening the state as owner, reader, copy; and what is wrong with the file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from figsync.errors import DiskProblem, StateDamaged, WrongUsage
from figsync.state import State, Steps
from figsync.state.migrations import migrations
from figsync.state.schema import KNOWN, MIGRATIONS
from tests.forks import forked
from tests.state.world import (
    NOT_UTF8,
    SetClock,
    a_synced_file,
    all_bytes,
    an_item,
    run_sql,
)

OPENINGS = [State.open, State.read_only, State.private_copy]

CRASHING_OWNER = """
import os, sys
from pathlib import Path
from figsync.clock import SystemClock
from figsync.state import State
state = State.open(Path(sys.argv[1]), clock=SystemClock())
state.settings.set("account", "7")
os._exit(9)
"""


def crash_after_writing(path: Path) -> None:
    """Let another process set *account* to 7 and die without closing."""
    subprocess.run([sys.executable, "-c", CRASHING_OWNER, path], check=False)


class Dying(Steps):
    """Ends the process before (even *step*) or after (odd) a change of the files."""

    def __init__(self, step: int) -> None:
        self.left = step

    def before(self, step: str) -> None:
        del step
        if self.left == 0:
            os._exit(9)
        self.left -= 1

    after = before


def dies(act: Callable[[Steps], object], step: int) -> bool:
    """Let another process *act*, and tell whether it died at this *step*."""
    return forked(lambda _: act(Dying(step))).code == 9


def test_a_kill_at_any_step_of_making_it_is_no_obstacle(
    tmp_path: Path, clock: SetClock
) -> None:
    step = 0
    while True:
        path = tmp_path / f"{step}" / "state.db"

        def make(steps: Steps, path: Path = path) -> None:
            State.open(path, clock=clock, steps=steps)

        died = dies(make, step)
        with State.open(path, clock=clock) as state:
            state.settings.set("account", "7")
        if not died:
            break
        step += 1

    assert step == 4  # the file, and one commit


def test_a_kill_at_any_step_of_setting_aside_leaves_a_state_or_none(
    path: Path, clock: SetClock
) -> None:
    for step in range(6):
        crash_after_writing(path)
        dies(lambda steps: State.set_aside(path, clock=clock, steps=steps), step)
        with State.open(path, clock=clock) as state:
            assert state.settings.get("account") in ("7", "")


def test_the_owner_makes_file_and_folder_private(path: Path, clock: SetClock) -> None:
    with State.open(path, clock=clock) as state:
        state.settings.set("account", "7")
        modes = {file.stat().st_mode & 0o777 for file in path.parent.iterdir()}

    assert modes == {0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_owner_closes_a_file_that_others_can_read(
    path: Path, clock: SetClock
) -> None:
    State.open(path, clock=clock).close()
    path.chmod(0o644)

    State.open(path, clock=clock).close()

    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_saved_is_there_at_the_next_opening(
    path: Path, clock: SetClock
) -> None:
    with State.open(path, clock=clock) as state:
        state.settings.set("account", NOT_UTF8)

    with State.open(path, clock=clock) as state:
        assert state.settings.get("account") == NOT_UTF8
        assert state.settings.get("root") == ""


def test_what_a_killed_process_saved_is_there(path: Path, clock: SetClock) -> None:
    crash_after_writing(path)

    with State.open(path, clock=clock) as state:
        assert state.settings.get("account") == "7"


def test_the_owner_writes_ahead_and_syncs_fully(state: State, path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert state._db.row("PRAGMA synchronous") == (2,)


def test_one_transaction_takes_several_writes_or_none(state: State) -> None:
    with pytest.raises(RuntimeError), state.atomic():
        state.settings.set("account", "7")
        state.items.save(an_item())
        raise RuntimeError

    assert state.settings.get("account") == ""
    assert state.items.all() == {}


def test_without_a_state_there_is_nothing_to_read_or_ask(
    path: Path, clock: SetClock
) -> None:
    assert State.read_only(path, clock=clock) is None
    assert State.for_requests(path, clock=clock) is None
    assert not path.parent.exists()


def test_an_empty_file_is_no_state_yet(tmp_path: Path, clock: SetClock) -> None:
    path = tmp_path / "state.db"
    path.touch()

    assert State.read_only(path, clock=clock) is None
    assert State.for_requests(path, clock=clock) is None
    State.open(path, clock=clock).close()


def test_a_reader_sees_what_the_owner_saves(
    state: State, path: Path, clock: SetClock
) -> None:
    reader = State.read_only(path, clock=clock)
    assert reader is not None

    with reader:
        state.settings.set("account", "7")
        assert reader.settings.get("account") == "7"


def test_a_reader_changes_nothing(state: State, path: Path, clock: SetClock) -> None:
    reader = State.read_only(path, clock=clock)
    assert reader is not None

    with reader, pytest.raises(DiskProblem, match="can not be written"):
        reader.settings.set("account", "7")

    assert state.settings.get("account") == ""


def test_a_state_that_lost_its_list_of_migrations_is_damaged(
    path: Path, clock: SetClock
) -> None:
    path.parent.mkdir()
    run_sql(
        path, "CREATE TABLE _sqlite_migrations (id, migration_set, name, applied_at)"
    )
    run_sql(path, "PRAGMA application_id = 0x66696773")

    for opening in (State.open, State.read_only, State.private_copy):
        with pytest.raises(StateDamaged, match="list of migrations"):
            opening(path, clock=clock)


@pytest.mark.parametrize("column", ["name", "applied_at", "migration_set"])
def test_a_list_of_migrations_with_another_column_is_damage(
    path: Path, clock: SetClock, column: str
) -> None:
    State.open(path, clock=clock).close()
    run_sql(path, f"ALTER TABLE _sqlite_migrations RENAME COLUMN {column} TO other")

    for opening in (*OPENINGS, State.for_requests):
        with pytest.raises(StateDamaged, match="the next sync sets it aside"):
            opening(path, clock=clock)


def test_a_migration_under_another_name_is_damage_and_no_newer_figsync(
    path: Path, clock: SetClock
) -> None:
    State.open(path, clock=clock).close()
    run_sql(path, "UPDATE _sqlite_migrations SET name = name || 'x' WHERE id = 1")

    for opening in OPENINGS:
        with pytest.raises(StateDamaged, match="list of migrations is damaged"):
            opening(path, clock=clock)


def test_another_process_leaves_a_request_while_the_owner_runs(
    state: State, path: Path, clock: SetClock
) -> None:
    other = State.for_requests(path, clock=clock)
    assert other is not None

    with other:
        other.decisions.request("include", {"item": "7"})

    assert [asked.verb for asked in state.decisions.requests()] == ["include"]


def test_a_copy_without_a_state_is_empty_and_makes_nothing(
    path: Path, clock: SetClock
) -> None:
    with State.private_copy(path, clock=clock) as copy:
        copy.items.save(an_item())
        assert list(copy.items.all()) == ["7"]

    assert not path.parent.exists()


def test_a_copy_of_a_closed_state_changes_no_byte(path: Path, clock: SetClock) -> None:
    with State.open(path, clock=clock) as state:
        state.files.save_synced("7", a_synced_file("a.txt"))
    before = all_bytes(path.parent)

    with State.private_copy(path, clock=clock) as copy:
        assert copy.files.synced_total() == 1
        copy.files.drop_synced("7", "a.txt")

    assert all_bytes(path.parent) == before
    assert list(before) == [path.name]


def test_a_copy_of_a_killed_process_state_changes_no_byte(
    path: Path, clock: SetClock
) -> None:
    crash_after_writing(path)
    before = all_bytes(path.parent)

    with State.private_copy(path, clock=clock) as copy:
        assert copy.settings.get("account") == "7"
        copy.settings.set("account", "8")

    assert all_bytes(path.parent) == before
    assert len(before) == 3


def test_a_copy_of_a_state_restored_without_its_shm_changes_no_byte(
    path: Path, clock: SetClock
) -> None:
    crash_after_writing(path)
    path.with_name("state.db-shm").unlink()
    before = all_bytes(path.parent)

    with State.private_copy(path, clock=clock) as copy:
        assert copy.settings.get("account") == "7"

    assert all_bytes(path.parent) == before


def test_a_copy_of_a_running_owner_has_the_last_save(
    state: State, path: Path, clock: SetClock
) -> None:
    state.settings.set("account", "7")

    with State.private_copy(path, clock=clock) as copy:
        copy.settings.set("account", "8")

    assert state.settings.get("account") == "7"


def unread(path: Path) -> tuple[int, ...]:
    """What only a change of the file changes: reading it moves its access time."""
    info = path.stat()
    return info.st_mode, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize(
    "content", [b"hello " * 1000, b"hello", b"SQLite format 3\0" + b"secret" * 1000]
)
def test_a_persons_own_file_is_refused_and_stays_as_it_is(
    tmp_path: Path, clock: SetClock, opening: object, content: bytes
) -> None:
    path = tmp_path / "thesis.docx"
    path.write_bytes(content)
    path.chmod(0o644)
    before = unread(path)

    with pytest.raises(WrongUsage, match="no database of figsync, and it stays"):
        opening(path, clock=clock)  # type: ignore[operator]  # one of three

    assert path.read_bytes() == content
    assert unread(path) == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("opening", OPENINGS)
def test_garbage_where_the_state_was_kept_is_damage(
    tmp_path: Path, clock: SetClock, opening: object
) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"hello " * 1000)

    with pytest.raises(StateDamaged, match=r"state\.db"):
        opening(path, clock=clock, known=True)  # type: ignore[operator]  # one of 3

    assert path.read_bytes() == b"hello " * 1000


def _zeros(content: bytes) -> bytes:
    return bytes(len(content))


def _a_beginning(content: bytes) -> bytes:
    return content[:50]


def _another_magic(content: bytes) -> bytes:
    return b"S" + b"\0" + content[2:]


def _no_header(content: bytes) -> bytes:
    return b"\xa5" * 100 + content[100:]


def _another_format(content: bytes) -> bytes:
    return content[:18] + b"\x07" + content[19:]


@pytest.mark.parametrize(
    "damage", [_another_format, _zeros, _a_beginning, _another_magic, _no_header]
)
def test_what_was_a_state_once_is_damaged(
    path: Path, clock: SetClock, damage: Callable[[bytes], bytes]
) -> None:
    State.open(path, clock=clock).close()
    path.write_bytes(damage(path.read_bytes()))

    for opening in OPENINGS:
        with pytest.raises(StateDamaged, match="the next sync sets it aside"):
            opening(path, clock=clock)


def test_the_writes_of_another_program_are_left_where_they_are(
    tmp_path: Path, clock: SetClock
) -> None:
    path = tmp_path / "library.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE books (title)")
        raw.execute("PRAGMA wal_checkpoint")
        raw.execute("INSERT INTO books VALUES ('Soil')")
        raw.commit()
        copies = tmp_path / "copies"
        copies.mkdir()
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", copies)
    before = all_bytes(copies)

    with pytest.raises(WrongUsage, match="another program"):
        State.open(copies / path.name, clock=clock)

    assert all_bytes(copies) == before


def test_a_database_with_a_torn_page_is_damaged(path: Path, clock: SetClock) -> None:
    with State.open(path, clock=clock) as state:
        for number in range(300):
            state.files.save_synced("7", a_synced_file(f"{number}.txt"))
    content = path.read_bytes()
    path.write_bytes(content[:-8192] + os.urandom(8192))

    with pytest.raises(StateDamaged):
        State.open(path, clock=clock)


def test_a_truncated_database_is_damaged(path: Path, clock: SetClock) -> None:
    State.open(path, clock=clock).close()
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(StateDamaged):
        State.open(path, clock=clock)


def test_the_database_of_another_program_is_refused(
    tmp_path: Path, clock: SetClock
) -> None:
    path = tmp_path / "library.db"
    run_sql(path, "CREATE TABLE books (title)")
    before = path.read_bytes()

    with pytest.raises(WrongUsage, match="another program"):
        State.open(path, clock=clock)

    assert path.read_bytes() == before


def test_the_state_of_a_newer_figsync_is_refused(path: Path, clock: SetClock) -> None:
    State.open(path, clock=clock).close()
    run_sql(
        path,
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
        " VALUES ('figsync', 'tables_of_2031', '2031')",
    )

    with pytest.raises(WrongUsage, match="newer figsync"):
        State.open(path, clock=clock)


def test_a_folder_in_its_place_is_a_disk_problem(
    tmp_path: Path, clock: SetClock
) -> None:
    for opening in (State.open, State.read_only, State.private_copy):
        with pytest.raises(DiskProblem, match="not an ordinary file"):
            opening(tmp_path, clock=clock)


def test_a_folder_that_can_not_be_made_is_a_disk_problem(
    tmp_path: Path, clock: SetClock
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DiskProblem, match="state database"):
        State.open(tmp_path / "file" / "state.db", clock=clock)


def test_a_damaged_state_is_set_aside_with_all_that_belongs_to_it(
    path: Path, clock: SetClock
) -> None:
    crash_after_writing(path)
    before = {name: content for name, (content, _) in all_bytes(path.parent).items()}

    aside = State.set_aside(path, clock=clock)

    assert aside.name == "state.db.damaged-2026-11-20T120000Z"
    after = {name: content for name, (content, _) in all_bytes(path.parent).items()}
    assert after == {
        name.replace("state.db", aside.name): before[name] for name in before
    }
    with State.open(path, clock=clock) as state:
        assert state.settings.get("account") == ""


def test_a_second_damaged_state_of_one_second_keeps_the_first(
    path: Path, clock: SetClock
) -> None:
    State.open(path, clock=clock).close()
    shutil.copy(path, path.with_name("other"))

    first = State.set_aside(path, clock=clock)
    path.with_name("other").rename(path)
    second = State.set_aside(path, clock=clock)

    assert first != second
    assert first.exists()
    assert second.exists()


def test_a_person_can_look_at_files_and_items(state: State, path: Path) -> None:
    state.items.save(an_item())
    state.files.save_synced("7", a_synced_file("a.txt"))

    with closing(sqlite3.connect(path)) as raw:
        files = raw.execute("SELECT folder, path, synced_size FROM files_overview")
        items = raw.execute("SELECT folder, synced_bytes FROM items_overview")
        assert files.fetchall() == [("Soil", "a.txt", 5)]
        assert items.fetchall() == [("Soil", 5)]


def test_every_migration_is_known_without_the_library_that_applies_it() -> None:
    made = migrations.pending(Database(memory=True))

    assert {migration.name for migration in made} == KNOWN
    assert migrations.migrations_table == MIGRATIONS
