"""The request budget that is left: kept over restarts, and told to who asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.config import TransferSettings
    from figsync.state import State
    from figsync.sync.mirror import Mirror


PACE = "pace"


def keep_pace(mirror: Mirror) -> None:
    """Store the request budget that is left: a restart must not refill it."""
    level = [mirror.figshare.pace_level, mirror.clock.now()]
    mirror.state.settings.set(PACE, json.dumps(level))


def request_budget(
    state: State, transfer: TransferSettings, now: float
) -> float | None:
    """Return how many requests may go at once now, None if that was never stored.

    It is what was left, and what time has added to it since.
    """
    pace = state.settings.get(PACE)
    if not pace:
        return None
    level, at = map(float, json.loads(pace))
    gained = max(0.0, now - at) * transfer.requests_per_second
    return min(float(transfer.burst), level + gained)
