"""Uploads until they are proven: the server's MD5 equals ours, then the old goes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import partial

from figsync.errors import BadBytes, FigsyncError, Refused
from figsync.figshare import FileRecord
from figsync.model import DeleteFirst, Outcome, SyncedFile
from figsync.naming import shown
from figsync.state import Transfer
from figsync.sync import underway
from figsync.sync.crew import saved
from figsync.sync.mirror import Mirror
from figsync.sync.record import Recorder
from figsync.sync.send import (
    FOLDERS_KEPT,
    NOT_KEPT,
    discard,
    other_bytes,
    remember_name,
)
from figsync.sync.sending import Sending
from figsync.sync.tasks import Task, ask

FIRST_WAIT = 0.01
LONGEST_WAIT = 3.0
# A look takes a round trip itself: one that came too early costs another.
ROUND_TRIPS = 2
# With a budget each look costs a share of it that could begin another file.
REQUESTS_WORTH = 5
# While other files are sent on, their own requests tell most of the proofs.
FIRST_WAIT_BESIDE = 5.0
LONGEST_WAIT_BESIDE = 60.0
PATIENCE = 60.0
BYTES_PER_SECOND = 10 << 20
NO_MD5_FOR = 24 * 3600.0


def stop_if_hopeless(mirror: Mirror, recorder: Recorder, sending: Sending) -> None:
    """Let an upload fail at once that an earlier one showed to be in vain."""
    path = sending.action.path
    flat = "/" in path and mirror.state.settings.get(FOLDERS_KEPT) == "no"
    try:
        if flat and not recorder.is_approved(sending.action):
            raise Refused(shown(path), NOT_KEPT)
        recorder.check_hosts(sending.action)
    except FigsyncError as problem:
        sending.problem = problem


class Proofs:
    """Sent files of one item whose proof is waited for, each for its own time.

    What was sent long before this sync is looked at once.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._waiting: list[Sending] = []
        rate = mirror.config.transfer.requests_per_second
        answer = min(LONGEST_WAIT, ROUND_TRIPS * mirror.figshare.latency)
        self._first_wait = max(FIRST_WAIT, answer, 1 / rate if rate else 0.0)
        longest = REQUESTS_WORTH / rate if rate else 0.0
        self._longest_wait = max(LONGEST_WAIT, longest)
        self._wait = self._first_wait
        self._wait_beside = FIRST_WAIT_BESIDE

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, sending: Sending) -> None:
        """Wait for the proof of a file all of whose bytes were sent."""
        sending.sent_at = self._mirror.clock.monotonic()
        self._waiting.append(sending)
        self._wait = self._first_wait

    def next_wait(self, *, beside: bool) -> float:
        """Return for how long to wait before the next look, longer each time."""
        if beside:
            wait = self._wait_beside
            self._wait_beside = min(LONGEST_WAIT_BESIDE, wait * 1.6)
            return wait
        wait = self._wait
        self._wait = min(self._longest_wait, wait * 1.6)
        return wait

    def look(self) -> Task[list[Sending]]:
        """Read the records once, one alone directly, several by one list.

        Return those whose waiting is over.
        """
        item_id = self._waiting[0].action.where.item_id
        figshare = self._mirror.figshare
        looked_at = list(self._waiting)
        try:
            if len(looked_at) == 1:
                file_id = looked_at[0].known_record.id
                found = [(yield from ask(lambda: figshare.read_file(item_id, file_id)))]
            else:
                found = list(
                    (yield from ask(lambda: figshare.list_files(item_id))).rows
                )
        except FigsyncError as problem:
            for sending in looked_at:
                sending.problem = sending.problem or problem
            found = []
        return self.told(found, looked_at)

    def told(
        self, records: Iterable[FileRecord], looked_at: Sequence[Sending]
    ) -> list[Sending]:
        """Judge by records that were asked for when these had been sent already.

        Return those whose waiting is over: proven, failed, or out of patience.
        """
        by_id = {record.id: record for record in records}
        present = [s for s in looked_at if s in self._waiting]
        for sending in present:
            record = by_id.get(sending.known_record.id)
            if record is not None and sending.is_open:
                _judge(sending, record)
        over = [s for s in present if not s.is_open or self._is_vain(s)]
        self._waiting = [s for s in self._waiting if s not in over]
        return over

    def waiting(self) -> list[Sending]:
        """Return those that wait now."""
        return list(self._waiting)

    def _is_vain(self, sending: Sending) -> bool:
        patience = PATIENCE + sending.action.size / BYTES_PER_SECOND
        here = self._mirror.clock.monotonic() - sending.sent_at
        return max(here, _waits_since(self._mirror, sending)) > patience


def _waits_since(mirror: Mirror, sending: Sending) -> float:
    """Return for how many seconds all bytes of an upload have been sent."""
    return mirror.clock.now() - _transfer_of(mirror, sending).started_at


def _transfer_of(mirror: Mirror, sending: Sending) -> Transfer:
    action = sending.action
    transfer = mirror.state.work.transfer(action.where.item_id, action.path)
    assert transfer is not None
    return transfer


def _judge(sending: Sending, record: FileRecord) -> None:
    """Proven is: available, and the server's own MD5 equals the local one."""
    sending.record = record
    if has_wrong_bytes(sending, record):
        sending.problem = other_bytes(sending)
    elif record.md5 and record.is_available:
        sending.proven = True


def prove_by_download(mirror: Mirror, sending: Sending) -> Task[None]:
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


def check_folders(mirror: Mirror, sendings: Sequence[Sending]) -> Task[None]:
    """Read back where files in folders ended up; the answer is never assumed."""
    foldered = [s for s in sendings if s.proven and "/" in s.action.path]
    if not foldered:
        return
    item_id = foldered[0].action.where.item_id
    try:
        item = yield from ask(lambda: mirror.figshare.read_item(item_id))
    except FigsyncError as problem:
        for sending in foldered:
            sending.problem, sending.proven = problem, False
        return
    for sending in foldered:
        wanted = _transfer_of(mirror, sending).folder
        kept = item.folder_structure.get(sending.known_record.id, "")
        if kept == wanted:
            mirror.state.settings.set(FOLDERS_KEPT, "yes")
            continue
        if not kept and not mirror.state.settings.get(FOLDERS_KEPT):
            mirror.state.settings.set(FOLDERS_KEPT, "no")
        sending.proven = False
        sending.problem = Refused(shown(sending.action.path), NOT_KEPT)


def conclude(mirror: Mirror, recorder: Recorder, sending: Sending) -> Task[Outcome]:
    """Record a proven upload and delete what it supersedes; drop a failed one."""
    action = sending.action
    if not sending.proven and sending.problem is None:
        return (yield from saved(lambda: recorder.unproven(action)))
    try:
        if sending.proven:
            yield from _delete_superseded(mirror, sending)
            return (yield from saved(lambda: _agreed(mirror, recorder, sending)))
        if _left_wrong_record(sending):
            mirror.figshare.part_sizes.forget_all()
            yield from discard(mirror, _transfer_of(mirror, sending))
    except FigsyncError as problem:
        sending.problem = sending.problem or problem
    return (yield from saved(lambda: recorder.ended(action, sending.problem)))


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


def _delete_superseded(mirror: Mirror, sending: Sending) -> Task[None]:
    action = sending.action
    old, is_gone = action.replaces, isinstance(action, DeleteFirst)
    if old is not None and old.file_id != sending.known_record.id and not is_gone:
        item_id, file_id = action.where.item_id, old.file_id
        yield from ask(lambda: mirror.figshare.delete_file(item_id, file_id))


def _agreed(mirror: Mirror, recorder: Recorder, sending: Sending) -> Outcome:
    """Record the new agreement, and how the action ended."""
    action, record, local = sending.action, sending.known_record, sending.action.local
    item_id = action.where.item_id
    agreed = SyncedFile(local.path, record.id, local.md5, local.size)
    folder = _transfer_of(mirror, sending).folder
    mirror.state.files.save_synced(item_id, agreed)
    mirror.state.work.drop_transfer(item_id, local.path)
    remember_name(mirror, action, folder, record.name)
    return recorder.ended(action)
