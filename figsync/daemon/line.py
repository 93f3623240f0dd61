"""One connection to the daemon's socket: a request comes in, objects go out."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping

from figsync.daemon.inbox import Told

LONGEST_REQUEST = 1 << 20
# What waits for a client that does not read; more of its progress is left out.
MOST_WAITING = 1 << 20
_AT_ONCE = 1 << 16


class Malformed(Exception):
    """What came is no request; `str()` says why."""


class Line:
    """A client's connection: read and written by the serving thread alone.

    `tell` may be called by any thread; it never waits and never raises.
    """

    def __init__(self, sock: socket.socket, wake: Callable[[], None]) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.is_gone = False
        self.has_asked = False
        self._wake = wake
        self._lock = threading.Lock()
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._has_ended = False

    def tell(self, told: Told) -> None:
        """Send one object as soon as the client takes it; the last has the key `end`.

        Of what happens meanwhile a client that does not read misses some.
        """
        content = json.dumps(told, default=str).encode() + b"\n"
        with self._lock:
            is_last = "end" in told
            is_late = len(self._outgoing) > MOST_WAITING and not is_last
            if self.is_gone or self._has_ended or is_late:
                return
            self._has_ended = is_last
            self._outgoing += content
        self._wake()

    @property
    def is_over(self) -> bool:
        """Tell whether everything was told and sent, or nobody is there any more."""
        with self._lock:
            return self.is_gone or (self._has_ended and not self._outgoing)

    @property
    def has_ended(self) -> bool:
        """Tell whether the last object was told, though maybe not sent yet."""
        return self._has_ended

    @property
    def has_more(self) -> bool:
        """Tell whether something waits to be sent."""
        return bool(self._outgoing)

    def receive(self) -> tuple[str, Mapping[str, str]] | None:
        """Take what came; return verb and words once the request is whole.

        Malformed if it is none.
        """
        try:
            content = self.sock.recv(_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:
            content = b""
        if not content:
            self.is_gone = True
            return None
        if self.has_asked:
            return None
        self._incoming += content
        request, newline, _ = self._incoming.partition(b"\n")
        if len(request) > LONGEST_REQUEST:
            raise Malformed("the request is too long")
        return parsed(bytes(request)) if newline else None

    def send(self) -> None:
        """Send what the client takes now."""
        with self._lock:
            try:
                while self._outgoing:
                    count = self.sock.send(self._outgoing[:_AT_ONCE])
                    del self._outgoing[:count]
            except BlockingIOError:
                return
            except OSError:
                self.is_gone = True

    def close(self) -> None:
        """Let the client go."""
        self.is_gone = True
        self.sock.close()


def parsed(request: bytes) -> tuple[str, Mapping[str, str]]:
    """Return verb and words of a request; Malformed if it is none."""
    try:
        value = json.loads(request)
    except (ValueError, RecursionError):
        raise Malformed("the request is no JSON") from None
    if not isinstance(value, dict) or not isinstance(value.get("verb"), str):
        raise Malformed("the request has no verb")
    words = value.get("words", {})
    if not isinstance(words, dict) or not all(
        isinstance(word, str) for word in words.values()
    ):
        raise Malformed("the words of the request are no texts")
    return value["verb"], words
