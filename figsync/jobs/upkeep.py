"""The job that keeps the state database sound and small over the years."""

from __future__ import annotations

import logging

from figsync.state import TABLES, State
from figsync.sync.mirror import Mirror
from figsync.sync.sweep import outdated_before

CHECKED = "checked"
# One table of a large mirror may take longer; the next run goes on after it.
CHECK_SECONDS = 5.0

log = logging.getLogger(__name__)


def run(mirror: Mirror) -> str:
    """Check some tables, tidy up, and remove what was set aside long ago.

    StateDamaged if a table is not as it was saved: the next opening rebuilds it.
    """
    _check(mirror)
    mirror.state.tidy()
    before = outdated_before(mirror)
    if before is None:
        return ""
    removed = State.expire_aside(mirror.config.database, before)
    days = mirror.config.deletions.trash_days
    names = ", ".join(removed)
    return f"Removed {names}, set aside more than {days} days ago" if names else ""


def _check(mirror: Mirror) -> None:
    """Read table after table for some seconds, beginning where the last run ended."""
    clock, settings = mirror.clock, mirror.state.settings
    last = settings.get(CHECKED)
    start = TABLES.index(last) + 1 if last in TABLES else 0
    began = clock.monotonic()
    for table in (*TABLES[start:], *TABLES[:start]):
        mirror.state.check_table(table, stop=mirror.asked_to_stop)
        settings.set(CHECKED, table)
        if clock.monotonic() - began >= CHECK_SECONDS:
            return
