"""What `figsync verify --repair` does: it lets go of what is remembered, no more.

No byte is removed or replaced but to the trash, and nothing is sent.  Each repair
looks again: what changed since the verification is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from figsync.errors import WrongUsage
from figsync.model import Mode, SyncedFile
from figsync.sync.claims import record_id
from figsync.sync.differences import Difference, Mend
from figsync.sync.mirror import Mirror


class Wanted(msgspec.Struct, frozen=True):
    """One repair, as it is handed to the owner of the mirror."""

    mend: Mend
    item_id: str
    folder: str
    path: str = ""
    file_id: str = ""
    md5: str = ""


def wanted(found: Iterable[Difference]) -> str:
    """Return the repairs of what was found, as text for a request."""
    repairs = [_wanted(one, one.mend) for one in found if one.mend is not None]
    return msgspec.json.encode(repairs).decode()


def _wanted(found: Difference, mend: Mend) -> Wanted:
    row, where = found.synced, found.where
    file_id, md5 = (row.file_id, row.md5) if row else ("", "")
    return Wanted(mend, where.item_id, where.folder, found.path, file_id, md5)


def repair(mirror: Mirror, words: Mapping[str, str]) -> str:
    """Carry out repairs and say how many; WrongUsage for what is no list of them."""
    try:
        repairs = msgspec.json.decode(words["what"], type=list[Wanted])
    except (KeyError, msgspec.MsgspecError) as problem:
        raise WrongUsage("", "this is no list of repairs") from problem
    done = sum(1 for one in repairs if _MENDS[one.mend](mirror, one))
    left = len(repairs) - done
    changed = f", {left} left alone: they changed meanwhile" if left else ""
    return f"Repaired: {done}{changed}; `figsync sync` goes on from there."


def _rehash(mirror: Mirror, one: Wanted) -> bool:
    mirror.state.files.save_local(one.folder, [], [one.path])
    return True


def _disagree(mirror: Mirror, one: Wanted) -> bool:
    """Forget what both sides agreed on: a difference is a conflict from then on."""
    files = mirror.state.files
    row: SyncedFile | None = files.synced(one.item_id).get(one.path)
    if row is None or (row.file_id, row.md5) != (one.file_id, one.md5):
        return False
    if mirror.disk.stat(f"{one.folder}/{one.path}") is None:
        return False
    with mirror.state.atomic():
        files.drop_synced(one.item_id, one.path)
        files.save_local(one.folder, [], [one.path])
        mirror.state.items.invalidate(one.item_id)
    return True


def _reread(mirror: Mirror, one: Wanted) -> bool:
    mirror.state.items.invalidate(one.item_id)
    return True


def _record(mirror: Mirror, one: Wanted) -> bool:
    """Write an item's record again, unless another item's stands there by now."""
    known = mirror.state.items.find(one.item_id)
    kept = mirror.state.items.record(one.item_id)
    if known is None or known.folder != one.folder or not kept:
        return False
    found = mirror.disk.read_record(one.folder)
    if known.mode is Mode.ORPHANED or record_id(found) not in ("", one.item_id):
        return False
    if found != kept:
        mirror.disk.set_aside_record(one.folder)
        mirror.disk.write_record(one.folder, kept)
    return True


def _already(mirror: Mirror, one: Wanted) -> bool:
    """Opening the mirror as its owner did it."""
    del mirror, one
    return True


_MENDS: Mapping[Mend, Callable[[Mirror, Wanted], bool]] = {
    Mend.REHASH: _rehash,
    Mend.DISAGREE: _disagree,
    Mend.REREAD: _reread,
    Mend.RECORD: _record,
    Mend.SWEEP: _already,
    Mend.SET_ASIDE: _already,
}
