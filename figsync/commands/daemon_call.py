"""Asking the daemon that keeps this mirror, if one runs."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from types import TracebackType
from typing import Self

from figsync.clock import Clock
from figsync.commands.shell import Shell
from figsync.daemon.place import serves
from figsync.disk import Disk
from figsync.errors import FigsyncError, MirrorOwned
from figsync.lock import living_owner
from figsync.naming import shown

Told = dict[str, object]

# How long a daemon may take to say that it heard; its work may take for ever.
PATIENCE = 10.0
LEAST_WAIT = 0.001


class Declined(FigsyncError):
    """The daemon said why it can not be done; *exit_code* is what to end with."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__("", line)
        self.exit_code = code


class OutOfTime(FigsyncError):
    """The daemon is at work, but the time to wait for its answer is over."""


class Call:
    """A connection to a running daemon, good for one request."""

    def __init__(
        self,
        sock: socket.socket,
        clock: Clock,
        *,
        subject: str,
        pid: int,
        patience: float = PATIENCE,
    ) -> None:
        self._sock = sock
        self._clock = clock
        self._subject = subject
        self._daemon = f"the running figsync (process {pid})"
        self._patience = patience
        self._give_up_at: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sock.close()

    def limit(self, seconds: float) -> None:
        """Give up the answer after so many seconds: OutOfTime."""
        self._give_up_at = self._clock.monotonic() + seconds

    def ask(self, verb: str, **words: str) -> Iterator[Told]:
        """Ask for *verb* and yield what is told; the last one has the key `end`.

        MirrorOwned if the daemon does not answer, Declined if it can not do that,
        FigsyncError if it ends before it has answered.
        """
        has_heard = False
        request = json.dumps({"verb": verb, "words": words}).encode() + b"\n"
        try:
            self._sock.settimeout(self._patience)
            self._sock.sendall(request)
            with closing(self._sock.makefile("rb")) as answers:
                for answer in answers:
                    has_heard = True
                    if not answer.endswith(b"\n"):
                        break
                    told = _told(answer)
                    yield told
                    if told.get("end"):
                        return
                    self._sock.settimeout(self._seconds_left())
        except TimeoutError:
            if has_heard:
                raise OutOfTime("", f"{self._daemon} is still at work") from None
            remedy = "look at its log, or start it again"
            cause = f"{self._daemon} does not answer"
            raise MirrorOwned(self._subject, cause, remedy) from None
        except OSError:
            # It went away in the midst of a line; that is told below.
            has_heard = True
        cause = f"{self._daemon} ended before it had answered"
        raise FigsyncError(self._subject, cause, "`figsync status` tells how it stands")

    def answer(self, verb: str, **words: str) -> Told:
        """Ask for *verb* and return the last object that is told."""
        *_, last = self.ask(verb, **words)
        return last

    def _seconds_left(self) -> float | None:
        if self._give_up_at is None:
            return None
        return max(LEAST_WAIT, self._give_up_at - self._clock.monotonic())


def _told(answer: bytes) -> Told:
    """Return one object that was told; Declined if it says that it can not be done."""
    told = json.loads(answer)
    assert isinstance(told, dict)
    if told.get("end") and told.get("error") and "report" not in told:
        raise Declined(str(told["error"]), int(told.get("code", 1)))
    return told


def call_daemon(shell: Shell) -> Call | None:
    """Return a connection to the daemon of this configuration, None if none runs.

    One of another configuration, with another database, may own the same root.
    """
    root, clock = shell.config.mirror.root, shell.clock
    try:
        owner = living_owner(Disk(root, clock=clock), clock)
    except FigsyncError:
        return None
    if owner is None or not owner.control:
        return None
    if not serves(owner.control, shell.config.database):
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(PATIENCE)
        sock.connect(os.fspath(owner.control))
    except OSError:
        # It is about to start or to end; the lock says more to who takes it.
        sock.close()
        return None
    return Call(sock, clock, subject=shown(str(root)), pid=owner.pid)
