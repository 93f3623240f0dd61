"""One item's record and files into the state, absences proven before believed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from figsync.errors import BadReply
from figsync.figshare import (
    NO_SIZE,
    FileRecord,
    Item,
    ItemFiles,
    ItemRow,
    public_record,
)
from figsync.model import RemoteFile, SyncedFile, Unknown
from figsync.naming import assign_paths, local_path, remote_path, shortcut
from figsync.state import Absence, Observed
from figsync.sync.flights import watch_flights
from figsync.sync.mirror import Mirror
from figsync.sync.publication import publication
from figsync.sync.tasks import Task, do, together

MANY_FILES = 10
DIRECT_LOOKS = 20
# An item with files in motion, or not all listed, is read again in the next cycle.
NEVER = 0.0
_LASTING = (None, Unknown.NOT_LISTED, Unknown.UNREADABLE)


def gone(item_id: str) -> str:
    """Return the scope under which proven absences of an item's files are kept."""
    return f"gone:{item_id}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """An item's record and, unless the record alone was asked for, its files."""

    item: Item
    files: tuple[FileRecord, ...] | None
    complete: bool
    whole: bool = True


def look_at_item(
    mirror: Mirror, row: ItemRow, *, date: str, record_only: bool, many: bool
) -> Task[None]:
    """Read an item and store it; *date* is its row's, seen before this reading.

    Raises a FigshareProblem when the item could not be read: it is then unknown.
    """
    if record_only:
        item = yield from do(lambda: mirror.figshare.read_item(row.id))
        _store(mirror, _Seen(item, None, False), None, date, mirror.clock.now())
        return
    seen = yield from _read(mirror, row.id, many=many, confirm=False)
    missing = _missing(mirror, row.id, seen)
    if missing or not seen.whole:
        seen = yield from _read(mirror, row.id, many=many, confirm=True)
        missing = _missing(mirror, row.id, seen)
        yield from _prove(mirror, seen, missing)
    files = _remote_files(mirror, seen)
    watch_flights(mirror, row.id, seen.files or ())
    settled = seen.whole and all(file.unknown in _LASTING for file in files)
    read_at = mirror.clock.now() if settled else NEVER
    _store(mirror, seen, files, date, read_at)


def _read(mirror: Mirror, item_id: str, *, many: bool, confirm: bool) -> Task[_Seen]:
    found: ItemFiles = yield from do(
        lambda: mirror.figshare.read_files(item_id, expect_many=many, confirm=confirm)
    )
    return _Seen(found.item, found.files, found.complete, found.whole)


def _missing(mirror: Mirror, item_id: str, seen: _Seen) -> list[str]:
    """Return the ids that both sides once agreed on and that are not listed now."""
    listed = {record.id for record in seen.files or ()}
    synced = mirror.state.files.synced(item_id)
    return sorted({row.file_id for row in synced.values()} - listed)


def _prove(mirror: Mirror, seen: _Seen, missing: list[str]) -> Task[None]:
    """Note which files are gone: two complete lists, and direct 404s for some."""
    work, item_id = mirror.state.work, seen.item.id
    absent: list[str] = []
    if missing and seen.complete:
        again = yield from do(lambda: mirror.figshare.list_files(item_id, confirm=True))
        listed = {record.id for record in again.rows}
        direct = yield from together(
            [_exists(mirror, item_id, f) for f in missing[:DIRECT_LOOKS]]
        )
        dead = [f for f, e in zip(missing, direct, strict=False) if e is False]
        # A list that lacks a file which answers is not believed about the others.
        believed = missing if len(dead) == len(direct) else dead
        # The sizes of the first list fit the record: those of its equal do too.
        if again.complete and listed == {record.id for record in seen.files or ()}:
            absent = believed
    with mirror.state.atomic():
        for file_id in absent:
            work.save_absence(gone(item_id), file_id, Absence(mirror.clock.now(), 2))
        work.keep_absences(gone(item_id), absent)


def _exists(mirror: Mirror, item_id: str, file_id: str) -> Task[bool]:
    return do(lambda: mirror.figshare.file_exists(item_id, file_id))


def _remote_files(mirror: Mirror, seen: _Seen) -> list[RemoteFile]:
    """Return the item's records with their local paths, unknown ones included."""
    item_id = seen.item.id
    records = seen.files or ()
    paths = local_paths(mirror, item_id, records)
    mirror.state.files.save_names(
        item_id,
        {remote_path(r.folder, _local_name(r)): paths[r.id] for r in records},
    )
    # An id never changes its content: what was proven once stays proven.
    agreed = {r.file_id: r for r in mirror.state.files.synced(item_id).values()}
    proven = {file_id: row.md5 for file_id, row in agreed.items()}
    files = [
        as_remote_file(
            r if r.md5 else replace(r, md5=proven.get(r.id, "")), paths[r.id]
        )
        for r in records
    ]
    return files + list(_not_shown(mirror, seen, agreed))


def local_paths(
    mirror: Mirror, item_id: str, records: Iterable[FileRecord]
) -> dict[str, str]:
    """Return where each record of an item stands on this disk, by its id."""
    return assign_paths(
        [(r.id, r.folder, _local_name(r)) for r in records],
        mirror.state.files.names(item_id),
        portable=mirror.config.mirror.portable_names,
        case_sensitive=mirror.abilities.case_sensitive,
        normalises=mirror.abilities.normalises,
    )


def keep_local_names(mirror: Mirror, item_id: str, folder: str) -> None:
    """Let records have the names that files of their folder bear, portable or not.

    A state that was lost knows no more which names were here before it.
    """
    if not mirror.config.mirror.portable_names:
        return
    files = mirror.state.items.remote_files(item_id)
    taken = {file.path for file in files}
    verbatim = {
        file.path: path
        for file in files
        if not file.link
        and (path := remote_path(file.folder, file.name)) not in taken
        and local_path(file.folder, file.name, portable=False) == path
        and _is_file(mirror, f"{folder}/{path}")
        and not _is_file(mirror, f"{folder}/{file.path}")
    }
    if not verbatim:
        return
    seen = mirror.state.items.observed()[item_id]
    names = mirror.state.files.names(item_id)
    named = {remote: verbatim.get(local, local) for remote, local in names.items()}
    moved = [replace(f, path=verbatim.get(f.path, f.path)) for f in files]
    with mirror.state.atomic():
        mirror.state.files.save_names(item_id, named)
        mirror.state.items.observe(seen, None, moved)


def _is_file(mirror: Mirror, path: str) -> bool:
    stat = mirror.disk.stat(path)
    return stat is not None and stat.kind == "file"


def _local_name(record: FileRecord) -> str:
    """Return the record's name; a linked file is shown as a shortcut to its target."""
    if record.is_link_only and not record.name.endswith(".url"):
        return f"{record.name}.url"
    return record.name


def as_remote_file(record: FileRecord, path: str) -> RemoteFile:
    """Return a record as the planner sees it, at its local path."""
    if record.is_link_only:
        return _linked_file(record, path)
    return RemoteFile(
        path,
        record.id,
        record.size,
        record.md5,
        folder=record.folder,
        name=record.name,
        unknown=_unknown(record),
        download_url=record.download_url,
    )


def _linked_file(record: FileRecord, path: str) -> RemoteFile:
    try:
        content = shortcut(record.download_url)
    except BadReply:
        return RemoteFile(path, record.id, 0, "", unknown=Unknown.UNREADABLE)
    return RemoteFile(
        path,
        record.id,
        len(content),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
        folder=record.folder,
        name=record.name,
        link=record.download_url,
    )


def content_md5(record: FileRecord) -> str:
    """Return the MD5 of a record's file, a shortcut's for a link; "" if not known."""
    return as_remote_file(record, "").md5


def _unknown(record: FileRecord) -> Unknown | None:
    if not record.is_available:
        return Unknown.IN_FLIGHT
    if not record.md5 or record.size == NO_SIZE:
        return Unknown.UNPROVEN
    return None


def _not_shown(
    mirror: Mirror, seen: _Seen, agreed: Mapping[str, SyncedFile]
) -> Iterable[RemoteFile]:
    """Yield what the state knows and this reading lacks, unless it is proven gone."""
    item_id = seen.item.id
    listed = {record.id for record in seen.files or ()}
    proven = mirror.state.work.absences(gone(item_id))
    why = Unknown.UNCONFIRMED if seen.files is not None else Unknown.NOT_LISTED
    for row in agreed.values():
        if row.file_id not in listed and row.file_id not in proven:
            yield RemoteFile(row.path, row.file_id, row.size, row.md5, unknown=why)
    if seen.files is None:
        for file in mirror.state.items.remote_files(item_id):
            if file.file_id not in agreed:
                yield replace(file, unknown=why)


def _store(
    mirror: Mirror,
    seen: _Seen,
    files: list[RemoteFile] | None,
    date: str,
    read_at: float,
) -> None:
    item = seen.item
    observed = Observed(
        item_id=item.id,
        title=item.title,
        row_date=date,
        read_at=read_at,
        is_public=item.is_public,
        file_count=len(files) if files is not None else len(item.files or ()),
        size=item.size or 0,
        created_date=item.created_date or "",
    )
    record = msgspec.json.format(msgspec.json.encode(public_record(item.raw)), indent=2)
    state = mirror.state
    with state.atomic():
        state.items.observe(observed, record, files)
        if seen.files is not None and seen.complete and seen.whole:
            before = state.items.publication(item.id)
            known = publication(item, seen.files, before)
            state.items.save_publication(item.id, known)
