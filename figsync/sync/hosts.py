"""Hosts that are left alone: kept over restarts, and what has to wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from figsync.errors import Blocked, Resting, TokenRefused, Unreachable
from figsync.figshare import Rest, Service
from figsync.model import Action, CreateItem, Download, KeepBoth, Upload
from figsync.sync.rests import HOSTS, read_rests

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.sync.mirror import Mirror

# After these Figshare as a whole may be out of reach.
OUTAGES = (Unreachable, Blocked, Resting, TokenRefused)
_DOWN = (Service.DOWNLOADS, Service.STORAGE)


def keep_rests(mirror: Mirror) -> None:
    """Store the hosts that are left alone now: a restart must not ask them at once."""
    rests = mirror.figshare.hosts.rests()
    if rests != read_rests(mirror.state):
        mirror.state.settings.set(HOSTS, msgspec.json.encode(rests).decode())


def api_rest(mirror: Mirror) -> float:
    """Return for how many seconds the API is left alone still, 0 if it may be asked."""
    rest = mirror.figshare.hosts.resting(Service.API)
    return max(0.0, rest.until - mirror.clock.now()) if rest else 0.0


def resting_for(mirror: Mirror, action: Action) -> Rest | None:
    """Return the host that an action would have to wait for, None if it may be tried.

    The API is not asked about here: while it is left alone there is no cycle at all.
    """
    rests = (mirror.figshare.hosts.resting(s) for s in _services(mirror, action))
    return next((rest for rest in rests if rest is not None), None)


def _services(mirror: Mirror, action: Action) -> tuple[Service, ...]:
    match action:
        case Download():
            is_local = action.remote.link or action.source is not None
            return () if is_local else _DOWN
        case KeepBoth():
            return () if action.remote.link else _DOWN
        case Upload():
            transfers = mirror.state.work.transfers(action.where.item_id)
            begun = transfers.get(action.path)
            return () if begun and begun.completed else (Service.UPLOADS,)
        case CreateItem():
            # Nobody wants a draft that stays empty for hours.
            return (Service.UPLOADS,)
        case _:
            return ()
