"""What the daemon is doing, for whoever asks: kept in the state, read by everybody."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

import msgspec

from figsync.errors import WrongUsage
from figsync.naming import shown
from figsync.state import State

ACTIVITY = "activity"
PAUSE = "pause"
# The last second that a date can tell, at the end of the year 9999.
LATEST = 253402300799.0

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


def begin_pause(state: State, words: Mapping[str, str], now: float) -> float | None:
    """Pause until the time that the *words* name; return it, None if without end.

    WrongUsage if it is no time.  One that is over already pauses nothing.
    """
    text = words.get("until", "")
    try:
        until = float(text) if text else None
    except ValueError:
        until = math.nan
    if until is not None and not abs(until) <= LATEST:
        raise WrongUsage("", f"{shown(text)} is no time")
    store_pause(state, Pause(until) if until is None or until > now else None)
    return until


def end_pause(state: State, now: float) -> bool:
    """End the pause that is on; return whether there was one."""
    was_paused = read_pause(state, now) is not None
    store_pause(state, None)
    return was_paused


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
