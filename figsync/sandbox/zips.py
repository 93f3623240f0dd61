"""An item's files as one zip archive, written while it is sent."""

import zipfile
from collections.abc import Iterator
from io import RawIOBase
from typing import Any

from figsync.sandbox.blobs import Blobs
from figsync.sandbox.rows import File


def zip_chunks(blobs: Blobs, files: list[File]) -> Iterator[bytes]:
    """Yield a zip of *files* in their folders; twins of a path get their id."""
    drain = _Drain()
    taken: set[str] = set()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            path = file.path if file.path not in taken else f"{file.path} ({file.id})"
            taken.add(path)
            with archive.open(zipfile.ZipInfo(path), "w", force_zip64=True) as entry:
                for chunk in blobs.chunks(file.id, range(file.size)):
                    entry.write(chunk)
                    yield drain.take()
            yield drain.take()
    yield drain.take()


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
