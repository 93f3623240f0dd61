"""What can not be tried now: it failed lately, was tried too often, or a host rests."""

from __future__ import annotations

from figsync.model import Action, ActionKey, Download, KeepBoth, Plan
from figsync.state import Retry
from figsync.sync.guards import Wait
from figsync.sync.hosts import resting_for
from figsync.sync.mirror import Mirror
from figsync.sync.record import REFUSED, retry_name
from figsync.sync.rot import read_rot
from figsync.sync.vain import in_vain


def waits_of(mirror: Mirror, plan: Plan, *, retry_now: bool) -> dict[ActionKey, Wait]:
    """Return the actions that can not be tried now, or were tried too often.

    With *retry_now* what failed is tried at once, whatever time it was given.
    """
    waits: dict[ActionKey, Wait] = {}
    now, rot = mirror.clock.now(), read_rot(mirror.state)
    # What a person approved fails and repeats itself like anything else.
    approvable = (held.action for held in plan.held if held.needs_person)
    for action in (*plan.actions, *approvable):
        retry = mirror.state.work.retry(retry_name(action.key))
        if reason := in_vain(mirror, action, rot):
            waits[action.key] = Wait(reason)
        elif retry is not None and retry.is_waiting(now) and not retry_now:
            waits[action.key] = _failed(action, retry)
        elif rest := resting_for(mirror, action):
            waits[action.key] = Wait(f"{rest.subject}: {rest.cause}", rest.until)
    return waits


def _failed(action: Action, retry: Retry) -> Wait:
    """Return how a failed action waits: a refused write waits for a person."""
    if not retry.message.startswith(REFUSED):
        reason = f"failed {retry.tries} times, the last time: {retry.message}"
        return Wait(reason, retry.next_at)
    return Wait(retry.message, listed=isinstance(action, Download | KeepBoth))
