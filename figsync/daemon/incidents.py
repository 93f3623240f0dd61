"""What needs a person, and who was told of it when."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from figsync.naming import shown
from figsync.sync.facts import Ended
from figsync.sync.standing import Standing

DAY = 24 * 3600.0
MOST_PATHS = 20
# Over only when a sync ends well: what interrupts one tells nothing of them.
_OF_SYNC = ("offline", "token", "refused")


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that needs a person; equal ones have equal keys.

    It is told when it has lasted for *patience* seconds *since* then, or since it was
    first seen.
    """

    kind: str
    about: str
    text: str
    remedy: str
    path: str = ""
    patience: float = 0.0
    since: float | None = None

    @property
    def key(self) -> str:
        """What it is remembered by: short, without names, the same in every process."""
        digest = hashlib.sha256(self.about.encode("utf-8", "surrogateescape"))
        return f"{self.kind}:{digest.hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Notice:
    """What people are told: all that is new of one kind."""

    kind: str
    count: int
    text: str
    remedy: str
    paths: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return it in a few words."""
        return f"figsync: {_TITLES[self.kind]}"


class Remembered(msgspec.Struct, frozen=True):
    """An incident that is not over: when it began, and whether people know."""

    since: float
    told: bool = False


Memory = Mapping[str, Remembered]

_TITLES = {
    "held": "something waits for you",
    "conflict": "both sides changed a file",
    "rot": "a file changed without being saved",
    "token": "Figshare refuses the token",
    "refused": "nothing can be synced",
    "offline": "Figshare has been out of reach for a day",
    "late_save": "a file waits in the trash",
    "no_room": "the disk has too little room",
    "watching": "the folder can not be watched",
}


def told_of(
    memory: Memory, now: Standing, at: float, *, quiet: bool
) -> tuple[Memory, list[Notice]]:
    """Return what to remember, and what to tell: each incident once until it is over.

    While it is *quiet* nothing is told, and what is still open is told afterwards.
    """
    still: dict[str, Remembered] = dict(_undecided(memory, now))
    due: dict[str, list[Incident]] = {}
    for incident in incidents(now):
        before = memory.get(incident.key) or Remembered(at)
        began = min(
            before.since, before.since if not incident.since else incident.since
        )
        is_due = not (before.told or quiet) and at - began >= incident.patience
        still[incident.key] = Remembered(began, before.told or is_due)
        if is_due:
            due.setdefault(incident.kind, []).append(incident)
    return still, [_notice(group) for group in due.values()]


def _undecided(memory: Memory, now: Standing) -> Iterator[tuple[str, Remembered]]:
    if now.facts.ended is Ended.WELL:
        return
    for key, known in memory.items():
        if key.partition(":")[0] in _OF_SYNC:
            yield key, known


def _notice(group: list[Incident]) -> Notice:
    first = group[0]
    more = f", and {len(group) - 1:,} more" if len(group) > 1 else ""
    paths = tuple(incident.path for incident in group if incident.path)
    return Notice(
        first.kind, len(group), f"{first.text}{more}", first.remedy, paths[:MOST_PATHS]
    )


def incidents(now: Standing) -> Iterator[Incident]:
    """Yield everything that needs a person now."""
    yield from _problem(now)
    yield from _held(now)
    for found in now.conflicts:
        copy = "/".join((found.folder, found.copy))
        text = f"{shown(copy)}: both sides changed this file"
        yield Incident("conflict", copy, text, "figsync conflicts", shown(copy))
    for rotten in now.rot:
        place = f"{shown(rotten.folder)}/{shown(rotten.path)}"
        about = f"{rotten.item_id}/{rotten.path}"
        text = f"{place}: {shown(rotten.reason)}"
        yield Incident("rot", about, text, "figsync verify --repair", place)
    facts = now.facts
    if facts.stranded:
        files = "a file" if facts.stranded == 1 else f"{facts.stranded} files"
        text = f"{files} saved during a sync can not be brought back from the trash"
        yield Incident("late_save", "", text, "figsync trash")
    if facts.no_room:
        text = f"downloads wait: {facts.no_room}"
        yield Incident("no_room", "", text, "free some space, or lower disk_reserve")
    if now.daemon is not None and (why := now.daemon.activity.watch_problem):
        text = f"{shown(why)}; figsync looks through the folder now and then"
        yield Incident("watching", _same(why), text, "figsync doctor")


def _problem(now: Standing) -> Iterator[Incident]:
    """Yield what keeps the whole mirror from being synced."""
    error, ended = shown(now.error), now.facts.ended
    is_root = now.error != now.facts.error
    if is_root or (ended is Ended.REFUSED and now.error_kind != "TokenRefused"):
        about = f"{now.error_kind} {_same(error)}"
        yield Incident("refused", about, error, "figsync status")
    elif ended is Ended.REFUSED:
        yield Incident("token", "", error, "figsync doctor")
    elif ended is Ended.OFFLINE:
        last = now.facts.last_sync
        yield Incident("offline", "", error, "figsync doctor", patience=DAY, since=last)


def _held(now: Standing) -> Iterator[Incident]:
    """Yield one incident for all that one guard holds in one item, however much."""
    seen: set[str] = set()
    for row in now.held:
        about = f"{row.key.kind} {row.folder} {_same(row.reason)}"
        if row.needs_person and about not in seen:
            seen.add(about)
            place = shown(row.folder or row.key.path)
            text = f"{place}: {shown(row.reason)}"
            yield Incident("held", about, text, "figsync held", place)


def _same(text: str) -> str:
    """Return *text* without its numbers, which change while it goes on."""
    return re.sub(r"\d[\d,.]*", "0", text)
