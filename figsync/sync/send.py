"""Files up to Figshare in MD5-checked parts, resumable, proven at the end.

The four steps are initiate, parts, complete, wait.  Initiating is the only one
that can make a stray record, so its intent is recorded before and its id after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from figsync.errors import (
    BadBytes,
    FigsyncError,
    NotFound,
    Refused,
    Resting,
    Stale,
    Unreachable,
)
from figsync.figshare import FileRecord
from figsync.model import LocalFile, SyncedFile, Upload
from figsync.naming import remote_path, shown
from figsync.state import Transfer
from figsync.sync.crew import saved
from figsync.sync.finish import follows, is_proven
from figsync.sync.mirror import Mirror
from figsync.sync.parts import send_bytes
from figsync.sync.sending import Sending
from figsync.sync.tasks import Task, ask

SESSION_TRIES = 2
UPLOADS_A_DAY = 2
FOLDERS_KEPT = "folders_kept"
_DOTS = {".", ".."}
IN_VAIN = "it was uploaded twice in 24 hours and is still not there"
NOT_KEPT = "this server does not keep folders; move the files out of sub-folders"


def begin(mirror: Mirror, sending: Sending) -> Task[None]:
    """Find the record of an earlier try, or initiate a new one."""
    action = sending.action
    item_id, path = action.where.item_id, action.path
    transfer = mirror.state.work.transfer(item_id, path)
    if transfer is not None:
        sending.record = yield from _resumed(mirror, action, transfer)
    if sending.record is None:
        yield from _initiate(mirror, sending)


def _resumed(
    mirror: Mirror, action: Upload, transfer: Transfer
) -> Task[FileRecord | None]:
    """Return the record of an unfinished upload if it is good to go on with."""
    if not transfer.file_id:
        transfer = yield from find_lost(mirror, transfer)
    bytes_of = (action.local.md5, action.local.size)
    if not transfer.file_id or (transfer.md5, transfer.size) != bytes_of:
        yield from _clear(mirror, transfer)
        return None
    file_id = transfer.file_id
    try:
        record = yield from ask(
            lambda: mirror.figshare.read_file(transfer.item_id, file_id)
        )
    except NotFound:
        # It may only be hidden still: 404 for an instant was observed.
        yield from discard(mirror, transfer)
        return None
    if record.status == "ic_failure" or _has_other_bytes(record, action.local):
        yield from discard(mirror, transfer)
        return None
    return record


def _clear(mirror: Mirror, transfer: Transfer) -> Task[None]:
    """Delete the record of an upload of other bytes, unless it came to its end.

    Then it is a file like any other: what follows it may supersede it, once proven.
    """
    if not transfer.file_id or not (yield from is_proven(mirror, transfer)):
        yield from discard(mirror, transfer)
        return
    row = mirror.state.files.synced(transfer.item_id).get(transfer.path)
    if follows(row, transfer):
        raise Stale(shown(transfer.path), "what was sent of it before is concluded now")
    mirror.state.work.drop_transfer(transfer.item_id, transfer.path)


def _has_other_bytes(record: FileRecord, local: LocalFile) -> bool:
    return bool(record.md5) and record.md5 != local.md5


def discard(mirror: Mirror, transfer: Transfer) -> Task[None]:
    """Delete a record that an unfinished upload of ours left behind."""
    if transfer.file_id:
        yield from ask(
            lambda: mirror.figshare.delete_file(transfer.item_id, transfer.file_id)
        )
    mirror.state.work.drop_transfer(transfer.item_id, transfer.path)


def find_lost(mirror: Mirror, transfer: Transfer) -> Task[Transfer]:
    """Look for the record that an unanswered request to initiate may have made."""
    item_id = transfer.item_id
    found = yield from ask(lambda: mirror.figshare.read_files(item_id, confirm=True))
    fits = _fitting(mirror, transfer, found.files or ())
    if len(fits) > 1:
        ids = ", ".join(record.id for record in fits)
        raise Refused(
            shown(transfer.path),
            f"several records fit an earlier, unanswered request: {ids}",
            "delete the wrong ones on figshare.com",
        )
    if not fits and not found.complete:
        cause = "Figshare's list is not complete, an earlier request may be answered"
        raise Unreachable(shown(transfer.path), cause, "the next sync asks again")
    if fits and fits[0].folder != transfer.folder:
        yield from discard(mirror, replace(transfer, file_id=fits[0].id))
        return transfer
    if fits:
        transfer = replace(transfer, file_id=fits[0].id)
        _save_begun(mirror, transfer)
    return transfer


def _save_begun(mirror: Mirror, transfer: Transfer) -> None:
    """Record which record an upload goes to; it counts from here, before any byte."""
    name = _upload_name(transfer.item_id, transfer.path, transfer.md5)
    with mirror.state.atomic():
        mirror.state.work.save_transfer(transfer)
        mirror.state.work.add_count("upload", name)


def _fitting(
    mirror: Mirror, transfer: Transfer, records: Iterable[FileRecord]
) -> list[FileRecord]:
    """Return the records that may be this upload's: those in its folder, if any are.

    What lies in the folder of another unfinished upload may be that one's; what has
    its bytes in another folder is somebody's file: nothing was sent without an answer.
    """
    state, item_id = mirror.state, transfer.item_id
    unfinished = state.work.transfers(item_id).values()
    own = {other.file_id for other in unfinished}
    own |= {row.file_id for row in state.files.synced(item_id).values()}
    fits = [
        record
        for record in records
        if (record.name, record.size) == (transfer.name, transfer.size)
        and record.supplied_md5 == transfer.md5
        and record.id not in transfer.known_ids | own
    ]
    elsewhere = {t.folder for t in unfinished if t.path != transfer.path}
    here = [record for record in fits if record.folder == transfer.folder]
    return here or [
        record
        for record in fits
        if record.folder not in elsewhere and not (record.is_available or record.md5)
    ]


def _initiate(mirror: Mirror, sending: Sending) -> Task[None]:
    """Create the record, its intent stored before and its id after."""
    action, work = sending.action, mirror.state.work
    item_id, local = action.where.item_id, action.local
    check_unchanged(mirror, action.where.folder, local)
    if not sending.approved and was_in_vain(mirror, action):
        raise FigsyncError(shown(action.path), IN_VAIN)
    transfer = _intent(mirror, sending)
    yield from saved(lambda: work.save_transfer(transfer))
    try:
        file_id = yield from ask(
            lambda: mirror.figshare.initiate(
                item_id,
                name=transfer.name,
                size=local.size,
                md5=local.md5,
                folder=transfer.folder,
            )
        )
    except (Refused, NotFound, Resting):
        # Only Figshare's own no, or never asking, is certain to have made no record.
        work.drop_transfer(item_id, action.path)
        raise
    mirror.changed.add(item_id)
    begun = replace(transfer, file_id=file_id)
    yield from saved(lambda: _save_begun(mirror, begun))
    sending.record = FileRecord(file_id, transfer.name, local.size, status="created")
    sending.is_new = True


def was_in_vain(mirror: Mirror, action: Upload) -> bool:
    """Tell whether these very bytes were sent to this place too often today."""
    name = _upload_name(action.where.item_id, action.path, action.local.md5)
    return mirror.state.work.count("upload", name) >= UPLOADS_A_DAY


def is_begun(mirror: Mirror, action: Upload) -> bool:
    """Tell whether a record for these bytes stands: going on with it is no new try."""
    transfer = mirror.state.work.transfer(action.where.item_id, action.path)
    same = transfer is not None and transfer.md5 == action.local.md5
    return same and transfer is not None and bool(transfer.file_id)


def _upload_name(item_id: str, path: str, md5: str) -> str:
    return f"{item_id}/{path}:{md5}"


def check_unchanged(mirror: Mirror, folder: str, local: LocalFile) -> None:
    """Raise Stale unless the file is still what the plan saw."""
    if mirror.disk.stat(f"{folder}/{local.path}") != local.stat:
        raise Stale(shown(local.path), "it changed a moment ago")


def _intent(mirror: Mirror, sending: Sending) -> Transfer:
    action = sending.action
    item_id = action.where.item_id
    folder, name = _remote_name(sending)
    return Transfer(
        item_id,
        action.path,
        action.local.md5,
        action.local.size,
        folder,
        name,
        replaces=action.replaces.file_id if action.replaces else "",
        started_at=mirror.clock.now(),
        known_ids=frozenset(record.file_id for record in sending.observed),
    )


def _remote_name(sending: Sending) -> tuple[str, str]:
    """Return folder and name on Figshare: those of the record that is superseded.

    A folder of dots, as other tools make them, would not come out as it went in; a
    record that shows beside its name's owner is followed by one with a name of its own.
    """
    action = sending.action
    old: SyncedFile | None = action.replaces
    for record in sending.observed:
        is_old = old is not None and record.file_id == old.file_id
        is_old = is_old and record.path == action.path
        if is_old and record.name and not _DOTS.intersection(record.folder.split("/")):
            return record.folder, record.name
    folder, _, name = action.path.rpartition("/")
    return folder, name


def transfer(mirror: Mirror, sending: Sending) -> Task[None]:
    """Send the bytes; a session that has ended is replaced once."""
    for tries_left in range(SESSION_TRIES - 1, -1, -1):
        if (yield from send_bytes(mirror, sending)):
            yield from saved(lambda: _mark_completed(mirror, sending.action))
            return
        yield from _drop_session(mirror, sending)
        if tries_left:
            yield from _initiate(mirror, sending)
    path = shown(sending.action.path)
    raise Unreachable(path, "Figshare ended the upload; it is begun again later")


def _mark_completed(mirror: Mirror, action: Upload) -> None:
    """Note that all is sent, and since when the proof is waited for."""
    transfer = mirror.state.work.transfer(action.where.item_id, action.path)
    if transfer is not None and not transfer.completed:
        done = replace(transfer, completed=True, started_at=mirror.clock.now())
        mirror.state.work.save_transfer(done)


def _drop_session(mirror: Mirror, sending: Sending) -> Task[None]:
    action = sending.action
    transfer = mirror.state.work.transfer(action.where.item_id, action.path)
    if transfer is not None:
        yield from discard(mirror, transfer)


def other_bytes(sending: Sending) -> BadBytes:
    """Return the problem of a record that came out with other bytes."""
    path = shown(sending.action.path)
    cause = "it arrived at Figshare with other bytes (another MD5)"
    return BadBytes(path, cause, "the next sync sends it again")


def remember_name(mirror: Mirror, action: Upload, folder: str, name: str) -> None:
    """Remember which remote path the local one stands for."""
    item_id, path = action.where.item_id, action.path
    mirror.state.files.add_name(item_id, remote_path(folder, name), path)
