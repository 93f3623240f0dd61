"""Items and their folders: made, linked, named, filed away, deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from figsync.disk import Disk
from figsync.errors import (
    BadReply,
    Interrupted,
    Refused,
    Resting,
    Stale,
    TooMany,
    Unreachable,
)
from figsync.model import (
    CreateItem,
    DeleteItem,
    FileAway,
    FileStat,
    ForgetItem,
    LinkFolder,
    Mode,
    RenameFolder,
    SetAsideRecord,
    SyncedItem,
    TrashFolder,
    WriteRecord,
)
from figsync.naming import fold, folder_name, shown, split_extension, unique_name
from figsync.sync.claims import record_id
from figsync.sync.look import content_md5
from figsync.sync.mirror import Mirror
from figsync.sync.root import holds_anything, is_half_made
from figsync.sync.tasks import Task, do
from figsync.sync.underway import bring_back
from figsync.sync.walk import RECORD_FOLDER

FILED = "filed:"
COPY_CHUNK = 1 << 20
# After these the item may exist although no reply said so.
UNSURE = (Unreachable, BadReply, TooMany)


def create_item(mirror: Mirror, action: CreateItem) -> Task[None]:
    """Make the draft of a folder; the intent outlives a reply that is lost."""
    state, folder = mirror.state, action.where.folder
    stat = _folder_stat(mirror, folder)
    known = state.items.observed_ids()
    state.work.add_create_intent(folder, action.title, known)
    try:
        item_id = yield from do(lambda: mirror.figshare.create_item(action.title))
    except UNSURE:
        raise
    except (Refused, Resting):
        state.work.drop_create_intent(folder)
        raise
    with state.atomic():
        named = folder_name(action.title) != folder
        item = SyncedItem(item_id, folder, stat.inode, action.title)
        state.items.save(replace(item, named_by_user=named))
        state.work.drop_create_intent(folder)
    mirror.made.add(item_id)


def link_folder(mirror: Mirror, action: LinkFolder) -> Task[None]:
    """Record that a folder and an item belong together."""
    where, state = action.where, mirror.state
    stat = _folder_stat(mirror, where.folder)
    named = folder_name(action.title) != where.folder
    item = SyncedItem(where.item_id, where.folder, stat.inode, action.title)
    with state.atomic():
        state.items.save(replace(item, named_by_user=named))
        state.work.drop_create_intent(where.folder)
    _write_record(mirror, where.item_id, where.folder)
    yield from ()


def write_record(mirror: Mirror, action: WriteRecord) -> Task[None]:
    """Write an item's record, with its folder where there is none yet."""
    where, state = action.where, mirror.state
    if action.is_new:
        stat = make_item_folder(mirror, where.folder)
        item = SyncedItem(where.item_id, where.folder, stat.inode, action.title)
        state.items.save(replace(item, mode=action.mode))
    _write_record(mirror, where.item_id, where.folder)
    yield from ()


def _write_record(mirror: Mirror, item_id: str, folder: str) -> None:
    record = mirror.state.items.record(item_id)
    if record:
        mirror.disk.write_record(folder, record)


def free_folder(mirror: Mirror, title: str, key: str) -> str:
    """Return a name for an item's folder that no other has; *key* makes it unique."""
    known = {item.folder for item in mirror.state.items.all().values()} - {""}
    names = {entry.name for entry in mirror.disk.entries("")} - known
    taken = known | {name for name in names if not is_half_made(mirror, name)}
    return unique_name(folder_name(title), {fold(name) for name in taken}, key)


def bare_folder(mirror: Mirror, name: str) -> FileStat | None:
    """Return the folder of this name that no item has and nothing is in, or None."""
    folders = {fold(item.folder) for item in mirror.state.items.all().values()}
    stat = mirror.disk.stat(name)
    if stat is None or stat.kind != "folder" or fold(name) in folders:
        return None
    is_claimed = mirror.disk.read_record(name) is not None
    return None if is_claimed or holds_anything(mirror, name) else stat


def make_item_folder(mirror: Mirror, folder: str) -> FileStat:
    """Make a new folder in the root, or take the one an interrupted sync made."""
    if mirror.disk.stat(folder) is None:
        mirror.state.files.add_made_folders([folder])
        mirror.disk.make_folder(folder)
    elif not is_half_made(mirror, folder):
        raise Stale(shown(folder), "a folder of this name was just made")
    return _folder_stat(mirror, folder)


def _folder_stat(mirror: Mirror, folder: str) -> FileStat:
    stat = mirror.disk.stat(folder)
    if stat is None or stat.kind != "folder":
        raise Stale(shown(folder), "this folder was moved or deleted a moment ago")
    return stat


def rename_folder(mirror: Mirror, action: RenameFolder) -> Task[None]:
    """Give a folder the name of its item's new title."""
    where, state = action.where, mirror.state
    known = state.items.all()[where.item_id]
    mirror.disk.rename_folder(where.folder, action.to)
    with state.atomic():
        state.files.rename_folder(where.folder, action.to)
        state.items.save(replace(known, folder=action.to, title=action.title))
    yield from ()


def set_aside_record(mirror: Mirror, action: SetAsideRecord) -> Task[None]:
    """Take a record out of a folder, which is a new item from then on."""
    mirror.disk.set_aside_record(action.where.folder)
    if action.where.item_id:
        mirror.state.items.drop(action.where.item_id)
    yield from ()


def forget_item(mirror: Mirror, action: ForgetItem) -> Task[None]:
    """Drop what the state knows of an item."""
    mirror.state.items.drop(action.where.item_id)
    yield from ()


def file_away(mirror: Mirror, action: FileAway) -> Task[None]:
    """Move a loose file into a folder of its own, or over the one filed before."""
    disk, name = mirror.disk, action.name
    if disk.stat(name) != action.stat:
        raise Stale(shown(name), "it changed a moment ago")
    folder = _filed_folder(mirror, name)
    filed = disk.stat(f"{folder}/{name}") if folder else None
    if folder and filed is not None and filed.kind == "file":
        yield from do(
            lambda: put_over(disk, name, f"{folder}/{name}", expect=action.stat)
        )
        return
    stem, _ = split_extension(name)
    folder = free_folder(mirror, stem, name)
    inode = make_item_folder(mirror, folder).inode
    mirror.state.settings.set(FILED + name, f"{inode}/{folder}")
    disk.move(name, f"{folder}/{name}", expect=action.stat)


def _filed_folder(mirror: Mirror, name: str) -> str:
    """Return the folder that a loose file was filed in, renamed or not, or ""."""
    inode, _, folder = mirror.state.settings.get(FILED + name).partition("/")
    for entry in mirror.disk.entries("") if folder else ():
        stat = entry.stat
        if stat and (stat.kind, str(stat.inode)) == ("folder", inode):
            return entry.name
    return folder


def put_over(
    disk: Disk,
    source: str,
    target: str,
    *,
    expect: FileStat,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Give *target* the bytes of *source*; old bytes and *source* go to the trash.

    A save of *target* made at that very instant stays beside it, as a conflict copy.
    Interrupted when *stop* says so; done again, it comes to the same end.
    """
    md5 = disk.hash(source, stop=stop).md5
    with disk.temp("filed", target) as temp:
        with disk.open(source) as file:
            while chunk := file.read(COPY_CHUNK):
                if stop():
                    raise Interrupted(shown(source), "stopped while copying it")
                temp.write(chunk)
        if temp.md5 != md5:
            raise Stale(shown(source), "it changed a moment ago")
        installed = disk.install(temp, target, expect=disk.stat(target))
    if installed.displaced_unexpected:
        bring_back(disk, installed.displaced, target)
    disk.trash(source, expect, md5=md5, stop=stop)


def trash_folder(mirror: Mirror, action: TrashFolder) -> Task[None]:
    """Trash the unchanged files of an item that is gone; all else stays, held."""
    where, state = action.where, mirror.state
    for row in action.files:
        yield from _trash(mirror, action, row.path, row.md5)
        with state.atomic():
            state.files.drop_synced(where.item_id, row.path)
            state.files.save_local(where.folder, [], [row.path])
    if not holds_anything(mirror, where.folder):
        mirror.disk.set_aside_record(where.folder)
        remove_made_folders(mirror, where.folder)
        state.items.drop(where.item_id)
        return
    known = state.items.all()[where.item_id]
    with state.atomic():
        # What a kill left here was in the trash already.
        for path in state.files.synced(where.item_id):
            if mirror.disk.stat(f"{where.folder}/{path}") is None:
                state.files.drop_synced(where.item_id, path)
        state.items.save(replace(known, mode=Mode.ORPHANED))


def _trash(mirror: Mirror, action: TrashFolder, path: str, md5: str) -> Task[str]:
    target = f"{action.where.folder}/{path}"
    stat = action.local[path].stat
    return do(lambda: mirror.disk.trash(target, stat, md5=md5))


def remove_made_folders(mirror: Mirror, below: str) -> None:
    """Remove the empty folders that figsync itself made, *below* and under it."""
    made = mirror.state.files.made_folders()
    own = [path for path in made if path == below or path.startswith(f"{below}/")]
    own.append(f"{below}/{RECORD_FOLDER}")
    gone = mirror.disk.remove_empty_folders(own)
    mirror.state.files.drop_made_folders(gone)


def delete_item(mirror: Mirror, action: DeleteItem) -> Task[None]:
    """Delete a draft whose files are all synced; stop mirroring any other item."""
    where, state = action.where, mirror.state
    if _is_back(mirror, action):
        raise Stale(shown(where.folder), "the folder is back")
    check_not_wanted(mirror, where.folder)
    if action.only_excludes:
        exclude(mirror, where.item_id)
        return
    found = yield from do(
        lambda: mirror.figshare.read_files(where.item_id, confirm=True)
    )
    agreed = {row.file_id: row.md5 for row in action.files}
    listed = {record.id: content_md5(record) for record in found.files or ()}
    if found.item.is_public:
        exclude(mirror, where.item_id)
        return
    if found.files is None or not found.complete or not _is_whole(listed, agreed):
        state.items.invalidate(where.item_id)
        raise Stale(shown(where.folder), "the item changed on Figshare")
    yield from do(lambda: mirror.figshare.delete_item(where.item_id))
    state.items.drop(where.item_id)


def _is_whole(listed: Mapping[str, str], agreed: Mapping[str, str]) -> bool:
    """Tell whether the records are those that were agreed on, as far as MD5s tell."""
    same = (not md5 or md5 == agreed.get(i) for i, md5 in listed.items())
    return listed.keys() == agreed.keys() and all(same)


def check_not_wanted(mirror: Mirror, path: str) -> None:
    """Raise Stale if a person asked meanwhile for something to come back.

    The next cycle knows what; until then nothing is deleted on Figshare.
    """
    if mirror.state.decisions.is_requested("restore"):
        raise Stale(shown(path), "a person wants something back")


def _is_back(mirror: Mirror, action: DeleteItem) -> bool:
    """Tell whether the item's folder stands there again, not another of its name.

    Without a record it is the same if its inode or the bytes of one file are.
    """
    where, disk = action.where, mirror.disk
    stat = disk.stat(where.folder)
    if stat is None:
        return False
    claimed = record_id(disk.read_record(where.folder))
    if claimed or stat.inode == mirror.state.items.all()[where.item_id].inode:
        return claimed in ("", where.item_id)
    files = ((f"{where.folder}/{row.path}", row) for row in action.files)
    return any(
        found.kind == "file" and disk.hash(path).md5 == row.md5
        for path, row in files
        if (found := disk.stat(path)) is not None
    )


def exclude(mirror: Mirror, item_id: str, *, folder: str = "") -> None:
    """Stop mirroring an item; *folder* is where unsynced files of it remain.

    What is half sent is remembered, so that nothing of it stays on Figshare.
    """
    state = mirror.state
    known = state.items.all()[item_id]
    half_sent = state.work.transfers(item_id).values()
    with state.atomic():
        state.items.drop(item_id)
        state.items.save(replace(known, mode=Mode.EXCLUDED, folder=folder))
        for transfer in half_sent:
            state.work.save_transfer(transfer)
