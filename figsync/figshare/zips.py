"""An item's files as one zip: one request where each alone would need its own."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from figsync.errors import BadBytes, BadReply, Blocked, FigshareProblem, Unreachable
from figsync.figshare.answers import LinkExpired, Place
from figsync.figshare.ask import Ask
from figsync.figshare.downloads import FOUND, HEADERS, Coming, DownloadCalls, Sink

SINGLY = "its files are fetched one by one"
# What every zip begins with, an empty one included.
MAGIC = b"PK"


class Bound:
    """How much may come: a zip states no size, and nothing in it is proven yet."""

    def __init__(self, subject: str, most: int) -> None:
        self.subject = subject
        self._most = most
        self._count = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; stop at once when it is no zip, or too long a one."""
        if not self._count and not chunk.startswith(MAGIC):
            kind = Blocked if chunk.lstrip().startswith(b"<") else BadReply
            raise kind(self.subject, "something else came than a zip", SINGLY)
        self._count += len(chunk)
        if self._count > self._most:
            cause = f"more came than the {self._most} bytes that its list announces"
            raise BadBytes(self.subject, cause, SINGLY)

    def cut_short(self) -> FigshareProblem:
        """Return the error for a body that ended before its time."""
        return BadBytes(self.subject, f"it ended after {self._count} bytes", SINGLY)

    def finish(self) -> None:
        """Check that anything came."""
        if not self._count:
            raise Blocked(self.subject, "an empty answer came", SINGLY)


class ZipCalls(DownloadCalls):
    """How many files come down at once."""

    def download_zip(
        self, item_id: str, sink: Sink, *, folder: str = "", most: int
    ) -> None:
        """Write the zip of an item, or of a *folder* and what is below it, to *sink*.

        FigshareProblem, at the first trouble but a 429, when it is not to be had: then
        single downloads are the way.  Never more than *most* bytes are written; what
        is in them nobody vouches for.
        """
        ask = Ask(
            method="GET",
            url=self.url("account", "articles", item_id, "download"),
            subject=f"the zip of item {item_id}",
            place=Place.DOWNLOAD,
            query={"folder_path": folder} if folder else {},
            headers=HEADERS,
            success=FOUND,
            # Zips fail together, and say little of the host's other downloads.
            about="zips",
        )
        coming = self.repeat(partial(self._once, ask))
        write = sink if callable(sink) else sink.write
        bound = Bound(ask.subject, most)
        with closing(coming.response) as response, self.hosts.judged(coming.turn):
            encoded = "Content-Encoding" in response.headers
            for chunk in self._chunks(response, bound, decode=encoded):
                bound.add(chunk)
                write(chunk)
            bound.finish()

    def _once(self, ask: Ask) -> Coming:
        """Ask for a zip; only a 429 is worth to be asked again."""
        try:
            return self._follow(ask)
        except (Unreachable, LinkExpired) as problem:
            cause, status = problem.cause, problem.status
        raise BadReply(ask.subject, cause, SINGLY, status=status)
