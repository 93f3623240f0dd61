"""What the guards count besides the plan: the last day, and the rest of the mirror."""

from __future__ import annotations

from collections.abc import Collection

from figsync.model import Action, Plan
from figsync.model.keys import Side
from figsync.sync.guards import Elsewhere, edits_side, elsewhere
from figsync.sync.mirror import Mirror
from figsync.sync.sweep import CLOCK_BEFORE, CLOCK_SET

DAY = 24 * 3600.0
AT_ONCE_SECONDS = 3600.0
SIDES: tuple[Side, ...] = ("local", "remote")


def deleted_lately(mirror: Mirror) -> dict[Side, int]:
    """Return how many files were deleted on each side in the last 24 hours."""
    since, deletions = _a_day_ago(mirror), mirror.state.history.deletions
    return {"local": deletions("local", since), "remote": deletions("remote", since)}


def edited_lately(mirror: Mirror, plan: Plan) -> dict[Side, int]:
    """Return how many files were edited on each side lately, but for those in *plan*.

    A daemon sees what changes at once in many cycles: an hour of them counts as one.
    """
    since = mirror.clock.monotonic() - AT_ONCE_SECONDS
    for edit in [edit for edit, at in mirror.edited.items() if at < since]:
        del mirror.edited[edit]
    planned = {(a.where.item_id, a.path) for a in plan.actions}
    sides = [side for side, *place in mirror.edited if tuple(place) not in planned]
    return {"local": sides.count("local"), "remote": sides.count("remote")}


def remember_edit(mirror: Mirror, action: Action) -> None:
    """Count an edit that was carried out without a person's approval."""
    for side in SIDES:
        if edits_side(action, side):
            edit = (side, action.where.item_id, action.path)
            mirror.edited[edit] = mirror.clock.monotonic()


def items_emptied_lately(mirror: Mirror) -> dict[str, int]:
    """Return how many files of each item were deleted on Figshare in 24 hours."""
    return mirror.state.history.item_deletions(_a_day_ago(mirror))


def held_elsewhere(mirror: Mirror, only: Collection[str]) -> Elsewhere:
    """Return what is held outside of the folders that a partial sync looks at."""
    rows = mirror.state.decisions.held_elsewhere(only)
    return elsewhere((row.key, row.reason) for row in rows)


def _a_day_ago(mirror: Mirror) -> float:
    """Return since when to count; a clock that was set forward ends no day."""
    now, settings = mirror.clock.now(), mirror.state.settings
    since_set = now - float(settings.get(CLOCK_SET) or 0)
    if since_set >= DAY:
        return now - DAY
    return min(now, float(settings.get(CLOCK_BEFORE) or now)) - DAY
