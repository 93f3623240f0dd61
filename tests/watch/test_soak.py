"""A watched mirror costs nothing while nothing happens, and keeps nothing of the past.

The watch runs in a process of its own, so that its figures are its own.  `--soak`
has it stand idle for a minute over 20,000 files in 1,000 folders, as a long-lived
daemon does; without the option a shorter time over fewer.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.watch.ground import Ground

WATCHER = """
import gc, json, os, queue, sys, time
from pathlib import Path
from figsync.watch import Watch

hints = queue.SimpleQueue()
watch = Watch(Path(sys.argv[1]), hints.put)
assert watch.start().kind == "events", watch.watching
print("watching", flush=True)
for line in sys.stdin:
    if sentinel := line.strip():
        while hints.get(timeout=60) != sentinel:
            pass
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    print(json.dumps({
        "cpu": time.process_time(),
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "files": len(os.listdir("/proc/self/fd")),
        "kind": watch.watching.kind,
    }), flush=True)
watch.stop()
"""
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Figures:
    """What a process has used so far: CPU seconds, bytes in memory, open files."""

    cpu: float
    memory: int
    files: int
    kind: str


class Watcher:
    """A process that watches a ground and tells what it uses."""

    def __init__(self, ground: Ground, process: subprocess.Popen[str]) -> None:
        self._ground = ground
        self._process = process
        self._asked = 0

    def figures(self, *, wait: bool = True) -> Figures:
        """Ask, once everything that happened so far was told to it."""
        sentinel = ""
        if wait:
            sentinel = f"Sentinel {self._asked}"
            self._asked += 1
            (self._ground.root / sentinel).mkdir()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(sentinel, file=self._process.stdin, flush=True)
        return Figures(**json.loads(self._process.stdout.readline()))


@contextmanager
def watcher(ground: Ground) -> Iterator[Watcher]:
    command = [sys.executable, "-c", WATCHER, str(ground.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "watching\n"
        yield Watcher(ground, process)


@pytest.fixture
def soak(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("--soak"))


@pytest.fixture
def ground(tmp_path: Path, soak: bool) -> Ground:
    folders = [f"Item {number}" for number in range(1000 if soak else 100)]
    ground = Ground(tmp_path, *folders)
    for folder in folders:
        for number in range(20):
            (ground.root / folder / f"{number}.csv").touch()
    return ground


def test_standing_idle_costs_nothing(ground: Ground, soak: bool):
    seconds = 60 if soak else 2
    with watcher(ground) as process:
        before = process.figures()

        # Nothing is waited for here: that nothing happens is what is measured.
        time.sleep(seconds)
        after = process.figures(wait=False)

    told = f"{after.cpu - before.cpu:.4f} s of CPU in {seconds} s, {after}"
    print(told)
    assert after.kind == "events"
    assert after.cpu - before.cpu < 0.05, told


def test_ten_thousand_events_later_all_is_as_before(ground: Ground, soak: bool):
    rounds = 10 if soak else 2
    with watcher(ground) as process:
        stir(ground)
        before = process.figures()
        for _ in range(rounds):
            stir(ground)
            after = process.figures()

    told = f"{rounds} rounds of 1,000 changes: {before} became {after}"
    print(told)
    assert after.kind == "events"
    assert after.files == before.files, told
    assert after.memory - before.memory < 2 * MEBIBYTE, told


def stir(ground: Ground) -> None:
    """Change 1,000 things, folders that come, move and go among them."""
    new, moved = ground.root / "New", ground.root / "Moved"
    for number in range(900):
        (ground.root / f"Item {number % 100}" / "20.csv").write_text(str(number))
    for number in range(100):
        (new / f"{number}").mkdir(parents=True)
    new.rename(moved)
    shutil.rmtree(moved)
