"""Files that are gone here and stand on Figshare: what of them can come back.

Coming back is a decision of a person: their deletion is refused, their download
approved.  Both are recorded before anything is asked of Figshare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from figsync.disk import Disk
from figsync.errors import FigsyncError, WrongUsage
from figsync.model import (
    Action,
    ActionKey,
    DeleteRemote,
    Download,
    Mode,
    Plan,
    RemoteFile,
    SyncedFile,
    SyncedItem,
    Where,
    WriteRecord,
)
from figsync.naming import IgnoreRules, folder_name, shown
from figsync.state import State
from figsync.sync.look import gone
from figsync.sync.mirror import Mirror
from figsync.sync.rules import with_rules_on_the_way
from figsync.sync.subject import quoted
from figsync.sync.twins import one_record_a_path

_SEE_STATUS = "`figsync status` shows what is mirrored"
_SEE_WHY = "`figsync why {}` tells how it stands"


@dataclass(frozen=True, slots=True)
class Lack:
    """A file that Figshare holds and this computer does not; *path* is in its item.

    *synced* is what both sides once held, None if it was never here.
    """

    item: SyncedItem
    path: str
    record: RemoteFile
    synced: SyncedFile | None = None

    @property
    def full_path(self) -> str:
        return f"{self.item.folder}/{self.path}"

    @property
    def refused(self) -> ActionKey | None:
        """The deletion that must not happen, None where none is to be expected."""
        where = Where(self.item.item_id, self.item.folder)
        return DeleteRemote(where, self.synced).key if self.synced else None

    @property
    def approved(self) -> ActionKey:
        where = Where(self.item.item_id, self.item.folder)
        return Download(where, self.record).key


def lacking(
    state: State, disk: Disk, rules: IgnoreRules, path: str
) -> tuple[Lack, ...]:
    """Return the files at or below *path* that can come back; "." is the root.

    Of an item folder that is gone every file comes back: the others would else look
    like files deleted one by one.  WrongUsage, with the reason, if there is none.
    """
    items = _items_at(state, path)
    if not items:
        raise _unknown(disk, path)
    found: list[Lack] = []
    for item, below in items:
        _check_mirrored(item, path)
        below = below if disk.stat(item.folder) else ""
        found += _of_item(state, disk, item, below)
    if not found:
        raise _nothing_lacks(disk, items, path)
    hidden = _hidden(disk, rules, found)
    if len(hidden) == len(found):
        cause = "an ignore rule covers it, so it is neither fetched nor deleted"
        raise WrongUsage(shown(path), cause, _SEE_WHY.format("PATH"))
    return tuple(lack for lack in found if lack not in hidden)


def _items_at(state: State, path: str) -> list[tuple[SyncedItem, str]]:
    """Return the items that *path* is about, each with the path in its folder."""
    items = state.items.all()
    name, _, below = path.strip("/").partition("/")
    if name in ("", "."):
        whole = (i for i in items.values() if i.mode is Mode.MIRRORED and i.folder)
        return [(item, "") for item in whole]
    named = [i for i in items.values() if (i.folder or folder_name(i.title)) == name]
    if not named and name in items:
        named = [items[name]]
    return [(item, below) for item in named[:1]]


def _check_mirrored(item: SyncedItem, path: str) -> None:
    """Raise WrongUsage unless the files of the item are mirrored."""
    including = f"run `figsync include {item.item_id}`"
    match item.mode:
        case Mode.MIRRORED:
            return
        case Mode.EXCLUDED:
            raise WrongUsage(shown(path), "its item is excluded", including)
        case Mode.METADATA:
            cause = "only the record of its item is mirrored"
            raise WrongUsage(shown(path), cause, including)
        case Mode.ORPHANED:
            cause = "its item was deleted on Figshare"
            raise WrongUsage(shown(path), cause, _from_trash(path))


def _of_item(state: State, disk: Disk, item: SyncedItem, below: str) -> Iterator[Lack]:
    for path, lack in sorted(_on_figshare(state, item).items()):
        inside = not below or path == below or path.startswith(f"{below}/")
        if inside and disk.stat(lack.full_path) is None:
            yield lack


def _on_figshare(state: State, item: SyncedItem) -> dict[str, Lack]:
    """Return every file of the item that Figshare has as far as is known, by path."""
    synced = state.files.synced(item.item_id)
    dead = state.work.absences(gone(item.item_id))
    standing = {path: row for path, row in synced.items() if row.file_id not in dead}
    records = state.items.remote_files(item.item_id)
    shown_as = one_record_a_path(records, {}, synced)
    found = {
        path: Lack(item, path, record)
        for path, record in shown_as.items()
        if record.unknown is None and path not in synced
    }
    by_id = {record.file_id: record for record in records}
    for path, row in standing.items():
        record = shown_as.get(path) or by_id.get(row.file_id) or _as_record(row)
        found[path] = Lack(item, path, replace(record, path=path), row)
    return found


def _as_record(row: SyncedFile) -> RemoteFile:
    return RemoteFile(row.path, row.file_id, row.size, row.md5)


def _hidden(disk: Disk, rules: IgnoreRules, lacks: Iterable[Lack]) -> list[Lack]:
    """Return those that an ignore rule hides."""
    known: dict[str, IgnoreRules] = {}
    hidden: list[Lack] = []
    for lack in lacks:
        folder = lack.full_path.rpartition("/")[0]
        if folder not in known:
            known[folder] = with_rules_on_the_way(disk, rules, folder)
        if known[folder].ignored(lack.full_path, False):
            hidden.append(lack)
    return hidden


def _unknown(disk: Disk, path: str) -> WrongUsage:
    """Return what to say of a path that belongs to no item."""
    if disk.stat(path.strip("/")) is not None:
        cause = "it is here, and Figshare has nothing of it yet"
        return WrongUsage(shown(path), cause, _SEE_WHY.format("PATH"))
    if _is_trashed(disk, path):
        return WrongUsage(shown(path), "Figshare has nothing of it", _from_trash(path))
    return WrongUsage(shown(path), "figsync knows nothing of this name", _SEE_STATUS)


def _nothing_lacks(
    disk: Disk, items: Iterable[tuple[SyncedItem, str]], path: str
) -> WrongUsage:
    """Return why nothing comes back of a path in a mirrored item."""
    places = [f"{item.folder}/{below}".strip("/") for item, below in items]
    seen = [stat for place in places if (stat := disk.stat(place)) is not None]
    if seen and seen[0].kind not in ("file", "folder"):
        cause = "something that is no ordinary file has its name"
        return WrongUsage(shown(path), cause, "move that away, then restore it again")
    if seen:
        whole = "all that Figshare has of it is here already"
        cause = "it is here already" if seen[0].kind == "file" else whole
        return WrongUsage(shown(path), cause, "older versions: figsync trash")
    if _is_trashed(disk, path):
        return WrongUsage(shown(path), "Figshare has nothing of it", _from_trash(path))
    cause = "neither Figshare nor the trash has it, as far as figsync knows"
    return WrongUsage(shown(path), cause, _SEE_STATUS)


def _is_trashed(disk: Disk, path: str) -> bool:
    wanted = path.strip("/")
    if not disk.own_path("trash").is_dir():
        return False
    files = disk.trash_list()
    return any(f"{file.path}/".startswith(f"{wanted}/") for file in files)


def _from_trash(path: str) -> str:
    typed = quoted(shown(path))
    return f"what was here may be in the trash: figsync trash restore {typed}"


def record_restoring(mirror: Mirror, lacks: Iterable[Lack]) -> None:
    """Record that these files come back and are not deleted; make lost item folders.

    The folder comes first: should it all end in between, single missing files
    wait for a new grace period, which is safe.
    """
    lacks = tuple(lacks)
    for item in {lack.item.item_id: lack.item for lack in lacks}.values():
        if mirror.disk.stat(item.folder) is None:
            _remake(mirror, item)
    decisions = mirror.state.decisions
    refused = [key for lack in lacks if (key := lack.refused) is not None]
    with mirror.state.atomic():
        decisions.record("rejected", refused)
        decisions.record("approved", [lack.approved for lack in lacks])
        for item_id in {lack.item.item_id for lack in lacks}:
            mirror.state.items.invalidate(item_id)


def _remake(mirror: Mirror, item: SyncedItem) -> None:
    """Make an item folder that is gone, and take back what was decided without it."""
    state, disk = mirror.state, mirror.disk
    made = disk.make_folder(item.folder)
    if record := state.items.record(item.item_id):
        disk.write_record(item.folder, record)
    stat = disk.stat(item.folder)
    decided = state.decisions.approved() | state.decisions.rejected()
    with state.atomic():
        state.files.add_made_folders(made)
        state.items.save(replace(item, inode=stat.inode if stat else 0))
        for key in decided:
            if (key.kind, key.item_id) == ("DeleteItem", item.item_id):
                state.decisions.settle(key)


def is_here(disk: Disk, path: str) -> bool:
    """Tell whether a file stands at *path*; False where that can not be told."""
    try:
        stat = disk.stat(path)
    except FigsyncError:
        return False
    return stat is not None and stat.kind == "file"


def bringing(plan: Plan) -> Plan:
    """Return what of a plan only brings something here that nothing stands for."""
    return Plan(tuple(action for action in plan.actions if _brings(action)))


def _brings(action: Action) -> bool:
    match action:
        case Download():
            return action.replaces is None
        case WriteRecord():
            return action.is_new
        case _:
            return False
