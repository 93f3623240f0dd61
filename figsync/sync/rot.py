"""Files whose bytes changed although nobody saved them: told, and never sent."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from figsync.state import State

ROT = "rot"
MOST_KEPT = 1000
NEVER_SENT = (
    "its bytes changed though nobody saved it (a failing disk?): look into the trash"
    " and into backups; approve to send it as it is"
)

KEPT = (
    "its bytes here changed though nobody saved it, before it was moved or deleted:"
    " reject to have them back as they were, approve to delete them"
)


class Rotten(msgspec.Struct, frozen=True):
    """A synced file that no longer reads as it was; *since* is POSIX seconds.

    *md5* is what its bytes are now, "" if they can not be read at all.  One that *is
    gone* from its place may have been moved.
    """

    item_id: str
    folder: str
    path: str
    reason: str
    since: float
    md5: str = ""
    mtime_ns: int = 0
    ctime_ns: int = 0
    is_gone: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Its item and its path."""
        return self.item_id, self.path


def read_rot(state: State) -> list[Rotten]:
    """Return the files that verifying found, the oldest finding first."""
    try:
        return msgspec.json.decode(state.settings.get(ROT) or "[]", type=list[Rotten])
    except msgspec.MsgspecError:
        return []


def store_rot(state: State, found: Iterable[Rotten]) -> None:
    """Remember these, and no others; a thousand at most."""
    kept = sorted(found, key=lambda one: (one.since, one.folder, one.path))
    if kept == read_rot(state):
        return
    if kept:
        text = msgspec.json.encode(kept[:MOST_KEPT]).decode()
        state.settings.set(ROT, text)
    else:
        state.settings.drop(ROT)
