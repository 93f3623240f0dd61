"""Reading the mirror: folders, files, their checksums, and one part for an upload."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from io import FileIO
from stat import S_ISREG

from figsync.disk.problems import printable, stale, told
from figsync.disk.sums import summing
from figsync.disk.tree import Tree
from figsync.disk.values import (
    FOLDER,
    READ,
    Entry,
    Hashed,
    K,
    News,
    Place,
    entry_of,
    file_stat,
    look,
)
from figsync.errors import DiskProblem, Interrupted
from figsync.model import FileStat

NAMES_AT_ONCE = 4096
FOLDERS_AT_ONCE = 256


def never() -> bool:
    """Tell whether to stop: nobody asks for it."""
    return False


class Reader(Tree):
    """A tree whose files can be read: regular ones only, never a pipe or a device."""

    def entries(self, folder: str) -> list[Entry]:
        """Return every name in *folder* ("" is the root), links not followed.

        Stale when the folder is gone; DiskProblem when it can not be read.
        """
        return self.news(folder, {}).others

    def news(
        self,
        folder: str,
        known: Mapping[str, K],
        *,
        below: str = "",
        stop: Callable[[], bool] = never,
    ) -> News[K]:
        """Return the *known* files that are as they were, and every other name.

        Known are files by a path that for those in *folder* begins with *below*.
        Devices mean something in comparison with each other, and at one time only.
        Stale when the folder is gone; DiskProblem when it can not be read;
        Interrupted when *stop*, asked every few thousand names, says so.
        """
        with told(folder or str(self.root)):
            try:
                with self.folder(folder) as here, os.scandir(here) as names:
                    device = self.calls.device(os.fstat(here))
                    same, others = _compared(names, known, below, stop)
                    return News(same, others, device)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise stale(folder, "this folder is gone") from error

    def bare(
        self,
        folders: Iterable[str],
        but: Collection[str],
        *,
        stop: Callable[[], bool] = never,
    ) -> set[str]:
        """Return those *folders* of the root with nothing *but* these names in them.

        One that can not be looked into is not among them.  DiskProblem when the root
        can not be; Interrupted when *stop*, asked again and again, says so.
        """
        found: set[str] = set()
        with told(str(self.root)), self.folder("") as root:
            for number, folder in enumerate(folders, start=1):
                if not number % FOLDERS_AT_ONCE and stop():
                    raise Interrupted("", "stopped while looking into folders")
                names = _names(Place(root, folder))
                if names is not None and all(name in but for name in names):
                    found.add(folder)
        return found

    def open(self, path: str) -> FileIO:
        """Open a regular file to read, unbuffered.

        Stale when it is gone, DiskProblem when it is something else or unreadable.
        """
        with told(path):
            try:
                with self.at(path) as place:
                    return open_regular(place, path)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise stale(path, "it is gone") from error

    def hash(
        self, path: str, part_size: int = 0, *, stop: Callable[[], bool] = never
    ) -> Hashed:
        """Read *path* once; MD5 of the whole and of each *part_size* bytes (0: none).

        Stale when the file changes meanwhile, Interrupted when *stop* says so.
        """
        with told(path), self.open(path) as file:
            before = file_stat(os.fstat(file.fileno()))
            with summing(part_size, before.size) as sums:
                # A file that somebody appends to for ever is left at its first size.
                while sums.size <= before.size:
                    count = file.readinto(sums.room())
                    if not count:
                        break
                    if stop():
                        raise Interrupted(printable(path), "stopped while reading it")
                    sums.feed(count)
            after = file_stat(os.fstat(file.fileno()))
        if after != before or sums.size != before.size:
            raise stale(path, "it changed while it was read")
        return Hashed(sums.md5, sums.size, sums.parts, part_size, after)

    def part_body(
        self,
        path: str,
        start: int,
        *,
        length: int,
        md5: bytes | None,
        expect: FileStat,
    ) -> PartBody:
        """Open *length* bytes of *path* from *start*; Stale if it is not *expect*."""
        span = range(start, start + length)
        return PartBody(self.open(path), path, span, md5=md5, expect=expect)


class PartBody:
    """One part of a file as a request body; close it when the request is over.

    The last bytes are handed out only when the MD5 of all is right and the file is
    still what it was: else Stale, and the server never has a complete part.
    """

    def __init__(
        self,
        file: FileIO,
        path: str,
        span: range,
        *,
        md5: bytes | None,
        expect: FileStat,
    ) -> None:
        self._file = file
        self._path = path
        self._span = span
        self._next = span.start
        self._md5 = md5
        self._expect = expect
        self._sum = hashlib.md5(usedforsecurity=False)
        self._refuse_another()

    def __len__(self) -> int:
        return len(self._span)

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes, all that is left below 0, b"" at the end."""
        left = self._span.stop - self._next
        wanted = left if size < 0 else min(size, left)
        chunk = self._read(wanted)
        self._sum.update(chunk)
        self._next += wanted
        if 0 < wanted == left:
            self._refuse_another()
            if self._md5 is not None and self._sum.digest() != self._md5:
                self._refuse()
        return chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, wanted: int) -> bytes:
        chunk = b""
        while missing := wanted - len(chunk):
            with told(self._path):
                more = os.pread(self._file.fileno(), missing, self._next + len(chunk))
            if not more:
                self._refuse()
            chunk += more
        return chunk

    def _refuse_another(self) -> None:
        if file_stat(os.fstat(self._file.fileno())) != self._expect:
            self._refuse()

    def _refuse(self) -> None:
        self.close()
        raise stale(self._path, "it changed before it was sent")


def open_regular(place: Place, path: str) -> FileIO:
    """Open a regular file to read; DiskProblem for anything else, left unopened."""
    seen = look(place)
    if seen is not None and seen.kind != "file":
        raise _not_a_file(path, seen)
    file = FileIO(os.open(place.name, READ, dir_fd=place.folder), "rb")
    seen = file_stat(os.fstat(file.fileno()))
    if seen.kind != "file":
        file.close()
        raise _not_a_file(path, seen)
    return file


def _not_a_file(path: str, seen: FileStat) -> DiskProblem:
    kind = {"symlink": "symbolic link", "special": "pipe, socket or device"}
    cause = f"it is a {kind.get(seen.kind, seen.kind)}, not a file"
    return DiskProblem(printable(path), cause, "move it out of the mirror")


def _names(place: Place) -> list[str] | None:
    """Return the names in a folder, None if nobody can look into it."""
    try:
        here = os.open(place.name, FOLDER, dir_fd=place.folder)
    except OSError:
        return None
    try:
        return os.listdir(here)  # noqa: PTH208 - of an open folder
    except OSError:
        return None
    finally:
        os.close(here)


def _compared(
    names: Iterator[os.DirEntry[str]],
    known: Mapping[str, K],
    below: str,
    stop: Callable[[], bool],
) -> tuple[dict[str, K], list[Entry]]:
    """Return the files that are as *known*, and what else there is.

    A million files pass here: nothing is made of one that did not change.
    """
    same: dict[str, K] = {}
    others: list[Entry] = []
    for number, name in enumerate(names, start=1):
        if not number % NAMES_AT_ONCE and stop():
            raise Interrupted("", "stopped while looking through a folder")
        row = known.get(below + name.name)
        if row is None:
            others.append(entry_of(name))
            continue
        try:
            seen = name.stat(follow_symlinks=False)
        except OSError:
            others.append(Entry(name.name, None))
            continue
        file = row.file
        # What `file_stat` makes of it, without making it.
        size, changed, moved = seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
        now = (size, changed, moved, seen.st_ino, "file")
        if now == file.stat and S_ISREG(seen.st_mode):
            same[file.path] = row
        else:
            others.append(Entry(name.name, file_stat(seen)))
    return same, others
