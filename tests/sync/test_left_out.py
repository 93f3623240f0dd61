"""What Figshare can not take is listed, whichever part of the mirror was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.sync.engine import Wish
from figsync.sync.facts import MOST_LISTED, Facts, read_facts
from figsync.sync.loop import sync_until_quiet
from figsync.sync.mirror import Mirror
from tests.world import World


class Kept:
    """A mirror that stays open between cycles, as a daemon's does."""

    def __init__(self, world: World, mirror: Mirror) -> None:
        self.world, self._mirror = world, mirror
        self.stir(None)

    def stir(self, folders: set[str] | None) -> None:
        """Sync as the daemon does once something was seen in these folders."""
        self.world.settle()
        stirred = None if folders is None else frozenset(folders)
        sync_until_quiet(self._mirror, Wish(stirred=stirred))

    @property
    def facts(self) -> Facts:
        return read_facts(self._mirror.state)

    @property
    def listed(self) -> list[str]:
        """The files that status lists, without a network."""
        return sorted(f"{file.folder}/{file.path}" for file in self.facts.left_out)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    world = World(tmp_path)
    world.drop("Soil cores/empty", "")
    world.drop("Ice cores/void", "")
    with world.mirror() as mirror:
        yield Kept(world, mirror)


def test_a_file_in_a_folder_that_was_stirred_is_listed(kept: Kept) -> None:
    kept.world.drop("Soil cores/nothing", "")
    kept.world.drop("New/hollow", "")

    kept.stir({"Soil cores", "New"})

    assert kept.listed == [
        "Ice cores/void",
        "New/hollow",
        "Soil cores/empty",
        "Soil cores/nothing",
    ]
    assert kept.facts.not_uploadable == 4


def test_what_is_mended_or_gone_is_not_listed_any_more(kept: Kept) -> None:
    root = kept.world.root
    kept.world.drop("Soil cores/empty", "something")
    (root / "Ice cores" / "void").unlink()
    (root / "Ice cores").rmdir()

    kept.stir({"Soil cores", "Ice cores"})

    assert kept.listed == []
    assert kept.facts.not_uploadable == 0


def test_more_than_are_listed_are_counted_all_the_same(kept: Kept) -> None:
    for number in range(MOST_LISTED):
        kept.world.drop(f"Soil cores/{number}", "")
    kept.stir({"Soil cores"})
    kept.world.drop("Ice cores/another", "")

    kept.stir({"Ice cores"})

    assert kept.facts.not_uploadable == MOST_LISTED + 3
    assert len(kept.facts.left_out) == MOST_LISTED
