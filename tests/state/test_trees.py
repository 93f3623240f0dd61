"""Items and files: the three trees, and all that hangs on an item."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from figsync.errors import StateDamaged
from figsync.model import FileStat, LocalFile, Mode, RemoteFile, Unknown
from figsync.state import Absence, KnownFile, State
from tests.state.world import (
    NOT_UTF8,
    SetClock,
    a_known_file,
    a_synced_file,
    a_transfer,
    an_item,
    an_observation,
    run_sql,
)


def test_an_item_comes_back_as_it_was_saved(state: State) -> None:
    item = replace(
        an_item(folder=NOT_UTF8),
        inode=2**64 - 1,
        mode=Mode.ORPHANED,
        named_by_user=True,
    )

    state.items.save(an_item())
    state.items.save(item)

    assert state.items.all() == {"7": item}


def test_items_are_those_of_the_database_whoever_writes_it(
    state: State, path: Path
) -> None:
    state.items.save(an_item())
    state.items.all().clear()
    assert state.items.all() == {"7": an_item()}

    run_sql(path, "DELETE FROM items")

    assert state.items.all() == {}


def test_items_that_were_not_saved_in_the_end_are_not_there(state: State) -> None:
    state.items.save(an_item())
    before = state.items.all()

    with pytest.raises(ZeroDivisionError), state.atomic():
        state.items.save(an_item("8", "Leaves"))
        state.items.drop("7")
        assert state.items.all().keys() == {"8"}
        raise ZeroDivisionError

    assert state.items.all() == before


def test_an_observation_comes_back_as_it_was_made(state: State) -> None:
    seen = replace(an_observation(), writable_note="in review")
    record = b'{"id": 7, "title": "S\xc3\xb6il"}'
    files = (
        RemoteFile("a.txt", "31", 5, "d4", "sub", "a/b", Unknown.IN_FLIGHT),
        RemoteFile("l.url", "32", 0, "", link="https://x.org", download_url="u"),
    )

    state.items.observe(seen, record, files)

    assert state.items.observed() == {"7": seen}
    assert state.items.record("7") == record
    assert state.items.remote_files("7") == files


def test_what_an_observation_leaves_out_stays(state: State) -> None:
    files = (RemoteFile("a.txt", "31", 5, "d4"),)
    state.items.observe(an_observation(), b"{}", files)

    state.items.observe(replace(an_observation(), title="New"), None, None)

    assert state.items.observed()["7"].title == "New"
    assert state.items.record("7") == b"{}"
    assert state.items.remote_files("7") == files


def test_a_new_list_of_files_replaces_the_old_one(state: State) -> None:
    state.items.observe(an_observation(), None, [RemoteFile("a", "31", 5, "d4")])

    state.items.observe(an_observation(), None, [])

    assert state.items.remote_files("7") == ()


def test_two_records_may_share_a_path(state: State) -> None:
    twins = (RemoteFile("a", "31", 5, "d4"), RemoteFile("a", "32", 5, "d4"))

    state.items.observe(an_observation(), None, twins)

    assert state.items.remote_files("7") == twins


def test_a_record_is_text_for_people_but_any_bytes_survive(state: State) -> None:
    state.items.observe(an_observation(), b"\xff{}", None)

    assert state.items.record("7") == b"\xff{}"
    assert state.items.record("8") == b""


def test_a_forgotten_observation_leaves_the_item(state: State) -> None:
    state.items.save(an_item())
    state.items.observe(an_observation(), b"{}", [RemoteFile("a", "31", 5, "d4")])

    state.items.forget_observation("7")

    assert state.items.observed() == {}
    assert state.items.record("7") == b""
    assert state.items.remote_files("7") == ()
    assert list(state.items.all()) == ["7"]


def fill(state: State, item_id: str) -> None:
    state.items.save(an_item(item_id))
    state.items.observe(an_observation(item_id), b"{}", [RemoteFile("a", "1", 5, "d")])
    state.files.save_synced(item_id, a_synced_file("a.txt"))
    state.files.save_names(item_id, {"/a": "a"})
    state.work.save_transfer(a_transfer(item_id))
    state.work.save_absence(f"local:{item_id}", "a.txt", Absence(1.0, 1))
    state.work.save_absence("items", item_id, Absence(1.0, 1))


def test_dropping_an_item_drops_all_of_it_and_nothing_else(state: State) -> None:
    fill(state, "7")
    fill(state, "17")

    state.items.drop("7")

    assert list(state.items.all()) == list(state.items.observed()) == ["17"]
    assert state.files.synced_counts() == {"17": 1}
    assert [state.files.names(item_id) for item_id in ("7", "17")] == [{}, {"/a": "a"}]
    assert [each.item_id for each in state.work.all_transfers()] == ["17"]
    assert state.work.absences("local:7") == {}
    assert list(state.work.absences("local:17")) == ["a.txt"]
    assert list(state.work.absences("items")) == ["17"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE synced_files SET md5 = 'e5'",
        "UPDATE synced_files SET item_id = '8'",
        "UPDATE synced_files SET path = 'b.txt'",
        "UPDATE synced_files SET file_id = '32'",
        "UPDATE items SET folder = 'Other'",
        "UPDATE items SET inode = 13",
        "UPDATE transfers SET file_id = '32'",
        "UPDATE absences SET first_seen = 0.5",
    ],
)
def test_an_altered_row_that_can_lead_to_a_deletion_is_damage(
    state: State, path: Path, change: str
) -> None:
    fill(state, "7")

    run_sql(path, change)

    with pytest.raises(StateDamaged, match=f"table {change.split()[1]}, row "):
        for item_id in ("7", "8"):
            state.files.synced(item_id)
            state.work.absences(f"local:{item_id}")
        state.items.all()
        state.work.all_transfers()


def test_local_files_come_back_as_they_were_seen(state: State) -> None:
    stat = FileStat(1, 2**64, -5, 2**64 - 1)
    odd = KnownFile(LocalFile(NOT_UTF8, stat, "d4"), 2.5, 1.5)
    files = [a_known_file("a/ü.txt"), odd]

    state.files.save_local("Soil", files)

    assert state.files.local("Soil") == {file.path: file for file in files}
    assert state.files.local("Other") == {}


def test_saving_local_files_replaces_seen_ones_and_drops_gone_ones(
    state: State,
) -> None:
    state.files.save_local("Soil", [a_known_file(path) for path in "abc"])

    state.files.save_local("Soil", [a_known_file("a", md5="e5")], gone=["b", NOT_UTF8])

    stored = state.files.local("Soil")
    assert {path: file.md5 for path, file in stored.items()} == {"a": "e5", "c": "d4"}


def test_a_renamed_folder_takes_its_files_and_made_folders_along(state: State) -> None:
    state.files.save_local("Soil", [a_known_file("a")])
    state.files.save_local("Earth", [a_known_file("old")])
    state.files.add_made_folders(["Soil", "Soil/deep/er", "Soils"])

    state.files.rename_folder("Soil", "Earth")

    assert state.files.folders() == {"Earth"}
    assert list(state.files.local("Earth")) == ["a"]
    assert state.files.made_folders() == {"Earth", "Earth/deep/er", "Soils"}


def test_renaming_a_folder_to_itself_loses_nothing(state: State) -> None:
    state.files.save_local("Soil", [a_known_file("a")])

    state.files.rename_folder("Soil", "Soil")

    assert list(state.files.local("Soil")) == ["a"]


def test_folders_are_named_once_each(state: State) -> None:
    assert state.files.folders() == set()
    for folder in ("B", "A", NOT_UTF8):
        state.files.save_local(folder, [a_known_file(path) for path in "ab"])

    state.files.drop_folder("B")

    assert state.files.folders() == {"A", NOT_UTF8}


def test_synced_files_are_counted_over_all_items(state: State) -> None:
    state.files.save_synced("7", a_synced_file("a"))
    state.files.save_synced("7", a_synced_file("b"))
    state.files.save_synced("8", a_synced_file("a"))

    state.files.drop_synced("7", "b")
    state.files.drop_synced("7", "never there")

    assert state.files.synced("7") == {"a": a_synced_file("a")}
    assert state.files.synced_total() == 2
    assert state.files.synced_sizes() == 10
    assert state.files.synced_counts() == {"7": 1, "8": 1}


def test_copies_of_bytes_are_found_in_every_item(state: State) -> None:
    state.files.save_synced("7", a_synced_file("a", md5="d4"))
    state.files.save_synced("8", a_synced_file("b", md5="d4"))
    state.files.save_synced("8", a_synced_file("c", md5="e5"))

    found = state.files.copies("d4")

    assert sorted((item_id, file.path) for item_id, file in found) == [
        ("7", "a"),
        ("8", "b"),
    ]


def test_remembered_names_replace_the_former_ones(state: State) -> None:
    state.files.save_names("7", {"/a:b": "a_b", "/gone": "gone"})

    state.files.save_names("7", {"/a:b": "a_b", "x/\ud800": "x"})

    assert state.files.names("7") == {"/a:b": "a_b", "x/\ud800": "x"}


def test_making_a_folder_twice_and_dropping_it_twice_is_fine(state: State) -> None:
    state.files.add_made_folders(["Soil", "Soil"])
    state.files.add_made_folders(["Soil", NOT_UTF8])

    state.files.drop_made_folders(["Soil"])
    state.files.drop_made_folders(["Soil"])

    assert state.files.made_folders() == {NOT_UTF8}


def test_an_unchanged_save_of_names_writes_nothing(
    state: State, path: Path, clock: SetClock
) -> None:
    state.files.save_names("7", {"/a": "a"})
    reader = State.read_only(path, clock=clock)
    assert reader is not None

    with reader:
        reader.files.save_names("7", {"/a": "a"})


def test_what_is_here_and_is_not_what_was_synced_is_found(state: State) -> None:
    excluded = replace(an_item(folder="Ice"), item_id="8", mode=Mode.EXCLUDED)
    for item in (an_item(folder="Soil"), excluded):
        state.items.save(item)
    same, edited, new = (a_known_file(path) for path in ("same", "edited", "new"))
    for folder in ("Soil", "Ice", "no item yet"):
        state.files.save_local(folder, [same, edited, new])
    state.files.save_synced("7", replace(a_synced_file("same"), md5=same.md5))
    state.files.save_synced("7", replace(a_synced_file("edited"), md5="another"))

    assert state.files.unsynced() == [
        ("Soil", "edited"),
        ("Soil", "new"),
        ("no item yet", "edited"),
        ("no item yet", "new"),
        ("no item yet", "same"),
    ]
