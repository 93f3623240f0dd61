"""The bytes of a file: fetched without showing the token, proven before believed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, runtime_checkable

from requests import Response

from figsync.errors import BadBytes, BadReply, Blocked, FigshareProblem, Refused
from figsync.figshare.addresses import may_see_token, redirected
from figsync.figshare.answers import LinkExpired, Place
from figsync.figshare.ask import Ask
from figsync.figshare.files import FileCalls
from figsync.figshare.hosts import Turn
from figsync.figshare.records import FileRecord
from figsync.figshare.session import FOREIGN, is_cut_short, no_answer

READ_AT_ONCE = 256 * 1024
MAX_HOPS = 6
FOUND = frozenset({200, 301, 302, 303, 307, 308})
EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
NO_ENDPOINT = frozenset({404, 405})
HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
AGAIN = "the next sync fetches it again"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a file's bytes are when its whole record is not at hand."""

    id: str
    download_url: str = ""
    is_link_only: bool = False


@dataclass(frozen=True, slots=True)
class Coming:
    """The answer that holds a file's bytes, still unread, and whose turn it was."""

    response: Response
    turn: Turn


@runtime_checkable
class Hashed(Protocol):
    """Knows the MD5, in hex, of the bytes that it was given."""

    @property
    def md5(self) -> str: ...


class Writable(Protocol):
    """Takes the bytes as they come; once is enough if it hashes them as well."""

    def write(self, chunk: bytes, /) -> object: ...


Sink = Writable | Callable[[bytes], object]


class Broken(Protocol):
    """Names what comes, and what it is when it ends too early."""

    subject: str

    def cut_short(self) -> FigshareProblem:
        """Return the error for a body that ended before its time."""
        ...


class Proof:
    """What is known of the bytes that should come, held against those that do.

    An HTML page is only believed where size and MD5 prove that it is the file.
    """

    def __init__(
        self,
        subject: str,
        *,
        size: int,
        md5: str,
        is_page: bool,
        hashed: Hashed | None = None,
    ) -> None:
        self.subject = subject
        self._hashed = hashed
        self._size = size
        self._md5 = md5
        self._is_page = is_page
        self._digest = hashlib.md5(usedforsecurity=False)
        self._count = 0

    def expect(self, length: int | None) -> None:
        """Check the length that the answer states, None when it states none."""
        if self._is_page and not self._md5:
            raise self._wrong("a web page came")
        if length and 0 <= self._size != length:
            raise self._wrong(f"{length} bytes are offered instead of {self._size}")

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; stop at once when they are too many."""
        self._count += len(chunk)
        if 0 <= self._size < self._count:
            raise self._wrong(f"more than the stated {self._size} bytes came")
        if self._hashed is None:
            self._digest.update(chunk)

    def cut_short(self) -> FigshareProblem:
        """Return the error for a body that ended before its time."""
        return self._wrong(f"only {self._count} of {self._size} bytes came")

    def finish(self) -> None:
        """Check that all bytes came and that they are the right ones."""
        if not self._count and (self._size or self._md5 != EMPTY_MD5):
            raise Blocked(self.subject, "an empty answer came", AGAIN)
        if self._count < self._size:
            raise self.cut_short()
        found = self._hashed.md5 if self._hashed else self._digest.hexdigest()
        if self._md5 and found != self._md5:
            raise self._wrong("the bytes do not have the MD5 that Figshare states")

    def _wrong(self, cause: str) -> FigshareProblem:
        kind = Blocked if self._is_page else BadBytes
        return kind(self.subject, cause, AGAIN)


class DownloadCalls(FileCalls):
    """How bytes come down."""

    def download(
        self, source: FileRecord | Source, sink: Sink, *, size: int, md5: str
    ) -> None:
        """Write a file's bytes to *sink*; what raised has to be thrown away.

        *size* below 0 and an empty *md5* are not known. Refused when Figshare does not
        give the file out, Blocked or BadBytes when something else came instead.
        """
        subject = f"file {source.id}"
        write = sink if callable(sink) else sink.write
        coming = self.repeat(partial(self._reach, source))
        with closing(coming.response) as response, self.hosts.judged(coming.turn):
            is_page = response.headers.get("Content-Type", "").startswith("text/html")
            hashed = sink if isinstance(sink, Hashed) else None
            proof = Proof(
                subject, size=size, md5=md5.lower(), is_page=is_page, hashed=hashed
            )
            length = _stated_length(response)
            encoded = "Content-Encoding" in response.headers and length != size
            proof.expect(None if encoded else length)
            for chunk in self._chunks(response, proof, decode=encoded):
                proof.add(chunk)
                write(chunk)
            proof.finish()

    def _chunks(
        self, response: Response, proof: Broken, *, decode: bool
    ) -> Iterator[bytes]:
        """Yield the body; as stored, unless somebody on the way compressed it."""
        stored = iter(partial(response.raw.read, READ_AT_ONCE), b"")
        try:
            for chunk in response.iter_content(READ_AT_ONCE) if decode else stored:
                self.received(len(chunk))
                yield chunk
            return
        except FOREIGN as exc:
            if is_cut_short(exc):
                broken = proof.cut_short()
            else:
                broken = no_answer(exc, response.url, subject=proof.subject)
        raise broken

    def _reach(self, source: FileRecord | Source) -> Coming:
        """Return the answer that holds the bytes, still unread.

        A storage link lives ten seconds (observed), so an expired one is asked for
        once more, from the beginning.
        """
        if source.is_link_only:
            cause = "it is a link to another place, not a file of Figshare's"
            raise Refused(f"file {source.id}", cause)
        try:
            return self._from_api(source)
        except LinkExpired:
            return self._from_api(source)

    def _from_api(self, source: FileRecord | Source) -> Coming:
        ask = Ask(
            method="GET",
            url=self.url("file", "download", source.id),
            subject=f"file {source.id}",
            place=Place.DOWNLOAD,
            headers=HEADERS,
            success=FOUND,
        )
        try:
            return self._follow(ask)
        except FigshareProblem as problem:
            url = source.download_url
            if not _is_no_endpoint(problem) or not may_see_token(url, self.api):
                raise
            return self._from_downloader(ask, url, problem)

    def _from_downloader(self, ask: Ask, url: str, refused: FigshareProblem) -> Coming:
        """Return the bytes by the record's own address, which wants the token in it.

        When it does not help either, the API's word counts more than a "no" of the
        downloader, but "not found" less than an accident.
        """
        token = {"token": self._token}
        try:
            return self._follow(replace(ask, url=url, query=token, place=Place.STORAGE))
        except LinkExpired:
            raise
        except FigshareProblem as problem:
            told = isinstance(problem, (BadReply, Refused))
            final = refused if told or isinstance(refused, Refused) else problem
        raise final

    def _follow(self, ask: Ask) -> Coming:
        for _ in range(MAX_HOPS):
            with self.hosts.asking(ask.door, ask.fails_alone) as turn:
                response = self.open(ask)
                if response.status_code == 200:
                    turn.body_follows = True
                    return Coming(response, replace(turn, body_follows=False))
                turn.leads_on = True
                self.read_all(response, ask)
            ask = self._next_hop(ask, response)
        raise BadReply(ask.subject, "Figshare redirects in circles", AGAIN)

    def _next_hop(self, ask: Ask, response: Response) -> Ask:
        target = response.headers.get("Location", "")
        url = redirected(ask.url, target, subject=ask.subject)
        place = Place.DOWNLOAD if self.is_api(url) else Place.STORAGE
        return replace(ask, url=url, query={}, place=place)


def _is_no_endpoint(problem: FigshareProblem) -> bool:
    """Say whether the downloader may give what the API's endpoint does not."""
    return problem.status in NO_ENDPOINT or (
        problem.status == 403 and isinstance(problem, Refused)
    )


def _stated_length(response: Response) -> int | None:
    stated = response.headers.get("Content-Length", "")
    return int(stated) if stated.isascii() and stated.isdecimal() else None
