"""The socket where a running daemon can be asked, by its own user and by root alone.

One request a connection, one JSON object a line.  A request is
`{"verb": VERB, "words": {NAME: TEXT, ...}}`; what is told back is in answers.py,
and ends with an object that has the key `end`.  The verbs, their words, and the
object that ends the answer:

    sync    only: a JSON list of folders and ids ("" for all); scheduled: yes
            the report as `render` tells it
    pause   until: POSIX seconds, "" until somebody resumes
            {"until": POSIX seconds or null}
    resume  {"was_paused": true}, false if there was no pause
    wait    timeout: seconds, "" for none
            {"pending": [...], "left_out": [...], ...}, see desk.py
    look    carry out what was left in the state now, and sync: {}

What can not be done is told as `{"end": true, "error": LINE, "code": EXIT CODE}`.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

from figsync.daemon.inbox import Ask, Post
from figsync.daemon.line import Line, Malformed
from figsync.daemon.place import Seat, take_seat
from figsync.errors import WrongUsage

MOST_LINES = 16
PATIENCE = 5.0  # seconds for a request to come
LAST_SECONDS = 30.0  # for a client to take the last object
FAREWELL = 1.0  # seconds for all of them, when the daemon stops
# pid, uid and gid of the process at the other end, as the kernel knows them.
_CREDENTIALS = struct.Struct("3i")


class Control:
    """Listens on a socket and leaves what clients ask for in the inbox.

    One thread serves all clients, and sleeps while there is nothing to do.
    """

    def __init__(self, post: Post, place: Path, *, patience: float = PATIENCE) -> None:
        self._post = post
        self._place = place
        self._patience = patience
        self._seat: Seat | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._lines: dict[Line, float | None] = {}

    @property
    def path(self) -> str:
        """Where clients reach it, "" while it does not listen."""
        return "" if self._seat is None else str(self._seat.path)

    def start(self) -> None:
        """Listen from now on; DiskProblem if no socket can be made."""
        self._seat = take_seat(self._place)
        self._waker, self._woken = socket.socketpair()
        for sock in (self._waker, self._woken):
            sock.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._seat.sock, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._stop.clear()
        self._thread = threading.Thread(
            target=self._serve, name="figsync-control", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; what was told is sent, if the clients take it at once."""
        if self._thread is None or self._seat is None:
            return
        self._stop.set()
        self._wake()
        self._thread.join()
        self._thread = self._seat = None

    def _wake(self) -> None:
        # A full buffer wakes it too; after the end nobody is to be woken.
        with suppress(OSError):
            self._waker.send(b".")

    def _serve(self) -> None:
        assert self._seat is not None
        while not self._stop.is_set():
            self._turn(self._seconds_left())
        self._selector.unregister(self._seat.sock)
        self._seat.leave()
        ends = time.monotonic() + FAREWELL
        while any(line.has_more for line in self._lines):
            left = ends - time.monotonic()
            if left <= 0:
                break
            self._turn(left)
        for line in list(self._lines):
            self._drop(line)
        for sock in (self._waker, self._woken):
            sock.close()
        self._selector.close()

    def _turn(self, seconds: float | None) -> None:
        """Wait for something to happen, and answer it."""
        assert self._seat is not None
        ready = self._selector.select(seconds)
        for key, events in ready:
            if key.data is not None and events & selectors.EVENT_READ:
                self._hear(key.data)
            elif key.fileobj is self._woken:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
        for line in list(self._lines):
            self._attend(line)
        # Who has left makes room for who comes.
        if any(key.fileobj is self._seat.sock for key, _ in ready):
            self._accept(self._seat.sock)

    def _seconds_left(self) -> float | None:
        """Return when the next client has to be given up, None if none has."""
        ends = [end for end in self._lines.values() if end is not None]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _accept(self, listening: socket.socket) -> None:
        try:
            sock, _ = listening.accept()
        except BlockingIOError:
            return
        except OSError:
            # No file is left to open: asking again at once would not let go.
            self._stop.wait(1.0)
            return
        if not _is_welcome(sock):
            sock.close()
            return
        line = Line(sock, self._wake)
        self._lines[line] = time.monotonic() + self._patience
        self._selector.register(sock, selectors.EVENT_READ, line)
        if len(self._lines) > MOST_LINES:
            self._refuse(line, "too many ask it at once; try again later")

    def _hear(self, line: Line) -> None:
        try:
            request = line.receive()
        except Malformed as problem:
            self._refuse(line, str(problem))
            return
        if request is not None:
            line.has_asked = True
            self._lines[line] = None
            line.tell({"accepted": True})
            verb, words = request
            self._post.put(Ask(verb, words, line.tell, lambda: line.is_gone))

    def _refuse(self, line: Line, cause: str) -> None:
        line.has_asked = True
        line.tell({"end": True, "error": cause, "code": WrongUsage.exit_code})

    def _attend(self, line: Line) -> None:
        """Send what there is to send; let a client go that is done, or too slow."""
        line.send()
        now = time.monotonic()
        if line.has_ended and self._lines[line] is None:
            self._lines[line] = now + LAST_SECONDS
        end = self._lines[line]
        if line.is_over or (end is not None and end <= now):
            self._drop(line)
            return
        both = selectors.EVENT_READ | selectors.EVENT_WRITE
        wanted = both if line.has_more else selectors.EVENT_READ
        if self._selector.get_key(line.sock).events != wanted:
            self._selector.modify(line.sock, wanted, line)

    def _drop(self, line: Line) -> None:
        self._selector.unregister(line.sock)
        line.close()
        del self._lines[line]


def _is_welcome(sock: socket.socket) -> bool:
    """Tell whether the process at the other end is of this user, or root's."""
    asked = getattr(socket, "SO_PEERCRED", None)
    if asked is None:
        return True
    content = sock.getsockopt(socket.SOL_SOCKET, asked, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(content)
    return uid in (0, os.geteuid())
