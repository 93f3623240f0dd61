"""What a daemon tells those who asked it: how its cycles go, in small objects.

{"accepted": true}                          the request is understood
{"phase": "Syncing"}                        a step of a cycle begins
{"ahead": {"Uploading": 1000}}              a plan is made: bytes to go, by way
{"moved": {"Uploading": 500}}               bytes that went since the last such
{"ended": {"kind": "Upload", "folder": ..., "path": ..., "result": "done", ...}}
{"end": true, ...}                          the answer; nothing follows
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

import msgspec

from figsync.daemon.inbox import Told
from figsync.sync.telling import Ended, Show

Tell = Callable[[Told], None]

# How often one listener hears of bytes: a bar needs no more.
MOVED_EVERY = 0.2


@dataclass(slots=True)
class _Listener:
    """Somebody who is told, and the bytes that were not told yet."""

    tell: Tell
    told_at: float
    moved: dict[str, int] = field(default_factory=dict)

    def flush(self, now: float) -> None:
        if self.moved:
            self.tell({"moved": self.moved})
            self.moved, self.told_at = {}, now


class Broadcast:
    """Shows how a cycle goes to everybody who listens at the moment.

    Whoever joins in the midst of a cycle learns where it stands.  With
    `telling.Telling` around it, it is the progress of a mirror.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._listeners: list[_Listener] = []
        self._phase = ""
        self._left: dict[str, int] = {}

    def join(self, tell: Tell) -> None:
        """Tell this listener from now on; joining again changes nothing."""
        with self._lock:
            if any(listener.tell == tell for listener in self._listeners):
                return
            self._listeners.append(_Listener(tell, self._monotonic()))
            if self._phase:
                tell({"phase": self._phase})
            if left := {way: size for way, size in self._left.items() if size > 0}:
                tell({"ahead": left})

    def leave(self, tell: Tell) -> None:
        """Tell this listener no more."""
        with self._lock:
            staying = [one for one in self._listeners if one.tell != tell]
            self._listeners = staying

    def over(self) -> None:
        """No cycle is under way: who joins now has nothing to see yet."""
        with self._lock:
            self._phase, self._left = "", {}

    def phase(self, name: str) -> None:
        with self._lock:
            self._phase = name
            self._tell({"phase": name})

    def ahead(self, sizes: Mapping[str, int]) -> None:
        with self._lock:
            self._left = dict(sizes)
            if sizes:
                self._tell({"ahead": dict(sizes)})

    def moved(self, way: str, size: int) -> None:
        with self._lock:
            self._left[way] = self._left.get(way, 0) - size
            now = self._monotonic() if self._listeners else 0.0
            for listener in self._listeners:
                listener.moved[way] = listener.moved.get(way, 0) + size
                if now - listener.told_at >= MOVED_EVERY:
                    listener.flush(now)

    def ended(self, ended: Ended) -> None:
        with self._lock:
            if self._listeners:
                self._tell({"ended": asdict(ended)})

    def _tell(self, told: Told) -> None:
        for listener in self._listeners:
            listener.flush(self._monotonic())
            listener.tell(told)


def show_told(told: Told, show: Show) -> None:
    """Show what a Broadcast told, as if it had happened here; skip what is unknown."""
    match told:
        case {"phase": str(name)}:
            show.phase(name)
        case {"ahead": dict(sizes)}:
            show.ahead(msgspec.convert(sizes, dict[str, int]))
        case {"moved": dict(sizes)}:
            for way, size in msgspec.convert(sizes, dict[str, int]).items():
                show.moved(way, size)
        case {"ended": dict(ended)}:
            show.ended(msgspec.convert(ended, Ended))
