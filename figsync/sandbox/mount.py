"""The services in a requests session without sockets."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO, RawIOBase
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

from requests import ConnectionError as RequestsConnectionError
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPHeaderDict, HTTPResponse

from figsync.sandbox.errors import ConnectionBroken


class WsgiAdapter(BaseAdapter):
    """Carries requests into a WSGI application; bodies stream both ways."""

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self._app = app

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        *_args: Any,  # time-outs, certificates and proxies mean nothing here
        **_kwargs: Any,  # the same by name
    ) -> Response:
        """Return the application's reply; ConnectionError if it cuts the line."""
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(
            status: str, headers: list[tuple[str, str]], _: object = None
        ) -> None:
            begun[:] = [(status, headers)]

        try:
            body = self._app(_environ(request), start)  # type: ignore[arg-type]  # nobody calls write
        except ConnectionBroken as exc:
            raise RequestsConnectionError("cut on purpose", request=request) from exc
        status, headers = begun[0]
        response = _response(request, status, headers)
        response.raw = HTTPResponse(
            body=_Stream(body),
            headers=HTTPHeaderDict(headers),
            status=response.status_code,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
        )
        if not stream:
            response.content  # noqa: B018  # reading it is what it is for
        return response

    def close(self) -> None:
        """Nothing is open."""


class _Stream(RawIOBase):
    """A reply's body as a file to read."""

    def __init__(self, body: Iterable[bytes]) -> None:
        self._body = body
        self._chunks: Iterator[bytes] = iter(body)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:  # whatever RawIOBase is given
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None and not self.closed:
            close()
        super().close()


def _environ(request: PreparedRequest) -> WSGIEnvironment:
    parts = urlsplit(request.url or "")
    body, length = _body(request)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": "",
        # WSGI carries the path's bytes as if they were Latin-1.
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ.update(_header_variables(request.headers))
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return environ


def _header_variables(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    variables = {}
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        key = name.upper().replace("-", "_")
        is_bare = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        variables[key if is_bare else f"HTTP_{key}"] = text
    return variables


def _body(request: PreparedRequest) -> tuple[Any, int | None]:  # anything with read()
    body: Any = request.body  # requests types it narrower than it takes it
    if body is None:
        return BytesIO(), 0
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return BytesIO(body), len(body)
    declared = request.headers.get("Content-Length")
    stream = body if hasattr(body, "read") else _Stream(body)
    return stream, None if declared is None else int(declared)


def _response(
    request: PreparedRequest, status: str, headers: list[tuple[str, str]]
) -> Response:
    response = Response()
    code, _, response.reason = status.partition(" ")
    response.status_code = int(code)
    response.headers = CaseInsensitiveDict(headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.request = request
    response.url = request.url or ""
    return response
