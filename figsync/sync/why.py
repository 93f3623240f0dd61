"""What decides the fate of a path, in sentences (pure).

The decision is the planner's and the guards' own; here it is only put into words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from figsync.model import (
    Action,
    DeleteItem,
    DeleteRemote,
    Download,
    FileAway,
    Held,
    Mode,
    MoveLocal,
    Presence,
)
from figsync.sync.notes import notes_on
from figsync.sync.plan import Change, Verdict, judge, local_change, remote_change
from figsync.sync.policies import KEPT, PULL_ONLY, PUSH_ONLY
from figsync.sync.subject import Sides, Subject, quoted

Standing = Literal["next", "waiting", "held", "listed"]


@dataclass(frozen=True, slots=True)
class Step:
    """One decision: what is to be done to how many files, or why not now.

    *path* is told where it is not the subject's, *target* where that is moved to;
    *until* is POSIX seconds, None where it waits for another look at the disk;
    *remedy* is what a person can do about it.
    """

    kind: str
    standing: Standing
    path: str = ""
    target: str = ""
    reason: str = ""
    until: float | None = None
    numbers: tuple[int, ...] = ()
    count: int = 1
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is to be said; *rule* is the row of the table for files."""

    rule: str = ""
    local: Change | None = None
    remote: Change | None = None
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


def explain(subject: Subject) -> Explanation:
    """Return what decides about a path, from the facts alone."""
    steps = tuple(_grouped(_steps(subject)))
    notes = tuple(notes_on(subject, has_steps=bool(steps)))
    sides = subject.sides
    if sides is None or not _is_judged(subject, sides):
        return Explanation(steps=steps, notes=notes)
    local = local_change(sides.local, sides.synced)
    remote = remote_change(sides.remote, sides.synced)
    rule = _move(subject) or _rule(sides, local, remote)
    return Explanation(rule, local, remote, steps, notes)


def _is_judged(subject: Subject, sides: Sides) -> bool:
    """Tell whether the table for files is asked about this path at all."""
    setting = subject.setting
    seen = sides.local or sides.remote or sides.synced
    listed = setting.presence is Presence.LISTED and setting.mode is Mode.MIRRORED
    looked = setting.is_folder_here and not subject.stopped and not subject.rule
    return bool(seen and listed and looked)


def _move(subject: Subject) -> str:
    """Return how a move was recognised, which comes before the table."""
    for action in subject.actions:
        match action:
            case MoveLocal():
                return "moved on Figshare, known by its bytes: move it here too"
            case DeleteRemote() if action.moved_to:
                then = "upload, then delete the old record"
                return f"moved here, known by its bytes: {then}"
            case _:
                pass
    return ""


_HERE = {
    Change.SAME: "unchanged here",
    Change.EDITED: "edited here",
    Change.GONE: "gone here",
    Change.UNKNOWN: "unknown here",
}
_THERE = {
    Change.SAME: "unchanged on Figshare",
    Change.EDITED: "edited on Figshare",
    Change.GONE: "gone from Figshare",
    Change.UNKNOWN: "unknown on Figshare",
}
# What was never agreed on is new where it is and was never where it is not.
_NEVER = {
    "edited here": "new here",
    "gone here": "not here",
    "edited on Figshare": "new on Figshare",
    "gone from Figshare": "not on Figshare",
}


def _rule(sides: Sides, local: Change, remote: Change) -> str:
    """Return the row of the table in words."""
    cases = [_HERE[local], _THERE[remote]]
    if sides.synced is None:
        cases = [_NEVER.get(case, case) for case in cases]
    verdict = judge(sides.local, sides.remote, sides.synced)
    return f"{', '.join(cases)}: {_outcome(sides, verdict, local, remote)}"


def _outcome(sides: Sides, verdict: Verdict, local: Change, remote: Change) -> str:
    if Change.UNKNOWN in (local, remote):
        return "nothing, what is unknown is never taken for gone"
    if _is_link(sides) and verdict is Verdict.FETCH:
        return "the shortcut of a link is made anew"
    if verdict in (Verdict.FETCH, Verdict.BOTH) and _is_equal(sides):
        return "equal bytes, both sides agree on them"
    beats = Change.EDITED in (local, remote) and Change.GONE in (local, remote)
    if beats and sides.synced:
        return f"{_THEN[verdict]}, an edit beats a deletion"
    return _THEN[verdict]


_THEN = {
    Verdict.NOTHING: "nothing",
    Verdict.SEND: "upload",
    Verdict.FETCH: "download",
    Verdict.DROP_LOCAL: "move to the trash",
    Verdict.DROP_REMOTE: "delete on Figshare after the grace period",
    Verdict.BOTH: "keep both, Figshare's version gets the name",
    Verdict.FORGET: "forget",
}


def _is_link(sides: Sides) -> bool:
    return sides.remote is not None and bool(sides.remote.link)


def _is_equal(sides: Sides) -> bool:
    local, remote = sides.local, sides.remote
    return bool(local and remote and local.md5 and local.md5 == remote.md5)


def _steps(subject: Subject) -> Iterator[Step]:
    """Yield what is planned for the path, then what is held back of that."""
    for action in subject.plan.actions:
        standing: Standing = "held" if subject.stopped else "next"
        reason = "nothing is synced now" if subject.stopped else ""
        undo = "" if subject.stopped else _to_undo(subject, action)
        places = _places(subject, action)
        yield Step(action.kind, standing, *places, reason, remedy=undo)
    for held in subject.plan.held:
        number = subject.numbers.get(held.action.key)
        yield Step(
            held.action.kind,
            _standing(held),
            *_places(subject, held.action),
            held.reason,
            held.until if held.until and held.until > subject.now else None,
            () if number is None else (number,),
            remedy=_remedy(subject, held),
        )


def _places(subject: Subject, action: Action) -> tuple[str, str]:
    """Return which other file an action is about, and where that is moved to."""
    below = subject.path.partition("/")[2]
    path = action.local.path if isinstance(action, MoveLocal) else action.path
    told = "" if path in (below, subject.path) else path
    match action:
        case MoveLocal():
            return told, action.remote.path
        case DeleteRemote():
            return told, action.moved_to
        case _:
            return told, ""


def _standing(held: Held) -> Standing:
    if held.needs_person:
        return "held"
    return "waiting" if held.until is not None else "listed"


def _remedy(subject: Subject, held: Held) -> str:
    """Return what a person can do so that it happens, or does not."""
    number = subject.numbers.get(held.action.key)
    if held.until is not None:
        return _sooner(subject, held)
    if not held.listed:
        return "" if held.action.key in subject.blocked else _to_decide(subject, held)
    if isinstance(held.action, DeleteRemote | DeleteItem) and held.reason == KEPT:
        return f"`figsync restore {quoted(subject.path)}` brings it back"
    is_new = isinstance(held.action, Download) and held.action.replaces is None
    if is_new and held.reason == PUSH_ONLY:
        return f"`figsync restore {quoted(subject.path)}` brings it all the same"
    if held.reason in (PULL_ONLY, PUSH_ONLY):
        return "with direction = both in [mirror] it happens"
    if "rejected" in held.reason and number is not None:
        return f"`figsync approve {number}` lets it happen after all"
    return ""


def _to_undo(subject: Subject, action: Action) -> str:
    if not isinstance(action, DeleteRemote | DeleteItem):
        return ""
    if isinstance(action, DeleteRemote) and action.moved_to:
        return ""
    return f"`figsync restore {quoted(subject.path)}` brings it back instead"


def _sooner(subject: Subject, held: Held) -> str:
    if undo := _to_undo(subject, held.action):
        return undo
    # A loose file becomes still by waiting alone; all others failed or would now.
    is_loose = isinstance(held.action, FileAway)
    return "" if is_loose else "`figsync sync` tries it at once"


def _to_decide(subject: Subject, held: Held) -> str:
    number = subject.numbers.get(held.action.key)
    if number is None:
        return "after the next sync, `figsync held` has a number to approve or reject"
    refuse = f"`figsync reject {number}`"
    if isinstance(held.action, DeleteRemote | DeleteItem):
        back = f"{refuse} or `figsync restore {quoted(subject.path)}` brings it back"
        return f"`figsync approve {number}` lets it happen, {back}"
    return f"`figsync approve {number}` lets it happen, {refuse} does not"


def _grouped(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield equal decisions on several files as one."""
    found = sorted(steps, key=_alike)
    for _, group in groupby(found, key=_alike):
        same = list(group)
        if len(same) == 1:
            yield same[0]
            continue
        first = same[0]
        numbers = tuple(sorted(number for step in same for number in step.numbers))
        yield Step(
            first.kind,
            first.standing,
            "",
            "",
            first.reason,
            first.until,
            numbers,
            len(same),
            "see `figsync held`" if first.standing == "held" else "",
        )


_ORDER = ("held", "waiting", "next", "listed")


def _alike(step: Step) -> tuple[int, str, str, float]:
    return _ORDER.index(step.standing), step.kind, step.reason, step.until or 0.0
