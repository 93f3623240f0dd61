"""A small client of the sandbox, and a clock that only tests move."""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random
from typing import Any

import requests

from figsync.sandbox import Sandbox

TOKEN = "sandbox-token"
PART = 1000
START = 1_790_000_000.0


class FrozenClock:
    """A clock that stands still, but for its own waits."""

    def __init__(self) -> None:
        self.time = START
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.time += seconds
        return False


def make_box(folder: Path, clock: FrozenClock | None = None) -> Sandbox:
    """Return a sandbox of small parts whose tokens are always the same."""
    return Sandbox(
        folder / "box", part_size=PART, clock=clock or FrozenClock(), random=Random(1)
    )


def md5_of(content: bytes) -> str:
    """Return the MD5 as Figshare writes it."""
    return hashlib.md5(content).hexdigest()


class Client:
    """Somebody with a token; paths are those behind `/v2`."""

    def __init__(self, box: Sandbox, token: str = TOKEN) -> None:
        self.box = box
        self.session = requests.Session()
        box.mount(self.session)
        self.plain = requests.Session()
        box.mount(self.plain)
        if token:
            self.session.headers["Authorization"] = f"token {token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.box.urls.api}{path}"
        return self.session.request(method, url, **options)

    def get(self, path: str, **query: object) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: object = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def put(self, path: str, body: object = None) -> requests.Response:
        return self.call("PUT", path, json=body)

    def delete(self, path: str, **query: object) -> requests.Response:
        return self.call("DELETE", path, params=query)

    def initiate(self, item: int, content: bytes, **body: object) -> dict[str, Any]:
        """Begin an upload and return the file's record."""
        new = {"name": "a.bin", "size": len(content), "md5": md5_of(content)} | body
        reply = self.post(f"/account/articles/{item}/files", new)
        assert reply.status_code == 201, reply.text
        record: dict[str, Any] = self.get(reply.json()["location"]).json()
        return record

    def put_part(
        self, file: dict[str, Any], number: int, body: bytes
    ) -> requests.Response:
        return self.plain.put(f"{file['upload_url']}/{number}", data=body)

    def put_parts(self, file: dict[str, Any], content: bytes) -> None:
        """Send every part of an upload."""
        for part in self.plain.get(file["upload_url"]).json()["parts"]:
            body = content[part["startOffset"] : part["endOffset"] + 1]
            assert self.put_part(file, part["partNo"], body).status_code == 200

    def complete(self, item: int, file: dict[str, Any]) -> requests.Response:
        return self.post(f"/account/articles/{item}/files/{file['id']}")

    def file(self, item: int, file: dict[str, Any]) -> dict[str, Any]:
        record: dict[str, Any] = self.get(
            f"/account/articles/{item}/files/{file['id']}"
        ).json()
        return record

    def upload(self, item: int, content: bytes, **body: object) -> dict[str, Any]:
        """Upload a file and return its record once the processing is over."""
        file = self.initiate(item, content, **body)
        self.put_parts(file, content)
        assert self.complete(item, file).status_code == 202
        for _ in range(3):
            file = self.file(item, file)
        return file
