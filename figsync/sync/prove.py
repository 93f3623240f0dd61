"""Uploads until they are proven: the server's MD5 equals ours, then the old goes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from figsync.errors import BadBytes, FigsyncError, Refused
from figsync.figshare import FileRecord
from figsync.model import DeleteFirst, Outcome, SyncedFile, Upload
from figsync.naming import shown
from figsync.sync import underway
from figsync.sync.deleting_first import delete_old
from figsync.sync.mirror import Mirror
from figsync.sync.record import Recorder
from figsync.sync.send import (
    FOLDERS_KEPT,
    NOT_KEPT,
    batches,
    discard,
    other_bytes,
    remember_name,
    send,
)
from figsync.sync.sending import Sending
from figsync.sync.tasks import Task, all_of, do, pause, together

BATCH = 64
FIRST_WAIT = 0.1
LONGEST_WAIT = 3.0
PATIENCE = 60.0
BYTES_PER_SECOND = 10 << 20
NO_MD5_FOR = 24 * 3600.0


def upload_all(
    mirror: Mirror, recorder: Recorder, uploads: Sequence[Upload]
) -> Task[list[Outcome]]:
    """Send files and wait for their proofs, some dozens at a time."""
    outcomes: list[Outcome] = []
    alone = [upload for upload in uploads if upload.alone]
    for upload in sorted(alone, key=lambda upload: not _is_open(mirror, upload)):
        if recorder.room_is_taken:
            return outcomes
        outcomes += yield from _upload_some(mirror, recorder, [upload])
        # Its record stands beside the old one and takes the room of the next.
        recorder.room_is_taken = _is_open(mirror, upload)
    rest = [upload for upload in uploads if not upload.alone]
    for batch in batches(mirror, rest, BATCH):
        outcomes += yield from _upload_some(mirror, recorder, batch)
    return outcomes


def _is_open(mirror: Mirror, upload: Upload) -> bool:
    return upload.path in mirror.state.work.transfers(upload.where.item_id)


def _upload_some(
    mirror: Mirror, recorder: Recorder, batch: Sequence[Upload]
) -> Task[list[Outcome]]:
    sendings = [
        Sending(action, approved=recorder.is_approved(action)) for action in batch
    ]
    for sending in sendings:
        _stop_if_hopeless(mirror, recorder, sending)
        yield from _make_room(mirror, sending)
    yield from send(mirror, [s for s in sendings if s.is_open])
    yield from _await_proofs(mirror, sendings)
    yield from together([_prove_by_download(mirror, s) for s in sendings])
    yield from _check_folders(mirror, sendings)
    return (
        yield from all_of(
            [_conclude(mirror, recorder, sending) for sending in sendings]
        )
    )


def _make_room(mirror: Mirror, sending: Sending) -> Task[None]:
    if sending.is_open and isinstance(sending.action, DeleteFirst):
        try:
            with mirror.unbroken():
                yield from delete_old(mirror, sending.action)
        except FigsyncError as problem:
            sending.problem = problem


def _stop_if_hopeless(mirror: Mirror, recorder: Recorder, sending: Sending) -> None:
    """Let an upload fail at once that an earlier one showed to be in vain."""
    path = sending.action.path
    flat = "/" in path and mirror.state.settings.get(FOLDERS_KEPT) == "no"
    try:
        if flat and not recorder.is_approved(sending.action):
            raise Refused(shown(path), NOT_KEPT)
        recorder.check_hosts(sending.action)
    except FigsyncError as problem:
        sending.problem = problem


def _await_proofs(mirror: Mirror, sendings: Sequence[Sending]) -> Task[None]:
    """Poll until every record is available with its MD5, or patience is over.

    What was sent long before this sync is looked at once.
    """
    started = mirror.clock.monotonic()
    size = max((s.action.size for s in sendings), default=0)
    patience = PATIENCE + size / BYTES_PER_SECOND
    wait = FIRST_WAIT
    while waiting := [s for s in sendings if s.is_open]:
        yield from _look(mirror, waiting)
        waits = [_waits_since(mirror, s) for s in waiting if s.is_open]
        if not waits or min(waits) > patience:
            return
        if mirror.clock.monotonic() - started > patience:
            return
        yield from pause(wait)
        wait = min(LONGEST_WAIT, wait * 1.6)


def _waits_since(mirror: Mirror, sending: Sending) -> float:
    """Return for how many seconds all bytes of an upload have been sent."""
    action = sending.action
    transfer = mirror.state.work.transfers(action.where.item_id)[action.path]
    return mirror.clock.now() - transfer.started_at


def _look(mirror: Mirror, waiting: Sequence[Sending]) -> Task[None]:
    """Read the records once: one alone directly, several by one list."""
    item_id = waiting[0].action.where.item_id
    try:
        if len(waiting) == 1:
            file_id = waiting[0].known_record.id
            found = [
                (yield from do(lambda: mirror.figshare.read_file(item_id, file_id)))
            ]
        else:
            listing = yield from do(lambda: mirror.figshare.list_files(item_id))
            found = list(listing.rows)
    except FigsyncError as problem:
        for sending in waiting:
            sending.problem = problem
        return
    records = {record.id: record for record in found}
    for sending in waiting:
        record = records.get(sending.known_record.id)
        if record is not None:
            _judge(sending, record)


def _judge(sending: Sending, record: FileRecord) -> None:
    """Proven is: available, and the server's own MD5 equals the local one."""
    sending.record = record
    if has_wrong_bytes(sending, record):
        sending.problem = other_bytes(sending)
    elif record.md5 and record.is_available:
        sending.proven = True


def _prove_by_download(mirror: Mirror, sending: Sending) -> Task[None]:
    """Let one download decide when Figshare gives no MD5 for a day."""
    if not sending.is_open or not sending.known_record.is_available:
        return
    if _waits_since(mirror, sending) < NO_MD5_FOR:
        return
    record, local = sending.known_record, sending.action.local
    if underway.fetched_in_vain(mirror, record.id):
        return
    nowhere = hashlib.md5(usedforsecurity=False).update
    fetch = partial(
        mirror.figshare.download, record, nowhere, size=local.size, md5=local.md5
    )
    try:
        yield from underway.counted(mirror, record.id, fetch)
    except FigsyncError as problem:
        sending.problem = problem
    else:
        sending.proven = True


def _check_folders(mirror: Mirror, sendings: Sequence[Sending]) -> Task[None]:
    """Read back where files in folders ended up; the answer is never assumed."""
    foldered = [s for s in sendings if s.proven and "/" in s.action.path]
    if not foldered:
        return
    item_id = foldered[0].action.where.item_id
    try:
        item = yield from do(lambda: mirror.figshare.read_item(item_id))
    except FigsyncError as problem:
        for sending in foldered:
            sending.problem, sending.proven = problem, False
        return
    transfers = mirror.state.work.transfers(item_id)
    for sending in foldered:
        wanted = transfers[sending.action.path].folder
        kept = item.folder_structure.get(sending.known_record.id, "")
        if kept == wanted:
            mirror.state.settings.set(FOLDERS_KEPT, "yes")
            continue
        if not kept and not mirror.state.settings.get(FOLDERS_KEPT):
            mirror.state.settings.set(FOLDERS_KEPT, "no")
        sending.proven = False
        sending.problem = Refused(shown(sending.action.path), NOT_KEPT)


def _conclude(mirror: Mirror, recorder: Recorder, sending: Sending) -> Task[Outcome]:
    """Record a proven upload and delete what it supersedes; drop a failed one."""
    action = sending.action
    if not sending.proven and sending.problem is None:
        return recorder.unproven(action)
    try:
        if sending.proven:
            yield from _agree(mirror, sending)
        elif _left_wrong_record(sending):
            mirror.figshare.part_sizes.forget_all()
            transfer = mirror.state.work.transfers(action.where.item_id)[action.path]
            yield from discard(mirror, transfer)
    except FigsyncError as problem:
        sending.problem = sending.problem or problem
    return recorder.ended(action, sending.problem)


def _left_wrong_record(sending: Sending) -> bool:
    problem = sending.problem
    if sending.record is None or problem is None:
        return False
    return isinstance(problem, BadBytes) or problem.cause == NOT_KEPT


def has_wrong_bytes(sending: Sending, record: FileRecord) -> bool:
    """Tell whether the server's own check found other bytes than ours."""
    if record.status == "ic_failure":
        return True
    return bool(record.md5) and record.md5 != sending.action.local.md5


def _agree(mirror: Mirror, sending: Sending) -> Task[None]:
    """Delete the superseded record, then record the new agreement."""
    action, record = sending.action, sending.known_record
    where, local, old = action.where, action.local, action.replaces
    is_gone = isinstance(action, DeleteFirst)
    if old is not None and old.file_id != record.id and not is_gone:
        yield from do(lambda: mirror.figshare.delete_file(where.item_id, old.file_id))
    agreed = SyncedFile(local.path, record.id, local.md5, local.size)
    folder = mirror.state.work.transfers(where.item_id)[action.path].folder
    with mirror.state.atomic():
        mirror.state.files.save_synced(where.item_id, agreed)
        mirror.state.work.drop_transfer(where.item_id, local.path)
        remember_name(mirror, action, folder, record.name)
