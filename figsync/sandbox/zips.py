"""An item's files as one zip archive, written while it is sent."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase
from typing import Any

from figsync.sandbox.blobs import Blobs
from figsync.sandbox.rows import File
from figsync.sandbox.switches import Switches


@dataclass(frozen=True, slots=True)
class Habits:
    """How a zip is made: the real service's way is not documented.

    *top* is a folder that all is put in, "" for none; *renamed* writes names as some
    programs do, *packed* compresses, *lacking* leaves the first file out, *corrupt*
    changes each file, *cut* ends in the middle.
    """

    top: str = ""
    renamed: bool = False
    packed: bool = False
    lacking: bool = False
    corrupt: bool = False
    cut: bool = False

    @classmethod
    def of(cls, switches: Switches) -> "Habits":
        """Return the habits that the switches ask for."""
        return cls(
            top="files" if switches.zip_top else "",
            renamed=switches.zip_renamed,
            packed=switches.zip_packed,
            lacking=switches.zip_lacking,
            corrupt=switches.corrupt_download,
            cut=switches.truncate_download or switches.break_download,
        )


def zip_chunks(blobs: Blobs, files: list[File], habits: Habits) -> Iterator[bytes]:
    """Yield a zip of *files* in their folders; twins of a path get their id."""
    whole = _whole(blobs, files[1:] if habits.lacking else files, habits)
    if not habits.cut:
        yield from whole
        return
    content = b"".join(whole)
    yield content[: len(content) // 2]


def _whole(blobs: Blobs, files: list[File], habits: Habits) -> Iterator[bytes]:
    drain = _Drain()
    taken: set[str] = set()
    packing = zipfile.ZIP_DEFLATED if habits.packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(drain, "w", packing) as archive:
        for file in files:
            info = zipfile.ZipInfo(_name(file, taken, habits))
            info.compress_type = packing
            with archive.open(info, "w", force_zip64=True) as entry:
                for chunk in blobs.chunks(file.id, range(file.size)):
                    entry.write(_corrupted(chunk) if habits.corrupt else chunk)
                    yield drain.take()
            yield drain.take()
    yield drain.take()


def _name(file: File, taken: set[str], habits: Habits) -> str:
    path = file.path
    if habits.renamed:
        path = re.sub(r"[^\w./-]", "_", path)
    if path in taken:
        path = f"{path} ({file.id})"
    taken.add(path)
    return f"{habits.top}/{path}" if habits.top else path


def _corrupted(chunk: bytes) -> bytes:
    return bytes([chunk[0] ^ 1]) + chunk[1:]


def inside(files: list[File], folder: str) -> list[File]:
    """Return the files that are in *folder* or below, all for an empty one."""
    return [
        file
        for file in files
        if not folder or f"{file.folder}/".startswith(f"{folder}/")
    ]


class _Drain(RawIOBase):
    """A stream that keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any, /) -> int:  # any buffer, as RawIOBase has it
        before = len(self._kept)
        self._kept += chunk
        return len(self._kept) - before

    def take(self) -> bytes:
        taken = bytes(self._kept)
        self._kept.clear()
        return taken
