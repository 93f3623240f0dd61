"""The mirror root and the way to every name below it, no symbolic link followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from figsync.clock import Clock
from figsync.disk.calls import Calls
from figsync.disk.problems import linked, printable, problem, told
from figsync.disk.values import FOLDER, Place, RootIdentity, file_stat, look
from figsync.errors import DiskProblem
from figsync.model import FileStat

OWN = ".figsync"
TEMP = f"{OWN}/tmp"
TRASH = f"{OWN}/trash"
RECORD_FOLDER = ".figshare"


class Tree:
    """A folder whose names are reached one by one from its root.

    Paths are relative to the root, with slashes, and never leave it.
    """

    def __init__(self, root: Path, *, clock: Clock, calls: Calls | None = None) -> None:
        try:
            self.root = root.resolve()
        except (OSError, RuntimeError) as error:
            raise linked(str(root)) from error
        self.clock = clock
        self.calls = calls or Calls()
        self._pinned: tuple[int, int] | None = None

    def identity(self) -> RootIdentity:
        """Look at the root afresh; from now on work in this very folder alone.

        DiskProblem when it is missing, a file, or a symbolic link.
        """
        self._pinned = None
        with told(str(self.root)), self.folder("") as root:
            seen = os.fstat(root)
            return RootIdentity(seen.st_dev, seen.st_ino, self._is_mount(seen))

    def _is_mount(self, root: os.stat_result) -> bool:
        above = os.stat(self.root.parent)  # noqa: PTH116 - beside an open folder's
        is_top = (above.st_dev, above.st_ino) == (root.st_dev, root.st_ino)
        return is_top or self.calls.device(above) != self.calls.device(root)

    def device(self, path: str) -> int:
        """Return the device that the folder *path* is on; "" is the root."""
        with told(path or str(self.root)), self.folder(path) as folder:
            return self.calls.device(os.fstat(folder))

    def free_bytes(self) -> int:
        """Return how many bytes a user may still write on the root's file system."""
        with told(str(self.root)), self.folder("") as root:
            return self.calls.free_bytes(root)

    def stat(self, path: str) -> FileStat | None:
        """Return what is at *path*; None when nothing is, never for an error."""
        with told(path):
            if not path:
                with self.folder("") as root:
                    return file_stat(os.fstat(root))
            try:
                with self.at(path) as place:
                    return look(place)
            except (FileNotFoundError, NotADirectoryError):
                return None

    @contextmanager
    def at(self, path: str, made: list[str] | None = None) -> Iterator[Place]:
        """Yield the place of *path*; with *made*, make its folders and note them."""
        if not _parts(path):
            raise _no_path(path)
        parent, _, name = path.rpartition("/")
        with self.folder(parent, made) as folder:
            yield Place(folder, name)

    @contextmanager
    def folder(self, path: str, made: list[str] | None = None) -> Iterator[int]:
        """Yield *path* opened; with *made*, make what is missing and note it there."""
        here = self._open_root()
        try:
            for depth, name in enumerate(parts := _parts(path), start=1):
                inner = self._enter(Place(here, name), "/".join(parts[:depth]), made)
                os.close(here)
                here = inner
            yield here
        finally:
            os.close(here)

    def _enter(self, place: Place, path: str, made: list[str] | None) -> int:
        try:
            return os.open(place.name, FOLDER, dir_fd=place.folder)
        except NotADirectoryError as error:
            seen = look(place)
            if seen is not None and seen.kind == "symlink":
                raise linked(path) from error
            raise
        except FileNotFoundError:
            if made is None:
                raise
        self._make(place, path, made)
        return os.open(place.name, FOLDER, dir_fd=place.folder)

    def _make(self, place: Place, path: str, made: list[str]) -> None:
        try:
            self.calls.mkdir(place)
        except FileExistsError:
            return
        made.append(path)
        self.calls.sync_folder(place.folder)

    def _open_root(self) -> int:
        try:
            root = os.open(self.root, FOLDER)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._root_problem("the mirror root is not there") from error
        except OSError as error:
            raise problem(str(self.root), error) from error
        seen = os.fstat(root)
        if self._pinned not in (None, (seen.st_dev, seen.st_ino)):
            os.close(root)
            raise self._root_problem("another folder took the mirror root's place")
        self._pinned = (seen.st_dev, seen.st_ino)
        return root

    def _root_problem(self, cause: str) -> DiskProblem:
        remedy = "mount it or put it back; nothing was changed"
        return DiskProblem(printable(str(self.root)), cause, remedy)


def own(path: str) -> bool:
    """Return whether *path* lies in figsync's own folder, however it is written."""
    return path.partition("/")[0].casefold() == OWN


def refuse_own(*paths: str) -> None:
    """Raise DiskProblem when one of *paths* is figsync's own."""
    for path in paths:
        if own(path):
            cause = f"{OWN} belongs to figsync itself"
            raise DiskProblem(printable(path), cause, "choose another name")


def _no_path(path: str) -> DiskProblem:
    cause = "it is no path in the mirror"
    return DiskProblem(printable(path), cause, "choose another name")


def _parts(path: str) -> list[str]:
    """Return the names in *path*; DiskProblem for one that could lead elsewhere."""
    if not path:
        return []
    names = path.split("/")
    if any(name in ("", ".", "..") or "\0" in name for name in names):
        raise _no_path(path)
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise DiskProblem(
            printable(path), "this disk can not hold it", "rename it"
        ) from error
    return names
