"""A daemon small enough to be read at once: one mirror, one desk, one loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from figsync.clock import SystemClock
from figsync.commands.outcome import as_told
from figsync.config import Config
from figsync.daemon.answers import Broadcast
from figsync.daemon.control import Control
from figsync.daemon.desk import Desk, Errand
from figsync.daemon.inbox import Ask, Inbox, Request, Wake
from figsync.daemon.place import control_place
from figsync.errors import FigsyncError, Interrupted
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror
from figsync.sync.opening import Means, owned_mirror
from figsync.sync.telling import Telling


class Tiny:
    """Does what it is asked for, and nothing else; *looks* counts its errands."""

    def __init__(self, config: Config, token: str, environ: Mapping[str, str]) -> None:
        self.config = config
        self.clock = SystemClock()
        self.inbox = Inbox()
        self.broadcast = Broadcast()
        self.desk = Desk(self.broadcast, as_told)
        self.control = Control(self, control_place(config.database, environ))
        self.means = Means(token, self.clock, progress=Telling(self.broadcast))
        self.asked: list[str] = []
        self.is_open = threading.Event()
        self.thread = threading.Thread(target=self._run, name="tiny daemon")

    def put(self, request: Request) -> None:
        """Leave a request; a pause ends what runs now."""
        if isinstance(request, Ask):
            self.desk.hear(request)
            if request.verb == "pause":
                self.clock.park()
        self.inbox.put(request)

    def stop(self) -> None:
        self.clock.stop()
        self.put(Wake())
        self.thread.join(20)

    def _run(self) -> None:
        self.control.start()
        try:
            means = replace(self.means, control=self.control.path)
            with owned_mirror(self.config, means) as mirror:
                self.is_open.set()
                while not self.clock.stopped:
                    self._turn(mirror)
        finally:
            self.desk.close(Interrupted("", "figsync was stopped"))
            self.control.stop()

    def _turn(self, mirror: Mirror) -> None:
        left = self.desk.seconds(self.clock.monotonic())
        for request in self.inbox.take(left):
            if isinstance(request, Ask):
                self.asked.append(request.verb)
                self._serve(self.desk.take(request, mirror), mirror)
        while errand := self.desk.next(self.clock.monotonic()):
            self._serve(errand, mirror)
            if self.clock.stopped:
                return

    def _serve(self, errand: Errand | None, mirror: Mirror) -> None:
        if errand is None:
            return
        report, problem = Report(), None
        self.clock.go_on()
        try:
            sync_until_quiet(mirror, errand.wish, report=report, patient=errand.patient)
        except FigsyncError as failure:
            problem = failure
        self.broadcast.over()
        self.desk.ended(errand, mirror, report, problem)


@contextmanager
def running(config: Config, token: str, folder: Path) -> Iterator[Tiny]:
    """Let a tiny daemon keep the mirror while the block runs."""
    tiny = Tiny(config, token, {"RUNTIME_DIRECTORY": str(folder)})
    tiny.thread.start()
    assert tiny.is_open.wait(20)
    try:
        yield tiny
    finally:
        tiny.stop()
