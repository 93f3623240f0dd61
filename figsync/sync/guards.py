"""What of a plan is held, and why (pure).

Guards see the plan of the whole mirror, because the accident they stop is one
that touches many files at once.  A person's approval lifts them for exactly the
actions that were shown; nothing shortens the grace period or the wait after a
failure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from figsync.config import ItemDeletions
from figsync.model import (
    Action,
    ActionKey,
    DeleteItem,
    DeleteRemote,
    Download,
    Held,
    KeepBoth,
    Plan,
    TrashFolder,
    TrashLocal,
    Upload,
)
from figsync.model.keys import Side
from figsync.sync.guard_names import ACKNOWLEDGE, AT_ONCE

REPLACED_PERCENT = 50
OWN_RULES = "the ignore rules in its folder changed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the configuration allows without asking."""

    grace: float = 24 * 3600.0
    max_files: int = 20
    max_percent: int = 25
    items: ItemDeletions = ItemDeletions.HOLD


@dataclass(frozen=True, slots=True)
class Wait:
    """Why an action is not tried now: until a time, a person, or (listed) for good."""

    reason: str
    until: float | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How many files are held in folders that were not looked at, by side changed."""

    deletions: Mapping[Side, int] = field(default_factory=dict)
    edits: Mapping[Side, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards know besides the plan.

    *missed_since* is when an absence was first seen, for those seen at least
    twice; *deleted* counts the files deleted on each side in the last 24 hours,
    *edited* those that an edit changed there lately and that the plan has not;
    *item_deleted* those of each item on Figshare; *item_files* are the files that
    stand there.  *elsewhere* counts what is held in folders that a partial sync does
    not look at: deletions by side, edits by the side that they change.
    *waits* are actions that failed or were repeated too often, with the reason;
    *rules_changed* are items with other ignore rules in their folders than before;
    *unsure* are items whose folders can not be trusted, with the reason; *moved*
    are deletions whose bytes are proven to be in another item.
    """

    mirror_files: int = 0
    deleted: Mapping[Side, int] = field(default_factory=dict)
    edited: Mapping[Side, int] = field(default_factory=dict)
    item_deleted: Mapping[str, int] = field(default_factory=dict)
    item_files: Mapping[str, int] = field(default_factory=dict)
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    missed_since: Mapping[tuple[str, str], float] = field(default_factory=dict)
    waits: Mapping[ActionKey, Wait] = field(default_factory=dict)
    unsure: Mapping[str, str] = field(default_factory=dict)
    approved: frozenset[ActionKey] = frozenset()
    moved: frozenset[ActionKey] = frozenset()
    scope_change: str = ""
    rules_changed: frozenset[str] = frozenset()


Reasons = dict[ActionKey, str]


def guard(plan: Plan, limits: Limits, facts: Facts, now: float) -> Plan:
    """Return *plan* with everything held that could be an accident, or is not due."""
    plan = _with_approved(plan, facts.approved)
    reasons: Reasons = {}
    for check in _CHECKS:
        for key, reason in check(plan.actions, limits, facts).items():
            reasons.setdefault(key, reason)
    todo: list[Action] = []
    held = list(plan.held)
    for action in plan.actions:
        verdict = _verdict(action, reasons, limits, facts, now)
        if verdict is None:
            todo.append(action)
        else:
            held.append(verdict)
    return Plan(tuple(todo), tuple(held))


def _with_approved(plan: Plan, approved: frozenset[ActionKey]) -> Plan:
    """Take up again what was held while planning and a person approved."""
    lifted: list[Action] = []
    rest: list[Held] = []
    for held in plan.held:
        if held.needs_person and held.action.key in approved:
            lifted.append(held.action)
        else:
            rest.append(held)
    return Plan((*plan.actions, *lifted), tuple(rest))


def _verdict(
    action: Action, reasons: Reasons, limits: Limits, facts: Facts, now: float
) -> Held | None:
    key = action.key
    if key in reasons and key not in facts.approved:
        return Held(action, reasons[key])
    due = _due(action, limits, facts)
    if due is None or due > now:
        until = now if due is None else due
        return Held(action, "deleted here; the grace period is not over", until)
    wait = facts.waits.get(key)
    if wait is not None and _still_waits(wait, key in facts.approved, now):
        failing = wait.until is not None
        return Held(action, wait.reason, wait.until, wait.listed, failing)
    return None


def _still_waits(wait: Wait, is_approved: bool, now: float) -> bool:
    return wait.until > now if wait.until is not None else not is_approved


def _due(action: Action, limits: Limits, facts: Facts) -> float | None:
    """Return when a deletion may happen; None when its absence was seen only once."""
    if not isinstance(action, DeleteRemote | DeleteItem):
        return 0.0
    if isinstance(action, DeleteRemote) and action.moved_to:
        return 0.0
    since = facts.missed_since.get((action.where.item_id, action.path))
    return None if since is None else since + limits.grace


def weight(action: Action) -> int:
    """Return how many files a deletion counts for; an item is at least one."""
    if isinstance(action, DeleteItem | TrashFolder):
        return max(1, len(action.files))
    if isinstance(action, DeleteRemote) and action.moved_to:
        return 0
    return 1 if action.deletes else 0


def _too_many_deletions(
    actions: Iterable[Action], limits: Limits, facts: Facts
) -> Reasons:
    # What was deleted today is a part of what the share is taken of.
    total = facts.mirror_files + sum(facts.deleted.values())
    allowed = max(limits.max_files, total * limits.max_percent // 100)
    reasons: Reasons = {}
    sides: tuple[Side, Side] = ("local", "remote")
    for side in sides:
        pending = [a for a in actions if a.deletes == side and weight(a)]
        pending = [a for a in pending if a.key not in facts.moved]
        count = sum(map(weight, pending)) + facts.deleted.get(side, 0)
        count += facts.elsewhere.deletions.get(side, 0)
        if count > allowed:
            reason = _mass_reason(side, count, total, allowed)
            reasons.update({action.key: reason for action in pending})
    return reasons


def _mass_reason(side: Side, count: int, total: int, allowed: int) -> str:
    where = "on Figshare" if side == "local" else "on this computer"
    return (
        f"{count} of {total} files were deleted {where},"
        f" more than the {allowed} allowed without asking"
    )


def _emptied_items(actions: Iterable[Action], _: Limits, facts: Facts) -> Reasons:
    """Hold what would leave an item on Figshare without any file.

    What is only about to be sent fills nothing yet: it may fail.
    """
    deletions: dict[str, list[Action]] = {}
    for action in actions:
        moved = action.key in facts.moved
        if isinstance(action, DeleteRemote) and not (action.moved_to or moved):
            deletions.setdefault(action.where.item_id, []).append(action)
    reasons: Reasons = {}
    for item_id, group in deletions.items():
        files = len(group) + facts.item_deleted.get(item_id, 0)
        if files > 1 and len(group) >= facts.item_files.get(item_id, 0):
            reason = f"it would empty the item of all its {files} files"
            reasons.update({action.key: reason for action in group})
    return reasons


def _too_many_replacements(
    actions: Iterable[Action], limits: Limits, facts: Facts
) -> Reasons:
    allowed = max(limits.max_files, facts.mirror_files * REPLACED_PERCENT // 100)
    reasons: Reasons = {}
    sides: tuple[tuple[Side, str], ...] = (
        ("remote", "on this computer"),
        ("local", "on Figshare"),
    )
    for side, where in sides:
        edits = [action for action in actions if edits_side(action, side)]
        before = facts.elsewhere.edits.get(side, 0) + facts.edited.get(side, 0)
        count = len(edits) + before
        if count > allowed:
            reason = (
                f"{count} of {facts.mirror_files} files were changed {where}"
                f" {AT_ONCE} {allowed} allowed without asking"
            )
            reasons.update({action.key: reason for action in edits})
    return reasons


def edits_side(action: Action, side: Side) -> bool:
    """Tell whether an action comes of an edit and changes a synced file on *side*."""
    match action:
        case Upload():
            return side == "remote" and action.replaces is not None
        case Download():
            return side == "local" and action.replaces is not None
        case KeepBoth():
            return action.synced is not None
        case _:
            return False


def elsewhere(held: Iterable[tuple[ActionKey, str]]) -> Elsewhere:
    """Count what is held, each with its reason, where a partial sync does not look."""
    deletions: Counter[Side] = Counter()
    edits: Counter[Side] = Counter()
    for key, reason in held:
        if key.kind in _DELETING:
            deletions[_DELETING[key.kind]] += len(key.file_id.split(","))
        elif AT_ONCE in reason:
            edits["remote" if key.kind == "Upload" else "local"] += 1
    return Elsewhere(deletions, edits)


_DELETING: Mapping[str, Side] = {
    kind.__name__: kind.deletes
    for kind in (DeleteItem, DeleteRemote, TrashFolder, TrashLocal)
}


def _held_items(actions: Iterable[Action], limits: Limits, _: Facts) -> Reasons:
    reasons: Reasons = {}
    for action in actions:
        if isinstance(action, DeleteItem):
            if action.where.is_public:
                reasons[action.key] = (
                    "its folder was deleted; Figshare does not delete public items,"
                    " so approving only stops mirroring it"
                )
            elif not action.whole:
                reasons[action.key] = (
                    "its folder was deleted, but not all its files were synced,"
                    " so approving only stops mirroring it"
                )
            elif limits.items is ItemDeletions.HOLD:
                reasons[action.key] = "its folder was deleted; items = hold"
    return reasons


def _changed_scope(actions: Iterable[Action], _: Limits, facts: Facts) -> Reasons:
    reasons: Reasons = {}
    for action in actions:
        own = action.where.item_id in facts.rules_changed
        change = facts.scope_change or (OWN_RULES if own else "")
        if action.deletes and change:
            reasons[action.key] = f"{change}; {ACKNOWLEDGE}"
    return reasons


def _unsure_items(actions: Iterable[Action], _: Limits, facts: Facts) -> Reasons:
    """Hold everything about a folder that may not be the one that was synced.

    What came down into it, or went up from it, would look deleted later on.
    """
    return {
        action.key: facts.unsure[action.where.item_id]
        for action in actions
        if action.where.item_id in facts.unsure
    }


_Check = Callable[[tuple[Action, ...], Limits, Facts], Reasons]
_CHECKS: tuple[_Check, ...] = (
    _changed_scope,
    _unsure_items,
    _too_many_deletions,
    _emptied_items,
    _too_many_replacements,
    _held_items,
)
