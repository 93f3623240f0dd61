"""Where disk, state and Figshare disagree on an item, path by path (pure).

Nothing is believed because it was seen before: the files were read again and, if
Figshare was asked, its lists were fetched afresh.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from figsync.model import (
    FileStat,
    LocalFile,
    RemoteFile,
    SyncedFile,
    Unknown,
    Where,
)
from figsync.sync.differences import Difference, Kind
from figsync.sync.room import never_taken


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last scan remembered of a file."""

    stat: FileStat
    md5: str


@dataclass(frozen=True, slots=True)
class Sides:
    """One item as the three sides have it; *remote* is None if it was not asked."""

    where: Where
    local: Mapping[str, LocalFile]
    memory: Mapping[str, Memory]
    synced: Mapping[str, SyncedFile]
    remote: Mapping[str, RemoteFile] | None = None
    by_id: Mapping[str, RemoteFile] = field(default_factory=dict)


def differences(sides: Sides) -> Iterator[Difference]:
    """Yield every path on which the sides disagree, in the order of paths."""
    remote = sides.remote or {}
    for path in sorted(sides.local.keys() | sides.synced.keys() | remote.keys()):
        for kind in _of_path(sides, path):
            yield Difference(kind, sides.where, path, synced=sides.synced.get(path))


def _of_path(sides: Sides, path: str) -> Iterator[Kind]:
    file, row = sides.local.get(path), sides.synced.get(path)
    if file is not None:
        yield from _of_file(sides, file, row)
    elif row is not None:
        yield Kind.MISSING
    if sides.remote is not None:
        yield from _of_record(sides, path, file, row)


def _of_file(sides: Sides, file: LocalFile, row: SyncedFile | None) -> Iterator[Kind]:
    if file.unknown is not None:
        yield from _of_unknown(file.unknown, row)
        return
    memory = sides.memory.get(file.path)
    if memory is not None and _changed_silently(file, memory):
        yield _silent(sides, file, memory, row)
    elif row is not None:
        if row.md5 != file.md5:
            yield Kind.EDITED
    elif file.path in (sides.remote or {}):
        return
    elif not never_taken(file.path, file.size):
        yield Kind.NEW


def _changed_silently(file: LocalFile, memory: Memory) -> bool:
    """Tell whether bytes changed that size and time say are as they were."""
    now, then = file.stat, memory.stat
    same = (now.size, now.mtime_ns) == (then.size, then.mtime_ns)
    return same and memory.md5 not in ("", file.md5)


def _of_unknown(why: Unknown, row: SyncedFile | None) -> Iterator[Kind]:
    if why is Unknown.CONFLICT_COPY:
        yield Kind.CONFLICT
    elif why is Unknown.UNREADABLE:
        yield Kind.UNREADABLE
    elif why is Unknown.NOT_SETTLED:
        yield Kind.MOVING
    elif why is Unknown.NOT_A_FILE and row is not None:
        yield Kind.NOT_A_FILE


def _silent(
    sides: Sides, file: LocalFile, memory: Memory, row: SyncedFile | None
) -> Kind:
    """Name what a file is whose bytes changed and whose size and time did not."""
    if row is None or row.md5 in (file.md5, "") or row.md5 != memory.md5:
        return Kind.WRONG_SUM
    if sides.remote is None:
        return Kind.CHANGED
    here = sides.remote.get(file.path)
    records = [r for r in (sides.by_id.get(row.file_id), here) if r is not None]
    proven = any(r.md5 and r.unknown is None for r in records)
    return Kind.CHANGED if proven else Kind.CHANGED_ALONE


def _of_record(
    sides: Sides, path: str, file: LocalFile | None, row: SyncedFile | None
) -> Iterator[Kind]:
    here = (sides.remote or {}).get(path)
    if row is None:
        if here is not None:
            yield from _unagreed(sides, here, file)
        return
    record = sides.by_id.get(row.file_id)
    if record is None:
        yield Kind.REPLACED if here is not None else Kind.GONE
    elif record.unknown is not None or not record.md5:
        yield Kind.UNPROVEN
    elif (record.md5, record.size) != (row.md5, row.size):
        yield Kind.OTHER_BYTES
    elif here is None:
        yield Kind.MOVED
    elif here.file_id != row.file_id:
        yield Kind.REPLACED


def _unagreed(
    sides: Sides, record: RemoteFile, file: LocalFile | None
) -> Iterator[Kind]:
    """Name what a record is that was never agreed on."""
    if any(row.file_id == record.file_id for row in sides.synced.values()):
        return  # told where it was before
    if record.unknown is not None:
        yield Kind.UNPROVEN
    elif file is None:
        yield Kind.REMOTE_ALONE
    elif file.unknown is None:
        yield Kind.NOT_RECORDED if file.md5 == record.md5 else Kind.BOTH_NEW
