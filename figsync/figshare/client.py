"""The connection to Figshare: requests in pace, repeated where that is safe."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from requests import Response

from figsync.clock import Clock
from figsync.errors import (
    BadReply,
    Blocked,
    FigshareProblem,
    Interrupted,
    TooMany,
    Unreachable,
)
from figsync.figshare.addresses import address, api_origin, is_below, origin
from figsync.figshare.answers import Answer, Place, is_challenge, problem
from figsync.figshare.ask import Ask, Reply
from figsync.figshare.budget import Budget, Ledger
from figsync.figshare.hosts import Hosts
from figsync.figshare.pacing import Pace, backoff, http_date, retry_after
from figsync.figshare.part_sizes import PartSizes
from figsync.figshare.session import (
    FOREIGN,
    SEND_AT_ONCE,
    Settings,
    TokenAuth,
    make_session,
    no_answer,
    proxies,
    without_token,
)
from figsync.figshare.throttle import Bandwidth
from figsync.figshare.turns import PATIENCE, await_turn

log = logging.getLogger(__name__)

TRIES = 5
SHIELDED = frozenset({202, 403})  # so a firewall answers to who asks too much
UNAVAILABLE = 503
SHORT_SILENCE = 1.0  # seconds; for a 429 that does not say how long
NO_END = 1 << 31
LONGEST_BODY = 64 * 1024 * 1024
LONGEST_COMPLAINT = 64 * 1024
READ_AT_ONCE = 64 * 1024
LEAST_AT_ONCE = 4096
LOOK_SECONDS = 5.0  # so soon those who wait notice that the bandwidth changed
DEFAULTS = Settings()

Result = TypeVar("Result")


class Connection:
    """Requests in pace, answers checked; many threads may use it.

    Raises nothing but this project's errors. The API's host is paced; every host
    that answers 429 is left alone by all threads for as long as it asks, and asked
    for less after that; one of the *hosts* that keeps failing gets nothing but a
    trial now and then.
    """

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        clock: Clock,
        impersonate: str = "",
        settings: Settings = DEFAULTS,
    ) -> None:
        self.api = api_origin(api_url)
        self.clock = clock
        self.settings = settings
        self.session = make_session(TokenAuth(api_url, token), settings)
        self._base = api_url
        self._token = token
        self._impersonate = impersonate
        self._budget = Budget(
            clock,
            self.api.name,
            rate=settings.requests_per_second,
            burst=settings.burst,
        )
        self._yielding = 0
        self._bandwidth = Bandwidth(settings.bandwidth, clock)
        self.hosts = Hosts(clock, settings.random)
        self.part_sizes = PartSizes()
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._by_service: Counter[str] = Counter()
        self._server_time: float | None = None
        self._up = self._down = 0

    @property
    def requests(self) -> Mapping[str, int]:
        """How many requests were sent so far, per host."""
        with self._lock:
            return dict(self._requests)

    @property
    def requests_by_service(self) -> Mapping[str, int]:
        """How many requests were sent so far, per `Service`."""
        with self._lock:
            return dict(self._by_service)

    @property
    def bytes_up(self) -> int:
        """How many bytes of files were sent so far."""
        return self._up

    @property
    def bytes_down(self) -> int:
        """How many bytes of files were received so far."""
        return self._down

    @property
    def pace(self) -> Pace:
        """How the API may be asked now."""
        return self._budget.pace(self.api.name)

    @property
    def pace_level(self) -> float:
        """How many requests may go to the API at once now."""
        return self.pace.level

    @property
    def latency(self) -> float:
        """How many seconds an answer of the API usually takes; 0 if none came yet."""
        return self._budget.latency

    @property
    def spare_requests(self) -> int:
        """How many may go now that nobody waits for, without anybody waiting longer."""
        pace = self.pace
        is_free = self._yielding or not pace.rate_at(pace.at)
        return NO_END if is_free else max(0, int(pace.level - pace.kept))

    def keep_budget(self, ledger: Ledger, boot: str) -> None:
        """Go on with the budgets of a ledger, and share them with its other users."""
        self._budget.keep(ledger, boot)

    @contextmanager
    def yielding(self) -> Iterator[None]:
        """Let what is sent meanwhile wait for whatever people wait for."""
        self._yielding += 1
        try:
            yield
        finally:
            self._yielding -= 1

    def server_time(self) -> float | None:
        """Return the API's clock at its last answer (POSIX seconds), if any."""
        return self._server_time

    def close(self) -> None:
        """Let all connections go."""
        self.session.close()

    def url(self, *segments: str) -> str:
        """Return an address of the API; each segment is quoted whole."""
        return address(self._base, *segments)

    def is_api(self, url: str) -> bool:
        """Say whether an address is the API's, not of a service on the same host."""
        return is_below(url, self._base)

    def call(self, ask: Ask) -> Reply:
        """Send *ask*, again where that is safe, and return the answer, read whole."""
        once = partial(self._call_once, ask)
        return self.repeat(once) if ask.repeatable else once()

    def repeat(self, work: Callable[[], Result]) -> Result:
        """Return what *work* returns, trying again while Figshare is not there."""
        for attempt in range(TRIES - 1):
            try:
                return work()
            except (Unreachable, TooMany) as exc:
                if isinstance(exc, TooMany) and exc.retry_after > PATIENCE:
                    raise
                pause = backoff(attempt, self.settings.random())
                log.debug("Asking again in %.1f s: %s", pause, exc)
            self.wait(pause)
        return work()

    def open(self, ask: Ask) -> Response:
        """Send *ask* once and return the answer, its body still to be read.

        Whatever is not a success raises, and lets the connection go.
        """
        response = self._send(self._impersonated(ask))
        self._note_date(ask, response)
        if response.status_code in ask.success and not is_challenge(response.headers):
            return response
        start = self._read(response, ask, most=LONGEST_COMPLAINT)
        raise self._problem(ask, Answer(response.status_code, response.headers, start))

    def read_all(self, response: Response, ask: Ask) -> bytes:
        """Return the whole body of an answer; BadReply when it is out of proportion."""
        content = self._read(response, ask, most=LONGEST_BODY)
        if len(content) >= LONGEST_BODY:
            raise BadReply(ask.subject, "the answer is far too long")
        return content

    def wait(self, seconds: float) -> None:
        """Wait; Interrupted as soon as somebody asks to stop."""
        if seconds > 0:
            self._pause(seconds)

    def sent(self, count: int) -> None:
        """Count bytes of a file that are about to go up, within the bandwidth."""
        with self._lock:
            self._up += count
        self._keep_bandwidth(count)

    def received(self, count: int) -> None:
        """Count bytes of a file that came down, within the bandwidth."""
        with self._lock:
            self._down += count
        # A large file is not waited for when somebody asks to stop.
        self._pause(0)
        self._keep_bandwidth(count)

    def send_at_once(self) -> int:
        """Return how many bytes may go before the bandwidth is looked at again."""
        rate = self._bandwidth.rate
        return max(LEAST_AT_ONCE, int(rate / 4)) if rate else SEND_AT_ONCE

    def _keep_bandwidth(self, count: int) -> None:
        """Wait until *count* bytes are allowed, at what is allowed by then."""
        owed = self._bandwidth.take(count)
        while owed > 0 and (rate := self._bandwidth.rate):
            seconds = min(owed / rate, LOOK_SECONDS)
            owed = 0.0 if seconds < LOOK_SECONDS else owed - seconds * rate
            self._pause(seconds)

    def _pause(self, seconds: float) -> None:
        if self.clock.wait(seconds):
            raise Interrupted("", "stopped on request")

    def _call_once(self, ask: Ask) -> Reply:
        with self.hosts.asking(ask.door, ask.fails_alone):
            response = self.open(ask)
            content = self.read_all(response, ask)
            answer = Answer(response.status_code, response.headers, content)
            if answer.is_markup:
                raise self._problem(ask, answer)
            return Reply(content, response.headers)

    def _send(self, ask: Ask) -> Response:
        """Send *ask* once, when its turn has come."""
        payload = ask.payload
        self._wait_turn(ask)
        sent = self.clock.monotonic()
        try:
            response = self.session.request(
                ask.method,
                ask.url,
                # An empty mapping costs requests more than none at all.
                params=ask.query or None,
                data=payload,
                headers=ask.all_headers or None,
                auth=without_token if ask.place is Place.UPLOAD else None,
                timeout=self._timeouts(ask),
                allow_redirects=False,
                stream=True,
                proxies=proxies(ask.url),
            )
            self._budget.answered(ask.host, self.clock.monotonic() - sent)
            return response
        except FOREIGN as exc:
            silent = no_answer(exc, ask.url, subject=ask.subject)
        # Outside of the except clause: the foreign text holds whole addresses.
        raise silent

    def _timeouts(self, ask: Ask) -> tuple[float, float]:
        """Return the time-outs; while a body is sent the first one is for sending."""
        read = self.settings.read_timeout
        return (self.settings.connect_timeout if ask.body is None else read, read)

    def _read(self, response: Response, ask: Ask, *, most: int) -> bytes:
        content = bytearray()
        try:
            for chunk in response.iter_content(READ_AT_ONCE):
                content += chunk
                if len(content) >= most:
                    break
            return bytes(content)
        except FOREIGN as exc:
            broken = no_answer(exc, ask.url, subject=ask.subject)
        finally:
            response.close()
        raise broken

    def _problem(self, ask: Ask, answer: Answer) -> FigshareProblem:
        found = problem(answer, ask.place, subject=ask.subject, token=self._token)
        now = http_date(answer.headers.get("Date", "")) or self.clock.now()
        asked = retry_after(answer.headers.get("Retry-After", ""), now)
        if isinstance(found, TooMany):
            found.retry_after = asked or 0.0
            if found.retry_after > PATIENCE:
                found.cause += f", none at all for {asked:.0f} s"
                found.remedy = "sync again after that"
            self._budget.hush(ask.host, SHORT_SILENCE if asked is None else asked)
        elif answer.status == UNAVAILABLE and asked:
            self._budget.hush(ask.host, asked)
        elif isinstance(found, Blocked) and answer.status in SHIELDED:
            self._budget.refused(ask.host)
        return found

    def _wait_turn(self, ask: Ask) -> None:
        """Wait for this request's turn, then count it."""
        await_turn(ask, self._budget, self.clock, yields=self._yielding > 0)
        with self._lock:
            self._requests[ask.host] += 1
            self._by_service[ask.door.service.value] += 1

    def _note_date(self, ask: Ask, response: Response) -> None:
        moment = http_date(response.headers.get("Date", ""))
        if moment is not None and origin(ask.url) == self.api:
            self._server_time = moment

    def _impersonated(self, ask: Ask) -> Ask:
        """Return *ask* in the name of the account acted for.

        GET and DELETE take it in the query, POST and PUT in the JSON body (official
        documentation); other services do not know it.
        """
        own = self.is_api(ask.url) and ask.place is not Place.UPLOAD
        if not self._impersonate or not own:
            return ask
        name = self._impersonate
        account = {"impersonate": int(name) if name.isdecimal() else name}
        if ask.method in ("GET", "DELETE"):
            return replace(ask, query={**ask.query, **account})
        return replace(ask, json={**(ask.json or {}), **account})
