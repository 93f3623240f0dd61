"""Downloads over agreed files, noted first: a kill must not pass for a person's edit.

Bytes that a download put in place and had no time to record differ from what both
sides agreed on, as an edit does. But an edit is a person's consent to supersede the
old record, and here nobody gave it: the next process records the agreement instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from figsync.errors import FigsyncError, Interrupted
from figsync.model import Action, Download, KeepBoth, Outcome, SyncedFile
from figsync.sync.mirror import Mirror
from figsync.sync.root import look_at_root

ARRIVING = "arriving"
# Item, agreed record, path, new record, its MD5 and size.
_Row = tuple[str, str, str, str, str, int]


def note(mirror: Mirror, actions: Iterable[Action]) -> None:
    """Write down which records are about to take the place of agreed files."""
    rows = list(_rows(mirror, actions))
    if rows:
        _save(mirror, [*_load(mirror), *rows])


def cross_out(mirror: Mirror, outcomes: Iterable[Outcome]) -> None:
    """Cross out what ended, but for what may have its place and is not recorded.

    So it is when a late save could not be kept; the next cycle looks at the bytes.
    """
    over = {
        (outcome.action.where.item_id, outcome.action.path)
        for outcome in outcomes
        if outcome.result == "done" or not _may_be_here(mirror, outcome.action)
    }
    before = _load(mirror)
    left = [row for row in before if (row[0], row[2]) not in over]
    if left != before:
        _save(mirror, left)


def _may_be_here(mirror: Mirror, action: Action) -> bool:
    if not isinstance(action, Download | KeepBoth):
        return False
    try:
        stat = mirror.disk.stat(f"{action.where.folder}/{action.path}")
    except FigsyncError:
        return True
    return stat is None or stat.size == action.remote.size


def record_arrived(mirror: Mirror) -> None:
    """Record the agreement on what arrived unrecorded; nothing else is changed."""
    rows = _load(mirror)
    left = [row for row in rows if not _is_settled(mirror, row)]
    if left != rows:
        _save(mirror, left)


def _is_settled(mirror: Mirror, row: _Row) -> bool:
    """Settle one row; what can not be read now is asked again later."""
    item_id, old_id, path, file_id, md5, size = row
    agreed = mirror.state.files.synced(item_id).get(path)
    if agreed is None or agreed.file_id != old_id:
        return True
    file = SyncedFile(path, file_id, md5, size)
    try:
        places = _places(mirror, item_id)
        is_here = any(_is_here(mirror, f"{place}/{path}", file) for place in places)
    except Interrupted:
        raise
    except FigsyncError:
        return False
    if is_here:
        mirror.state.files.save_synced(item_id, file)
    return True


def _load(mirror: Mirror) -> list[_Row]:
    stored = json.loads(mirror.state.settings.get(ARRIVING) or "[]")
    return [tuple(row) for row in stored]


def _save(mirror: Mirror, rows: list[_Row]) -> None:
    mirror.state.settings.set(ARRIVING, json.dumps(rows))


def _rows(mirror: Mirror, actions: Iterable[Action]) -> Iterator[_Row]:
    trees: dict[str, dict[str, SyncedFile]] = {}
    for action in actions:
        if not isinstance(action, Download | KeepBoth) or action.remote.link:
            continue
        item_id, remote = action.where.item_id, action.remote
        if item_id not in trees:
            trees[item_id] = mirror.state.files.synced(item_id)
        row = trees[item_id].get(action.path)
        if row is not None:
            new = remote.path, remote.file_id, remote.md5, remote.size
            yield item_id, row.file_id, *new


def _places(mirror: Mirror, item_id: str) -> list[str]:
    """Return where the item's folder is: where it was, or where a person moved it."""
    known = mirror.state.items.find(item_id)
    if known is not None and known.folder and mirror.disk.stat(known.folder):
        return [known.folder]
    folders = look_at_root(mirror).folders.values()
    return [folder.name for folder in folders if folder.record_id == item_id]


def _is_here(mirror: Mirror, path: str, file: SyncedFile) -> bool:
    stat = mirror.disk.stat(path)
    if stat is None or (stat.kind, stat.size) != ("file", file.size):
        return False
    hashed = mirror.disk.hash(path, stop=mirror.asked_to_stop)
    return hashed.md5 == file.md5
