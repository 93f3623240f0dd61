"""Which hosts the last sync left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from figsync.figshare import Rest

if TYPE_CHECKING:
    from figsync.state import State

HOSTS = "hosts"


def read_rests(state: State) -> tuple[Rest, ...]:
    """Return the hosts that the last sync left alone."""
    try:
        text = state.settings.get(HOSTS) or "[]"
        return msgspec.json.decode(text, type=tuple[Rest, ...])
    except msgspec.MsgspecError:
        return ()
