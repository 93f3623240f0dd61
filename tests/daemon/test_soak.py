"""A daemon that has nothing to do does nothing, and events leave nothing behind.

It runs in a process of its own, so that its figures are its own.  `--soak` makes the
mirror large and the wait long, and holds the processor's time to a limit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from figsync.clock import SystemClock
from figsync.sync.activity import Phase
from tests.daemon.house import House, figsync_run, wait_for

# What the large mirror may take, on a busy machine too.
LONG = 1800.0
PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Size:
    """How large the mirror is, how long it rests, and how much it is stirred."""

    items: int
    files: int
    seconds: float
    events: int


@pytest.fixture
def size(pytestconfig: pytest.Config) -> Size:
    if pytestconfig.getoption("--soak"):
        return Size(items=1000, files=20, seconds=600, events=10_000)
    return Size(items=10, files=5, seconds=2, events=300)


@dataclass(frozen=True)
class Usage:
    """What a process has used: seconds of processor, MiB of memory, open files."""

    cpu: float
    memory: float
    files: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        cpu = (int(stat[11]) + int(stat[12])) / TICKS
        return cls(cpu, resident * PAGE / 2**20, files)


@pytest.fixture
def pid(house: House, size: Size) -> Iterator[int]:
    """A daemon whose mirror is in sync and which has nothing to do."""
    for item in range(size.items):
        item_id = house.box.web.create_item(f"Item {item}")
        contents = {f"{n}.csv": f"{item} {n}".encode() for n in range(size.files)}
        house.box.web.add_files(item_id, contents)
    with figsync_run(house) as process:
        wait_for(lambda: is_idle(house), seconds=LONG)
        assert len(house.tree()) == size.items * size.files
        yield process.pid


def is_idle(house: House) -> bool:
    activity = house.activity()
    return activity is not None and activity.phase is Phase.IDLE


def test_standing_idle_costs_nothing(
    house: House, pid: int, size: Size, pytestconfig: pytest.Config
) -> None:
    settled(house)
    before, requests = Usage.of(pid), house.requests()
    SystemClock().wait(size.seconds)
    after = Usage.of(pid)
    assert house.requests() == requests
    assert after.files == before.files
    assert after.memory - before.memory < 2
    if pytestconfig.getoption("--soak"):
        print(f"{after.cpu - before.cpu:.2f} s of CPU in {size.seconds:.0f} s")
        assert after.cpu - before.cpu <= 0.5


def test_many_events_later_all_is_as_before(house: House, pid: int, size: Size) -> None:
    stir(house, size.events // 2)
    settled(house)
    before = Usage.of(pid)
    stir(house, size.events)
    settled(house)
    after = Usage.of(pid)
    print(f"{before} before, {after} after {size.events} events")
    assert house.agreed()
    assert after.files == before.files
    assert after.memory - before.memory < 8


def stir(house: House, events: int) -> None:
    """Make things happen that leave the mirror as it was, and some that don't."""
    folder = house.root / "Item 1"
    for number in range(events // 3):
        passing = folder / f"passing {number % 7}.tmp"
        passing.write_text("x")
        passing.rename(folder / "renamed.tmp")
        (folder / "renamed.tmp").unlink()
    (folder / "0.csv").write_text(f"edited after {events} events")


def settled(house: House) -> None:
    """Wait until both sides agree and no request has come for a while."""
    wait_for(house.agreed, seconds=LONG)
    while True:
        requests = house.requests()
        SystemClock().wait(1.5)
        if house.requests() == requests and is_idle(house):
            return
