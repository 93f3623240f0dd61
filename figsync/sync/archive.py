"""A zip from outside, read as what it is: names that mean nothing, bytes unproven.

A name in it only says where to look first.  What counts are size and MD5 of the bytes,
and never are more of them unpacked than the record says.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import BinaryIO

from figsync.errors import BadBytes
from figsync.model import RemoteFile
from figsync.naming import shown

READ_AT_ONCE = 1 << 18
DEEPEST = 16
# So many members of the right size are tried for one record.
TRIES = 4
# Bit 0 of a member's flags: it wants a password.
ENCRYPTED = 0x1
PLAIN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What reading a zip raises that somebody bent: an offset may lead anywhere.
BENT = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)
AGAIN = "it is fetched alone"


class Archive:
    """The members of a zip; BadBytes when the file is none.  Many threads may read."""

    def __init__(self, file: BinaryIO, subject: str, folder: str = "") -> None:
        self._subject = subject
        self._folder = folder
        self._by_size: dict[int, list[zipfile.ZipInfo]] = {}
        self._by_name: dict[str, list[zipfile.ZipInfo]] = {}
        try:
            self._zip = zipfile.ZipFile(file)
            for member in self._zip.infolist():
                self._add(member)
        except BENT as problem:
            raise self._bent(problem) from problem

    def _add(self, member: zipfile.ZipInfo) -> None:
        if member.compress_type not in PLAIN or member.flag_bits & ENCRYPTED:
            return
        self._by_size.setdefault(member.file_size, []).append(member)
        for name in _names(member):
            self._by_name.setdefault(name, []).append(member)

    def candidates(self, record: RemoteFile) -> list[zipfile.ZipInfo]:
        """Return the members that may hold a record's bytes, the likeliest first."""
        path = f"{record.folder}/{record.name}".strip("/")
        below = path.removeprefix(f"{self._folder}/")
        found: dict[int, zipfile.ZipInfo] = {}
        for member in chain(
            self._by_name.get(path, ()),
            self._by_name.get(below, ()),
            self._by_name.get(record.name, ()),
            self._by_size.get(record.size, ()),
        ):
            if member.file_size == record.size:
                found.setdefault(id(member), member)
            if len(found) == TRIES:
                break
        return list(found.values())

    def content(self, record: RemoteFile) -> bytes:
        """Return a record's bytes, proven by size and MD5; BadBytes when it has none.

        They are held in memory: for small files only.
        """
        for member in self.candidates(record):
            content = b"".join(self._read(member, record.size))
            digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if len(content) == record.size and digest == record.md5:
                return content
        raise BadBytes(self._subject, f"it does not hold {shown(record.path)}", AGAIN)

    def _read(self, member: zipfile.ZipInfo, size: int) -> Iterator[bytes]:
        """Yield a member's bytes; BadBytes when they can not be had or are too many."""
        count = 0
        try:
            with self._zip.open(member) as file:
                while chunk := file.read(READ_AT_ONCE):
                    count += len(chunk)
                    if count > size:
                        break
                    yield chunk
        except BENT as problem:
            raise self._bent(problem) from problem
        if count > size:
            raise BadBytes(self._subject, "a file in it is larger than it says", AGAIN)

    def _bent(self, problem: Exception) -> BadBytes:
        cause = f"it can not be read ({type(problem).__name__})"
        return BadBytes(self._subject, cause, AGAIN)


def _names(member: zipfile.ZipInfo) -> Iterator[str]:
    """Yield by which paths to find a member: the whole, and what is below a folder.

    Not every zip says how its names are written, nor where its paths begin.
    """
    texts = {member.filename}
    with suppress(UnicodeError):
        texts.add(member.filename.encode("cp437").decode())
    for text in texts:
        parts = [part for part in text.replace("\\", "/").split("/") if part]
        parts = parts[-DEEPEST:]
        yield from ("/".join(parts[depth:]) for depth in range(len(parts)))
