"""Programs run to their end, with what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

PYTHON = (sys.executable, "-P")


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: seconds, of which *cpu* computing; *peak* is in bytes.

    The peak is an upper bound: the kernel counts that of the starting process too.
    """

    seconds: float
    cpu: float
    peak: int
    out: str


class Failed(Exception):
    """A program of a benchmark ended badly."""


def run(
    words: Sequence[str | Path],
    *,
    environ: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
    listens: bool = True,
) -> Run:
    """Run a program to its end; Failed, with what it said, if it ends otherwise.

    What says very much is not listened to: keeping it would cost time and memory.
    """
    with TemporaryFile() as out, TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=out if listens else subprocess.DEVNULL,
            stderr=err,
            env=None if environ is None else dict(environ),
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said = [_text(file) for file in (out, err)]
    if process.returncode not in codes:
        name = " ".join(str(word) for word in words[:4])
        raise Failed(f"{name}: code {process.returncode}\n{said[0]}{said[1]}")
    cpu = used.ru_utime + used.ru_stime
    return Run(seconds, cpu, used.ru_maxrss << 10, said[0])


def _text(file: object) -> str:
    assert hasattr(file, "seek") and hasattr(file, "read")
    file.seek(0)
    return str(file.read().decode(errors="replace"))
