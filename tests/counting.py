"""A disk that counts what is read of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from io import FileIO

from figsync.disk import Disk, Hashed, PartBody
from figsync.disk.reader import never
from figsync.model import FileStat


class CountingDisk(Disk):
    """Counts the bytes that are read of files, and how often one is opened."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk.root, clock=disk.clock)
        self.read: Counter[str] = Counter()
        self.opened = 0

    def open(self, path: str) -> FileIO:
        self.opened += path.endswith(".bin")
        return super().open(path)

    def hash(
        self, path: str, part_size: int = 0, *, stop: Callable[[], bool] = never
    ) -> Hashed:
        hashed = super().hash(path, part_size, stop=stop)
        self.read["hashing"] += hashed.size
        return hashed

    def part_body(
        self,
        path: str,
        start: int,
        *,
        length: int,
        md5: bytes | None,
        expect: FileStat,
    ) -> PartBody:
        self.read["sending"] += length
        return super().part_body(path, start, length=length, md5=md5, expect=expect)
