"""Run the benchmarks: `python -m tests.benchmarks --help`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.budget import budget
from tests.benchmarks.capacity import capacity
from tests.benchmarks.ground import QUICK, Ground, Sizes
from tests.benchmarks.idle import idle
from tests.benchmarks.memory import sparse_up
from tests.benchmarks.results import Findings
from tests.benchmarks.rivals import install_pyfigshare
from tests.benchmarks.scans import big_scans, scans
from tests.benchmarks.table import README, markdown, update
from tests.benchmarks.transfers import down, large_up, small_up

Benchmark = Callable[[Ground], Findings]

LINES: dict[str, Benchmark] = {
    "capacity": capacity,
    "1": large_up,
    "2": small_up,
    "3": down,
    "4": idle,
    "5": scans,
    "5-big": big_scans,
    "6": sparse_up,
    "7": budget,
}
BIG = ("5-big",)
RACED = ("1", "2", "3")


def main(words: Sequence[str] | None = None) -> int:
    """Run what was asked for, print the tables, and return the exit code."""
    asked = _parser().parse_args(words)
    asked.lines = asked.lines or [name for name in LINES if name not in BIG]
    rivals = set(RACED) & set(asked.lines) and not asked.without_pyfigshare
    pyfigshare = install_pyfigshare() if rivals else None
    with TemporaryDirectory(prefix="figsync-benchmarks-", dir=asked.folder) as name:
        sizes = QUICK if asked.quick else Sizes()
        ground = Ground(Path(name), sizes, asked.repeats, pyfigshare)
        findings = run_lines(asked.lines, ground)
    findings.about.insert(0, _surroundings(ground))
    text = markdown(findings)
    print(f"\n{text}")
    if asked.update_readme and not findings.failed:
        update(README, text)
    return 1 if findings.failed else 0


def run_lines(names: Sequence[str], ground: Ground) -> Findings:
    """Run the named benchmarks one after the other."""
    findings = Findings()
    for name in names:
        try:
            found = LINES[name](ground)
        except Exception:  # one that fails must not cost the figures of the others
            findings.failed.append(name)
            traceback.print_exc()
            continue
        findings.add(found)
        if ground.speaks:
            print(f"\n{markdown(found)}", flush=True)
    return findings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument(
        "lines",
        nargs="*",
        metavar="LINE",
        help=f"which to run of {', '.join(LINES)}; all but the last of 5 by default",
    )
    told = "how often each is run; the medians count (default 5)"
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help=told)
    told = "much smaller sizes, to see whether it all works"
    parser.add_argument("--quick", action="store_true", help=told)
    told = "where to work: mirrors and the sandbox's files (default: temporary files)"
    parser.add_argument("--folder", metavar="FOLDER", help=told)
    told = "leave pyfigshare out, which is installed from PyPI otherwise"
    parser.add_argument("--without-pyfigshare", action="store_true", help=told)
    told = "put the tables into README.md"
    parser.add_argument("--update-readme", action="store_true", help=told)
    return parser


def _surroundings(ground: Ground) -> str:
    version = ground.pyfigshare.version if ground.pyfigshare else "none"
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"medians of {ground.repeats}, pyfigshare {version}."
    )


if __name__ == "__main__":
    sys.exit(main())
