"""Deletions that a person refused: when such a refusal has done its work."""

from __future__ import annotations

from collections.abc import Sequence

from figsync.model import ActionKey, Outcome
from figsync.sync.mirror import Mirror
from figsync.sync.restore import is_here


def settle_rejections(mirror: Mirror, outcomes: Sequence[Outcome]) -> None:
    """Drop the rejections whose missing side was brought back, by whomever."""
    back = {
        (outcome.action.where.item_id, outcome.action.path)
        for outcome in outcomes
        if outcome.result == "done"
    }
    for key in mirror.state.decisions.rejected():
        if (key.item_id, key.path) in back or _is_moot(mirror, key):
            mirror.state.decisions.settle(key)


def _is_moot(mirror: Mirror, key: ActionKey) -> bool:
    """Tell whether a refused deletion of a file can not be meant any more."""
    if key.kind != "DeleteRemote":
        return False
    row = mirror.state.files.synced(key.item_id).get(key.path)
    if row is None or row.file_id != key.file_id:
        return True
    known = mirror.state.items.find(key.item_id)
    # Deleted again, it would be another deletion, with a grace period of its own.
    return known is not None and is_here(mirror.disk, f"{known.folder}/{key.path}")
