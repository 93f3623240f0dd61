"""Uploads whose proof nobody recorded: concluded before anything is planned."""

from __future__ import annotations

from collections.abc import Mapping

from figsync.errors import DiskProblem, FigsyncError, NotFound
from figsync.model import Mode, SyncedFile, SyncedItem
from figsync.state import Transfer
from figsync.sync.mirror import Mirror
from figsync.sync.tasks import Task, do, together


def finish_uploads(mirror: Mirror) -> Task[None]:
    """Record proven uploads of files that were edited or deleted here since.

    What happened to such a file is no conflict with the bytes this computer sent.
    An upload of a file that still stands is concluded when its turn comes.
    """
    over = [t for t in mirror.state.work.all_transfers() if _has_moved_on(mirror, t)]
    yield from together([_finish(mirror, transfer) for transfer in over])


def _has_moved_on(mirror: Mirror, transfer: Transfer) -> bool:
    known = mirror.state.items.find(transfer.item_id)
    if known is None or known.mode is Mode.EXCLUDED or not transfer.file_id:
        return False
    row = mirror.state.files.local_file(known.folder, transfer.path)
    try:
        stat = mirror.disk.stat(f"{known.folder}/{transfer.path}")
    except DiskProblem:
        return False
    return row is None or row.stat != stat or row.md5 != transfer.md5


def is_excluded(known: Mapping[str, SyncedItem], transfer: Transfer) -> bool:
    """Tell whether an upload is of an item that is mirrored no more."""
    item = known.get(transfer.item_id)
    return item is not None and item.mode is Mode.EXCLUDED


def follows(row: SyncedFile | None, transfer: Transfer) -> bool:
    """Tell whether an upload began from what both sides agree on still."""
    return row is None or row.file_id == transfer.replaces


def _finish(mirror: Mirror, transfer: Transfer) -> Task[None]:
    """Conclude one upload if Figshare proves it now; else leave it as it is."""
    state, item_id = mirror.state, transfer.item_id
    old = state.files.synced(item_id).get(transfer.path)
    if not follows(old, transfer):
        return
    try:
        if not (yield from is_proven(mirror, transfer)):
            return
    except FigsyncError:
        return
    if old is not None:
        file_id = old.file_id
        yield from do(lambda: mirror.figshare.delete_file(item_id, file_id))
    agreed = SyncedFile(transfer.path, transfer.file_id, transfer.md5, transfer.size)
    with state.atomic():
        state.files.save_synced(item_id, agreed)
        state.work.drop_transfer(item_id, transfer.path)
        state.items.invalidate(item_id)


def is_proven(mirror: Mirror, transfer: Transfer) -> Task[bool]:
    """Tell whether the record is available, in its folder, with the bytes sent.

    Raises a FigshareProblem when Figshare does not tell.
    """
    item_id, file_id = transfer.item_id, transfer.file_id
    figshare = mirror.figshare
    try:
        record = yield from do(lambda: figshare.read_file(item_id, file_id))
    except NotFound:
        return False
    if not record.is_available or record.md5 != transfer.md5:
        return False
    item = yield from do(lambda: figshare.read_item(item_id))
    return item.folder_structure.get(file_id, "") == transfer.folder
