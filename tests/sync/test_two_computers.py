"""Two computers on one account that act at the same moment: no loss, no quarrel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.naming import is_conflict_copy
from tests.sync.seen import assert_quiet
from tests.wire import wired
from tests.world import HOUR, World

A = "Leaves/a.csv"
# The requests of one computer before which the other one syncs from end to end.
MOMENTS = {
    "look": r"GET .*/articles/\d+$",
    "initiate": r"POST .*/files$",
    "complete": r"POST .*/files/\d+$",
    "delete": r"DELETE .*/files/\d+$",
}
moments = pytest.mark.parametrize("moment", ["look", "initiate", "complete"])
to_the_end = pytest.mark.parametrize("moment", MOMENTS)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[World, World]:
    (tmp_path / "here").mkdir()
    here = World(tmp_path / "here", deletions__grace="0")
    there = World(tmp_path / "there", beside=here, deletions__grace="0")
    item = here.box.web.create_item("Leaves")
    here.box.web.add_files(item, {"a.csv": b"old a", "b.csv": b"b", "c": b"c"})
    for world in (here, there):
        assert world.sync().exit_code == 0
    return here, there


@contextmanager
def meanwhile(world: World, moment: str, act: Callable[[], object]) -> Iterator[None]:
    """Act once, right before the first request of this kind."""
    acts = [act]

    def look(request: PreparedRequest) -> None:
        if acts and re.search(MOMENTS[moment], f"{request.method} {request.path_url}"):
            acts.pop()()

    with wired(world, before=look):
        yield
    assert not acts, f"nothing came to {moment}"


def both_at_once(here: World, there: World, moment: str) -> None:
    """Sync here, and there in the middle of it; then let both come to rest."""
    here.settle()
    with meanwhile(here, moment, there.sync):
        here.sync()
    for _ in range(4):
        for world in (there, here):
            world.clock.advance(60)
            world.sync()
    here.clock.advance(HOUR)
    for world in (there, here):
        world.sync()


def contents(*worlds: World) -> set[bytes]:
    """Return what lies in the mirrors, conflict copies included."""
    return {content for world in worlds for content in world.tree().values()}


def kept(*worlds: World) -> set[bytes]:
    """Return what lies in the mirrors and their trashes."""
    return contents(*worlds) | {c for world in worlds for c in world.trash()}


def shared(world: World) -> dict[str, bytes]:
    """Return the mirror without conflict copies, which are each computer's own."""
    tree = world.tree().items()
    return {path: content for path, content in tree if not is_conflict_copy(path)}


def assert_at_rest(here: World, there: World) -> None:
    """Assert that both hold the same and that neither has anything left to do."""
    assert shared(here) == shared(there)
    for world in (here, there):
        assert_quiet(world)


@moments
def test_the_same_new_file_on_both(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    for world in pair:
        world.drop("Leaves/new.csv", b"new")

    both_at_once(here, there, moment)

    assert here.tree()["Leaves/new.csv"] == b"new"
    assert len(here.tree()) == 4
    assert_at_rest(here, there)


@moments
def test_new_files_of_one_name(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    here.drop("Leaves/new.csv", b"new, here")
    there.drop("Leaves/new.csv", b"new, there")

    both_at_once(here, there, moment)

    assert {b"new, here", b"new, there"} <= contents(here, there)
    assert_at_rest(here, there)


@to_the_end
def test_the_same_edit_on_both(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    for world in pair:
        world.drop(A, b"edited alike")

    both_at_once(here, there, moment)

    assert here.tree()[A] == b"edited alike"
    assert len(here.tree()) == 3
    assert_at_rest(here, there)


@to_the_end
def test_edits_of_one_file(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    here.drop(A, b"a, here")
    there.drop(A, b"a, there")

    both_at_once(here, there, moment)

    assert {b"a, here", b"a, there"} <= contents(here, there)
    assert_at_rest(here, there)


@moments
def test_an_edit_here_and_a_deletion_there(
    pair: tuple[World, World], moment: str
) -> None:
    here, there = pair
    (there.root / A).unlink()
    there.sync()
    here.drop(A, b"a, here")

    both_at_once(here, there, moment)

    assert here.tree()[A] == b"a, here"
    assert_at_rest(here, there)


def test_a_deletion_here_and_an_edit_there(pair: tuple[World, World]) -> None:
    here, there = pair
    (here.root / A).unlink()
    here.sync()
    there.drop(A, b"a, there")

    both_at_once(here, there, "look")

    assert there.tree()[A] == b"a, there"
    assert_at_rest(here, there)


@moments
def test_a_new_folder_of_one_name_on_both(
    pair: tuple[World, World], moment: str
) -> None:
    here, there = pair
    here.drop("New one/x.csv", b"x, here")
    there.drop("New one/y.csv", b"y, there")

    both_at_once(here, there, moment)

    for world in pair:
        assert {b"x, here", b"y, there"} <= contents(world)
    assert_at_rest_but_for_names(here, there)


@moments
def test_the_same_new_folder_on_both(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    for world in pair:
        world.drop("New one/x.csv", b"alike")

    both_at_once(here, there, moment)

    assert b"alike" in contents(here)
    assert_at_rest_but_for_names(here, there)


def assert_at_rest_but_for_names(here: World, there: World) -> None:
    """Assert rest; which of two items has the plain name each computer decides."""
    assert sorted(here.tree().values()) == sorted(there.tree().values())
    for world in (here, there):
        assert_quiet(world)


@to_the_end
def test_a_move_here_and_an_edit_there(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    (here.root / A).rename(here.root / "Leaves/moved.csv")
    there.drop(A, b"a, there")

    both_at_once(here, there, moment)

    assert {b"old a", b"a, there"} <= kept(here, there)
    assert there.tree()[A] == b"a, there"
    assert_at_rest(here, there)


@to_the_end
def test_a_move_on_both(pair: tuple[World, World], moment: str) -> None:
    here, there = pair
    (here.root / A).rename(here.root / "Leaves/moved.csv")
    (there.root / A).rename(there.root / "Leaves/elsewhere.csv")

    both_at_once(here, there, moment)

    assert b"old a" in contents(here)
    assert_at_rest(here, there)
