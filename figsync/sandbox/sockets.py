"""The services on real sockets: one waitress, three ports."""

import logging
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import create_server, wasyncore  # type: ignore[import-untyped]  # no stubs
from waitress.channel import ClientDisconnected  # type: ignore[import-untyped]  # same

from figsync.sandbox.errors import ConnectionBroken

MIB = 1 << 20
THREADS = 32
BIGGEST_BODY = 1 << 40


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: one host, a wanted port for each service, 0 being any."""

    host: str
    ports: tuple[int, ...]


@contextmanager
def serving(apps: list[WSGIApplication], address: Address) -> Iterator[list[int]]:
    """Serve *apps* while the context lasts, and return the port of each.

    A wanted port that is taken is replaced by a free one, except the first.
    """
    listening = [
        _listen(address.host, port, must_be=place == 0 and port != 0)
        for place, port in enumerate(address.ports)
    ]
    ports = [one.getsockname()[1] for one in listening]
    by_port = dict(zip(map(str, ports), apps, strict=True))
    server = _server(_by_port(by_port), listening)
    stop = Event()
    loop = Thread(target=_run, args=(server, stop), daemon=True, name="sandbox")
    loop.start()
    try:
        yield ports
    finally:
        stop.set()
        next(one for one in server.map.values() if one.accepting).pull_trigger()
        loop.join()


def _listen(host: str, port: int, *, must_be: bool) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        if must_be:
            listener.close()
            raise
        listener.bind((host, 0))
    return listener


def _by_port(apps: dict[str, WSGIApplication]) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return apps[environ["SERVER_PORT"]](environ, start_response)
        except ConnectionBroken as exc:
            # The one exception that makes waitress hang up without a reply.
            raise ClientDisconnected from exc

    return app


def _server(
    app: WSGIApplication, listening: list[socket.socket]
) -> Any:  # waitress is untyped
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return create_server(
        app,
        sockets=listening,
        threads=THREADS,
        recv_bytes=MIB // 4,
        inbuf_overflow=16 * MIB,
        outbuf_overflow=MIB,
        connection_limit=1000,
        channel_timeout=60,
        max_request_body_size=BIGGEST_BODY,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=False,
    )


def _run(server: Any, stop: Event) -> None:  # waitress is untyped
    while not stop.is_set():
        wasyncore.loop(timeout=1.0, use_poll=True, map=server.map, count=1)
    server.close()
    # What a stuck worker still holds would otherwise stay open.
    wasyncore.close_all(server.map, ignore_all=True)
