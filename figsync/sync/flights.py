"""Uploads of somebody else that never come to their end: left alone, but named.

Such a record is neither present nor gone.  Any other status than the one it had is
progress; the parts of a foreign upload are nobody else's to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from figsync.model import RemoteFile, Unknown
from figsync.state import Absence

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.figshare import FileRecord
    from figsync.sync.mirror import Mirror

FLIGHTS = "flights"
PATIENCE = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Stalled:
    """A record that somebody else left unfinished, and what to do about it."""

    folder: str
    path: str
    reason: str


_WHY = {
    Unknown.IN_FLIGHT: "somebody began to upload it and has not gone on for 7 days;"
    " delete it on figshare.com if nobody will",
    Unknown.UNPROVEN: "Figshare has computed no MD5 for it in 7 days, so it is not"
    " fetched; upload it again on figshare.com",
}


def watch_flights(mirror: Mirror, item_id: str, records: Iterable[FileRecord]) -> None:
    """Note since when each unfinished record of an item has stood as it does."""
    work = mirror.state.work
    own = {transfer.file_id for transfer in work.transfers(item_id).values()}
    flying = {
        f"{item_id} {record.id} {record.status}"
        for record in records
        if record.id not in own and not record.is_link_only and not _is_whole(record)
    }
    known = work.absences(FLIGHTS)
    before = {name for name in known if name.split()[0] == item_id}
    if flying == before:
        return
    with mirror.state.atomic():
        for name in flying - before:
            work.save_absence(FLIGHTS, name, Absence(mirror.clock.now(), 1))
        work.keep_absences(FLIGHTS, (known.keys() - before) | flying)


def _is_whole(record: FileRecord) -> bool:
    return record.is_available and bool(record.md5)


def stalled_uploads(mirror: Mirror) -> list[Stalled]:
    """Return the records that have stood unfinished for seven days."""
    late = mirror.clock.now() - PATIENCE
    found = mirror.state.work.absences(FLIGHTS).items()
    old = {name: seen for name, seen in found if seen.first_seen <= late}
    return sorted(_named(mirror, old), key=lambda file: (file.folder, file.path))


def _named(mirror: Mirror, names: Iterable[str]) -> Iterator[Stalled]:
    items = mirror.state.items.all()
    for name in names:
        item_id, file_id, _ = name.split(" ", 2)
        if item_id not in items:
            continue
        for record in mirror.state.items.remote_files(item_id):
            if record.file_id == file_id and record.unknown in _WHY:
                yield _left_out(items[item_id].folder, record)


def _left_out(folder: str, record: RemoteFile) -> Stalled:
    assert record.unknown is not None
    return Stalled(folder, record.path, _WHY[record.unknown])
