"""What stands before each service: delay, limits, faults on purpose, the log."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.http import http_date

from figsync.sandbox.errors import ConnectionBroken
from figsync.sandbox.faults import Fault
from figsync.sandbox.log import Entry
from figsync.sandbox.world import World

NGINX_PAGE = b"<html><head><title>403 Forbidden</title></head><body>nginx</body></html>"
DOWNLOADS = ("/v2/file/download/", "/files/")

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Answer:
    """A reply before it is sent."""

    status: str
    headers: Headers
    body: Iterable[bytes]
    on_purpose: bool = False

    @classmethod
    def of(cls, status: int, kind: str, body: bytes) -> "Answer":
        """Return the gate's own reply with *body* of the media type *kind*."""
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        return cls(f"{status} {_phrase(status)}", headers, [body], on_purpose=True)

    def discard(self) -> None:
        """Let go of a body that is not sent."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


class Gate:
    """A service as the world sees it: slow, limited, faulty, and logged."""

    def __init__(self, world: World, service: str, app: WSGIApplication) -> None:
        self._world = world
        self._service = service
        self._app = app
        self._recent: deque[float] = deque()
        self._lock = Lock()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request; ConnectionBroken if that is the fault asked for."""
        at = self._world.now()
        try:
            answer = self._answer(environ)
        except ConnectionBroken:
            self._record(environ, at, Answer("0", [], (), on_purpose=True))
            raise
        answer.headers.append(("Date", http_date(self._world.now())))
        self._record(environ, at, answer)
        start_response(answer.status, answer.headers)
        return answer.body

    def _answer(self, environ: WSGIEnvironment) -> Answer:
        self._delay()
        refusal = self._refusal(environ["PATH_INFO"])
        if refusal is not None:
            return refusal
        method = environ["REQUEST_METHOD"]
        fault = self._world.faults.take(self._service, method, environ["PATH_INFO"])
        if fault is None:
            return self._spoilt(method, self._call(environ))
        if fault.after_effect:
            self._call(environ).discard()
        self._world.clock.wait(fault.seconds)
        return _failure(fault)

    def _call(self, environ: WSGIEnvironment) -> Answer:
        begun: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, _: object = None) -> None:
            begun[:] = [(status, headers)]

        body = self._app(environ, start)  # type: ignore[arg-type]  # nobody calls write
        return Answer(*begun[0], body)

    def _delay(self) -> None:
        switches = self._world.switches
        seconds: float = getattr(switches, f"{self._service}_latency")
        self._world.clock.wait(seconds)

    def _refusal(self, path: str) -> Answer | None:
        switches = self._world.switches
        if self._service == "api" and switches.html_403:
            return Answer.of(403, "text/html", NGINX_PAGE)
        if self._is_over_rate():
            return self._too_many()
        if switches.waf_downloads and _is_download(path):
            return _firewall(switches.waf_downloads)
        return None

    def _is_over_rate(self) -> bool:
        rate = self._world.switches.rate_limit
        if self._service != "api" or not rate:
            return False
        now = self._world.clock.monotonic()
        with self._lock:
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if len(self._recent) >= rate:
                return True
            self._recent.append(now)
        return False

    def _too_many(self) -> Answer:
        answer = Answer.of(429, "application/json", b'{"message": "Too many requests"}')
        if self._world.switches.retry_after:
            wait = str(self._world.switches.retry_after)
            answer.headers.append(("Retry-After", wait))
        return answer

    def _spoilt(self, method: str, answer: Answer) -> Answer:
        is_read = self._service == "api" and method == "GET"
        if not (is_read and self._world.switches.empty_body):
            return answer
        answer.discard()
        return Answer.of(200, "application/json", b"")

    def _record(self, environ: WSGIEnvironment, at: float, answer: Answer) -> None:
        headers = {name.lower(): value for name, value in answer.headers}
        wants_body = self._world.log.is_watched and _is_json(headers)
        if wants_body:
            content = b"".join(answer.body)
            answer.discard()
            answer.body = [content]
        self._world.log.add(
            Entry(
                at=at,
                service=self._service,
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"],
                query=environ.get("QUERY_STRING", ""),
                status=int(answer.status.split()[0]),
                has_authorization="HTTP_AUTHORIZATION" in environ,
                account=environ.get("sandbox.account", 0),
                bytes_in=int(environ.get("CONTENT_LENGTH") or 0),
                bytes_out=int(headers.get("content-length", 0)),
                on_purpose=answer.on_purpose,
                body=content if wants_body else b"",
            )
        )


def _failure(fault: Fault) -> Answer:
    bodies = {
        "json": ("application/json", b'{"message": "Failed on purpose", "code": ""}'),
        "html": ("text/html", NGINX_PAGE),
        "xml": ("application/xml", b"<Error><Code>InternalError</Code></Error>"),
        "empty": ("text/plain", b""),
    }
    if fault.kind == "break":
        raise ConnectionBroken
    answer = Answer.of(fault.status, *bodies[fault.kind])
    answer.headers.extend(fault.headers)
    return answer


def _firewall(status: int) -> Answer:
    if status == 403:
        return Answer.of(403, "text/html", NGINX_PAGE)
    answer = Answer.of(status, "text/html", b"")
    answer.headers.append(("x-amzn-waf-action", "challenge"))
    return answer


def _is_download(path: str) -> bool:
    # The list of an item's files contains /files too, but ends differently.
    return path.startswith(DOWNLOADS) or path.endswith("/download")


def _is_json(headers: dict[str, str]) -> bool:
    return headers.get("content-type", "").startswith("application/json")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
