"""People hear of what needs one: once an incident, by day, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo

import msgspec

from figsync.config import NotificationSettings
from figsync.daemon.incidents import Memory, Notice, Remembered, told_of
from figsync.state import State
from figsync.sync.standing import Standing

NOTICED = "noticed"


class Notices:
    """Decides in the deciding thread what people are told, and remembers it.

    What was told is in the state's settings, so that a restart tells nothing twice;
    while the state can not be opened it is remembered here.
    """

    def __init__(
        self,
        settings: NotificationSettings,
        send: Callable[[Notice], None],
        zone: tzinfo | None = None,
    ) -> None:
        self._settings = settings
        self._send = send
        self._zone = zone
        self._memory: Memory = {}

    def look(self, now: Standing, at: float, state: State | None) -> None:
        """Tell what is new *at* a POSIX time; *send* takes it at once.

        Without a *state*, which is the owner's, what is told is stored later.
        """
        if not self._has_ways:
            return
        memory = {**_read(state), **self._memory} if state else self._memory
        told, notices = told_of(memory, now, at, quiet=self._is_quiet(at))
        self._memory = told
        if state is not None:
            _store(state, told)
        for notice in notices:
            self._send(notice)

    @property
    def _has_ways(self) -> bool:
        ways = self._settings
        return bool(ways.desktop or ways.webhook or ways.command)

    def _is_quiet(self, at: float) -> bool:
        hours = self._settings.quiet_hours
        if hours is None:
            return False
        local = datetime.fromtimestamp(at, self._zone)
        return hours.holds(local.hour * 60 + local.minute)


def _read(state: State) -> dict[str, Remembered]:
    text = state.settings.get(NOTICED) or "{}"
    try:
        return msgspec.json.decode(text, type=dict[str, Remembered])
    except msgspec.MsgspecError:
        return {}


def _store(state: State, memory: Memory) -> None:
    text = msgspec.json.encode(dict(memory)).decode()
    if text != (state.settings.get(NOTICED) or "{}"):
        state.settings.set(NOTICED, text)
