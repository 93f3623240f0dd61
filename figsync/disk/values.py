"""What the disk tells its callers: values, nothing that touches a file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from figsync.model import FileStat, Kind, LocalFile

# A pipe put in a file's place must not block the open, nor a link be followed.
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
CHUNK = 1 << 20

_KINDS: dict[int, Kind] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "symlink",
}


# A named tuple for the reason FileStat is one: a scan makes a million.
class Entry(NamedTuple):
    """One name in a folder; *stat* is None where the file system would not say."""

    name: str
    stat: FileStat | None


class Remembered(Protocol):
    """What somebody keeps about a *file* that was seen before."""

    @property
    def file(self) -> LocalFile: ...


K = TypeVar("K", bound=Remembered)


class News(NamedTuple, Generic[K]):
    """What is in a folder: the files that are as they were, and all other names.

    *device* is the one that the folder itself is on.
    """

    same: dict[str, K]
    others: list[Entry]
    device: int


class Place(NamedTuple):
    """One name in an open folder, so that no symbolic link can lead elsewhere."""

    folder: int
    name: str


@dataclass(frozen=True, slots=True)
class Hashed:
    """One reading of a file: its MD5 in hex, and 16 bytes of MD5 for each part."""

    md5: str
    size: int
    parts: bytes
    part_size: int
    stat: FileStat


@dataclass(frozen=True, slots=True)
class Installed:
    """A file in its place, and what became of the bytes that were there.

    *displaced* is "" (a new name), a trash id, or the path asked for with `keep_as`;
    *displaced_unexpected* says that a save made in between is what came out.
    *made* are the folders created on the way, outermost first.
    """

    stat: FileStat
    made: tuple[str, ...] = ()
    displaced: str = ""
    displaced_unexpected: bool = False


@dataclass(frozen=True, slots=True)
class Trashed:
    """One file in the trash; *when* is the POSIX time it got there."""

    id: str
    path: str
    when: float
    size: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What this file system can do, found by trying."""

    case_sensitive: bool
    normalises: bool
    can_exchange: bool
    can_noreplace: bool


@dataclass(frozen=True, slots=True)
class RootIdentity:
    """Which folder the root is; device and inode mean something in one process only."""

    device: int
    inode: int
    is_mount: bool


def file_stat(seen: os.stat_result) -> FileStat:
    """Return what figsync keeps of *seen*."""
    return FileStat(
        seen.st_size,
        seen.st_mtime_ns,
        seen.st_ctime_ns,
        seen.st_ino,
        _KINDS.get(stat.S_IFMT(seen.st_mode), "special"),
    )


def entry_of(name: os.DirEntry[str]) -> Entry:
    """Return what stands in a folder under a name, a link itself."""
    try:
        return Entry(name.name, file_stat(name.stat(follow_symlinks=False)))
    except OSError:
        return Entry(name.name, None)


def look(place: Place) -> FileStat | None:
    """Return what is at *place*, a link itself and not its target; None if nothing."""
    try:
        seen = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return file_stat(seen)
