"""What was done, for people and for the guards."""

from __future__ import annotations

from figsync.state import HistoryRow, State
from tests.state.world import NOON, NOT_UTF8, SetClock


def test_the_newest_rows_come_first(state: State) -> None:
    for path in ("a", "b", NOT_UTF8):
        state.history.add("Upload", item_id="7", path=path, result="done")

    newest, before = state.history.recent(2)

    assert newest == HistoryRow(3, NOON, "Upload", "7", NOT_UTF8, 0, "done", "")
    assert before.path == "b"
    assert state.history.recent(0) == []


def test_deletions_are_counted_by_side_and_time(state: State, clock: SetClock) -> None:
    for deleted in (1, 20):
        state.history.add(
            "TrashFolder", item_id="7", path="", result="done", deleted_local=deleted
        )
        clock.at += 60
    state.history.add(
        "DeleteRemote", item_id="7", path="a", result="done", deleted_remote=4
    )

    assert state.history.deletions("local", NOON) == 21
    assert state.history.deletions("local", NOON + 60) == 20
    assert state.history.deletions("remote", NOON) == 4
    assert state.history.deletions("remote", NOON + 121) == 0


def test_old_rows_are_pruned(state: State, clock: SetClock) -> None:
    state.history.add("Upload", item_id="7", path="old", result="done")
    clock.at += 60
    state.history.add("Upload", item_id="7", path="new", result="done")

    state.history.prune(NOON + 60)

    assert [row.path for row in state.history.recent(9)] == ["new"]


def test_the_rows_about_a_path_are_found_under_its_earlier_names_too(
    state: State,
) -> None:
    for item_id, path in (
        ("7", "Soil/raw/a.csv"),
        ("7", "Soil cores/raw/a.csv"),
        ("8", "Leaves/raw/a.csv"),
        ("7", "Soil cores/raw"),
        ("7", "Soil cores/rawest.csv"),
        ("", "Soil cores"),
    ):
        state.history.add("Upload", item_id=item_id, path=path, result="done")

    def about(path: str, item_id: str = "", limit: int = 9) -> list[int]:
        rows = state.history.about(path, item_id=item_id, limit=limit)
        return [row.id for row in rows]

    assert about("Soil cores/raw/a.csv") == [2]
    assert about("Soil cores/raw/a.csv", "7") == [2, 1]
    assert about("Soil cores/raw/a.csv", "7", limit=1) == [2]
    assert about("Soil cores/raw", "7") == [4, 2]
    assert about("Soil cores", "7") == [6, 5, 4, 2]
