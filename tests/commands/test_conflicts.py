"""Conflicts, shown and resolved in each of the three ways."""

import pytest

from tests.commands.desk import Desk

FILE = "Soil cores/a.csv"


def with_a_conflict(desk: Desk) -> str:
    """Return the path of the conflict copy that holds the local version."""
    desk.drop(FILE, "base")
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()
    (file,) = desk.box.web.files(item)
    desk.box.web.replace_file(file.id, b"theirs")
    desk.drop(FILE, "mine!")
    assert desk.call("sync").exit_code == 4
    (copy,) = desk.tree().keys() - {FILE}
    return copy


def remote(desk: Desk) -> dict[str, bytes]:
    (item,) = desk.box.web.item_ids()
    return desk.box.web.tree(item)


def test_a_conflict_is_listed_with_both_versions(desk: Desk) -> None:
    copy = with_a_conflict(desk)

    out = desk.ok("conflicts")

    assert out == desk.ok("conflicts", "list")
    assert out.startswith(f"{FILE}\t{copy}\t")
    assert desk.tree() == {FILE: "theirs", copy: "mine!"}


@pytest.mark.parametrize("named", ["file", "copy", "absolute"])
def test_keep_local_makes_the_copy_the_file(desk: Desk, named: str) -> None:
    copy = with_a_conflict(desk)
    words = {"file": FILE, "copy": copy, "absolute": str(desk.root / FILE)}

    desk.ok("conflicts", "keep", "local", words[named])

    assert desk.tree() == {FILE: "mine!"}
    assert desk.ok("conflicts") == "There is no conflict.\n"
    desk.ok("sync")
    assert remote(desk) == {"a.csv": b"mine!"}


def test_keep_remote_moves_the_copy_to_the_trash(desk: Desk) -> None:
    copy = with_a_conflict(desk)

    desk.ok("conflicts", "keep", "remote", FILE)

    assert desk.tree() == {FILE: "theirs"}
    assert copy in desk.ok("trash")
    desk.ok("sync")
    assert remote(desk) == {"a.csv": b"theirs"}


def test_keep_both_gives_the_copy_an_ordinary_name(desk: Desk) -> None:
    with_a_conflict(desk)
    desk.drop("Soil cores/a (local copy).csv", "here before")

    desk.ok("conflicts", "keep", "both", FILE)
    desk.ok("sync")

    assert remote(desk) == {
        "a.csv": b"theirs",
        "a (local copy).csv": b"here before",
        "a (local copy 2).csv": b"mine!",
    }


def test_a_conflict_that_is_not_there_can_not_be_resolved(desk: Desk) -> None:
    copy = with_a_conflict(desk)
    (desk.root / copy).unlink()

    result = desk.call("conflicts", "keep", "local", FILE)

    assert result.exit_code == 2
    assert "there is no such conflict" in result.stderr
    assert desk.tree() == {FILE: "theirs"}


def test_of_several_copies_one_has_to_be_named(desk: Desk) -> None:
    copy = with_a_conflict(desk)
    desk.drop("Soil cores/a (conflict 2020-01-01 120000).csv", "long ago")
    desk.call("sync")

    result = desk.call("conflicts", "keep", "remote", FILE)
    desk.ok("conflicts", "keep", "remote", copy)

    assert result.exit_code == 2
    assert "name the copy" in result.stderr
    assert set(desk.tree().values()) == {"theirs", "long ago"}


def test_a_running_figsync_resolves_it_in_its_next_cycle(desk: Desk) -> None:
    with_a_conflict(desk)

    with desk.owned_elsewhere():
        desk.ok("conflicts", "keep", "local", FILE)
    desk.ok("sync")

    assert desk.tree() == {FILE: "mine!"}
    assert remote(desk) == {"a.csv": b"mine!"}
