"""Downloads over agreed files, noted first: a kill must not pass for a person's edit.

Bytes that a download put in place and had no time to record differ from what both
sides agreed on, as an edit does. But an edit is a person's consent to supersede the
old record, and here nobody gave it: the next process records the agreement instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from figsync.errors import FigsyncError
from figsync.model import Action, Download, KeepBoth, SyncedFile
from figsync.sync.mirror import Mirror

ARRIVING = "arriving"
# Item, agreed record, path, new record, its MD5 and size.
_Row = tuple[str, str, str, str, str, int]


def note(mirror: Mirror, actions: Iterable[Action]) -> None:
    """Write down which records are about to take the place of agreed files."""
    rows = list(_rows(mirror, actions))
    if rows:
        _save(mirror, [*_load(mirror), *rows])


def cross_out(mirror: Mirror, item_id: str) -> None:
    """Note that nothing of an item is on its way any more."""
    before = _load(mirror)
    left = [row for row in before if row[0] != item_id]
    if left != before:
        _save(mirror, left)


def record_arrived(mirror: Mirror) -> None:
    """Record the agreement on what arrived before a kill; nothing else is changed."""
    rows = _load(mirror)
    for item_id, old_id, path, file_id, md5, size in rows:
        file = SyncedFile(path, file_id, md5, size)
        row = mirror.state.files.synced(item_id).get(path)
        is_as_noted = row is not None and row.file_id == old_id
        if is_as_noted and _is_here(mirror, item_id, file):
            mirror.state.files.save_synced(item_id, file)
    if rows:
        _save(mirror, [])


def _load(mirror: Mirror) -> list[_Row]:
    stored = json.loads(mirror.state.settings.get(ARRIVING) or "[]")
    return [tuple(row) for row in stored]


def _save(mirror: Mirror, rows: list[_Row]) -> None:
    mirror.state.settings.set(ARRIVING, json.dumps(rows))


def _rows(mirror: Mirror, actions: Iterable[Action]) -> Iterator[_Row]:
    for action in actions:
        if not isinstance(action, Download | KeepBoth) or action.remote.link:
            continue
        item_id, remote = action.where.item_id, action.remote
        row = mirror.state.files.synced(item_id).get(action.path)
        if row is not None:
            new = remote.path, remote.file_id, remote.md5, remote.size
            yield item_id, row.file_id, *new


def _is_here(mirror: Mirror, item_id: str, file: SyncedFile) -> bool:
    known = mirror.state.items.all().get(item_id)
    if known is None or not known.folder:
        return False
    path = f"{known.folder}/{file.path}"
    try:
        stat = mirror.disk.stat(path)
        if stat is None or (stat.kind, stat.size) != ("file", file.size):
            return False
        return mirror.disk.hash(path).md5 == file.md5
    except FigsyncError:
        return False
