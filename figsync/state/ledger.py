"""The file beside the database where processes share what they may ask of hosts."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 64 * 1024


class RequestLedger:
    """A few bytes that survive a kill of any process, and are changed by one at a time.

    Their folder is never made here, and a disk that refuses them is no failure.  One
    that is *read_only* changes nothing: who asks then has to do without the burst.
    """

    def __init__(self, database: Path, *, read_only: bool = False) -> None:
        self.path = database.with_name(f"{database.name}-pace")
        self.read_only = read_only
        # Threads of one process would all hold one lock of the file.
        self._lock = threading.Lock()

    def read(self) -> bytes | None:
        """Return what is written, b"" if nothing is, None if it has no place."""
        try:
            return self.path.read_bytes()[:LONGEST]
        except FileNotFoundError:
            writable = os.access(self.path.parent, os.W_OK | os.X_OK)
            return b"" if writable else None
        except OSError:
            return None

    def change(self, change: Callable[[bytes], bytes]) -> bool:
        """Replace what is written, nobody else in between; tell whether it was."""
        if self.read_only:
            return False
        try:
            with self._lock, self._opened() as file:
                before = os.pread(file, LONGEST, 0)
                # What is shorter is filled up: no instant must show half of it.
                os.pwrite(file, change(before).ljust(len(before)), 0)
                if len(before) == LONGEST:
                    os.ftruncate(file, LONGEST)
        except OSError:
            return False
        return True

    @contextmanager
    def _opened(self) -> Iterator[int]:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)
