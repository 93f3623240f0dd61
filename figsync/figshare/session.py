"""How HTTP is spoken: pooled connections, a token for one host, our own errors."""

from __future__ import annotations

import http.client
import logging
import random as chance
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy

import requests
import urllib3
from requests import exceptions as broken
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase

from figsync import __version__
from figsync.errors import BadReply, FigshareProblem, Unreachable
from figsync.figshare.addresses import is_below, origin
from figsync.figshare.throttle import Rate, unlimited

# What urllib3 hands to a socket at once. A single send has to end within the
# time-out, so it is not larger than a slow line can carry.
SEND_AT_ONCE = 256 * 1024

# Given with a request, it keeps a proxy of the environment out of the way.
NO_PROXY = {"http": "", "https": "", "all": ""}

FOREIGN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    UnicodeError,
)

# The first that fits; what is not listed is an answer or an address of no use.
NO_ANSWER: tuple[tuple[type[Exception], str, str], ...] = (
    (
        broken.SSLError,
        "its certificate is not accepted",
        "check this machine's clock and certificates",
    ),
    (broken.ProxyError, "the proxy does not let us through", "check HTTPS_PROXY"),
    (broken.ConnectTimeout, "no connection in time", "check the network"),
    (broken.Timeout, "no answer in time", "the next sync tries again"),
    (broken.ConnectionError, "no connection", "check the network and api_url"),
    (broken.ChunkedEncodingError, "the connection broke", "the next sync tries again"),
    (urllib3.exceptions.TimeoutError, "no answer in time", "the next sync tries again"),
    (urllib3.exceptions.ProtocolError, "the connection broke", "the next sync retries"),
    (http.client.HTTPException, "the connection broke", "the next sync tries again"),
)
NEVER_CONNECTED = (
    broken.ConnectTimeout,
    broken.ProxyError,
    broken.SSLError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to talk to Figshare: budgets, time-outs in seconds, and wiring for tests.

    *requests_per_second* is unlimited when 0.  *bandwidth* tells the bytes a second
    that are allowed at a POSIX time, unlimited when 0.
    *adapters* are mounted for the addresses that start with their key.
    """

    requests_per_second: float = 1.0
    burst: int = 30
    bandwidth: Rate = unlimited
    connect_timeout: float = 15.0
    read_timeout: float = 90.0
    pool_size: int = 10
    adapters: Mapping[str, BaseAdapter] = field(default_factory=dict)
    random: Callable[[], float] = chance.random


class TokenAuth(AuthBase):
    """Shows the account's token to the API and to nobody else.

    Because the session has an auth of its own, requests never looks into ~/.netrc,
    while proxies and certificates of the environment are honoured.
    """

    def __init__(self, api_url: str, token: str) -> None:
        self._api_url = api_url
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if is_below(request.url or "", self._api_url):
            request.headers["Authorization"] = f"token {self._token}"
        return request


def without_token(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is: an auth that shows nothing."""
    return request


class PooledAdapter(HTTPAdapter):
    """The usual adapter with connections that send in larger pieces."""

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **more: int
    ) -> None:
        super().init_poolmanager(
            connections, maxsize, block, blocksize=SEND_AT_ONCE, **more
        )


class PlainSession(requests.Session):
    """A session that leaves redirects, and the body before one, to its caller."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find no redirect: each step has to be judged before it is taken."""


def make_session(auth: AuthBase, settings: Settings) -> requests.Session:
    """Return a session that many threads may use; nothing of it changes later."""
    session = PlainSession()
    session.auth = auth
    session.headers["User-Agent"] = f"figsync/{__version__}"
    session.headers["Accept"] = "application/json, */*;q=0.5"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    pooled = PooledAdapter(pool_maxsize=settings.pool_size)
    for prefix, adapter in {"https://": pooled, "http://": pooled}.items():
        session.mount(prefix, adapter)
    for prefix, mounted in settings.adapters.items():
        session.mount(prefix, mounted)
    return session


def proxies(url: str) -> dict[str, str] | None:
    """Return what to tell requests about proxies: none for this very machine."""
    found = origin(url)
    return dict(NO_PROXY) if found is not None and found.is_local else None


def no_answer(exc: Exception, url: str, *, subject: str) -> FigshareProblem:
    """Return the error for a foreign exception; it repeats nothing of its text.

    Such texts hold whole addresses, and addresses of uploads and links are secrets.
    """
    found = origin(url)
    host = found.name if found else "Figshare"
    for kind, cause, remedy in NO_ANSWER:
        if isinstance(exc, kind):
            return _unreachable(exc, subject, f"{host}: {cause}", remedy)
    if isinstance(exc, OSError) and not isinstance(exc, requests.RequestException):
        cause, remedy = f"{host}: no connection", "check the network"
        return _unreachable(exc, subject, cause, remedy)
    return BadReply(subject, f"{host}: an address or answer that can not be used")


def _unreachable(exc: Exception, subject: str, cause: str, remedy: str) -> Unreachable:
    silent = Unreachable(subject, cause, remedy)
    silent.was_reached = not _never_connected(exc)
    return silent


def _never_connected(exc: BaseException) -> bool:
    """Say whether not even a connection came about, as far as can be told."""
    if isinstance(exc, NEVER_CONNECTED):
        return True
    inner = [*exc.args, getattr(exc, "reason", None)]
    return any(_never_connected(arg) for arg in inner if isinstance(arg, Exception))


def is_cut_short(exc: BaseException) -> bool:
    """Say whether an answer ended before the length it had stated."""
    if isinstance(exc, http.client.IncompleteRead):
        return True
    return any(is_cut_short(arg) for arg in exc.args if isinstance(arg, Exception))


def quiet(record: logging.LogRecord) -> bool:
    """Let only errors pass: urllib3 writes whole addresses into its log."""
    return record.levelno >= logging.ERROR


logging.getLogger("urllib3.connectionpool").addFilter(quiet)
