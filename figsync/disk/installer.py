"""Changing the mirror: complete new bytes in the place of complete old ones."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from functools import cached_property
from itertools import count

from figsync.disk.problems import stale, told
from figsync.disk.renames import swap
from figsync.disk.temp import Scratch, TempFile
from figsync.disk.trash import Trash
from figsync.disk.tree import TEMP, TRASH, refuse_own
from figsync.disk.values import Installed, Place, look
from figsync.model import FileStat

_STAYS = frozenset(
    {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EBUSY}
)
_TEMP_NAME = 100


class Installer(Trash):
    """A tree whose files can be replaced; what they replace is kept."""

    _serial = count()

    def temp(self, name: str, path: str = "") -> TempFile:
        """Begin a new file; *path* is where it is meant to go, for messages."""
        unique = self._unique(name)
        path = path or str(self.root / TEMP)
        with told(path):
            with self.folder(TEMP) as folder:
                place = Place(os.dup(folder), unique)
            try:
                mode = self._ordinary_mode
                return TempFile(self.calls, place, mode=mode, path=path)
            except BaseException:
                os.close(place.folder)
                raise

    def scratch(self, name: str, path: str) -> Scratch:
        """Begin a file that never gets a name; *path* is for messages."""
        unique = self._unique(name)
        with told(path), self.folder(TEMP) as folder:
            place = Place(folder, unique)
            file = self.calls.create(place)
            try:
                self.calls.unlink(place)
            except BaseException:
                os.close(file)
                raise
        return Scratch(self.calls, file, name=unique, path=path)

    def _unique(self, name: str) -> str:
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        return f"{plain[:_TEMP_NAME]}.{os.getpid()}.{next(self._serial)}"

    def install(
        self,
        temp: TempFile,
        path: str,
        *,
        expect: FileStat | None,
        mtime: float | None = None,
        keep_as: str = "",
    ) -> Installed:
        """Put *temp* at *path*: a new name if *expect* is None, else in its place.

        The old bytes go to the trash or, in the same instant, to the path *keep_as*.
        Stale, and nothing changed, when *path* is not *expect* or *keep_as* is taken.
        All is on the disk when this returns.
        """
        refuse_own(path, keep_as)
        if expect is not None and expect.kind != "file":
            raise stale(path, "what is there is no file")
        temp.finish(mtime)
        before = temp.stat()
        if expect is None:
            done = self._install_new(temp, path)
        else:
            done = self._install_over(temp, path, expect, keep_as=keep_as)
        # An edit made since must not pass for what was installed.
        after = temp.stat()
        return Installed(after if after.same_file(before) else before, *done)

    def install_new(
        self, temp: TempFile, path: str, *, mtime: float, unsynced: set[str]
    ) -> Installed:
        """Put *temp* at a new name, as `install` does, where many files arrive.

        Its folder is added to *unsynced*: the name is on the disk once `sync_folder`
        was called for it, and before that nobody may be told.
        """
        refuse_own(path)
        temp.finish(mtime)
        before = temp.stat()
        made: list[str] = []
        with told(path), self.at(path, made) as target:
            self.take(temp.place, target, path)
            temp.installed()
        unsynced.add(path.rpartition("/")[0])
        after = temp.stat()
        return Installed(after if after.same_file(before) else before, tuple(made))

    def sync_folder(self, path: str) -> None:
        """Return once the names in a folder are on the disk; Stale when it is gone."""
        with told(path):
            try:
                with self.folder(path) as folder:
                    self.calls.sync_folder(folder)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise stale(path, "this folder is gone") from error

    def _install_new(
        self, temp: TempFile, path: str
    ) -> tuple[tuple[str, ...], str, bool]:
        made: list[str] = []
        with told(path), self.at(path, made) as target:
            self.take(temp.place, target, path)
            temp.installed()
            self.calls.sync_folder(target.folder)
        return tuple(made), "", False

    def _install_over(
        self, temp: TempFile, path: str, expect: FileStat, *, keep_as: str
    ) -> tuple[tuple[str, ...], str, bool]:
        made: list[str] = []
        with told(path):
            try:
                with self.at(path) as target:
                    if look(target) != expect:
                        raise stale(path)
                    spot = self._stage(temp, path, keep_as, made)
                    with self.at(spot) as staged:
                        came_out = swap(self.calls, staged, target, spare=temp.place)
                        temp.installed()
                        self.calls.sync_folder(staged.folder)
                    self.calls.sync_folder(target.folder)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise stale(path, "it is gone") from error
        where = spot.removeprefix(f"{TRASH}/")
        expected = came_out is not None and came_out.same_file(expect)
        return tuple(made), where, not expected

    def _stage(self, temp: TempFile, path: str, keep_as: str, made: list[str]) -> str:
        """Put *temp* where the old bytes shall be, so that one swap does both."""
        if not keep_as:
            return f"{TRASH}/{self.put_in_trash(temp.place, path)}"
        with self.at(keep_as, made) as staged:
            self.take(temp.place, staged, keep_as)
        return keep_as

    def keep_in_trash(self, temp: TempFile, path: str) -> str:
        """Put *temp* into the trash as bytes of *path*, and return its trash id.

        It is on the disk when this returns.
        """
        refuse_own(path)
        temp.finish()
        with told(path):
            trashed = self.put_in_trash(temp.place, path)
            temp.installed()
            with self.at(f"{TRASH}/{trashed}") as there:
                self.calls.sync_folder(there.folder)
        return trashed

    def write_small(
        self, path: str, content: bytes, *, expect: FileStat | None
    ) -> Installed:
        """Write a small file whole, as `install` does."""
        with self.temp("small", path) as temp:
            temp.write(content)
            return self.install(temp, path, expect=expect)

    def move(self, src: str, dst: str, *, expect: FileStat) -> tuple[str, ...]:
        """Rename a file to a new name and return the folders made for it.

        Stale, and nothing changed, when *src* is not *expect* or *dst* is taken.
        """
        return self._move(src, dst, expect)

    def rename_folder(self, src: str, dst: str) -> tuple[str, ...]:
        """Rename a folder to a new name and return the folders made for it.

        Stale, and nothing changed, when *src* is no folder or *dst* is taken.
        """
        expect = self.stat(src)
        if expect is None or expect.kind != "folder":
            raise stale(src, "this folder is gone")
        return self._move(src, dst, expect)

    def _move(self, src: str, dst: str, expect: FileStat) -> tuple[str, ...]:
        refuse_own(src, dst)
        made: list[str] = []
        with told(src):
            try:
                with self.at(src) as old:
                    if look(old) != expect:
                        raise stale(src)
                    with told(dst), self.at(dst, made) as new:
                        self.take(old, new, dst)
                        self._verify(old, new, src, expect=expect)
            except FileNotFoundError as error:
                raise stale(src, "it is gone") from error
        return tuple(made)

    def _verify(self, old: Place, new: Place, path: str, *, expect: FileStat) -> None:
        """Make a rename last, or undo it if what moved is not *expect*."""
        moved = look(new)
        if moved is None or not (
            moved.same_file(expect)
            # A folder changes with what is in it and is the same all the while.
            or (moved.kind == "folder" and moved.inode == expect.inode)
        ):
            self.take(new, old, path)
            raise stale(path)
        self.calls.sync_folder(new.folder)
        self.calls.sync_folder(old.folder)

    def make_folder(self, path: str) -> tuple[str, ...]:
        """Make a folder; return what had to be made, () if it was there."""
        refuse_own(path)
        made: list[str] = []
        with told(path), self.folder(path, made):
            return tuple(made)

    def remove_empty_folders(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Remove those of *paths* that are empty, deepest first; return which went."""
        removed = []
        for path in sorted(paths, key=lambda path: path.count("/"), reverse=True):
            refuse_own(path)
            with told(path):
                try:
                    with self.at(path) as place:
                        self.calls.rmdir(place)
                        self.calls.sync_folder(place.folder)
                except OSError as error:
                    if error.errno not in _STAYS:
                        raise
                else:
                    removed.append(path)
        return tuple(removed)

    @cached_property
    def _ordinary_mode(self) -> int:
        """The permissions a program gives a new file here: umask and default ACL."""
        name = f"mode.{os.getpid()}.{next(self._serial)}"
        with self.folder(TEMP) as folder:
            place = Place(folder, name)
            # The umask can only be read by setting it, for all threads; a folder
            # obeys it as a file does, and the seam makes files for their owner only.
            self.calls.mkdir(place, 0o666)
            try:
                return os.stat(name, dir_fd=folder).st_mode & 0o666
            finally:
                self.calls.rmdir(place)
