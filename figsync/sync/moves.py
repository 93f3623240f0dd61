"""Files that a person moved from one item folder into another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from figsync.model import Action, ActionKey, DeleteRemote, Plan, Upload
from figsync.sync.mirror import Mirror

BETWEEN = "\0"


def moved_keys(mirror: Mirror, plan: Plan) -> frozenset[ActionKey]:
    """Return the deletions whose bytes are proven to be in another item by now.

    Where a missing file went is remembered when its bytes first show up as a new
    file of another item; one arrival stands for one deletion.
    """
    actions: list[Action] = [*plan.actions, *(held.action for held in plan.held)]
    losses = [a for a in actions if isinstance(a, DeleteRemote) and not a.moved_to]
    if not losses:
        return frozenset()
    _pair(mirror, losses, actions)
    return frozenset(loss.key for loss in losses if is_proven_elsewhere(mirror, loss))


def with_interrupted_moves(mirror: Mirror, plan: Plan) -> Plan:
    """Mark the deletions whose files were moved within their item before a crash.

    The new place is synced by now, so that the plan alone no longer shows the move.
    """
    return Plan(tuple(_moved_before(mirror, a) for a in plan.actions), plan.held)


def new_place(mirror: Mirror, loss: DeleteRemote) -> tuple[str, str]:
    """Return item and path where the bytes of a missing file showed up, "" if none."""
    absence = mirror.state.work.absence(f"local:{loss.where.item_id}", loss.path)
    return _split(absence.moved_to if absence else "")


def _split(place: str) -> tuple[str, str]:
    item_id, _, path = place.partition(BETWEEN)
    return item_id, path


def _moved_before(mirror: Mirror, action: Action) -> Action:
    if not isinstance(action, DeleteRemote):
        return action
    scope = f"local:{action.where.item_id}"
    absence = mirror.state.work.absence(scope, action.path)
    if absence is None:
        return action
    place = (action.where.item_id, action.moved_to)
    if action.moved_to and absence.moved_to != BETWEEN.join(place):
        moved = replace(absence, moved_to=BETWEEN.join(place))
        mirror.state.work.save_absence(scope, action.path, moved)
    item_id, path = _split(absence.moved_to)
    if action.moved_to or item_id != action.where.item_id:
        return action
    if not is_proven_elsewhere(mirror, action):
        return action
    return replace(action, moved_to=path)


def _pair(
    mirror: Mirror, losses: Iterable[DeleteRemote], actions: Iterable[Action]
) -> None:
    work = mirror.state.work
    arrivals = _arrivals(actions)
    for loss in losses if arrivals else ():
        scope = f"local:{loss.where.item_id}"
        absence = work.absence(scope, loss.path)
        places = arrivals.get(loss.synced.md5, [])
        if absence is None or absence.moved_to or not places:
            continue
        place = next((p for p in places if p[0] != loss.where.item_id), None)
        if place is not None:
            places.remove(place)
            moved = replace(absence, moved_to=BETWEEN.join(place))
            work.save_absence(scope, loss.path, moved)


def _arrivals(actions: Iterable[Action]) -> dict[str, list[tuple[str, str]]]:
    """Return item and path of every new file that is about to be sent, by MD5."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for action in actions:
        if isinstance(action, Upload) and action.replaces is None:
            found[action.local.md5].append((action.where.item_id, action.path))
    return found


def is_proven_elsewhere(mirror: Mirror, loss: DeleteRemote) -> bool:
    """Tell whether the bytes of a missing file are proven where they showed up."""
    item_id, path = new_place(mirror, loss)
    row = mirror.state.files.synced_file(item_id, path) if path else None
    return row is not None and row.md5 == loss.synced.md5
