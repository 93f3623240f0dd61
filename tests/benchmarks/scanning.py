"""Scans and plans of an unchanged tree, in a process of their own.

`python -m tests.benchmarks.scanning ROOT REPEATS` scans what is below ROOT as item
folders, once to know it and then as often as asked.  It prints one object of JSON:
the seconds of each scan, the CPU seconds of planning it all, the peak in bytes.
"""

from __future__ import annotations

import gc
import hashlib
import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.model import LocalTree, RemoteFile, SyncedFile, Where
from figsync.naming import IgnoreRules
from figsync.state import Scanned
from figsync.sync.plan import plan_files
from figsync.sync.scan import Scan, scan
from figsync.sync.walk import Lens, walk_folder

NOTHING = Scanned({}, "")


def scan_all(lens: Lens, known: dict[str, Scanned]) -> dict[str, Scan]:
    """Return the scan of every folder."""
    return {name: scan_one(lens, name, before) for name, before in known.items()}


def scan_one(lens: Lens, folder: str, before: Scanned) -> Scan:
    """Return the scan of a folder that was like *before*."""
    walk = walk_folder(lens, folder, before)
    return scan(lens, walk, before.files, expected=before.files)


def hashed(found: Scan, now: float) -> Scanned:
    """Return what a state knows once every file of a scan was read."""
    rows = {
        path: replace(
            row,
            file=replace(row.file, md5=_md5(path), unknown=None),
            hashed_at=now + 60,
        )
        for path, row in found.seen.items()
    }
    return Scanned(rows, found.walk.rules.fingerprint)


def _md5(path: str) -> str:
    return hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()


def plan_all(scans: dict[str, Scan]) -> Callable[[], int]:
    """Return the planning of folders whose sides agree; it returns what is to do."""
    trees = [(name, found.tree, *_sides(found.tree)) for name, found in scans.items()]

    def plan() -> int:
        return sum(
            len(plan_files(Where("1", name, False), local, records, synced))
            for name, local, records, synced in trees
        )

    return plan


def _sides(tree: LocalTree) -> tuple[list[RemoteFile], dict[str, SyncedFile]]:
    files = [(str(n), file) for n, file in enumerate(tree.values())]
    records = [RemoteFile(f.path, n, f.size, f.md5) for n, f in files]
    synced = {f.path: SyncedFile(f.path, n, f.md5, f.size) for n, f in files}
    return records, synced


def seconds_of(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return what a piece of work takes, by this clock."""
    gc.collect()
    began = clock()
    work()
    return clock() - began


def peak() -> int:
    """Return the most memory this process ever had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) << 10


def main(root: Path, repeats: int) -> dict[str, object]:
    """Do it all and return what is printed."""
    clock = SystemClock()
    lens = Lens(Disk(root, clock=clock), IgnoreRules(), clock.now(), 0.0, 10 << 20)
    folders = sorted(path.name for path in root.iterdir() if path.name[0] != ".")
    first = scan_all(lens, dict.fromkeys(folders, NOTHING))
    known = {name: hashed(found, clock.now()) for name, found in first.items()}
    del first
    scans = [
        seconds_of(lambda: scan_all(lens, known), time.perf_counter)
        for _ in range(repeats)
    ]
    highest = peak()
    plan = plan_all(scan_all(lens, known))
    assert plan() == 0
    planning = [seconds_of(plan, time.process_time) for _ in range(repeats)]
    return {"scans": scans, "planning": planning, "peak": highest}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
