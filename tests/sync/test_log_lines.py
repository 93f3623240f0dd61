"""What was done, what failed and what waits is told in the words of every verb."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="figsync.sync.record")
    return caplog


def test_what_was_done_is_one_line(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.drop("Soil cores/a.csv", "depth")
    world.settle()

    world.sync()

    assert log.messages == [
        "Made a draft item: Soil cores",
        "Uploaded: Soil cores/a.csv",
    ]


def test_what_failed_is_the_documented_line(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"depth")
    world.settle()
    world.box.switches.corrupt_download = True

    world.sync()

    (line,) = [r.getMessage() for r in log.records if r.levelno == logging.WARNING]
    assert line == (
        "Could not download: Soil cores/a.csv: the bytes do not have the MD5 that"
        " Figshare states; the next sync fetches it again"
    )


def test_what_is_sent_and_not_proven_is_not_called_a_failure(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.box.switches.md5_delay = 10_000_000.0
    world.drop("Soil cores/a.csv", "depth")
    world.settle()

    world.sync()

    (line,) = [r.getMessage() for r in log.records if r.levelno == logging.WARNING]
    assert line.startswith("Sent, but not proven: Soil cores/a.csv: ")


def test_what_waits_for_a_person_is_told_once(
    tmp_path: Path, log: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.drop("Soil cores/a.csv", "depth")
    world.settle()
    world.sync()
    shutil.rmtree(world.root / "Soil cores")
    for _ in range(3):
        world.settle()
        world.sync()

    told = [r.getMessage() for r in log.records if r.levelno == logging.WARNING]
    assert told == [
        "Held: delete the draft Soil cores: its folder was deleted; items = hold"
    ]
