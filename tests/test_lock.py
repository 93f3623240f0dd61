"""Who owns a mirror, when hosts and roots come and go."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.errors import MirrorOwned
from figsync.lock import OWNER, beat, is_owned, living_owner, locked

CLOCK = SystemClock()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    root = tmp_path / "mirror"
    root.mkdir()
    disk = Disk(root, clock=CLOCK)
    disk.prepare()
    return disk


def test_a_root_that_can_not_be_looked_at_has_no_owner() -> None:
    # The error of a network folder that is not connected can not be had in a test.
    disk = Disk(Path("/", "x" * 300), clock=CLOCK)

    assert living_owner(disk, CLOCK) is None


def test_a_heartbeat_keeps_what_the_owner_said(disk: Disk) -> None:
    with locked(disk, CLOCK, control="/run/socket"):
        before = living_owner(disk, CLOCK)
        beat(disk, CLOCK)

        assert before is not None
        assert living_owner(disk, CLOCK) == before
    assert not is_owned(disk, CLOCK)


def test_who_was_taken_over_by_another_host_lets_it_be(disk: Disk) -> None:
    # A laptop that slept lost its lock of the network drive, and its heartbeat.
    other = {"host": "another host", "pid": 7, "at": CLOCK.now()}
    taken = pytest.raises(MirrorOwned, match="process 7 on another host")
    with taken, locked(disk, CLOCK, control="/run/socket"):
        disk.write_own(OWNER, json.dumps(other).encode())
        beat(disk, CLOCK)

    assert json.loads(disk.read_own(OWNER) or b"") == other


def test_a_lock_does_not_hold_for_a_copy_that_took_the_place_of_the_root(
    disk: Disk, tmp_path: Path
) -> None:
    with locked(disk, CLOCK):
        pass
    said = {"host": socket.gethostname(), "pid": 7, "at": CLOCK.now()}
    disk.write_own(OWNER, json.dumps(said).encode())
    shutil.copytree(disk.root, tmp_path / "backup")
    with pytest.raises(MirrorOwned), locked(disk, CLOCK, control="/run/socket"):
        disk.root.rename(tmp_path / "before")
        (tmp_path / "backup").rename(disk.root)
        disk.identity()
        beat(disk, CLOCK)


def test_a_word_that_somebody_removed_is_said_again(disk: Disk) -> None:
    with locked(disk, CLOCK):
        disk.own_path(OWNER).unlink()
        beat(disk, CLOCK)

        assert is_owned(disk, CLOCK)
