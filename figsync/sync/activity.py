"""What the daemon is doing, for whoever asks: kept in the state, read by everybody."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import msgspec

from figsync.state import State

ACTIVITY = "activity"
PAUSE = "pause"

T = TypeVar("T", bound=msgspec.Struct)


class Phase(StrEnum):
    """What the deciding thread of the daemon does."""

    IDLE = "idle"
    SYNCING = "syncing"
    PAUSED = "paused"


class Activity(msgspec.Struct, frozen=True):
    """The daemon as it was when it last said so; times are POSIX seconds.

    It holds only while process *pid* lives and owns the mirror.  *watching* is
    `events` or `polling`, *watch_problem* why it polls ("" if that is wished).
    """

    pid: int
    since: float
    phase: Phase = Phase.IDLE
    watching: str = "polling"
    watch_problem: str = ""
    next_pull: float | None = None


class Pause(msgspec.Struct, frozen=True):
    """Nothing is synced *until* then (POSIX seconds), or until somebody resumes."""

    until: float | None = None


def read_activity(state: State) -> Activity | None:
    """Return what the last daemon said of itself, None if there never was one."""
    return _read(state, ACTIVITY, Activity)


def store_activity(state: State, activity: Activity) -> None:
    """Let everybody know what the daemon does; nothing is written if they do."""
    _store(state, ACTIVITY, activity)


def read_pause(state: State, now: float) -> Pause | None:
    """Return the pause that is on, None if there is none or its time is over."""
    pause = _read(state, PAUSE, Pause)
    if pause is None or (pause.until is not None and pause.until <= now):
        return None
    return pause


def store_pause(state: State, pause: Pause | None) -> None:
    """Begin a pause, or end it; it outlives restarts."""
    if pause is not None:
        _store(state, PAUSE, pause)
    elif state.settings.get(PAUSE):
        state.settings.drop(PAUSE)


def _read(state: State, name: str, kind: type[T]) -> T | None:
    text = state.settings.get(name)
    try:
        return msgspec.json.decode(text, type=kind) if text else None
    except msgspec.MsgspecError:
        return None


def _store(state: State, name: str, value: msgspec.Struct) -> None:
    text = msgspec.json.encode(value).decode()
    if state.settings.get(name) != text:
        state.settings.set(name, text)
