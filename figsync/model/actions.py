"""What is to be done: one frozen value for each kind of action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from figsync.model.keys import ActionKey, Side, Where
from figsync.model.trees import (
    FileStat,
    LocalFile,
    Mode,
    RemoteFile,
    SyncedFile,
)


@dataclass(frozen=True, slots=True)
class _Action:
    """What all actions share: where, on which path, with how many bytes."""

    where: Where

    deletes: ClassVar[Side] = ""

    @property
    def kind(self) -> str:
        return type(self).__name__

    @property
    def path(self) -> str:
        return ""

    @property
    def size(self) -> int:
        return 0

    @property
    def key(self) -> ActionKey:
        where = self.where
        path = self.path if where.item_id else f"{where.folder}/{self.path}"
        return ActionKey(self.kind, where.item_id, path.strip("/"))


@dataclass(frozen=True, slots=True)
class Upload(_Action):
    """Send a local file; once proven, the record that it *replaces* is deleted.

    *alone*: while no other one is under way, because there is hardly room for both.
    """

    local: LocalFile
    replaces: SyncedFile | None = None
    alone: bool = False

    @property
    def path(self) -> str:
        return self.local.path

    @property
    def size(self) -> int:
        return self.local.size

    @property
    def key(self) -> ActionKey:
        old = self.replaces.file_id if self.replaces else ""
        return ActionKey(self.kind, self.where.item_id, self.path, old, self.local.md5)


@dataclass(frozen=True, slots=True)
class DeleteFirst(Upload):
    """Send a local file for which there is no room until the old record is deleted.

    The old bytes go to the trash of this computer before, and a person approves it.
    """


@dataclass(frozen=True, slots=True)
class _OfRecord(_Action):
    """An action that is about one record on Figshare."""

    remote: RemoteFile

    @property
    def path(self) -> str:
        return self.remote.path

    @property
    def size(self) -> int:
        return self.remote.size

    @property
    def key(self) -> ActionKey:
        item_id, remote = self.where.item_id, self.remote
        return ActionKey(self.kind, item_id, self.path, remote.file_id, remote.md5)


@dataclass(frozen=True, slots=True)
class Download(_OfRecord):
    """Bring a record down; what it *replaces* goes to the trash.

    *source* is an equal local file of the same item that saves the transfer.
    """

    replaces: LocalFile | None = None
    source: LocalFile | None = None


@dataclass(frozen=True, slots=True)
class MoveLocal(_OfRecord):
    """Move a local file to where its record went on Figshare."""

    local: LocalFile


@dataclass(frozen=True, slots=True)
class KeepBoth(_OfRecord):
    """Both sides changed: the record takes the name, the local bytes stay beside it.

    *synced* is what both once held, None if they never agreed.
    """

    local: LocalFile
    synced: SyncedFile | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Adopt(_OfRecord):
    """Both sides hold equal bytes: record it, and delete the record it *supersedes*."""

    local: LocalFile
    supersedes: SyncedFile | None = None


@dataclass(frozen=True, slots=True)
class _OfAgreement(_Action):
    """An action that ends what both sides once agreed on."""

    synced: SyncedFile

    @property
    def path(self) -> str:
        return self.synced.path

    @property
    def size(self) -> int:
        return self.synced.size

    @property
    def key(self) -> ActionKey:
        item_id, synced = self.where.item_id, self.synced
        return ActionKey(self.kind, item_id, self.path, synced.file_id, synced.md5)


@dataclass(frozen=True, slots=True)
class TrashLocal(_OfAgreement):
    """Move a local file to the trash: its record is gone from Figshare."""

    local: LocalFile

    deletes: ClassVar[Side] = "local"


@dataclass(frozen=True, slots=True)
class DeleteRemote(_OfAgreement):
    """Delete the record that the synced row names: its file is gone locally.

    *moved_to* names the path of the same item that holds the same bytes now.
    """

    moved_to: str = ""

    deletes: ClassVar[Side] = "remote"


@dataclass(frozen=True, slots=True)
class Forget(_OfAgreement):
    """Both sides lost the file: drop its synced row."""


@dataclass(frozen=True, slots=True)
class CreateItem(_Action):
    """Make a draft item of a new folder; *where.item_id* is empty."""

    title: str


@dataclass(frozen=True, slots=True)
class LinkFolder(_Action):
    """Record that a folder and an item belong together, and write its record."""

    title: str
    inode: int = 0


@dataclass(frozen=True, slots=True)
class WriteRecord(_Action):
    """Write `.figshare/record.json`, making the item folder where there is none."""

    title: str
    mode: Mode = Mode.MIRRORED
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class RenameFolder(_Action):
    """Give an item folder the name of its item's new title."""

    to: str
    title: str


@dataclass(frozen=True, slots=True)
class SetAsideRecord(_Action):
    """Move a foreign or copied record to the trash: the folder is a new item."""

    record_id: str


@dataclass(frozen=True, slots=True)
class ForgetItem(_Action):
    """Both sides lost the item: drop what the state knows of it."""


@dataclass(frozen=True, slots=True)
class FileAway(_Action):
    """Move a loose file of the root into a folder of its own."""

    name: str
    stat: FileStat

    @property
    def path(self) -> str:
        return self.name

    @property
    def size(self) -> int:
        return self.stat.size


@dataclass(frozen=True, slots=True)
class _OfFiles(_Action):
    """An action on an item that takes its files with it."""

    files: tuple[SyncedFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def key(self) -> ActionKey:
        exact = ",".join(sorted(file.file_id for file in self.files))
        return ActionKey(self.kind, self.where.item_id, "", file_id=exact)


@dataclass(frozen=True, slots=True)
class TrashFolder(_OfFiles):
    """The item is gone from Figshare: its synced, unchanged files go to the trash."""

    local: Mapping[str, LocalFile]

    deletes: ClassVar[Side] = "local"


@dataclass(frozen=True, slots=True)
class DeleteItem(_OfFiles):
    """The item folder is gone: delete the draft item.

    *whole* tells that every record of the item has a synced row that matches;
    otherwise, and for public items, deleting means no more than to stop mirroring.
    """

    whole: bool = True

    @property
    def only_excludes(self) -> bool:
        """Tell whether nothing is deleted on Figshare by it."""
        return self.where.is_public or not self.whole

    @property
    def key(self) -> ActionKey:
        exact = ",".join(sorted(file.file_id for file in self.files))
        how = "exclude" if self.only_excludes else ""
        return ActionKey(self.kind, self.where.item_id, "", exact, how)

    deletes: ClassVar[Side] = "remote"


FileAction = (
    Upload
    | Download
    | MoveLocal
    | TrashLocal
    | DeleteRemote
    | KeepBoth
    | Adopt
    | Forget
)
ItemAction = (
    CreateItem
    | LinkFolder
    | WriteRecord
    | RenameFolder
    | SetAsideRecord
    | FileAway
    | ForgetItem
    | TrashFolder
    | DeleteItem
)
Action = FileAction | ItemAction
