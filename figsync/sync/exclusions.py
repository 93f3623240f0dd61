"""Which items are not mirrored whole, kept in the root too: it outlives the state.

Excluded items, those whose record alone is mirrored, and those deleted on Figshare
whose files wait for a person: a rebuilt state must not fetch or send their files.
"""

from __future__ import annotations

import json

import msgspec

from figsync.model import Mode, SyncedItem
from figsync.sync.mirror import Mirror
from figsync.sync.root import look_at_root

EXCLUSIONS = "exclusions.json"


class _Exclusion(msgspec.Struct, omit_defaults=True):
    """An item that is not mirrored whole; *folder* is where files of it are."""

    item_id: str
    title: str = ""
    folder: str = ""
    mode: Mode = Mode.EXCLUDED


def restore_exclusions(mirror: Mirror) -> None:
    """Let a state that was rebuilt know what was excluded before."""
    if mirror.dry_run and not mirror.disk.root.exists():
        return
    known = mirror.state.items.all()
    lost = [one for one in _stored(mirror) if one.item_id not in known]
    claims = _claims(mirror) if lost else {}
    for exclusion in lost:
        item = _item(mirror, exclusion, claims.get(exclusion.item_id, ""))
        if item.folder or item.mode is Mode.EXCLUDED:
            mirror.state.items.save(item)


def keep_exclusions(mirror: Mirror) -> None:
    """Write the present exclusions into the root, if they changed."""
    excluded = [
        _Exclusion(item.item_id, item.title, item.folder, item.mode)
        for item in mirror.state.items.all().values()
        if item.mode is not Mode.MIRRORED
    ]
    if excluded != _stored(mirror):
        # Names that are not UTF-8 have a place in JSON as it is written here only.
        content = json.dumps(msgspec.to_builtins(excluded), indent=2)
        mirror.disk.write_own(EXCLUSIONS, content.encode() + b"\n")


def _stored(mirror: Mirror) -> list[_Exclusion]:
    content = mirror.disk.read_own(EXCLUSIONS)
    try:
        return msgspec.json.decode(content or b"[]", type=list[_Exclusion])
    except msgspec.MsgspecError:
        return _with_odd_names(content or b"[]")


def _with_odd_names(content: bytes) -> list[_Exclusion]:
    try:
        return msgspec.convert(json.loads(content), list[_Exclusion])
    except (ValueError, RecursionError):
        return []


def _claims(mirror: Mirror) -> dict[str, str]:
    """Return the folder of each item whose record a folder of the root holds."""
    folders = look_at_root(mirror).folders.values()
    return {folder.record_id: folder.name for folder in folders if folder.record_id}


def _item(mirror: Mirror, exclusion: _Exclusion, claimed: str) -> SyncedItem:
    # The inode tells the folder that was left from one that was put back.
    folder = exclusion.folder if exclusion.mode is Mode.EXCLUDED else claimed
    stat = mirror.disk.stat(folder) if folder else None
    return SyncedItem(
        exclusion.item_id,
        folder if stat else "",
        stat.inode if stat else 0,
        exclusion.title,
        exclusion.mode,
    )
