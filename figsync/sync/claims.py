"""Which items the records in the root's folders name, read when their file is another.

A record is known by what the file system says of it, as any file is that was hashed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from figsync.model import FileStat

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.sync.mirror import Mirror

CLAIMS = "record_ids"
# A save within the clock's grain of a reading could go unseen.
RACY_SECONDS = 2.0
# As long as fewer are new, they are read again sooner than all are written.
WORTH_STORING = 0.05

# What was seen of the file, and the id that stands in it.
Claim = tuple[str, str]


class _RecordId(msgspec.Struct):
    """The part of a record that names the item."""

    id: int | str | None = None
    uuid: str | None = None


@dataclass(slots=True)
class Claims:
    """The claims of one look at the root: those *before*, and those that hold *now*."""

    before: Mapping[str, Claim]
    stats: Mapping[str, FileStat]
    looked_at: float
    now: dict[str, Claim] = field(default_factory=dict)

    def of(self, mirror: Mirror, folder: str) -> str:
        """Return the id that the record in *folder* names, "" if there is none.

        DiskProblem or Stale when it can not be read.
        """
        stat = self.stats.get(folder)
        mark = _mark(stat) if stat else ""
        claim = self.before.get(folder)
        if claim is None or claim[0] != mark:
            claim = mark, record_id(mirror.disk.read_record(folder))
        if stat and claim[1] and self._is_settled(stat):
            self.now[folder] = claim
        return claim[1]

    def _is_settled(self, stat: FileStat) -> bool:
        last = max(stat.mtime_ns, stat.ctime_ns) / 1e9
        return self.looked_at - last >= RACY_SECONDS


def load_claims(mirror: Mirror, folders: list[str]) -> Claims:
    """Look at the records in *folders* of the root; DiskProblem if that is gone."""
    looked_at = mirror.clock.now()
    stop = mirror.asked_to_stop
    return Claims(
        _load(mirror), mirror.disk.record_stats(folders, stop=stop), looked_at
    )


def store_claims(mirror: Mirror, claims: Claims) -> None:
    """Remember which items the records name, after a look at all folders."""
    before, now = claims.before, claims.now
    new = sum(1 for name, claim in now.items() if before.get(name) != claim)
    if new and new >= WORTH_STORING * len(now):
        plain = {to_text(name): now[name] for name in sorted(now)}
        mirror.state.settings.set(CLAIMS, msgspec.json.encode(plain).decode())


def record_id(record: bytes | None) -> str:
    """Return the id that a record names, "" where there is none to be read."""
    if not record:
        return ""
    try:
        named = msgspec.json.decode(record, type=_RecordId)
    except msgspec.DecodeError:
        return ""
    chosen = named.uuid if named.id in (None, "") else named.id
    return "" if chosen is None else str(chosen)


def _mark(stat: FileStat) -> str:
    return f"{stat.inode} {stat.size} {stat.mtime_ns} {stat.ctime_ns}"


def _load(mirror: Mirror) -> dict[str, Claim]:
    text = mirror.state.settings.get(CLAIMS) or "{}"
    try:
        stored = msgspec.json.decode(text, type=dict[str, Claim])
    except msgspec.MsgspecError:
        return {}
    return {from_text(name): one for name, one in stored.items()}


def to_text(name: str) -> str:
    """Return a name of a folder as JSON can hold it."""
    # JSON has no place for the bytes of a name that is not UTF-8.
    return os.fsencode(name).decode("latin-1")


def from_text(text: str) -> str:
    """Return what `to_text` was given."""
    return text if text.isascii() else os.fsdecode(text.encode("latin-1"))
