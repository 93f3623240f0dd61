"""What was seen: files, items and folders on either side, and the merge base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

Kind = Literal["file", "folder", "symlink", "special"]


class Unknown(StrEnum):
    """Why an observation could not establish something; never the same as *gone*."""

    UNREADABLE = "it can not be read; check its permissions and who owns it"
    NOT_SETTLED = "it changed a moment ago"
    IGNORED = "an ignore rule covers it"
    NOT_HASHED = "its MD5 is not computed yet"
    CONFLICT_COPY = "it is a conflict copy"
    NOT_A_FILE = "it is no ordinary file; move it out of the mirror"
    IN_FLIGHT = "somebody is still uploading it"
    UNPROVEN = "Figshare has not computed its MD5 yet"
    NOT_LISTED = "Figshare's list was not complete"
    UNCONFIRMED = "its absence is not confirmed yet"


class FileStat(NamedTuple):
    """What the file system says of a file without reading it; times in nanoseconds.

    A scan makes a million of these, and a named tuple is made three times as fast
    as a frozen dataclass.
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    kind: Kind = "file"

    def same_file(self, other: FileStat) -> bool:
        """Return whether all but ctime agree: a rename changes ctime, a save more."""
        return self._replace(ctime_ns=0) == other._replace(ctime_ns=0)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file below an item folder; *path* is relative to that folder.

    *refusal* is why Figshare can not take it; *unknown* why it has no say this time.
    *parts* are the MD5s (16 bytes each) of consecutive slices of *part_size* bytes.
    """

    path: str
    stat: FileStat
    md5: str = ""
    unknown: Unknown | None = None
    refusal: str = ""
    parts: bytes = field(default=b"", repr=False)
    part_size: int = 0

    @property
    def size(self) -> int:
        return self.stat.size


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A record of an item on Figshare, with the local path that stands for it."""

    path: str
    file_id: str
    size: int
    md5: str
    folder: str = ""
    name: str = ""
    unknown: Unknown | None = None
    link: str = ""
    download_url: str = ""


@dataclass(frozen=True, slots=True)
class SyncedFile:
    """What both sides held at *path* when they last agreed: the merge base."""

    path: str
    file_id: str
    md5: str
    size: int


LocalTree = Mapping[str, LocalFile]
RemoteTree = Mapping[str, RemoteFile]
SyncedTree = Mapping[str, SyncedFile]


class Mode(StrEnum):
    """How much of an item is mirrored."""

    MIRRORED = "mirrored"
    METADATA = "metadata"
    EXCLUDED = "excluded"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A direct sub-folder of the root; *record_id* is what its record claims."""

    name: str
    inode: int
    record_id: str = ""
    unreadable: bool = False


class Presence(StrEnum):
    """What the listings say of an item."""

    LISTED = "listed"
    UNKNOWN = "unknown"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RemoteItem:
    """An item of the account as last observed."""

    item_id: str
    title: str
    presence: Presence
    is_public: bool = False
    file_count: int = 0


@dataclass(frozen=True, slots=True)
class SyncedItem:
    """The item folder and the item that belong together."""

    item_id: str
    folder: str
    inode: int
    title: str
    mode: Mode = Mode.MIRRORED
    named_by_user: bool = False
