"""Running seeds, one or many, and finding the steps that a failure needs.

`python -m tests.simulation.run SEED` tells a history;
`python -m tests.simulation.run FIRST COUNT` runs many and names those that fail;
with `--daemon` before that, most syncs are done by a daemon that stays up.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.history import History
from tests.simulation.weather import Weather

MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class Result:
    """How a history ended: *problem* is "" if all promises were kept."""

    seed: int
    problem: str = ""
    lines: list[str] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)
    length: int = 0
    weather: Weather = field(default_factory=Weather)

    def __str__(self) -> str:
        skipped = f" without steps {sorted(self.skipped)}" if self.skipped else ""
        return "\n".join([*self.lines, f"seed {self.seed}{skipped}: {self.problem}"])


def run(
    seed: int,
    *,
    skip: Collection[int] = (),
    weather: Weather | None = None,
    daemon: bool = False,
) -> Result:
    """Live through a history in a folder of its own; *daemon* is one that has one."""
    place = MEMORY if MEMORY.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="figsync-", dir=place))
    with _plain_process():
        return _lived(folder, seed, skip, weather, daemon=daemon)


@contextmanager
def _plain_process() -> Iterator[None]:
    """Keep this machine's environment out of histories, and their logs to themselves.

    Each request looks through the environment for proxies, and has none to find.
    """
    environment = dict(os.environ)
    os.environ.clear()
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        os.environ.update(environment)
        logging.disable(logging.NOTSET)


def _lived(
    folder: Path,
    seed: int,
    skip: Collection[int],
    weather: Weather | None,
    *,
    daemon: bool,
) -> Result:
    history = History(folder / "world", seed, skip=skip, weather=weather, daemon=daemon)
    try:
        problem = ""
        try:
            history.run()
        except AssertionError as exc:
            problem = str(exc) or traceback.format_exc()
        except Exception:  # noqa: BLE001  # whatever a bug raises is a finding
            problem = traceback.format_exc()
        lines = [line.replace(str(folder), "") for line in history.trace.lines]
        told = Result(seed, problem, lines, set(skip), history.length)
        told.weather = history.weather
        return told
    finally:
        history.close()
        shutil.rmtree(folder)


def smallest(result: Result, *, weather: Weather | None = None) -> Result:
    """Leave out every step without which the history still fails the same way."""
    weather = weather or result.weather
    for name in weather.dangers():
        calmer = weather.without(name)
        simpler = run(result.seed, weather=calmer)
        if _kind(simpler) == _kind(result):
            result, weather = simpler, calmer
    width = max(1, result.length // 2)
    while True:
        for first in range(0, result.length, width):
            some = set(range(first, first + width)) - result.skipped
            if not some:
                continue
            shorter = run(result.seed, skip=result.skipped | some, weather=weather)
            if _kind(shorter) == _kind(result):
                result = shorter
        if width == 1:
            return result
        width = max(1, width // 2)


def _kind(result: Result) -> str:
    """Return what tells one failure from another."""
    last = result.problem.strip().rpartition("\n")[2]
    return "".join(c for c in last if c.isalpha() or c == " ")[-30:]


def main(arguments: list[str]) -> int:
    daemon = arguments[0] == "--daemon"
    arguments = arguments[daemon:]
    first = int(arguments[0])
    if len(arguments) == 1:
        found = run(first, daemon=daemon)
        print(smallest(found) if found.problem else found)
        return 0
    failed = 0
    for seed in range(first, first + int(arguments[1])):
        result = run(seed, daemon=daemon)
        if result.problem:
            failed += 1
            print(f"seed {seed}: {result.problem.strip().splitlines()[-1]}", flush=True)
    print(f"{failed} of {arguments[1]} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
