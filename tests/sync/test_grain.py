"""A save that the file system's clock could not tell from the one before."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.world import World


def save_unnoticed(world: World, content: bytes, *, before_hashing: float) -> None:
    """Save New/a.csv as if that had been *before_hashing* seconds before its hashing.

    The state knows the file's times by then, and the MD5 of the bytes before: that is
    what a save within the grain of the clock amounts to.
    """
    path = "New/a.csv"
    with world.mirror() as mirror:
        known = mirror.state.files.local("New")["a.csv"]
        at = int((known.hashed_at - before_hashing) * 1e9)
        os.utime(world.drop(path, content), ns=(at, at))
        stat = mirror.disk.stat(path)
        assert stat is not None
        now = replace(known, file=replace(known.file, stat=stat))
        mirror.state.files.save_local("New", [now])


@pytest.mark.parametrize(("seconds", "is_seen"), [(1.5, True), (2.5, False)])
def test_a_file_saved_just_before_its_hashing_is_hashed_again(
    tmp_path: Path, seconds: float, is_seen: bool
) -> None:
    world = World(tmp_path)
    world.drop("New/a.csv", b"first")
    world.sync()
    assert world.remote("New")["a.csv"] == b"first"

    save_unnoticed(world, b"again", before_hashing=seconds)
    world.sync()

    assert (world.remote("New")["a.csv"] == b"again") is is_seen
