"""Every row is sealed: what is not as it was saved is damage, never a fact."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from figsync.errors import StateDamaged
from figsync.model import ActionKey, Held, RemoteFile, Upload, Where
from figsync.model.trees import FileStat, LocalFile
from figsync.state import Absence, Conflict, Publication, State
from figsync.state.schema import TABLES
from tests.state.world import (
    SetClock,
    a_known_file,
    a_synced_file,
    a_transfer,
    an_item,
    an_observation,
    run_sql,
)

LOADERS: dict[str, Callable[[State], object]] = {
    "items": lambda s: s.items.all(),
    "synced_files": lambda s: s.files.synced("7"),
    "intents": lambda s: s.work.create_intents(),
    "transfers": lambda s: s.work.transfers("7"),
    "absences": lambda s: s.work.absences("local:7"),
    "decisions": lambda s: s.decisions.approved(),
    "remote_items": lambda s: s.items.observed(),
    "records": lambda s: s.items.record("7"),
    "publications": lambda s: s.items.publication("7"),
    "remote_files": lambda s: s.items.remote_files("7"),
    "local_files": lambda s: s.files.local("Soil"),
    "scans": lambda s: s.files.scanned("Soil").rules,
    "names": lambda s: s.files.names("7"),
    "made_folders": lambda s: s.files.made_folders(),
    "counts": lambda s: s.work.count("upload", "a.txt"),
    "retries": lambda s: s.work.retry("a.txt"),
    "settings": lambda s: s.settings.get("mirror_id"),
    "held": lambda s: s.decisions.held(),
    "requests": lambda s: s.decisions.requests(),
    "conflicts": lambda s: s.decisions.conflicts(),
    "history": lambda s: s.history.recent(9),
}


class Undo(Exception):  # noqa: N818 - it is no error
    """Ends a transaction that is not to be kept."""


@pytest.fixture
def full(state: State) -> State:
    """Return a state with one row in each table."""
    where = Where("7", "Soil")
    upload = Upload(where, LocalFile("a.txt", FileStat(5, 1, 2, 3), "d4"))
    state.items.save(an_item())
    state.files.save_synced("7", a_synced_file("a.txt"))
    state.files.save_local("Soil", [a_known_file("a.txt")], rules="c0ffee")
    state.files.save_names("7", {"a.txt": "a.txt"})
    state.files.add_made_folders(["Soil"])
    state.work.add_create_intent("New", "New", frozenset({"7"}))
    state.work.save_transfer(a_transfer())
    state.work.save_absence("local:7", "b.txt", Absence(5.0, 2))
    state.work.add_count("upload", "a.txt")
    state.work.failed("a.txt", "no answer")
    state.settings.set("mirror_id", "1-2-3")
    file = RemoteFile("a.txt", "31", 5, "d4")
    state.items.observe(an_observation(), b'{"id": 7}', [file])
    state.items.save_publication("7", Publication(2, frozenset({"31"}), True))
    state.decisions.replace_held([Held(upload, "too large")])
    state.decisions.approve([state.decisions.held()[0].id])
    state.decisions.request("include", {"item": "7"})
    state.decisions.replace_conflicts([Conflict("7", "Soil", "a", "a (c)", 5.0)])
    state.history.add("Upload", item_id="7", path="a.txt", result="done")
    return state


def test_no_table_is_without_seals(state: State) -> None:
    made = state._db.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND name NOT LIKE 'sqlite%' AND name NOT LIKE '!_%' ESCAPE '!'"
    )

    assert {name for (name,) in made} == set(TABLES)


def test_every_table_is_looked_through(full: State) -> None:
    assert full.damage() == []
    assert LOADERS.keys() == set(TABLES)
    for table, load in LOADERS.items():
        assert load(full), table


@pytest.mark.parametrize("table", TABLES)
def test_an_altered_field_is_damage(full: State, table: str) -> None:
    whole = LOADERS[table](full)
    columns = [row[1] for row in full._db.rows(f"PRAGMA table_info({table})")]

    for column in columns:
        other = f"coalesce({column}, '') || '1'"
        with suppress(Undo), full.atomic():
            full._db.write(f"UPDATE {table} SET {column} = {other}")

            (found,) = full.damage()
            assert found.startswith(f"table {table}, row ")
            assert _loaded(full, table) != whole
            raise Undo


def _loaded(state: State, table: str) -> object:
    """Return what is loaded of an altered row: nothing, by damage or by its key."""
    try:
        loaded = LOADERS[table](state)
    except StateDamaged as problem:
        assert problem.cause.startswith(f"table {table}, row ")
        return None
    # What the query looks for is not there any more.
    assert not loaded
    return loaded


@pytest.mark.parametrize("table", ["synced_files", "remote_files", "local_files"])
def test_values_swapped_between_two_rows_are_damage(
    state: State, path: Path, table: str
) -> None:
    two = [("a.txt", "31", "aa"), ("b.txt", "32", "bb")]
    for name, file_id, md5 in two:
        state.files.save_synced("7", a_synced_file(name, file_id, md5))
    state.files.save_local("Soil", [a_known_file(n, md5) for n, _, md5 in two])
    files = [RemoteFile(name, file_id, 5, md5) for name, file_id, md5 in two]
    state.items.observe(an_observation(), None, files)

    run_sql(
        path, f"UPDATE {table} SET md5 = CASE md5 WHEN 'aa' THEN 'bb' ELSE 'aa' END"
    )

    with pytest.raises(StateDamaged, match="checksum"):
        LOADERS[table](state)


@pytest.mark.usefixtures("full")
def test_the_owner_finds_an_altered_row_when_opening(
    path: Path, clock: SetClock
) -> None:
    run_sql(path, "UPDATE history SET deleted_remote = 3")

    with pytest.raises(StateDamaged, match="table history"):
        State.open(path, clock=clock)


def test_what_an_earlier_version_left_unsealed_is_sealed(
    full: State, path: Path, clock: SetClock
) -> None:
    before = {table: load(full) for table, load in LOADERS.items()}
    later = set(TABLES) - {"items", "synced_files", "intents", "transfers"}
    for table in later - {"absences", "decisions", "publications", "scans"}:
        run_sql(path, f"ALTER TABLE {table} DROP COLUMN checksum")
    run_sql(path, "DELETE FROM _sqlite_migrations WHERE name = 'seal_all_tables'")
    full.close()

    with State.open(path, clock=clock) as state:
        assert state.damage() == []
        assert {table: load(state) for table, load in LOADERS.items()} == before


def test_an_id_is_never_given_twice(state: State) -> None:
    first = state.decisions.request("include", {"item": "7"})
    state.decisions.drop_request(first)

    assert state.decisions.request("exclude", {"item": "7"}) > first


def test_an_approval_covers_what_was_shown_under_the_number(
    full: State, path: Path
) -> None:
    (shown,) = full.decisions.held()

    run_sql(path, f"UPDATE held SET id = {shown.id + 1}")

    with pytest.raises(StateDamaged, match="table held"):
        full.decisions.approve([shown.id + 1])
    assert full.decisions.approved() == {
        ActionKey("Upload", "7", "a.txt", md5="d4"),
    }
