"""Processes of their own that share nothing with the tests but the disk."""

from __future__ import annotations

import gc
import os
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass

DEAD = 86
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Child:
    """How a forked process ended, and what it said."""

    code: int
    said: str


def forked(act: Callable[[Say], None]) -> Child:
    """Let a process of its own *act*, given what to speak with, and wait for its end.

    It ends by `os._exit` in any case: no clean-up code runs.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Idle threads that other tests left behind hold no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        gc.disable()  # it would only copy the memory of the parent
        _live(act, lambda said: _write(writer, said))
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        said = told.read().decode()
    _, status = os.waitpid(child, 0)
    return Child(os.waitstatus_to_exitcode(status), said)


def _live(act: Callable[[Say], None], say: Say) -> None:
    code = 1
    try:
        act(say)
        code = 0
    except BaseException:  # noqa: BLE001  # told to the parent, who judges it
        say(traceback.format_exc())
    finally:
        os._exit(code)


def _write(file: int, said: str) -> None:
    rest = said.encode()
    while rest:
        rest = rest[os.write(file, rest) :]
