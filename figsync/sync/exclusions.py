"""Which items a person excluded, kept in the root too: it outlives the state."""

from __future__ import annotations

import msgspec

from figsync.model import Mode, SyncedItem
from figsync.sync.mirror import Mirror

EXCLUSIONS = "exclusions.json"


class _Exclusion(msgspec.Struct):
    """An excluded item; *folder* is where unsynced files of it remain."""

    item_id: str
    title: str = ""
    folder: str = ""


def restore_exclusions(mirror: Mirror) -> None:
    """Let a state that was rebuilt know what was excluded before."""
    if mirror.dry_run and not mirror.disk.root.exists():
        return
    known = mirror.state.items.all()
    for exclusion in _stored(mirror):
        if exclusion.item_id not in known:
            mirror.state.items.save(_item(mirror, exclusion))


def keep_exclusions(mirror: Mirror) -> None:
    """Write the present exclusions into the root, if they changed."""
    excluded = [
        _Exclusion(item.item_id, item.title, item.folder)
        for item in mirror.state.items.all().values()
        if item.mode is Mode.EXCLUDED
    ]
    if excluded != _stored(mirror):
        content = msgspec.json.format(msgspec.json.encode(excluded), indent=2)
        mirror.disk.write_own(EXCLUSIONS, content + b"\n")


def _stored(mirror: Mirror) -> list[_Exclusion]:
    content = mirror.disk.read_own(EXCLUSIONS)
    try:
        return msgspec.json.decode(content or b"[]", type=list[_Exclusion])
    except msgspec.MsgspecError:
        return []


def _item(mirror: Mirror, exclusion: _Exclusion) -> SyncedItem:
    # The inode tells the folder that was left from one that was put back.
    folder = exclusion.folder
    stat = mirror.disk.stat(folder) if folder else None
    return SyncedItem(
        exclusion.item_id,
        folder if stat else "",
        stat.inode if stat else 0,
        exclusion.title,
        Mode.EXCLUDED,
    )
