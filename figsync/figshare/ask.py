"""One request and its answer, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from figsync.errors import Refused
from figsync.figshare.addresses import origin
from figsync.figshare.answers import Place
from figsync.figshare.breaker import Host, Service
from figsync.figshare.pacing import http_date

JSON_COMES = frozenset({200, 201, 203})
DONE = frozenset({200, 204, 205})
SERVICES = {
    Place.ACCOUNT: Service.API,
    Place.ITEM: Service.API,
    Place.DOWNLOAD: Service.DOWNLOADS,
    Place.UPLOAD: Service.UPLOADS,
    Place.STORAGE: Service.STORAGE,
}


class Payload(Protocol):
    """A body to send: read in pieces, its length known before."""

    def read(self, amount: int = ..., /) -> bytes: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request; *subject* is what an error names.

    *repeatable* says that a second one does no harm when an answer was lost; *about*
    is what may fail alone with it, the subject unless given.
    """

    method: str
    url: str = field(repr=False)
    subject: str
    place: Place = Place.ITEM
    query: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    json: Mapping[str, object] | None = None
    body: Payload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    success: frozenset[int] = JSON_COMES
    repeatable: bool = True
    about: str = field(default="", repr=False)

    @property
    def door(self) -> Host:
        """The host in the service that is asked of it."""
        return Host(SERVICES[self.place], self.host)

    @property
    def fails_alone(self) -> str:
        """What may fail alone with this, "" when it asks for the account as a whole."""
        return "" if self.place is Place.ACCOUNT else self.about or self.subject

    @property
    def host(self) -> str:
        """The host to be counted and spared, with an unusual port."""
        found = origin(self.url)
        return found.name if found else ""

    @property
    def payload(self) -> Payload | bytes | None:
        """What is sent as the body; Refused when the JSON can not be written."""
        if self.json is None:
            return self.body
        try:
            return msgspec.json.encode(self.json)
        except UnicodeEncodeError:
            cause = "a name or title holds what is not text"
        raise Refused(self.subject, cause, "rename it")

    @property
    def all_headers(self) -> Mapping[str, str]:
        """The headers, with the type of a JSON body."""
        if self.json is None:
            return self.headers
        return {**self.headers, "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status that was wanted, read whole."""

    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def server_time(self) -> float | None:
        """Figshare's clock when it answered (POSIX seconds)."""
        return http_date(self.headers.get("Date", ""))
