"""Asking the daemon that keeps this mirror, if one runs."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from types import TracebackType
from typing import Self

from figsync.commands.shell import Shell
from figsync.disk import Disk
from figsync.errors import FigsyncError, MirrorOwned
from figsync.lock import living_owner
from figsync.naming import shown

Told = dict[str, object]

# How long a daemon may take to say that it heard; its work may take for ever.
PATIENCE = 10.0
_LOOK = "look at its log, or start it again"


class Declined(FigsyncError):
    """The daemon said why it can not be done; *code* is what to end with."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__("", line)
        self.exit_code = code


class Call(AbstractContextManager["Call"]):
    """A connection to a running daemon, good for one request."""

    def __init__(self, sock: socket.socket, subject: str, pid: int) -> None:
        self._sock = sock
        self._subject = subject
        self._pid = pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sock.close()

    def ask(self, verb: str, **words: str) -> Iterator[Told]:
        """Ask for *verb* and yield what is told; the last one has the key `end`.

        MirrorOwned if the daemon does not answer, Declined if it can not do that.
        """
        self._sock.settimeout(PATIENCE)
        request = json.dumps({"verb": verb, "words": words}).encode() + b"\n"
        try:
            self._sock.sendall(request)
            with closing(self._sock.makefile("rb")) as answers:
                for answer in answers:
                    self._sock.settimeout(None)
                    told = json.loads(answer)
                    if told.get("end") and "error" in told and "report" not in told:
                        raise Declined(str(told["error"]), int(told.get("code", 1)))
                    yield told
                    if told.get("end"):
                        return
        except TimeoutError:
            cause = f"the running figsync (process {self._pid}) does not answer"
            raise MirrorOwned(self._subject, cause, _LOOK) from None
        except OSError:
            pass
        cause = f"the running figsync (process {self._pid}) ended before it was done"
        raise FigsyncError(self._subject, cause, "`figsync status` tells how it stands")

    def answer(self, verb: str, **words: str) -> Told:
        """Ask for *verb* and return the last object that is told."""
        *_, last = self.ask(verb, **words)
        return last


def call_daemon(shell: Shell) -> Call | None:
    """Return a connection to the daemon that owns the mirror, None if none runs."""
    root = shell.config.mirror.root
    try:
        owner = living_owner(Disk(root, clock=shell.clock), shell.clock)
    except FigsyncError:
        return None
    if owner is None or not owner.control:
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(PATIENCE)
    try:
        sock.connect(os.fspath(owner.control))
    except OSError:
        # It is about to start or to end; the lock says more to who takes it.
        sock.close()
        return None
    return Call(sock, shown(str(root)), owner.pid)
