"""`/metrics` for Prometheus and `/healthz` for whoever restarts or pages, on loopback.

What they tell of the mirror is what `figsync status` tells (sync/standing.py); the
counts are the daemon's own.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from figsync.clock import Clock
from figsync.daemon.counters import Counted, Counters
from figsync.daemon.gauges import Family, families
from figsync.errors import FigsyncError
from figsync.sync.facts import Facts
from figsync.sync.standing import Standing, as_json

LOOPBACK = "127.0.0.1"
MOST_SILENCE = 300.0  # seconds; a loop that says nothing for longer is taken as hung
CLIENT_SECONDS = 10.0
_WELL = ("never", "idle", "syncing", "paused", "waiting", "held")

log = logging.getLogger(__name__)

Tell = Callable[[], Standing]
Serve = Callable[[str], "Page"]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether all is well, and the JSON that says so."""

    is_well: bool
    told: dict[str, object]


def health(now: Standing, counted: Counted) -> Health:
    """Judge the daemon: Figshare is in reach, nothing is refused, and the loop beats.

    What waits for a person is no fault of the daemon.
    """
    beats = counted.silence <= MOST_SILENCE
    is_well = beats and now.state in _WELL
    status = as_json(now)
    keys = ("state", "error", "error_kind", "last_sync", "last_try", "daemon")
    told: dict[str, object] = {"healthy": is_well, "loop_beats": beats}
    told |= {key: status[key] for key in (*keys, "held", "conflicts", "waiting")}
    told["loop_beat_age_seconds"] = round(counted.silence, 1)
    return Health(is_well, told)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: HTTPStatus
    kind: str
    body: bytes


class MetricsServer:
    """Answers on loopback in threads of its own, until it is closed."""

    def __init__(self, port: int, tell: Tell, counters: Counters, clock: Clock) -> None:
        """Listen; OSError when the port can not be had.  Port 0 takes a free one."""
        self._tell = tell
        self._counters = counters
        self._registry = CollectorRegistry()
        self._registry.register(_Mirror(self._look, counters, clock))
        ProcessCollector(registry=self._registry)
        pages = {"/metrics": self._metrics, "/healthz": self._healthz}
        self._server = _Server((LOOPBACK, port), pages)
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening; returns when that is done."""
        self._server.is_open = False
        # It waits for a connection, without a time-out that would wake it in vain.
        with suppress(OSError):
            socket.create_connection((LOOPBACK, self.port), CLIENT_SECONDS).close()
        self._thread.join(CLIENT_SECONDS)
        self._server.server_close()

    def _serve(self) -> None:
        while self._server.is_open:
            self._server.handle_request()

    def _look(self) -> Standing:
        """Return how the mirror stands; a state that can not be read is refused."""
        try:
            return self._tell()
        except FigsyncError as problem:
            kind = type(problem).__name__
            unread = Standing("refused", "", Facts(), [], [])
            return replace(unread, error=str(problem), error_kind=kind)

    def _metrics(self, accepted: str) -> Page:
        encode, kind = choose_encoder(accepted)
        return Page(HTTPStatus.OK, kind, encode(self._registry))

    def _healthz(self, accepted: str) -> Page:
        del accepted
        found = health(self._look(), self._counters.read())
        status = HTTPStatus.OK if found.is_well else HTTPStatus.SERVICE_UNAVAILABLE
        body = json.dumps(found.told, indent=2).encode() + b"\n"
        return Page(status, "application/json", body)


def started(
    port: int, tell: Tell, counters: Counters, clock: Clock
) -> MetricsServer | None:
    """Start the server; None, with one line in the log, when the port is taken.

    Files are worth more than figures about them: figsync goes on without.
    """
    try:
        return MetricsServer(port, tell, counters, clock)
    except OSError as problem:
        log.warning(
            "No metrics: port %d of %s can not be had (%s); set another [metrics] port,"
            " or stop what uses it, and reload",
            port,
            LOOPBACK,
            problem.strerror,
        )
        return None


class _Mirror(Collector):
    """Reads everything anew for each scrape."""

    def __init__(self, tell: Tell, counters: Counters, clock: Clock) -> None:
        self._tell = tell
        self._counters = counters
        self._clock = clock

    def collect(self) -> Iterator[Family]:
        """Yield every metric as it is now."""
        yield from families(self._tell(), self._counters.read(), self._clock.now())


class _Server(ThreadingTCPServer):
    """One thread a client, so that a slow one keeps no other waiting."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, at: tuple[str, int], pages: Mapping[str, Serve]) -> None:
        self.pages = pages
        self.is_open = True
        super().__init__(at, _Handler)

    def verify_request(self, request: object, client_address: object) -> bool:
        del request, client_address
        return self.is_open

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        log.warning("Metrics could not be told", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """Gives the pages and nothing else."""

    timeout = CLIENT_SECONDS
    server: _Server

    def do_GET(self) -> None:
        serve = self.server.pages.get(self.path.partition("?")[0])
        if serve is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        page = serve(self.headers.get("Accept", ""))
        self.send_response(page.status)
        self.send_header("Content-Type", page.kind)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(page.body)

    def version_string(self) -> str:
        return "figsync"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        log.debug(format, *args)
