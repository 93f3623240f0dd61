"""What an answer that is not the wanted one means: one table, read from the top."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

import msgspec

from figsync.errors import (
    BadReply,
    Blocked,
    FigshareProblem,
    Locked,
    NotFound,
    Refused,
    TokenRefused,
    TooMany,
    Unreachable,
)

LONGEST_MESSAGE = 300


class Place(Enum):
    """What a request was about: an answer's meaning depends on it."""

    ACCOUNT = auto()  # the account and its lists: a refusal is about the token
    ITEM = auto()  # one item or file: a refusal is about that one
    DOWNLOAD = auto()  # the API's own download endpoint: judged as an item
    UPLOAD = auto()  # the upload service: no token, empty bodies
    STORAGE = auto()  # the downloader and what is behind it: no token, XML


class Body(Enum):
    """What kind of body an answer has, whatever its Content-Type says."""

    EMPTY = auto()
    JSON = auto()
    HTML = auto()
    XML = auto()
    TEXT = auto()
    CHALLENGE = auto()  # a firewall wants to see a browser


class LinkExpired(Blocked):
    """A storage link is no longer valid; a new one is to be had from the API."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and (the beginning of) the body of one answer."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def body(self) -> Body:
        if is_challenge(self.headers):
            return Body.CHALLENGE
        start = self._start
        if not start:
            return Body.EMPTY
        if start.startswith(b"<"):
            is_xml = start.startswith((b"<?xml", b"<error")) and b"<html" not in start
            return Body.XML if is_xml else Body.HTML
        return Body.TEXT if self.json is None else Body.JSON

    @property
    def is_markup(self) -> bool:
        """Whether it is a page or a document instead of what the API says."""
        return is_challenge(self.headers) or self._start.startswith(b"<")

    @property
    def _start(self) -> bytes:
        return self.content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()

    @property
    def json(self) -> dict[str, object] | None:
        """The body as a JSON object, None when it is something else."""
        try:
            return msgspec.json.decode(self.content, type=dict[str, object])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Meaning:
    """The error for some answers, with its cause and the next step."""

    error: type[FigshareProblem]
    cause: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: these statuses with these bodies at these places."""

    statuses: Container[int]
    bodies: Container[Body]
    places: Container[Place]
    meaning: Meaning


def is_challenge(headers: Mapping[str, str]) -> bool:
    """Say whether Amazon's firewall answered: it wants to see a browser."""
    return "x-amzn-waf-action" in headers


ALL = frozenset(range(100, 600))
SUCCESS = range(200, 300)
ANY_BODY = frozenset(Body)
ANY_PLACE = frozenset(Place)
ONE = frozenset({Place.ITEM, Place.DOWNLOAD})
API = ONE | {Place.ACCOUNT}
PAGE = frozenset({Body.HTML, Body.CHALLENGE})
MARKUP = PAGE | {Body.XML}
FIREWALL = Meaning(
    Blocked,
    "a firewall or a web page answers in Figshare's place",
    "nothing is known of the files; check api_url and the network, or wait some hours",
)
TOKEN = Meaning(
    TokenRefused,
    "Figshare does not accept the token",
    "create a new one under Applications on figshare.com and store it",
)
NO = Meaning(Refused, "Figshare refuses this", "look at the item on figshare.com")
STRANGE = Meaning(
    BadReply,
    "the answer is not what Figshare's contract says",
    "the next sync asks again; if it stays, check api_url",
)
BUSY = Meaning(
    Unreachable, "Figshare has a problem of its own", "the next sync tries again"
)
PROXY = Meaning(
    Unreachable, "the proxy wants a login", "put it into the HTTPS_PROXY variable"
)
SLOWER = Meaning(
    TooMany, "Figshare asks for fewer requests", "lower requests_per_second"
)
EXPIRED = Meaning(
    LinkExpired, "the link into the storage has expired", "the next sync asks anew"
)
GONE = Meaning(NotFound, "Figshare has no such thing")
ENDED = Meaning(NotFound, "the upload has ended", "it begins anew with the next sync")
WRITING = Meaning(Locked, "somebody else is sending the same part", "try again later")

TABLE = (
    Row({429}, ANY_BODY, ANY_PLACE, SLOWER),
    Row({407}, ANY_BODY, ANY_PLACE, PROXY),
    Row({401}, ANY_BODY, API, TOKEN),
    Row(ALL, {Body.CHALLENGE}, ANY_PLACE, FIREWALL),
    Row({408, 425, *range(500, 600)}, ANY_BODY, ANY_PLACE, BUSY),
    Row({202}, ANY_BODY, ANY_PLACE, FIREWALL),
    Row(SUCCESS, MARKUP, ANY_PLACE, FIREWALL),
    Row({403}, {Body.JSON}, {Place.ACCOUNT}, TOKEN),
    Row({403}, {Body.JSON}, ANY_PLACE, NO),
    Row({403}, {Body.XML}, {Place.STORAGE}, EXPIRED),
    Row({403}, ANY_BODY, ANY_PLACE, FIREWALL),
    Row({404}, {Body.JSON}, ONE, GONE),
    Row({404}, ANY_BODY - MARKUP, {Place.UPLOAD}, ENDED),
    Row({409}, ANY_BODY - PAGE, {Place.UPLOAD}, WRITING),
    Row(range(400, 500), PAGE, ANY_PLACE, FIREWALL),
    Row({404}, ANY_BODY, ANY_PLACE, STRANGE),
    Row(range(400, 500), ANY_BODY, API | {Place.UPLOAD}, NO),
    Row(ALL, ANY_BODY, ANY_PLACE, STRANGE),
)


def meaning(answer: Answer, place: Place) -> Meaning:
    """Return what *answer* means at *place*: the first row of the table that fits."""
    body = answer.body
    for row in TABLE:
        if answer.status in row.statuses and body in row.bodies and place in row.places:
            return row.meaning
    return STRANGE


def problem(
    answer: Answer, place: Place, *, subject: str, token: str
) -> FigshareProblem:
    """Return the error for *answer*, with the server's own words and no secret."""
    found = meaning(answer, place)
    said = spoken(answer, token=token)
    cause = f"{found.cause} ({answer.status}{': ' if said else ''}{said})"
    return found.error(subject, cause, found.remedy, status=answer.status)


def spoken(answer: Answer, *, token: str) -> str:
    """Return what the server says in its JSON, in one line without secrets."""
    told = answer.json or {}
    named = (told.get(key) for key in ("message", "error_description", "error"))
    message = next((text for text in named if isinstance(text, str) and text), "")
    details = [told[key] for key in ("data", "errors") if told.get(key)]
    words = [message, *(msgspec.json.encode(detail).decode() for detail in details)]
    line = " ".join(" ".join(words).split())
    return printable(without_secrets(line, token=token))[:LONGEST_MESSAGE]


def without_secrets(text: str, *, token: str) -> str:
    """Return *text* without the token, upload tokens and the queries of links."""
    hidden = text.replace(token, "…") if token else text
    hidden = re.sub(r"(https?://[^\s?\"']*)\?[^\s\"']*", r"\1?…", hidden)
    return re.sub(r"(/upload/)[^\s/?\"']+", r"\1…", hidden)


def printable(text: str) -> str:
    """Return *text* with what a terminal could take for a command replaced."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)
