"""A large file: sent on where a killed process stopped, in little memory.

`--big` does the same with 2 GiB in Figshare's own parts, below 150 MiB of memory.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from figsync.sandbox import Sandbox
from tests.commands.desk import TOKEN, Desk

MIB = 1 << 20
SMALL, SMALL_PART = 64 * MIB, MIB
BIG, BIG_PART = 2048 * MIB, 10 * MIB
BIG_PEAK = 150 * MIB
NAME = "Soil cores/scan.raw"
PUT = re.compile(r"^/upload/\w+/\d+$")


@dataclass(frozen=True, slots=True)
class Run:
    """How one process ended, and the most memory it ever held."""

    code: int
    peak: int


def peak_of(pid: int) -> int:
    """Return the most memory that a living process ever held, in bytes, else 0."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text()
        if found := re.search(r"VmHWM:\s+(\d+) kB", status):
            return int(found[1]) << 10
    return 0


def sync(desk: Desk, *, dies_after: int = 0) -> Run:
    """Run `figsync sync`, killed once it has sent that many parts if any."""
    process = desk.start("sync", "--quiet")
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_of(process.pid))
        if dies_after and len(parts_sent(desk)) >= dies_after:
            process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    process.communicate()
    return Run(process.returncode, peak)


def parts_sent(desk: Desk) -> list[str]:
    """Return the address of every part that arrived whole."""
    puts = desk.box.log.find("upload", "PUT", status=200)
    return [entry.path for entry in puts if PUT.match(entry.path)]


def sparse(path: Path, size: int, step: int) -> str:
    """Make a file of mostly holes, no two parts alike; return its MD5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
        for offset in range(0, size, step):
            file.seek(offset)
            file.write(offset.to_bytes(8, "big") + b"figsync")
    return md5_of(path)


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


@contextmanager
def a_desk(folder: Path, part_size: int) -> Iterator[Desk]:
    folder.mkdir()
    box = Sandbox(folder / "figshare", token=TOKEN, part_size=part_size)
    with box.serve() as urls:
        yield Desk(folder, box, urls)
    box.close()
    # Gigabytes are not kept with what a failed test leaves.
    shutil.rmtree(folder)


def send_in_two_processes(desk: Desk, size: int, part_size: int) -> tuple[Run, Run]:
    """Kill the first process at half; assert that the second sends only the rest."""
    md5 = sparse(desk.root / NAME, size, part_size)
    parts = -(-size // part_size)

    first = sync(desk, dies_after=parts // 2)
    before = set(parts_sent(desk))
    desk.box.log.clear()
    second = sync(desk)

    after = parts_sent(desk)
    assert (first.code, second.code) == (-9, 0)
    assert parts // 2 <= len(before) < parts
    assert len(after) == parts - len(before)
    assert not before.intersection(after)
    (item,) = desk.box.web.item_ids()
    (record,) = desk.box.web.files(item)
    assert (record.status, desk.box.web.computed_md5(record.id)) == ("available", md5)
    return first, second


def fetch(desk: Desk) -> Run:
    """Lose root and state, sync, and assert that the large file is back."""
    md5 = md5_of(desk.root / NAME)
    shutil.rmtree(desk.root)
    shutil.rmtree(desk.home / "state")

    run = sync(desk)

    assert run.code == 0
    assert md5_of(desk.root / NAME) == md5
    return run


def test_a_killed_upload_goes_on_and_memory_does_not_grow_with_the_file(
    tmp_path: Path,
) -> None:
    with a_desk(tmp_path / "desk", SMALL_PART) as desk:
        nothing = sync(desk)
        first, second = send_in_two_processes(desk, SMALL, SMALL_PART)
        third = fetch(desk)

    allowed = nothing.peak + SMALL // 2
    assert max(first.peak, second.peak, third.peak) < allowed


def test_2_gib_go_up_and_come_down_below_150_mib(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--big"):
        pytest.skip("--big sends and fetches 2 GiB, and needs 7 GiB of disk")
    with a_desk(tmp_path / "desk", BIG_PART) as desk:
        first, second = send_in_two_processes(desk, BIG, BIG_PART)
        third = fetch(desk)

    peaks = [run.peak / MIB for run in (first, second, third)]
    print(
        "peaks in MiB: killed {:.0f}, going on {:.0f}, fetching {:.0f}".format(*peaks)
    )
    assert max(peaks) < BIG_PEAK / MIB
