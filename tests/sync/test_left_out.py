"""What Figshare can not take is listed, whichever part of the mirror was looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.sync.engine import Wish
from figsync.sync.facts import MOST_LISTED, Facts, read_facts
from figsync.sync.loop import sync_until_quiet
from tests.world import World


def listed(world: World) -> list[str]:
    """Return the files that status lists, without a network."""
    return [f"{file.folder}/{file.path}" for file in facts(world).left_out]


def facts(world: World) -> Facts:
    with world.state() as state:
        return read_facts(state)


def stir(world: World, *folders: str) -> None:
    """Sync as the daemon does once something was seen in these folders."""
    world.settle()
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish(stirred=frozenset(folders)))


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.drop("Soil cores/empty", "")
    world.drop("Ice cores/void", "")
    world.settle()
    world.sync()
    return world


def test_a_file_in_a_folder_that_was_stirred_is_listed(world: World) -> None:
    world.drop("Soil cores/nothing", "")
    world.drop("New/hollow", "")

    stir(world, "Soil cores", "New")

    assert sorted(listed(world)) == [
        "Ice cores/void",
        "New/hollow",
        "Soil cores/empty",
        "Soil cores/nothing",
    ]
    assert facts(world).not_uploadable == 4


def test_what_is_mended_or_gone_is_not_listed_any_more(world: World) -> None:
    world.drop("Soil cores/empty", "something")
    (world.root / "Ice cores" / "void").unlink()
    (world.root / "Ice cores").rmdir()

    stir(world, "Soil cores", "Ice cores")

    assert listed(world) == []
    assert facts(world).not_uploadable == 0


def test_a_sync_of_one_folder_lists_what_is_in_it(world: World) -> None:
    world.drop("Soil cores/nothing", "")
    world.settle()

    world.sync("Soil cores")

    assert len(listed(world)) == 3


def test_a_list_that_was_cut_short_stays_until_all_is_looked_at(world: World) -> None:
    for number in range(MOST_LISTED):
        world.drop(f"Soil cores/{number}", "")
    world.settle()
    world.sync()
    world.drop("Ice cores/another", "")

    stir(world, "Ice cores")

    assert facts(world).not_uploadable == MOST_LISTED + 2
    world.sync()
    assert facts(world).not_uploadable == MOST_LISTED + 3
