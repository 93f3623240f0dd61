"""What a sync leaves behind for people who ask later how things are."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from figsync.errors import FigshareProblem, FigsyncError, Interrupted, TokenRefused
from figsync.naming import shown
from figsync.sync.flights import Stalled
from figsync.sync.left_out import NO_ROOM, NotUploadable

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.figshare import Account
    from figsync.model import Plan
    from figsync.state import State
    from figsync.sync.mirror import Mirror

FACTS = "facts"
MOST_LISTED = 1000


class Ended(StrEnum):
    """How the last sync ended."""

    WELL = "well"
    OFFLINE = "offline"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


class LeftOut(msgspec.Struct, frozen=True):
    """A local file that Figshare can not take, and why."""

    folder: str
    path: str
    reason: str


class Facts(msgspec.Struct):
    """The last sync in figures; times are POSIX seconds, None for never.

    *last_sync* is the last one that came to its end, *last_try* the last of all;
    *left_out* names at most a thousand of the *not_uploadable* files, *stalled* the
    uploads of somebody else that have not gone on for seven days, *no_room* why the
    disk takes no more downloads.  *error_kind* is the class of the *error*, *stranded*
    how many late saves could not be brought back yet.
    """

    ended: Ended = Ended.WELL
    last_sync: float | None = None
    last_try: float | None = None
    error: str = ""
    error_kind: str = ""
    account: str = ""
    quota: int | None = None
    used_quota: int | None = None
    not_uploadable: int = 0
    left_out: list[LeftOut] = msgspec.field(default_factory=list)
    stalled: list[LeftOut] = msgspec.field(default_factory=list)
    no_room: str = ""
    stranded: int = 0


def read_facts(state: State) -> Facts:
    """Return what the last sync left behind."""
    try:
        return msgspec.json.decode(state.settings.get(FACTS) or "{}", type=Facts)
    except msgspec.MsgspecError:
        return Facts()


def store_account(mirror: Mirror, account: Account) -> None:
    """Remember whose account it is and how full."""
    facts = read_facts(mirror.state)
    name = f"{account.first_name} {account.last_name}".strip()
    told = [name, f"<{account.email}>" if account.email else ""]
    facts.account = " ".join(part for part in told if part) or account.id
    facts.quota, facts.used_quota = account.quota, account.used_quota
    _store(mirror, facts)


def store_left_out(mirror: Mirror, files: Iterable[NotUploadable]) -> None:
    """Remember which files Figshare can not take."""
    facts = read_facts(mirror.state)
    # JSON has no place for the bytes of a name that is not UTF-8.
    left_out = [LeftOut(shown(f.folder), shown(f.path), f.reason) for f in files]
    facts.not_uploadable = len(left_out)
    facts.left_out = left_out[:MOST_LISTED]
    _store(mirror, facts)


def store_stalled(mirror: Mirror, uploads: Iterable[Stalled]) -> None:
    """Remember which uploads of somebody else do not go on."""
    facts = read_facts(mirror.state)
    found = [LeftOut(shown(u.folder), shown(u.path), u.reason) for u in uploads]
    if found != facts.stalled:
        facts.stalled = found
        _store(mirror, facts)


def store_obstacles(mirror: Mirror, plan: Plan, stranded: int) -> None:
    """Remember what keeps bytes from their place: no room on the disk, late saves."""
    facts = read_facts(mirror.state)
    reasons = [h.reason for h in plan.held if h.reason.startswith(NO_ROOM)]
    facts.no_room = reasons[0].removeprefix(f"{NO_ROOM}: ") if reasons else ""
    facts.stranded = stranded
    _store(mirror, facts)


def store_end(mirror: Mirror, problem: FigsyncError | None = None) -> None:
    """Remember that a sync ended now, and of what."""
    facts = read_facts(mirror.state)
    facts.last_try = mirror.clock.now()
    facts.ended, facts.error = _ended(problem), str(problem or "")
    facts.error_kind = type(problem).__name__ if problem else ""
    if problem is None:
        facts.last_sync = facts.last_try
    # The problem itself is what has to be told, not that it could not be stored.
    with suppress(FigsyncError):
        _store(mirror, facts)


def _ended(problem: FigsyncError | None) -> Ended:
    match problem:
        case None:
            return Ended.WELL
        case Interrupted():
            return Ended.INTERRUPTED
        case FigshareProblem() if not isinstance(problem, TokenRefused):
            return Ended.OFFLINE
        case _:
            return Ended.REFUSED


def _store(mirror: Mirror, facts: Facts) -> None:
    mirror.state.settings.set(FACTS, msgspec.json.encode(facts).decode())
