"""Another Figshare, written from the description of its behaviour alone.

It shares nothing with the sandbox, so that what both assume is not taken for what
Figshare does.  Its manners are what servers differ in; the rest is as short as can be.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import socket
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

TOKEN = "second-token"
ACCOUNT = "11111111-1111-4111-8111-111111111111"
Json = Any  # Any: what json.dumps takes
COMPLAINTS = {
    "html": (b"<!DOCTYPE html><html><body>No.</body></html>", "text/html"),
    "empty": (b"", "text/plain"),
}


@dataclass(frozen=True, slots=True)
class Manners:
    """How this server does what is not the same everywhere."""

    ids: Literal["int", "uuid"] = "int"
    date_skew: float | None = 0.0  # of the Date header; None: there is none
    dates: Literal["Z", "offset", "micro", "naive"] = "Z"
    rows: Literal["both dates", "no dates"] = "both dates"
    files_touch_item: bool = True
    most_rows: int = 1000
    pages: Literal["all", "first", "none"] = "all"  # none: the list comes whole
    complaints: Literal["json", "html", "empty"] = "json"
    files_in_record: int | None = 10  # None: all of them; 0: no such field
    folders: Literal["object", "missing", "null", "list", "lost"] = "object"
    late_md5: int = 0  # how often it is asked for before it is there
    no_md5: Literal["", "null"] = ""
    statuses: tuple[str | None, ...] = ("moving_to_final", "available")
    new_status: str | None = "created"
    parts: tuple[int, ...] = (1 << 20,)
    created: Literal["both", "location", "relative", "header", "html"] = "both"
    deleted: int = 204
    completed: int = 202
    downloads: Literal["redirect", "relative", "direct", "downloader"] = "redirect"
    states_quota: bool = True
    most_bytes: int | None = 0
    states_size: bool = True  # of an item
    null_titles: bool = False
    chunked: bool = False
    zipped: bool = False
    closes: bool = False
    protocol: Literal["HTTP/1.1", "HTTP/1.0"] = "HTTP/1.1"
    breaks_every: int = 0  # a GET of so many gets no answer at all
    throttles_every: int = 0
    throttle: tuple[int, str, str] = (429, "json", "1")  # status, body, Retry-After


@dataclass(slots=True)
class File:
    """A record, its bytes as far as they came, and how far its checks are."""

    id: str
    name: str
    folder: str
    size: int
    supplied: str
    token: str = field(default_factory=lambda: uuid.uuid4().hex)
    parts: dict[int, bytes] = field(default_factory=dict)
    content: bytes | None = None
    asked: int = 0  # since completion

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}".lstrip("/")

    @property
    def md5(self) -> str:
        return hashlib.md5(self.content or b"", usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Item:
    """A draft."""

    id: str
    title: str
    created: float
    modified: float
    files: dict[str, File] = field(default_factory=dict)

    def tree(self) -> dict[str, bytes]:
        """Return the complete files; every path is there once."""
        paths = [file.path for file in self.files.values()]
        assert len(set(paths)) == len(paths), "a doubled path"
        complete = (file for file in self.files.values() if file.content is not None)
        return {file.path: file.content or b"" for file in complete}


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to be; a *body* that is not bytes is written as JSON."""

    status: int
    body: Json = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """Ends a request with a complaint."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status, self.message = status, message


class SecondServer:
    """One account, all its services on one port; made for one test."""

    def __init__(self, now: Callable[[], float], manners: Manners) -> None:
        self.now, self.manners = now, manners
        self.items: dict[str, Item] = {}
        self.log: list[tuple[str, str, int]] = []
        self.leaks: list[str] = []  # where the token was shown without need
        self.base = ""
        self.lock = threading.RLock()
        self._numbers = count(1001)
        self._counts: Counter[str] = Counter()
        self._lost: dict[str, tuple[int, bool]] = {}

    # What a person does on the web.

    def add_item(self, title: str, files: dict[str, bytes] | None = None) -> str:
        """Make a draft with files by path and return its id."""
        item = Item(self._new_id(), title, self.now(), self.now())
        self.items[item.id] = item
        for path, content in (files or {}).items():
            self.add_file(item.id, path, content)
        return item.id

    def add_file(self, item_id: str, path: str, content: bytes) -> str:
        """Add a complete file and return its id."""
        folder, _, name = path.rpartition("/")
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        file = File(self._new_id(), name, folder, len(content), md5)
        file.content, file.asked = content, 1 << 20
        self.items[item_id].files[file.id] = file
        self._touch(self.items[item_id])
        return file.id

    def delete_file(self, item_id: str, path: str) -> None:
        """Delete the file at *path*."""
        item = self.items[item_id]
        (found,) = [file.id for file in item.files.values() if file.path == path]
        del item.files[found]
        self._touch(item)

    def lose(self, pattern: str, times: int = 1, *, heard: bool = True) -> None:
        """Answer nothing so many times; what was *heard* is done nevertheless."""
        self._lost[pattern] = times, heard

    def mutations(self) -> list[tuple[str, str, int]]:
        """Return what was asked for that changes something."""
        return [r for r in self.log if r[0] != "GET" and not r[1].endswith("/search")]

    def _new_id(self) -> str:
        number = next(self._numbers)
        if self.manners.ids == "int":
            return str(number)
        return str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))

    def _touch(self, item: Item) -> None:
        if self.manners.files_touch_item:
            item.modified = self.now()

    # What the services answer.

    def answer(self, request: Request) -> Answer | None:
        """Return the answer to a request; None breaks the connection."""
        manners = self.manners
        with self.lock:
            if self._is_due("break", manners.breaks_every, request):
                return None
            if self._is_due("throttle", manners.throttles_every, request):
                status, body, after = manners.throttle
                headers = {"Retry-After": after} if after else {}
                reply = self._complaint(Refusal(status, "slower"), body)
                return replace(reply, headers={**reply.headers, **headers})
            lost = self._is_lost(request)
            if lost == "unheard":
                return None
            try:
                reply = self._route(request)
            except Refusal as refusal:
                reply = self._complaint(refusal, manners.complaints)
            self.log.append((request.method, request.path, reply.status))
            return None if lost else reply

    def _is_due(self, name: str, every: int, request: Request) -> bool:
        if not every or request.method != "GET":
            return False
        self._counts[name] += 1
        return self._counts[name] % every == 0

    def _is_lost(self, request: Request) -> Literal["", "heard", "unheard"]:
        line = f"{request.method} {request.path}"
        for pattern, (left, heard) in self._lost.items():
            if left and re.fullmatch(pattern, line):
                self._lost[pattern] = left - 1, heard
                return "heard" if heard else "unheard"
        return ""

    def _complaint(self, refusal: Refusal, kind: str) -> Answer:
        if kind == "json":
            told = {"message": refusal.message, "code": "No", "data": None}
            return Answer(refusal.status, told)
        body, content_type = COMPLAINTS[kind]
        return Answer(refusal.status, body, {"Content-Type": content_type})

    def _route(self, request: Request) -> Answer:
        for method, pattern, call in self.ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                self._authorize(request)
                return call(self, request, *found.groups())
        raise Refusal(404, "Entity not found: route")

    def _authorize(self, request: Request) -> None:
        shown = request.headers.get("authorization", "")
        if request.path.startswith("/v2/"):
            if shown != f"token {TOKEN}":
                raise Refusal(403, "bad token")
        elif shown:
            self.leaks.append(request.path)

    def _account(self, _: Request) -> Answer:
        whose = self._identity("7" if self.manners.ids == "int" else ACCOUNT)
        whose |= {"email": "a@example.org", "active": 1}
        if self.manners.states_quota:
            used = sum(f.size for i in self.items.values() for f in i.files.values())
            whose |= {"quota": 20 << 30, "used_quota": used}
        return Answer(200, whose | {"maximum_file_size": self.manners.most_bytes})

    def _list(self, request: Request) -> Answer:
        items = sorted(self.items.values(), key=lambda item: item.id, reverse=True)
        return Answer(200, [self._row(item) for item in self._page(items, request)])

    def _search(self, request: Request) -> Answer:
        asked = {key: str(value) for key, value in request.json.items()}
        return self._list(replace(request, query=asked))

    def _page(self, rows: list[Json], request: Request) -> list[Json]:
        if self.manners.pages == "none":
            return rows
        number = int(request.query.get("page", 1))
        size = min(self.manners.most_rows, int(request.query.get("page_size", 10)))
        if number > 1 and self.manners.pages == "first":
            return []
        return rows[(number - 1) * size : number * size]

    def _row(self, item: Item) -> dict[str, Json]:
        row: dict[str, Json] = {
            "title": None if self.manners.null_titles else item.title,
            "doi": "",
            "url": f"{self.base}/v2/account/articles/{item.id}",
            "published_date": None,
            "timeline": {},
            "defined_type": 3,
        }
        if self.manners.rows == "both dates":
            row |= self._dates(item)
        return {**self._identity(item.id), **row}

    def _dates(self, item: Item) -> dict[str, str]:
        written = {"Z": "%SZ", "offset": "%S+00:00", "micro": "%S.%fZ", "naive": "%S"}
        form = "%Y-%m-%dT%H:%M:" + written[self.manners.dates]
        created, modified = (
            datetime.fromtimestamp(when, UTC).strftime(form)
            for when in (item.created, item.modified)
        )
        return {"created_date": created, "modified_date": modified}

    def _identity(self, some_id: str) -> dict[str, Json]:
        if self.manners.ids == "int":
            return {"id": int(some_id)}
        return {"id": None, "uuid": some_id}

    def _record(self, _: Request, item_id: str) -> Answer:
        item, manners = self._item(item_id), self.manners
        files = [self._file_record(file) for file in item.files.values()]
        total = sum(file.size for file in item.files.values())
        record = {
            **self._row(item),
            **self._dates(item),
            "status": "draft",
            "is_public": False,
            "version": 0,
            "size": total if manners.states_size else None,
            "authors": [{"id": 1, "full_name": "A"}],
            # Of no use to a mirror, and of odd types.
            "license": [],
            "custom_fields": {"a": [1]},
            "embargo_options": None,
            "new": [[{}]],
        }
        if manners.files_in_record != 0:
            record["files"] = files[: manners.files_in_record]
        if manners.folders != "missing":
            record["folder_structure"] = self._folders(item)
        return Answer(200, record)

    def _folders(self, item: Item) -> Json:
        folders = {f.id: f.folder for f in item.files.values() if f.folder}
        kind = self.manners.folders
        return {"object": folders, "list": folders or [], "lost": {}}.get(kind)

    def _create(self, request: Request) -> Answer:
        title = request.json.get("title") or ""
        if len(title) < 3:
            raise Refusal(400, "the title is too short")
        return self._made("account/articles", self.add_item(title))

    def _made(self, folder: str, new_id: str) -> Answer:
        kind, path = self.manners.created, f"/v2/{folder}/{new_id}"
        location = path if kind == "relative" else f"{self.base}{path}"
        body: dict[str, Json] = {"location": location, "warnings": []}
        headers = {"Location": location}
        if kind == "both":
            body["entity_id"] = int(new_id) if self.manners.ids == "int" else new_id
        if kind == "html":
            headers = {"Content-Type": "text/html; charset=UTF-8"}
        return Answer(201, b"" if kind == "header" else body, headers)

    def _delete_item(self, _: Request, item_id: str) -> Answer:
        del self.items[self._item(item_id).id]
        return Answer(self.manners.deleted)

    def _files(self, request: Request, item_id: str) -> Answer:
        some = self._page(list(self._item(item_id).files.values()), request)
        return Answer(200, [self._file_record(file) for file in some])

    def _file_record(self, file: File) -> dict[str, Json]:
        status, md5 = self._progress(file)
        is_open = file.content is None
        return {
            **self._identity(file.id),
            "name": file.name,
            "size": file.size,
            "status": status,
            "is_link_only": False,
            "download_url": f"{self.base}/ndownloader/files/{file.id}",
            "supplied_md5": file.supplied,
            "computed_md5": md5 or (None if self.manners.no_md5 == "null" else ""),
            "upload_url": f"{self.base}/upload/{file.token}" if is_open else "",
            "upload_token": file.token,
            "viewer_type": [],
        }

    def _progress(self, file: File) -> tuple[str | None, str]:
        """Return status and MD5, which come with being asked for."""
        if file.content is None:
            return self.manners.new_status, ""
        step = min(file.asked, len(self.manners.statuses) - 1)
        md5 = file.md5 if file.asked >= self.manners.late_md5 else ""
        file.asked += 1
        return self.manners.statuses[step], md5

    def _initiate(self, request: Request, item_id: str) -> Answer:
        item, asked = self._item(item_id), request.json
        if not asked.get("size"):
            raise Refusal(422, "size")
        kept = self.manners.folders in ("object", "list")
        folder = asked.get("folder_path", "").strip("/") if kept else ""
        name, size, md5 = asked["name"], asked["size"], asked.get("md5", "")
        file = File(self._new_id(), name, folder, size, md5)
        item.files[file.id] = file
        self._touch(item)
        return self._made(f"account/articles/{item_id}/files", file.id)

    def _file(self, _: Request, item_id: str, file_id: str) -> Answer:
        return Answer(200, self._file_record(self._found(item_id, file_id)))

    def _complete(self, _: Request, item_id: str, file_id: str) -> Answer:
        file = self._found(item_id, file_id)
        if file.content is None:
            if set(file.parts) != {number for number, _, _ in self._parts(file)}:
                raise Refusal(400, "parts are missing")
            file.content = b"".join(file.parts[n] for n in sorted(file.parts))
            file.parts.clear()
        return Answer(self.manners.completed)

    def _delete_file(self, _: Request, item_id: str, file_id: str) -> Answer:
        item = self._item(item_id)
        del item.files[self._found(item_id, file_id).id]
        self._touch(item)
        return Answer(self.manners.deleted)

    def _item(self, item_id: str) -> Item:
        if item_id not in self.items:
            raise Refusal(404, "Entity not found: article")
        return self.items[item_id]

    def _found(self, item_id: str, file_id: str) -> File:
        files = self._item(item_id).files
        if file_id not in files:
            raise Refusal(404, "File not found")
        return files[file_id]

    def _any_file(self, file_id: str) -> File:
        for item in self.items.values():
            if file_id in item.files and item.files[file_id].content is not None:
                return item.files[file_id]
        raise Refusal(404, "File not found")

    def _parts(self, file: File) -> Iterator[tuple[int, int, int]]:
        start = 0
        for number in count(1):
            size = self.manners.parts[(number - 1) % len(self.manners.parts)]
            if start >= file.size:
                return
            yield number, start, min(start + size, file.size) - 1
            start += size

    def _upload(self, token: str) -> File:
        for item in self.items.values():
            for file in item.files.values():
                if file.token == token and file.content is None:
                    return file
        raise Refusal(404)

    def _session(self, _: Request, token: str) -> Answer:
        file = self._upload(token)
        parts = [
            {
                "partNo": number,
                "startOffset": start,
                "endOffset": end,
                "status": "COMPLETE" if number in file.parts else "PENDING",
                "locked": False,
            }
            for number, start, end in self._parts(file)
        ]
        told = {"token": token, "md5": file.supplied, "size": file.size}
        return Answer(200, {**told, "status": "PENDING", "parts": parts})

    def _part(self, request: Request, token: str, number: str) -> Answer:
        file = self._upload(token)
        ranges = {n: end - start + 1 for n, start, end in self._parts(file)}
        if len(request.body) != ranges.get(int(number)):
            raise Refusal(500)
        file.parts[int(number)] = request.body
        return Answer(200, b"OK")

    def _download(self, request: Request, file_id: str) -> Answer:
        kind, file = self.manners.downloads, self._any_file(file_id)
        if kind == "downloader":
            raise Refusal(404, "Entity not found: route")
        if kind == "direct":
            return self._stored(request, file_id)
        link = f"/storage/{file.id}?X-Amz-Signature=s"
        target = link if kind == "relative" else f"{self.base}{link}"
        return Answer(302, b"", {"Location": target})

    def _downloader(self, request: Request, file_id: str) -> Answer:
        if request.query.get("token") != TOKEN:
            raise Refusal(403, "private")
        return self._stored(request, file_id)

    def _stored(self, _: Request, file_id: str) -> Answer:
        stored = self._any_file(file_id).content
        return Answer(200, stored, {"Content-Type": "application/octet-stream"})

    ROUTES: ClassVar[tuple[tuple[str, str, Callable[..., Answer]], ...]] = (
        ("GET", "/v2/account", _account),
        ("GET", "/v2/account/articles", _list),
        ("POST", "/v2/account/articles", _create),
        ("POST", "/v2/account/articles/search", _search),
        ("GET", "/v2/account/articles/([^/]+)", _record),
        ("DELETE", "/v2/account/articles/([^/]+)", _delete_item),
        ("GET", "/v2/account/articles/([^/]+)/files", _files),
        ("POST", "/v2/account/articles/([^/]+)/files", _initiate),
        ("GET", "/v2/account/articles/([^/]+)/files/([^/]+)", _file),
        ("POST", "/v2/account/articles/([^/]+)/files/([^/]+)", _complete),
        ("DELETE", "/v2/account/articles/([^/]+)/files/([^/]+)", _delete_file),
        ("GET", "/upload/([^/]+)", _session),
        ("PUT", "/upload/([^/]+)/([0-9]+)", _part),
        ("GET", "/v2/file/download/([^/]+)", _download),
        ("GET", "/ndownloader/files/([^/]+)", _downloader),
        ("GET", "/storage/([^/]+)", _stored),
    )


class Handler(BaseHTTPRequestHandler):
    """Requests off the socket, answers onto it, in the server's manners."""

    world: SecondServer
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {key.lower(): value for key, value in self.headers.items()}
        query, body = dict(parse_qsl(parts.query)), self.rfile.read(length)
        request = Request(self.command, parts.path, query, headers, body)
        answer = self.world.answer(request)
        if answer is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(request, answer)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def _send(self, request: Request, answer: Answer) -> None:
        manners = self.world.manners
        plain = isinstance(answer.body, bytes)
        body = answer.body if plain else json.dumps(answer.body).encode()
        headers = {"Content-Type": "application/json", **answer.headers}
        wants_zip = "gzip" in request.headers.get("accept-encoding", "")
        if manners.zipped and body and wants_zip:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        self.send_response_only(answer.status)
        if manners.date_skew is not None:
            when = self.world.now() + manners.date_skew
            self.send_header("Date", formatdate(when, usegmt=True))
        has_body = answer.status not in (204, 205)
        chunked = manners.chunked and has_body and self.protocol_version[-1] == "1"
        if chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif answer.status != 204:
            headers["Content-Length"] = str(len(body))
        if manners.closes:
            headers["Connection"] = "close"
            self.close_connection = True
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self._write(body, chunked=chunked)

    def _write(self, body: bytes, *, chunked: bool) -> None:
        if not chunked:
            self.wfile.write(body)
            return
        for start in range(0, len(body), 100_000):
            piece = body[start : start + 100_000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on standard error."""


@contextmanager
def serving(world: SecondServer) -> Iterator[str]:
    """Serve *world* on a free port while the context lasts; yields the API's URL."""
    bound = {"world": world, "protocol_version": world.manners.protocol}
    handler = type("Bound", (Handler,), bound)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    world.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"{world.base}/v2"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
