"""The demo as a newcomer runs it: quick, checked at each step, leaving nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from figsync.clock import SystemClock
from figsync.commands.demo import play
from figsync.commands.demo.stage import Stage, StepFailed, staged

FIGSYNC = [sys.executable, "-m", "figsync"]
LONGEST = 60.0


def environment(folder: Path) -> dict[str, str]:
    """Return an environment with an empty home and a temporary folder of its own."""
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return kept | {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}


def left_behind(folder: Path) -> list[Path]:
    return [path for name in ("home", "tmp") for path in (folder / name).rglob("*")]


@contextmanager
def a_stage() -> Iterator[Stage]:
    with staged(SystemClock(), Console(file=StringIO())) as stage:
        yield stage


def test_the_demo_passes_in_under_a_minute_and_leaves_nothing(tmp_path: Path) -> None:
    begun = time.monotonic()

    ended = subprocess.run(
        [*FIGSYNC, "demo"],
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert time.monotonic() - begun < LONGEST
    assert "the large file went in 3 parts" in ended.stdout
    assert "checks held" in ended.stdout
    assert "figsync init" in ended.stdout
    assert left_behind(tmp_path) == []


def test_kept_the_demo_can_be_played_with_until_ctrl_c(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    running = subprocess.Popen(
        [*FIGSYNC, "demo", "--keep"], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    told = []
    for line in running.stdout:
        told.append(line.strip())
        if line.startswith("Ctrl-C"):
            break
    command = next(line for line in told if line.endswith(" sync"))

    played = subprocess.run(command.split(), env=environ, timeout=LONGEST, check=False)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=LONGEST)

    assert played.returncode == 0
    assert running.returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_step_that_is_not_as_it_should_be_ends_the_demo() -> None:
    with a_stage() as stage:
        stage.box.switches.corrupt_download = True

        with pytest.raises(StepFailed) as failure:
            play(stage)

    assert failure.value.exit_code == 1
    assert failure.value.subject == "The account comes down"


def test_a_server_that_is_gone_ends_the_demo_by_naming_the_step() -> None:
    with a_stage() as stage:
        stage.box.switches.html_403 = True

        with pytest.raises(StepFailed) as failure:
            play(stage)

    assert failure.value.exit_code == 1
    assert failure.value.subject == "The account comes down"
