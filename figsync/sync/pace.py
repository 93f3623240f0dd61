"""The request budget of a mirror: one for all its processes, told to who asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from figsync.clock import Clock
from figsync.config import Config
from figsync.figshare import Budget, Pace, api_origin
from figsync.state import RequestLedger

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.figshare import Figshare


def share_budget(
    figshare: Figshare, database: Path, boot_id: str, *, read_only: bool = False
) -> None:
    """Let a client spend the budget of a mirror, which others spend too.

    No restart refills it, however the process before came to its end.  Who may not
    change a byte (*read_only*) waits until the burst is whole again, and leaves it to
    others: what is asked at the plain rate then would be lost to all.
    """
    figshare.keep_budget(RequestLedger(database, read_only=read_only), boot_id)


def request_paces(config: Config, clock: Clock) -> Mapping[str, Pace]:
    """Return how hosts may be asked now, by all processes together; the API first."""
    transfer, api = config.transfer, api_origin(config.account.api_url).name
    budget = Budget(clock, api, rate=transfer.requests_per_second, burst=transfer.burst)
    budget.keep(RequestLedger(config.database), "")
    return budget.paces()
