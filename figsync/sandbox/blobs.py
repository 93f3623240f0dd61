"""The bytes of files: one blob a file, written in parts, hashed as they come in."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import IO, Protocol

CHUNK = 1 << 20
_ZEROS = bytes(CHUNK)


class Md5(Protocol):
    """What is used of hashlib's MD5 object."""

    def update(self, chunk: bytes, /) -> None:
        """Take more bytes in."""
        ...

    def hexdigest(self) -> str:
        """Return the digest of the bytes so far."""
        ...


class Blobs:
    """A folder of blobs, named by file id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, file_id: int) -> Path:
        """Return where the bytes of a file are."""
        return self._folder / f"{file_id // 1000}" / f"{file_id}"

    def write(self, file_id: int, content: bytes) -> None:
        """Keep *content* as the whole file."""
        path = self.path(file_id)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def reserve(self, file_id: int, size: int) -> None:
        """Make the blob of a file that is going to be uploaded."""
        self.write(file_id, b"")
        with self.path(file_id).open("r+b") as blob:
            blob.truncate(size)

    def receive(self, file_id: int, offset: int, chunks: Iterator[bytes]) -> int:
        """Write *chunks* from *offset* on and return how many bytes came."""
        at = offset
        with self.path(file_id).open("r+b", buffering=0) as blob:
            for chunk in chunks:
                if not _is_there(blob, at, chunk):
                    blob.seek(at)
                    blob.write(chunk)
                at += len(chunk)
        return at - offset

    def chunks(self, file_id: int, within: range) -> Iterator[bytes]:
        """Yield the bytes of a file whose offsets are *within*."""
        with self.path(file_id).open("rb") as blob:
            blob.seek(within.start)
            yield from read_chunks(blob, len(within))

    def remove(self, file_id: int) -> None:
        """Forget the bytes of a file."""
        self.path(file_id).unlink(missing_ok=True)


def _is_there(blob: IO[bytes], at: int, chunk: bytes) -> bool:
    """Tell whether *chunk* is zeros for a hole: a file of holes takes no room."""
    end = at + len(chunk)
    # Comparing ends at the first byte that is none.
    if chunk != _ZEROS[: len(chunk)] or end > os.fstat(blob.fileno()).st_size:
        return False
    try:
        return os.lseek(blob.fileno(), at, os.SEEK_DATA) >= end
    except OSError:  # nothing but a hole from there on
        return True


def read_chunks(stream: IO[bytes], most: int) -> Iterator[bytes]:
    """Yield what *stream* still has, *most* bytes at most."""
    while most > 0 and (chunk := stream.read(min(CHUNK, most))):
        most -= len(chunk)
        yield chunk


class Digests:
    """The MD5 of each upload as far as its first missing part.

    Parts come in any order and at once; the digest runs after them, so that it is
    nearly done when the upload is completed.  It is only kept in memory: after a
    restart it begins again.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = Lock()
        self._reached: dict[int, tuple[Md5, int]] = {}
        self._busy: dict[int, object] = {}

    def advance(self, file_id: int, to: int) -> None:
        """Hash on up to offset *to*; nothing if another thread is at it."""
        with self._lock:
            if file_id in self._busy:
                return
            claim = self._busy[file_id] = object()
            md5, position = self._reached.pop(file_id, (_new_md5(), 0))
        for chunk in self._blobs.chunks(file_id, range(position, to)):
            md5.update(chunk)
        with self._lock:
            # Another claim or none means: forgotten meanwhile, the bytes changed.
            if self._busy.get(file_id) is claim:
                del self._busy[file_id]
                self._reached[file_id] = (md5, max(position, to))

    def forget(self, file_id: int) -> None:
        """Begin again: bytes that were hashed are about to change, or to go."""
        with self._lock:
            self._reached.pop(file_id, None)
            self._busy.pop(file_id, None)

    def finish(self, file_id: int, size: int) -> str:
        """Return the MD5 of the whole file."""
        with self._lock:
            self._busy.pop(file_id, None)
            md5, position = self._reached.pop(file_id, (_new_md5(), 0))
        for chunk in self._blobs.chunks(file_id, range(position, size)):
            md5.update(chunk)
        return md5.hexdigest()


def _new_md5() -> Md5:
    return hashlib.md5(usedforsecurity=False)


class PartLocks:
    """Which parts are being written just now."""

    def __init__(self) -> None:
        self._held: set[tuple[int, int]] = set()
        self._lock = Lock()

    def take(self, file_id: int, number: int) -> bool:
        """Lock a part; False if it is locked already."""
        with self._lock:
            if (file_id, number) in self._held:
                return False
            self._held.add((file_id, number))
            return True

    def release(self, file_id: int, number: int) -> None:
        """Unlock a part."""
        with self._lock:
            self._held.discard((file_id, number))

    def is_held(self, file_id: int, number: int) -> bool:
        """Tell whether a part is locked."""
        with self._lock:
            return (file_id, number) in self._held
