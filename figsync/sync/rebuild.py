"""The state set aside on request: what losing it does by itself, and a little more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from figsync.clock import Clock
from figsync.config import Config
from figsync.disk import Disk
from figsync.errors import StateDamaged
from figsync.lock import locked
from figsync.state import CreateIntent, State, Transfer
from figsync.sync.opening import Means, check_marker_or_make_root
from figsync.sync.place import is_noted


@dataclass(frozen=True, slots=True)
class _Begun:
    """New items and files that were begun on Figshare and not finished."""

    intents: tuple[CreateIntent, ...] = ()
    transfers: tuple[Transfer, ...] = ()


def set_state_aside(config: Config, means: Means, *, why: str) -> Path:
    """Set the state aside for the next sync to build a new one; return its name.

    Of a sound one the new one inherits what is unfinished on Figshare.
    Raises as `owned_mirror` does, and WrongUsage for a file that is no state.
    """
    known = is_noted(config, means.clock)
    check_marker_or_make_root(config, means.clock, known=known)
    disk = Disk(config.mirror.root, clock=means.clock, calls=means.calls)
    disk.identity()
    disk.prepare()
    database, clock, steps = config.database, means.clock, means.steps
    with locked(disk, clock):
        begun = _begun(database, clock, known=known)
        aside = State.set_aside(database, clock=clock, steps=steps, why=why)
        with State.open(database, clock=clock, steps=steps) as state, state.atomic():
            _inherit(state, begun)
    return aside


def _begun(database: Path, clock: Clock, *, known: bool) -> _Begun:
    """Return what is unfinished, nothing if the state is damaged.

    What supersedes a record is left out: without a state the two are a conflict.
    """
    try:
        state = State.read_only(database, clock=clock, known=known)
        if state is None:
            return _Begun()
        with state:
            new = [t for t in state.work.all_transfers() if not t.replaces]
            return _Begun(tuple(state.work.create_intents()), tuple(new))
    except StateDamaged:
        return _Begun()


def _inherit(state: State, begun: _Begun) -> None:
    for intent in begun.intents:
        known_ids = intent.known_ids
        state.work.add_create_intent(intent.folder, intent.title, known_ids)
    for transfer in begun.transfers:
        state.work.save_transfer(transfer)
