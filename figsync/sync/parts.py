"""The bytes of one upload: its address, its session, its parts, its completion."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial

from figsync.disk import PartBody
from figsync.errors import BadReply, Locked, NotFound, Stale
from figsync.figshare import FileRecord, Part, UploadSession
from figsync.model import LocalFile, Upload
from figsync.naming import shown
from figsync.sync.mirror import Mirror
from figsync.sync.sending import Sending
from figsync.sync.tasks import Task, ask, carry, pause, together

LOCK_TRIES = 5
LOCK_SECONDS = 5.0
PART_SIZE = "part_size"
READ_AT_ONCE = 1 << 20
# What figshare clients saw between the last part and "available".
BEING_CHECKED = frozenset({"ic_checking", "ic_success", "moving_to_final"})


def send_bytes(mirror: Mirror, sending: Sending) -> Task[bool]:
    """Send what is missing and complete; False when the session has ended."""
    record = yield from _with_address(mirror, sending)
    if not _awaits_bytes(mirror, sending.action, record):
        return True
    try:
        weight = _size_if_whole(sending.action.local)
        session = yield from carry(lambda: _sent_or_session(mirror, sending), weight)
    except NotFound:
        return False
    if session is not None and session.status == "ABORTED":
        return False
    if session is not None:
        yield from _send_parts(mirror, sending, session)
    else:
        mirror.progress.moved(sending.action, sending.action.size)
    item_id = sending.action.where.item_id
    yield from ask(lambda: mirror.figshare.complete(item_id, record.id))
    return True


def _size_if_whole(local: LocalFile) -> int:
    """Return how much may be sent without asking for the session: 0 if it is cut."""
    return local.size if local.size <= local.part_size else 0


def _awaits_bytes(mirror: Mirror, action: Upload, record: FileRecord) -> bool:
    """Tell whether bytes are still to be sent; only some statuses are documented."""
    if record.status == "created":
        return True
    transfer = mirror.state.work.transfer(action.where.item_id, action.path)
    sent = transfer is not None and transfer.completed
    begun = sent or record.md5 or record.status in BEING_CHECKED
    return bool(record.upload_url) and not begun


def _with_address(mirror: Mirror, sending: Sending) -> Task[FileRecord]:
    record, item_id = sending.known_record, sending.action.where.item_id
    if sending.lacks_address:
        file_id = record.id
        record = yield from ask(lambda: mirror.figshare.read_new_file(item_id, file_id))
        sending.record = record
    return record


def _sent_or_session(mirror: Mirror, sending: Sending) -> UploadSession | None:
    """Send a file that fits into one part, or return how it is to be cut.

    In one job, so that what a host told the last one spares the next one its question.
    Only a record that is new is sent to unasked: of another one parts may be there.
    """
    action, url = sending.action, sending.known_record.upload_url
    is_new, sending.is_new = sending.is_new, False
    if is_new:
        part, digest = Part(1, 0, action.size - 1), bytes.fromhex(action.local.md5)
        body = _body(mirror, action, part, digest)
        if mirror.figshare.send_whole(url, part, body):
            return None
    return mirror.figshare.upload_session(url)


def _send_parts(mirror: Mirror, sending: Sending, session: UploadSession) -> Task[None]:
    local = sending.action.local
    if session.size != local.size:
        raise BadReply(shown(local.path), "the upload service expects another size")
    digests = yield from part_digests(mirror, sending.action, session)
    missing = [part for part in session.parts if not part.complete]
    done = local.size - sum(part.size for part in missing)
    mirror.progress.moved(sending.action, done)
    results = yield from together(
        [
            _send_part(mirror, sending, part, digests.get(part.number))
            for part in missing
        ]
    )
    for result in results:
        if isinstance(result, BaseException):
            raise result


def part_digests(
    mirror: Mirror, action: Upload, session: UploadSession
) -> Task[dict[int, bytes]]:
    """Return each part's MD5, from the hashing if it cut the file the same way.

    Stale when the file is not what was hashed, BadReply when parts are missing.
    """
    local, size = action.local, 0
    if session.parts:
        size = min(session.parts, key=lambda part: part.number).size
    if len(session.parts) == 1 and size == local.size:
        return {session.parts[0].number: bytes.fromhex(local.md5)}
    path = f"{action.where.folder}/{action.path}"
    if not all(_is_regular(part, size) for part in session.parts):
        read_them = partial(_read_digests, mirror, path, local, session)
        return (yield from carry(read_them, local.size))
    mirror.state.settings.set(PART_SIZE, str(size))
    parts = local.parts
    if local.part_size != size or not parts:
        with mirror.unbroken():
            hash_it = partial(mirror.disk.hash, path, size)
            hashed = yield from carry(hash_it, local.size)
        if hashed.md5 != local.md5:
            raise Stale(shown(action.path), "it changed a moment ago")
        parts = hashed.parts
    return {p.number: parts[16 * p.number - 16 : 16 * p.number] for p in session.parts}


def _is_regular(part: Part, size: int) -> bool:
    return part.start == (part.number - 1) * size and part.size <= size


def _read_digests(
    mirror: Mirror, path: str, local: LocalFile, session: UploadSession
) -> dict[int, bytes]:
    """Return the MD5s of parts that are not all of one size, from one more reading."""
    whole, digests = hashlib.md5(usedforsecurity=False), {}
    with mirror.disk.open(path) as file:
        for part in sorted(session.parts, key=lambda part: part.start):
            if part.start != file.tell():
                raise BadReply(shown(local.path), "its parts leave a gap")
            digest, left = hashlib.md5(usedforsecurity=False), part.size
            while left and (chunk := file.read(min(left, READ_AT_ONCE))):
                whole.update(chunk)
                digest.update(chunk)
                left -= len(chunk)
            digests[part.number] = digest.digest()
    if whole.hexdigest() != local.md5:
        raise Stale(shown(local.path), "it changed a moment ago")
    return digests


def _send_part(
    mirror: Mirror, sending: Sending, part: Part, digest: bytes | None
) -> Task[None]:
    """Send one part; wait and try again while somebody else holds its lock."""
    action, record = sending.action, sending.known_record
    put = partial(_put, mirror, action, record, (part, digest))
    for _ in range(LOCK_TRIES - 1):
        try:
            yield from carry(put, part.size)
        except Locked:
            yield from pause(LOCK_SECONDS)
        else:
            mirror.progress.moved(action, part.size)
            return
    yield from carry(put, part.size)
    mirror.progress.moved(action, part.size)


def _put(
    mirror: Mirror, action: Upload, record: FileRecord, part: tuple[Part, bytes | None]
) -> None:
    piece, digest = part
    body = _body(mirror, action, piece, digest)
    mirror.figshare.send_part(record.upload_url, piece, body)


def _body(
    mirror: Mirror, action: Upload, part: Part, digest: bytes | None
) -> Callable[[], PartBody]:
    """Return what opens a part's bytes, anew for each try."""
    path, stat = f"{action.where.folder}/{action.path}", action.local.stat
    return lambda: mirror.disk.part_body(
        path, part.start, length=part.size, md5=digest, expect=stat
    )
