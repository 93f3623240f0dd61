"""What is not proven on Figshare yet, though it could be (pure).

Only when nothing is may a computer be switched off without a byte being alone on it.
Deletions, downloads and what Figshare can not take have no say here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

UNREAD = "Figshare was not asked, or gave no answer"
UNSYNCED = "Figshare is not known to have it"
STRANDED = "it was saved during a sync and lies in the trash: see `figsync trash`"
COPY = "both sides changed it: see `figsync conflicts`"
MOVING = "it changed a moment ago"
MORE = "there is more to do than five cycles in a row did"
# Kinds of action that send bytes, or that come before bytes can be sent.
_SENDING = {
    "Upload": "it is to be sent",
    "DeleteFirst": "it is to be sent",
    "CreateItem": "a draft item is to be made of it",
    "LinkFolder": "it is to be compared with its item",
    "SetAsideRecord": "a draft item is to be made of it",
    "FileAway": "a draft item is to be made of it",
    "KeepBoth": "both sides changed it",
}
# Held, they keep what Figshare has lost.
_LOSING = ("TrashLocal", "TrashFolder")


class Why(StrEnum):
    """Why something is not proven on Figshare."""

    UNSETTLED = "unsettled"
    TO_DO = "to do"
    FAILED = "failed"
    UNPROVEN = "unproven"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    HELD = "held"
    LEFT_ALONE = "left alone"
    CONFLICT = "conflict"
    STRANDED = "stranded"


# What goes by without a person: to wait for it is no waste of time.
PASSING = (
    Why.UNSETTLED,
    Why.TO_DO,
    Why.FAILED,
    Why.UNPROVEN,
    Why.WAITING,
    Why.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A file or folder that is not proven; *path* is relative to the root.

    *until* is when it is tried again (POSIX seconds), if that is known.
    """

    path: str
    why: Why
    reason: str = ""
    until: float | None = None

    @property
    def passes(self) -> bool:
        """Tell whether it may come to be proven without a person."""
        return self.why in PASSING


@dataclass(frozen=True, slots=True)
class Entry:
    """An action that is held, or that ended: its kind, its path below the root.

    *result* is that of an outcome, or `held`, `waiting`, `listed`, `unproven`.
    """

    kind: str
    path: str
    result: str
    reason: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What a sync, or the state, left: all paths are relative to the root.

    *unsynced* are the local files whose bytes are not those of their synced row,
    *left_out* those that Figshare can not take; *problems* are by item, with whether
    they may pass by themselves.
    """

    entries: Iterable[Entry] = ()
    unsettled: Iterable[str] = ()
    copies: Iterable[str] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    unsynced: Iterable[str] = ()
    stranded: int = 0
    is_quiet: bool = True


def pending(left: Leftover) -> list[Pending]:
    """Return what is not proven on Figshare, each path once, in order."""
    found: dict[str, Pending] = {}
    for one in _told(left):
        found.setdefault(one.path, one)
    known = {*found, *left.left_out, *_adopted(left.entries)}
    for path in left.unsynced:
        if not _is_covered(path, known):
            found[path] = Pending(path, Why.UNKNOWN, UNSYNCED)
    if not left.is_quiet and not found:
        found[""] = Pending("", Why.TO_DO, MORE)
    return [found[path] for path in sorted(found)]


def _told(left: Leftover) -> Iterator[Pending]:
    for path in left.unsettled:
        yield Pending(path, Why.UNSETTLED, MOVING)
    for path in left.copies:
        yield Pending(path, Why.CONFLICT, COPY)
    for entry in left.entries:
        why = _WHY.get(entry.result)
        is_held = entry.result in _HELD
        if why is None or not (entry.kind in _SENDING or _loses(entry, is_held)):
            continue
        reason = entry.reason or _SENDING.get(entry.kind, "")
        yield Pending(entry.path, why, reason, entry.until)
    for item, (reason, passes) in left.problems.items():
        yield Pending(f"item {item}", Why.UNKNOWN if passes else Why.HELD, reason)
    if left.stranded:
        yield Pending(".figsync/trash", Why.STRANDED, STRANDED)


def _loses(entry: Entry, is_held: bool) -> bool:
    return is_held and entry.kind in _LOSING


_HELD = {
    "held": Why.HELD,
    "waiting": Why.WAITING,
    "listed": Why.LEFT_ALONE,
}
_WHY = _HELD | {
    "planned": Why.TO_DO,
    "failed": Why.FAILED,
    "unproven": Why.UNPROVEN,
    "refused": Why.HELD,
}


def _adopted(entries: Iterable[Entry]) -> set[str]:
    """Return the files that a dry run found equal, and proven, on both sides."""
    return {e.path for e in entries if e.kind == "Adopt" and e.result == "planned"}


def _is_covered(path: str, known: set[str]) -> bool:
    """Tell whether a path or a folder above it is told of already."""
    return path in known or any(
        path[:end] in known for end, char in enumerate(path) if char == "/"
    )
