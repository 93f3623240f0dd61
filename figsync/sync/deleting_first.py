"""Old record first, new one after: only with approval, and with both versions here.

A crash at any point loses nothing: the old bytes are in the trash, the new ones in
their place, and the next cycle sends them as those of a file gone from Figshare.
"""

from __future__ import annotations

from functools import partial

from figsync.errors import FigsyncError, Refused, Stale
from figsync.figshare import Source
from figsync.model import DeleteFirst, SyncedFile
from figsync.naming import shown
from figsync.sync.mirror import Mirror
from figsync.sync.send import FOLDERS_KEPT, NOT_KEPT, check_unchanged
from figsync.sync.tasks import Task, do
from figsync.sync.underway import counted, fetched_in_vain

FRESH = 3600.0


def delete_old(mirror: Mirror, action: DeleteFirst) -> Task[None]:
    """Delete the record that an approved upload supersedes, once nothing can be lost.

    Stale when the file is not what was approved any more.
    """
    old, path = action.replaces, action.path
    assert old is not None
    if "/" in path and mirror.state.settings.get(FOLDERS_KEPT) == "no":
        raise Refused(shown(path), NOT_KEPT)
    yield from do(lambda: _check_local(mirror, action))
    if not (yield from do(lambda: _is_kept(mirror, action, old))):
        if reason := fetched_in_vain(mirror, old.file_id):
            raise FigsyncError(shown(path), f"its old version: {reason}")
        source = _source(mirror, action.where.item_id, old)
        keep = partial(_keep_old, mirror, _target(action), source, old)
        yield from counted(mirror, old.file_id, keep)
    yield from do(lambda: _check_local(mirror, action))
    item_id = action.where.item_id
    yield from do(lambda: mirror.figshare.delete_file(item_id, old.file_id))
    mirror.changed.add(item_id)


def _check_local(mirror: Mirror, action: DeleteFirst) -> None:
    """Raise Stale unless the file has, read anew, the very bytes that were approved."""
    check_unchanged(mirror, action.where.folder, action.local)
    if mirror.disk.hash(_target(action)).md5 != action.local.md5:
        raise Stale(shown(action.path), "it is not what was approved any more")


def _target(action: DeleteFirst) -> str:
    return f"{action.where.folder}/{action.path}"


def _source(mirror: Mirror, item_id: str, old: SyncedFile) -> Source:
    records = mirror.state.items.remote_files(item_id)
    urls = [r.download_url for r in records if r.file_id == old.file_id]
    return Source(old.file_id, urls[0] if urls else "")


def _keep_old(mirror: Mirror, target: str, source: Source, old: SyncedFile) -> None:
    """Bring the old bytes into the trash, proven; runs in the pool."""
    with (
        mirror.disk.temp(f"old-{old.file_id}", target) as temp,
        mirror.reserve.claimed(old.size, temp, target),
    ):
        mirror.figshare.download(source, temp, size=old.size, md5=old.md5)
        mirror.disk.keep_in_trash(temp, target)


def _is_kept(mirror: Mirror, action: DeleteFirst, old: SyncedFile) -> bool:
    """Tell whether a try of the last hour brought the old bytes into the trash."""
    stamps = mirror.disk.trash_stamps(mirror.clock.now() - FRESH)
    return any(
        file.size == old.size
        and mirror.disk.hash(f".figsync/trash/{file.id}").md5 == old.md5
        for file in mirror.disk.trashed_from(_target(action), stamps)
    )
