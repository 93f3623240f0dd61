"""Disks mounted inside the mirror: one that is not there has lost no file.

A mount point stays behind as an empty folder when its disk goes, and a disk that
is mounted hides what is below it.  Either looks like many deleted files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from figsync.naming import shown
from figsync.state import State

MOUNTS = "mounts"
GONE = "a disk was mounted at {} and is not now: mount it"
CAME = "a disk was mounted at {} over its files: unmount it"


def known_mounts(state: State) -> dict[str, list[str]]:
    """Return by item where in its folder disks were mounted ("" is the folder)."""
    try:
        text = state.settings.get(MOUNTS) or "{}"
        return msgspec.json.decode(text, type=dict[str, list[str]])
    except msgspec.MsgspecError:
        return {}


def remember_mounts(state: State, found: Mapping[str, Collection[str]]) -> None:
    """Store where disks are mounted in the items that were *found* to be trusted."""
    before = known_mounts(state)
    present = before | {item_id: sorted(paths) for item_id, paths in found.items()}
    items = state.items.all()
    now = {i: paths for i, paths in present.items() if paths and i in items}
    if now != before:
        state.settings.set(MOUNTS, msgspec.json.encode(now).decode())


def doubt(
    folder: str, *, before: Collection[str], now: Collection[str], lost: Iterable[str]
) -> str:
    """Return why the absence of the *lost* paths proves nothing, "" if it does."""
    missing = list(lost)
    for mount in sorted({*before} ^ {*now}):
        if any(_is_below(path, mount) for path in missing):
            place = shown(f"{folder}/{mount}".rstrip("/"))
            return (GONE if mount in before else CAME).format(place)
    return ""


def _is_below(path: str, mount: str) -> bool:
    return not mount or path.startswith(f"{mount}/")
