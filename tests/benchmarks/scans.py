"""Line 5: the scan of a tree in which nothing changed, against `find`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median

from tests.benchmarks.ground import GIB, MIB, Ground
from tests.benchmarks.processes import run
from tests.benchmarks.results import Figure, Findings

FILES_A_FOLDER = 50
DEPTH_EVERY = 10


def scans(ground: Ground) -> Findings:
    """Line 5, for as many files as usual."""
    return _scans(ground, ground.sizes.scanned, most_memory=200 * MIB)


def big_scans(ground: Ground) -> Findings:
    """Line 5, for a very large mirror."""
    return _scans(ground, ground.sizes.scanned_big, most_memory=int(1.5 * GIB))


def _scans(ground: Ground, count: int, *, most_memory: int) -> Findings:
    root = ground.room("tree")
    grow(root, count)
    words = [sys.executable, "-m", "tests.benchmarks.scanning", root]
    find = [_find(root) for _ in range(2)]
    told = json.loads(run([*words, str(ground.repeats)]).out)
    find += [_find(root) for _ in range(ground.repeats)]
    ground.clear(root)
    what = f"{count:,} unchanged files"
    ratio = median(told["scans"]) / median(find[1:])
    limit = 0.5 * count / 100_000
    megabytes = told["peak"] / MIB
    return Findings(
        figures=[
            Figure(5, f"scan of {what}, to find", ratio, 3),
            Figure(5, f"peak of it, {what}", megabytes, most_memory / MIB, "MiB"),
            Figure(5, f"planning {what}: CPU", median(told["planning"]), limit, "s"),
        ]
    )


def _find(root: Path) -> float:
    words = ["find", root, "-printf", r"%s %T@ %p\n"]
    return run(words, listens=False).seconds


def grow(root: Path, count: int) -> None:
    """Make that many small files, in folders with some folders inside."""
    for number in range(-(-count // FILES_A_FOLDER)):
        folder = root / f"Measurement {number:05}"
        (folder / "raw").mkdir(parents=True)
        for place in range(min(FILES_A_FOLDER, count - number * FILES_A_FOLDER)):
            below = "raw/" if place % DEPTH_EVERY == 0 else ""
            (folder / f"{below}sample-{place:03}.csv").write_bytes(b"1,2\n")
