"""What the wire allows: `curl`, four requests at a time, connections kept alive."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.benchmarks.processes import run
from tests.benchmarks.service import Account, Service

AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One request; what comes back goes into *output*."""

    url: str
    output: Path
    method: str = ""
    body: Path | None = None
    upload: Path | None = None
    headers: Sequence[str] = ()
    more: Sequence[str] = field(default=())

    def told(self) -> str:
        """Return the request as curl's configuration has it."""
        lines = [f'url = "{self.url}"', f'output = "{self.output}"', "fail", "silent"]
        # Waiting for leave to send costs a round trip.
        lines += [f'header = "{header}"' for header in ("Expect:", *self.headers)]
        lines += [f"request = {self.method}"] if self.method else []
        lines += [f'data-binary = "@{self.body}"'] if self.body else []
        lines += [f'upload-file = "{self.upload}"'] if self.upload else []
        return "\n".join([*lines, *self.more, ""])


def call_all(calls: Iterable[Call], folder: Path, *, at_once: int = AT_ONCE) -> None:
    """Make all *calls*, some at a time; Failed if one is refused."""
    script = folder / "curl.conf"
    script.write_text("next\n".join(call.told() for call in calls), encoding="utf-8")
    run(
        [
            "curl",
            "-q",
            "-Z",
            "--parallel-immediate",
            "--parallel-max",
            str(at_once),
            "-K",
            script,
        ]
    )


@dataclass(slots=True)
class Curl:
    """curl at work for one account, in a folder of its own."""

    service: Service
    account: Account
    folder: Path
    at_once: int = AT_ONCE

    def send(self, title: str, files: Sequence[Path]) -> tuple[float, float]:
        """Send *files* into a new item; return seconds in all, and from the parts on.

        What comes before the parts: making the item, initiating, reading records and
        sessions.  It ends when every file is available.
        """
        self.folder.mkdir(parents=True)
        began = time.perf_counter()
        files_url = self._made(title)
        locations = self._initiated(files_url, files)
        records = self._asked(("GET", url, None) for url in locations)
        sessions = self._asked(("GET", one["upload_url"], None) for one in records)
        parts = list(self._parts(files, records, sessions))
        opened = time.perf_counter()
        self._call(parts)
        self._asked(("POST", url, None) for url in locations)
        self._wait(files_url)
        ended = time.perf_counter()
        return ended - began, ended - opened

    def fetch(self, item_id: int) -> float:
        """Fetch every file of an item and return the seconds it took."""
        self.folder.mkdir(parents=True)
        began = time.perf_counter()
        url = f"{self.service.api}/account/articles/{item_id}/files?page_size=1000"
        (records,) = self._asked([("GET", url, None)])
        calls = [
            Call(
                f"{self.service.api}/file/download/{record['id']}",
                self.folder / record["name"],
                headers=self._headers,
                more=["location"],
            )
            for record in records
        ]
        self._call(calls)
        return time.perf_counter() - began

    @property
    def _headers(self) -> list[str]:
        return [f"Authorization: token {self.account.token}"]

    def _call(self, calls: Iterable[Call]) -> None:
        call_all(calls, self.folder, at_once=self.at_once)

    def _asked(self, wanted: Iterable[tuple[str, str, object]]) -> list[Any]:
        """Make calls of the API and return the JSON of their replies."""
        calls = []
        for place, (method, url, body) in enumerate(wanted):
            sent = None
            if body is not None:
                sent = self.folder / f"{place}.body"
                sent.write_text(json.dumps(body), encoding="utf-8")
            reply = self.folder / f"{place}.json"
            calls.append(Call(url, reply, method, sent, headers=self._headers))
        self._call(calls)
        return [json.loads(call.output.read_bytes() or b"null") for call in calls]

    def _made(self, title: str) -> str:
        """Make an item and return the address of its files."""
        articles = f"{self.service.api}/account/articles"
        (item,) = self._asked([("POST", articles, {"title": title})])
        return f"{item['location']}/files"

    def _initiated(self, files_url: str, files: Sequence[Path]) -> list[str]:
        told = [
            {"name": path.name, "size": path.stat().st_size, "md5": md5}
            for path, md5 in zip(files, md5sums(files), strict=True)
        ]
        made = self._asked(("POST", files_url, one) for one in told)
        return [one["location"] for one in made]

    def _parts(
        self, files: Sequence[Path], records: list[Any], sessions: list[Any]
    ) -> Iterator[Call]:
        """Yield the sending of every part, cut out of its file where it has several."""
        for path, record, session in zip(files, records, sessions, strict=True):
            parts = session["parts"]
            for part in parts:
                piece = path if len(parts) == 1 else self._piece(path, part)
                url = f"{record['upload_url']}/{part['partNo']}"
                yield Call(url, Path("/dev/null"), upload=piece)

    def _piece(self, path: Path, part: dict[str, int]) -> Path:
        piece = self.folder / f"{path.name}.{part['partNo']}"
        with path.open("rb") as content:
            content.seek(part["startOffset"])
            piece.write_bytes(content.read(part["endOffset"] - content.tell() + 1))
        return piece

    def _wait(self, files_url: str) -> None:
        """Ask without a pause until all files are available."""
        url = f"{files_url}?page_size=1000"
        with requests.Session() as session:
            session.headers.update(self.account.header)
            while any(one["status"] != "available" for one in session.get(url).json()):
                pass


def md5sums(files: Sequence[Path]) -> list[str]:
    """Return what `md5sum` says of each of the files."""
    lines = run(["md5sum", *files]).out.splitlines()
    return [line.lstrip("\\").partition(" ")[0] for line in lines]


def md5sum_seconds(files: Sequence[Path]) -> float:
    """Return how long `md5sum` takes for the files."""
    return run(["md5sum", *files]).seconds
