"""`Watch`: hints where something changed, and a word on whether they can be trusted.

A hint is never more than that: who gets one looks at the disk.  What no event tells
of is found by looking at everything now and then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from figsync.watch.observer import Observer
from figsync.watch.session import MakeObserver, Session

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watching:
    """How changes are noticed, and why only by looking again: "" if that is wished."""

    kind: Literal["events", "polling"]
    problem: str = ""


_POLLING = Watching("polling")


def _nobody(watching: Watching) -> None:
    del watching


class Watch:
    """Tells which folders of the root to look at.

    *look* gets the name of a direct sub-folder of *root*, or "" for all of it;
    *changed* is told when events can be relied on no longer.  Both are called from
    threads of the watch and must neither block nor raise.
    """

    def __init__(
        self,
        root: Path,
        look: Callable[[str], None],
        *,
        wished: bool = True,
        probe_seconds: float = 5.0,
        changed: Callable[[Watching], None] = _nobody,
        observer: MakeObserver = Observer,
    ) -> None:
        self._root = root
        self._look = look
        self._wished = wished
        self._probe_seconds = probe_seconds
        self._changed = changed
        self._make = observer
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._ending: threading.Thread | None = None
        self._watching = _POLLING

    @property
    def watching(self) -> Watching:
        """How changes are noticed now."""
        return self._watching

    def start(self) -> Watching:
        """Watch a prepared mirror, anew if it is watched already; return how.

        It waits at most *probe_seconds* for the proof that events come, and never
        raises: where they don't come, it polls and says why.
        """
        self.stop()
        if not self._wished:
            return self._watching
        session = Session(self._root, self._look, self._failed)
        session.start(self._make, self._probe_seconds)
        with self._lock:
            if not session.problem:
                self._session = session
                self._watching = Watching("events")
                return self._watching
            self._watching = Watching("polling", session.problem)
        session.stop()
        return self._watching

    def stop(self) -> None:
        """Stop watching; no hint comes after this returns."""
        with self._lock:
            session, self._session = self._session, None
            ending, self._ending = self._ending, None
            self._watching = _POLLING
        if session is not None:
            session.stop()
        if ending is not None:
            ending.join()

    def is_alive(self) -> bool:
        """Tell whether all is at work that events need; true where they are not."""
        session = self._session
        return session is None or session.is_whole()

    def _failed(self, session: Session) -> None:
        """Poll from now on; the folders watched are given back to other programs."""
        with self._lock:
            if session is not self._session:
                return
            self._session = None
            self._watching = Watching("polling", session.problem)
            # The thread that tells of it can not wait for its own end.
            self._ending = threading.Thread(target=session.stop, daemon=True)
            self._ending.start()
            log.warning("Changes are not watched any more: %s", session.problem)
            self._look("")
            self._changed(self._watching)
