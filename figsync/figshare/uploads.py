"""The upload of one file, step by step, so that each can be recorded in between."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Protocol

from figsync.errors import (
    BadReply,
    DiskProblem,
    FigshareProblem,
    NotFound,
    Refused,
    Stale,
)
from figsync.figshare.addresses import address, upload_address
from figsync.figshare.answers import Place
from figsync.figshare.ask import JSON_COMES, Ask, Payload
from figsync.figshare.files import FileCalls
from figsync.figshare.records import (
    FileRecord,
    Part,
    UploadSession,
    decode_created,
    decode_session,
)

SESSION = "the upload"
NEW_RECORD_TRIES = 6
NEW_RECORD_PAUSE = 0.1
PART_TAKEN = frozenset({200, 201, 204})
COMPLETED = frozenset({200, 201, 202, 204, 205})
# What an upload service may say to a part that is not cut as it wants.
NOT_TAKEN = (NotFound, Refused, BadReply)


class Readable(Protocol):
    """The bytes of one part, read in pieces; how many they are is known before."""

    def read(self, amount: int, /) -> bytes: ...

    def __len__(self) -> int: ...


class PartBody(Readable, Protocol):
    """The same, to be closed when they are sent."""

    def close(self) -> None: ...


class Outgoing:
    """A part's bytes on their way: exactly as many as stated, never fewer.

    A body that ends early would hang until Figshare's time-out (official
    documentation), so it breaks the request instead.
    """

    def __init__(
        self,
        body: Readable,
        sent: Callable[[int], None],
        *,
        step: Callable[[], int],
    ) -> None:
        self._body = body
        self._left = len(body)
        self._size = len(body)
        self._sent = sent
        self._step = step

    def __len__(self) -> int:
        return self._size

    def read(self, amount: int = -1, /) -> bytes:
        wanted = self._left if amount < 0 else min(amount, self._left)
        if not wanted:
            return b""
        chunk = self._chunk(min(wanted, self._step()))
        if not chunk:
            raise Stale("", "the file became shorter while it was read")
        self._left -= len(chunk)
        self._sent(len(chunk))
        return chunk

    def _chunk(self, amount: int) -> bytes:
        try:
            return self._body.read(amount)
        except OSError as exc:
            reason = exc.strerror or "it can not be read"
            raise DiskProblem(exc.filename or "", reason, "check the disk") from exc


class UploadCalls(FileCalls):
    """The four steps of an upload."""

    def initiate(
        self, item_id: str, *, name: str, size: int, md5: str, folder: str = ""
    ) -> str:
        """Announce a file and return the id of its record.

        It is sent once: when no usable answer comes, the record may exist or not.
        Names are kept verbatim and need not be unique in an item.
        """
        wanted: dict[str, object] = {"name": name, "size": size, "md5": md5}
        if folder:
            wanted["folder_path"] = "/" + folder.strip("/")
        ask = Ask(
            method="POST",
            url=self.url("account", "articles", item_id, "files"),
            subject=f"the new file “{name}” of item {item_id}",
            json=wanted,
            repeatable=False,
        )
        reply = self.call(ask)
        location = reply.headers.get("Location", "")
        return decode_created(reply.content, location, subject=ask.subject)

    def read_new_file(self, item_id: str, file_id: str) -> FileRecord:
        """Return the record of a file just initiated; NotFound when it stays away.

        Figshare may answer 404 for an instant after 201 (observed by waterbutler).
        """
        for attempt in range(NEW_RECORD_TRIES - 1):
            try:
                return self.read_file(item_id, file_id)
            except NotFound:
                self.wait(NEW_RECORD_PAUSE * 2**attempt)
        return self.read_file(item_id, file_id)

    def upload_session(self, upload_url: str) -> UploadSession:
        """Return which parts the upload service has; NotFound when it has ended."""
        ask = self._about_upload("GET", upload_url)
        session = decode_session(self.call(ask).content, subject=SESSION)
        self.part_sizes.learn(ask.host, session)
        return session

    def send_whole(
        self, upload_url: str, part: Part, body: Callable[[], PartBody]
    ) -> bool:
        """Send a new file as its only *part*; False if that is not how to send it.

        Nobody asks how it is cut: its host has told this process of a part as large.
        When False, its session tells what to send.
        """
        host = self._about_upload("GET", upload_url).host
        if not self.part_sizes.is_one_part(host, part.size):
            return False
        try:
            self.send_part(upload_url, part, body)
        except FigshareProblem as problem:
            self.part_sizes.forget(host)
            if isinstance(problem, NOT_TAKEN):
                return False
            raise
        return True

    def send_part(
        self,
        upload_url: str,
        part: Part,
        body: Readable | Callable[[], PartBody],
    ) -> None:
        """Send the bytes of a part; Locked when somebody else is sending it.

        A *body* that makes a fresh one at each call is sent again after an
        accident, and closed; one that is the bytes themselves is sent once.
        """
        if callable(body):
            self.repeat(partial(self._send_fresh, upload_url, part, body))
        else:
            self._send_body(upload_url, part, body)

    def reset_part(self, upload_url: str, number: int) -> None:
        """Make Figshare forget a part's bytes, so that it can be sent anew."""
        self.call(self._about_upload("DELETE", upload_url, str(number)))

    def complete(self, item_id: str, file_id: str) -> None:
        """Tell Figshare that all parts are sent; saying it twice does no harm.

        Figshare answers 202 with a body that is not JSON (official contract).
        """
        ask = self._about_file("POST", item_id, file_id, success=COMPLETED)
        self.call(ask)

    def _send_fresh(
        self, upload_url: str, part: Part, make_body: Callable[[], PartBody]
    ) -> None:
        with closing(make_body()) as body:
            self._send_body(upload_url, part, body)

    def _send_body(self, upload_url: str, part: Part, body: Readable) -> None:
        assert len(body) == part.size
        ask = self._about_upload(
            "PUT",
            upload_url,
            str(part.number),
            body=Outgoing(body, self.sent, step=self.send_at_once),
        )
        self.call(ask)

    def _about_upload(
        self,
        method: str,
        upload_url: str,
        *number: str,
        body: Payload | None = None,
    ) -> Ask:
        where = f"part {number[0]} of {SESSION}" if number else SESSION
        return Ask(
            method=method,
            url=address(upload_address(upload_url, self.api, subject=where), *number),
            subject=where,
            place=Place.UPLOAD,
            about=upload_url,
            body=body,
            success=PART_TAKEN if number else JSON_COMES,
            repeatable=body is None,
        )
