"""A scripted server on a real socket, and a clock that needs no time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from figsync.figshare import Figshare, Settings

TOKEN = "s3cr3t-token"
UNPACED = Settings(requests_per_second=0, random=lambda: 0.5)


class FastClock:
    """A clock whose waits end at once and move it forward."""

    def __init__(self, start: float = 1_000_000.0) -> None:
        self._lock = threading.Lock()
        self._time = start
        self.waits: list[float] = []
        self.stopped = False

    def now(self) -> float:
        return self._time

    def monotonic(self) -> float:
        return self._time

    def wait(self, seconds: float) -> bool:
        with self._lock:
            if not self.stopped and seconds > 0:
                self.waits.append(seconds)
                self._time += seconds
            return self.stopped


@dataclass(frozen=True)
class Got:
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


@dataclass(frozen=True)
class Give:
    """An answer; *length* is what it states, where that is not the truth."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


Script = Callable[[Got], Give | None]  # None: the connection breaks without an answer


def gives(value: object, status: int = 200, **headers: str) -> Give:
    """Answer in JSON; header names with `_` for `-`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    named.setdefault("Content-Type", "application/json")
    return Give(status, json.dumps(value).encode(), named)


def page(status: int = 200, **headers: str) -> Give:
    """Answer with a web page."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = b"<!DOCTYPE html><html><body>Hello</body></html>"
    return Give(status, body, {"Content-Type": "text/html", **named})


class Server:
    """What was asked, and what is answered."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.got: list[Got] = []
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[str]:
        return [f"{got.method} {got.path}" for got in self.got]


def in_turn(*answers: Give | None) -> Script:
    """Give one answer after the other, the last one for ever."""
    left = list(answers)

    def script(_: Got) -> Give | None:
        return left.pop(0) if len(left) > 1 else left[0]

    return script


class Connection(BaseHTTPRequestHandler):
    """One kept-alive connection to the scripted server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: Server

    def setup(self) -> None:
        super().setup()
        self.scripted.connections += 1

    def _answer(self) -> None:
        stated = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(stated)
        if len(body) < stated:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        got = Got(self.command, parts.path, query, dict(self.headers.items()), body)
        self.scripted.got.append(got)
        give = self.scripted.script(got)
        if give is None:
            self.close_connection = True
            return
        self._send(give)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def _send(self, give: Give) -> None:
        self.send_response_only(give.status)
        for name, text in give.headers.items():
            self.send_header(name, text)
        length = len(give.body) if give.length is None else give.length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(give.body)
        self.close_connection = self.close_connection or length != len(give.body)


class Quiet(ThreadingHTTPServer):
    """Without words when a client hangs up in the middle."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """Serve *script* on a free port of this machine."""
    server = Server(script)
    handler = type("Scripted", (Connection,), {"scripted": server})
    with Quiet(("127.0.0.1", 0), handler) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


@contextmanager
def talking(
    server: Server,
    *,
    clock: FastClock | None = None,
    settings: Settings = UNPACED,
    impersonate: str = "",
) -> Iterator[Figshare]:
    """Open a client for the API at *server*."""
    figshare = Figshare(
        f"{server.url}/v2",
        TOKEN,
        clock=clock or FastClock(),
        impersonate=impersonate,
        settings=settings,
    )
    try:
        yield figshare
    finally:
        figshare.close()


@contextmanager
def figshare_saying(*answers: Give | None) -> Iterator[tuple[Figshare, Server]]:
    """Serve *answers* in turn, with a client for them."""
    with serving(in_turn(*answers)) as server, talking(server) as figshare:
        yield figshare, server
