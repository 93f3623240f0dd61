"""Every call that changes the disk, in one place where a test can stop or refuse it."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from figsync.disk.values import Place

T = TypeVar("T")

_LIBC = ctypes.CDLL(None, use_errno=True)
_SYNC_RANGE = getattr(_LIBC, "sync_file_range", None)
if _SYNC_RANGE is not None:
    _SYNC_RANGE.argtypes = (
        ctypes.c_int,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_uint,
    )
_BEGIN_WRITING = 2
_NOREPLACE = 1
_EXCHANGE = 2

# What file systems answer that know a kind of rename, or a folder's fsync, not at all.
LACKING = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})


class Calls:
    """The system calls that change the disk; a test overrides `before` and `after`.

    *call* is the name of the method; *name* is the name in its folder.
    An OSError raised by `before` is the call's failure.
    """

    def before(self, call: str, name: str) -> None:
        """Called before each change."""

    def after(self, call: str, name: str) -> None:
        """Called after each change that worked."""

    def device(self, seen: os.stat_result) -> int:
        """Return the device of what was seen: a mounted disk is one of its own."""
        return seen.st_dev

    def free_bytes(self, folder: int) -> int:
        """Return how many bytes a user may still write on a folder's file system."""
        room = os.fstatvfs(folder)
        return room.f_bavail * room.f_frsize

    def create(self, place: Place) -> int:
        """Open a new file that only its owner can read, for writing and reading."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return self._do(
            "create",
            place.name,
            lambda: os.open(place.name, flags, 0o600, dir_fd=place.folder),
        )

    def write(self, file: int, chunk: bytes, *, name: str) -> None:
        """Write all of *chunk*."""
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._do("write", name, partial(os.write, file, rest)) :]

    def begin_sync(self, file: int, start: int, end: int) -> None:
        """Let bytes of an open file begin their way to the disk, if that can be asked.

        It promises nothing: `sync` does, which then has less to wait for.
        """
        if _SYNC_RANGE is not None:
            _SYNC_RANGE(file, start, end - start, _BEGIN_WRITING)

    def chmod(self, file: int, mode: int, *, name: str) -> None:
        """Set the permissions of an open file or folder."""
        self._do("chmod", name, lambda: os.fchmod(file, mode))

    def utime(self, file: int, mtime_ns: int, *, name: str) -> None:
        """Set the modification time of an open file."""
        self._do("utime", name, lambda: os.utime(file, ns=(mtime_ns, mtime_ns)))

    def sync(self, file: int, *, name: str) -> None:
        """Return once the bytes of an open file are on the disk."""
        self._do("sync", name, lambda: os.fsync(file))

    def sync_folder(self, folder: int, *, name: str = ".") -> None:
        """Return once the names in *folder* are on the disk, if that can be asked."""
        try:
            self._do("sync_folder", name, lambda: os.fsync(folder))
        except OSError as error:
            if error.errno not in LACKING:
                raise

    def mkdir(self, place: Place, mode: int = 0o777) -> None:
        """Make a folder with the permissions the umask leaves of *mode*."""
        self._do(
            "mkdir",
            place.name,
            lambda: os.mkdir(place.name, mode, dir_fd=place.folder),  # noqa: PTH102
        )

    def rmdir(self, place: Place) -> None:
        """Remove an empty folder."""
        self._do("rmdir", place.name, lambda: os.rmdir(place.name, dir_fd=place.folder))

    def unlink(self, place: Place) -> None:
        """Remove a name of a file."""
        self._do(
            "unlink", place.name, lambda: os.unlink(place.name, dir_fd=place.folder)
        )

    def link(self, old: Place, new: Place) -> None:
        """Give a file a second name; FileExistsError when that is taken."""
        self._do(
            "link",
            new.name,
            lambda: os.link(
                old.name,
                new.name,
                src_dir_fd=old.folder,
                dst_dir_fd=new.folder,
                follow_symlinks=False,
            ),
        )

    def rename(self, old: Place, new: Place) -> None:
        """Rename, replacing what is at *new*."""
        self._do(
            "rename",
            new.name,
            lambda: os.rename(
                old.name, new.name, src_dir_fd=old.folder, dst_dir_fd=new.folder
            ),
        )

    def rename_new(self, old: Place, new: Place) -> None:
        """Rename; FileExistsError when *new* is taken, an errno of LACKING."""
        self._do("rename_new", new.name, lambda: _renameat2(old, new, _NOREPLACE))

    def exchange(self, one: Place, other: Place) -> None:
        """Swap two names in one instant, or fail with an errno of LACKING."""
        self._do("exchange", other.name, lambda: _renameat2(one, other, _EXCHANGE))

    def _do(self, call: str, name: str, act: Callable[[], T]) -> T:
        self.before(call, name)
        result = act()
        self.after(call, name)
        return result


def _renameat2(old: Place, new: Place, flag: int) -> None:
    call = getattr(_LIBC, "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    here, there = os.fsencode(old.name), os.fsencode(new.name)
    if call(old.folder, here, new.folder, there, ctypes.c_uint(flag)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), new.name)
