"""A file being written in `.figsync/tmp`, not yet part of the mirror."""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import BinaryIO

from figsync.disk.calls import Calls
from figsync.disk.digest import Digest
from figsync.disk.problems import told
from figsync.disk.values import Place, file_stat
from figsync.model import FileStat

# So many bytes at a time begin their way to the disk: `finish` waits for few then.
WRITE_BACK = 8 << 20


class Scratch:
    """A file without a name, for what is read once more: closed, it is gone.

    One thread may close it while another still writes, which then fails.
    """

    def __init__(self, calls: Calls, file: int, *, name: str, path: str) -> None:
        self.size = 0
        self._calls = calls
        self._name = name
        self._path = path
        self._file = os.fdopen(file, "r+b", buffering=0)
        self._lock = Lock()

    def write(self, chunk: bytes) -> None:
        """Append *chunk*; NoRoom when the disk is full."""
        # Its number must not be closed, and be another file's, in between.
        with self._lock, told(self._path):
            self._calls.write(self._file.fileno(), chunk, name=self._name)
        self.size += len(chunk)

    @property
    def file(self) -> BinaryIO:
        """All that was written, for one who seeks and reads."""
        return self._file

    def close(self) -> None:
        """Let go of it; nothing is left on the disk."""
        with self._lock:
            self._file.close()


class TempFile:
    """A file only its owner can read, gone at the end of `with` unless installed."""

    def __init__(self, calls: Calls, place: Place, *, mode: int, path: str) -> None:
        self.place = place
        self.size = 0
        self._calls = calls
        self._mode = mode
        self._path = path
        self._md5 = Digest()
        self._installed = False
        self._finished = False
        self._under_way = 0
        self._file = calls.create(place)

    @property
    def md5(self) -> str:
        """The MD5, in hex, of what was written so far."""
        return self._md5.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append *chunk*; NoRoom when the disk is full."""
        with told(self._path):
            self._calls.write(self._file, chunk, name=self.place.name)
        self._md5.update(chunk)
        self.size += len(chunk)
        self._finished = False
        if self.size - self._under_way >= WRITE_BACK:
            self._calls.begin_sync(self._file, self._under_way, self.size)
            self._under_way = self.size

    def finish(self, mtime: float | None = None) -> None:
        """Return once all bytes are on the disk, with ordinary permissions.

        *mtime* is the modification time to have, in POSIX seconds.
        """
        name = self.place.name
        with told(self._path):
            if mtime is not None:
                self._calls.utime(self._file, round(mtime * 1e9), name=name)
            if not self._finished:
                self._calls.chmod(self._file, self._mode, name=name)
                self._calls.sync(self._file, name=name)
        self._finished = True

    def stat(self) -> FileStat:
        """Return what the file system says of it, wherever it is by now."""
        with told(self._path):
            return file_stat(os.fstat(self._file))

    def installed(self) -> None:
        """Note that it is part of the mirror and stays."""
        self._installed = True

    def __enter__(self) -> TempFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._md5.close()
        os.close(self._file)
        try:
            # What can not be removed now is at the next start: never hide the error.
            with suppress(OSError):
                if not self._installed:
                    self._calls.unlink(self.place)
        finally:
            os.close(self.place.folder)
