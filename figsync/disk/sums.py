"""The MD5 of a whole file and of its parts, from one reading."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from figsync.disk.values import CHUNK

# Below this a second thread costs more than it saves.
WORTH_A_THREAD = 8 << 20
BUFFERS = 3


class Sums:
    """MD5 of the whole and of its parts; fill `room` and `feed` what came."""

    def __init__(self, part_size: int, size: int) -> None:
        self.size = 0
        self._whole = hashlib.md5(usedforsecurity=False)
        # A file of one part would be summed twice for the same result.
        self._single = 0 < size <= part_size
        self._parts = None if self._single or not part_size else _Parts(part_size)
        self._room = memoryview(bytearray(min(CHUNK, size + 1)))

    def room(self) -> memoryview:
        """Return where to put the next bytes."""
        return self._room

    def feed(self, count: int) -> None:
        """Sum the first *count* bytes of the room."""
        self.size += count
        self._whole.update(self._room[:count])
        if self._parts is not None:
            self._parts.feed(self._room[:count])

    @property
    def md5(self) -> str:
        return self._whole.hexdigest()

    @property
    def parts(self) -> bytes:
        if self._parts is None:
            return self._whole.digest() if self._single else b""
        return self._parts.digests


class SumsBeside(Sums):
    """The same by two threads at once: the second one sums the parts."""

    def __init__(self, part_size: int, size: int) -> None:
        super().__init__(part_size, size)
        self._free: SimpleQueue[memoryview] = SimpleQueue()
        self._full: SimpleQueue[tuple[memoryview, int] | None] = SimpleQueue()
        for _ in range(BUFFERS):
            self._free.put(memoryview(bytearray(CHUNK)))
        name = "figsync-parts"
        self._beside = threading.Thread(target=self._sum_parts, name=name, daemon=True)
        self._beside.start()

    def room(self) -> memoryview:
        self._room = self._free.get()
        return self._room

    def feed(self, count: int) -> None:
        self.size += count
        self._full.put((self._room, count))
        self._whole.update(self._room[:count])

    def end(self) -> None:
        """Wait until all parts are summed."""
        self._full.put(None)
        self._beside.join()

    def _sum_parts(self) -> None:
        assert self._parts is not None
        while (given := self._full.get()) is not None:
            room, count = given
            self._parts.feed(room[:count])
            self._free.put(room)


class _Parts:
    """MD5 of each part in turn."""

    def __init__(self, part_size: int) -> None:
        self._part = hashlib.md5(usedforsecurity=False)
        self._part_size = part_size
        self._filled = 0
        self._done = bytearray()

    def feed(self, chunk: memoryview) -> None:
        while chunk:
            piece = chunk[: self._part_size - self._filled]
            self._part.update(piece)
            self._filled += len(piece)
            chunk = chunk[len(piece) :]
            if self._filled == self._part_size:
                self._end_part()

    def _end_part(self) -> None:
        self._done += self._part.digest()
        self._part = hashlib.md5(usedforsecurity=False)
        self._filled = 0

    @property
    def digests(self) -> bytes:
        return bytes(self._done) + (self._part.digest() if self._filled else b"")


@contextmanager
def summing(part_size: int, size: int) -> Iterator[Sums]:
    """Yield sums for a file of *size* bytes; they are to be asked for afterwards."""
    if not part_size or size <= max(part_size, WORTH_A_THREAD):
        yield Sums(part_size, size)
        return
    sums = SumsBeside(part_size, size)
    try:
        yield sums
    finally:
        sums.end()
