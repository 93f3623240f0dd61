"""The table: what each answer means, by status, body and place."""

from __future__ import annotations

import pytest

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
from figsync.figshare.answers import (
    LONGEST_MESSAGE,
    Answer,
    Body,
    LinkExpired,
    Place,
    meaning,
    problem,
)

JSON = b'{"message": "Entity not found", "code": "EntityNotFound"}'
HTML = b"\r\n<!DOCTYPE html><html></html>"
XML = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'
TEXT = b"Cannot PUT"
NONE = b""


def answer(status: int, content: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-").lower(): text for name, text in headers.items()}
    return Answer(status, named, content)


def told(content: bytes) -> str:
    return str(problem(answer(422, content), Place.ITEM, subject="item 7", token="tok"))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Body.EMPTY),
        (b" \r\n\t", Body.EMPTY),
        (b'{"a": 1}', Body.JSON),
        (b'{"a": 1', Body.TEXT),
        (b"[1]", Body.TEXT),
        (b"null", Body.TEXT),
        (HTML, Body.HTML),
        (b"<center><h1>403 Forbidden</h1></center>", Body.HTML),
        (b'<?xml version="1.0"?><html xmlns="x">', Body.HTML),
        (XML, Body.XML),
        (b"<Error><Code>x</Code></Error>", Body.XML),
        (b"\xff\xfe\x00", Body.TEXT),
    ],
)
def test_the_body_says_what_it_is(content: bytes, kind: Body) -> None:
    found = answer(200, content, Content_Type="text/html")

    assert found.body is kind
    assert found.is_markup is (kind in (Body.HTML, Body.XML))


@pytest.mark.parametrize(
    ("status", "content", "place", "error"),
    [
        (401, JSON, Place.ACCOUNT, TokenRefused),
        (401, NONE, Place.ITEM, TokenRefused),
        (403, JSON, Place.ACCOUNT, TokenRefused),
        (403, JSON, Place.ITEM, Refused),
        (403, HTML, Place.ACCOUNT, Blocked),
        (403, HTML, Place.ITEM, Blocked),
        (403, NONE, Place.ACCOUNT, Blocked),
        (403, XML, Place.STORAGE, LinkExpired),
        (403, HTML, Place.STORAGE, Blocked),
        (403, JSON, Place.STORAGE, Refused),
        (202, NONE, Place.STORAGE, Blocked),
        (202, HTML, Place.ITEM, Blocked),
        (202, JSON, Place.ACCOUNT, Blocked),
        (200, HTML, Place.ITEM, Blocked),
        (204, NONE, Place.ACCOUNT, BadReply),
        (404, JSON, Place.ITEM, NotFound),
        (404, JSON, Place.ACCOUNT, BadReply),
        (404, HTML, Place.ITEM, Blocked),
        (404, NONE, Place.ITEM, BadReply),
        (404, TEXT, Place.ACCOUNT, BadReply),
        (404, XML, Place.STORAGE, BadReply),
        (404, JSON, Place.STORAGE, BadReply),
        (404, NONE, Place.UPLOAD, NotFound),
        (404, TEXT, Place.UPLOAD, NotFound),
        (404, HTML, Place.UPLOAD, Blocked),
        (409, NONE, Place.UPLOAD, Locked),
        (409, JSON, Place.ITEM, Refused),
        (400, JSON, Place.ITEM, Refused),
        (400, XML, Place.STORAGE, BadReply),
        (400, HTML, Place.ITEM, Blocked),
        (422, JSON, Place.ACCOUNT, Refused),
        (410, JSON, Place.ITEM, Refused),
        (413, NONE, Place.UPLOAD, Refused),
        (407, HTML, Place.ITEM, Unreachable),
        (408, NONE, Place.ITEM, Unreachable),
        (429, HTML, Place.ITEM, TooMany),
        (429, NONE, Place.UPLOAD, TooMany),
        (500, JSON, Place.ITEM, Unreachable),
        (503, HTML, Place.ACCOUNT, Unreachable),
        (301, NONE, Place.ACCOUNT, BadReply),
    ],
)
def test_every_answer_has_its_meaning(
    status: int, content: bytes, place: Place, error: type[FigshareProblem]
) -> None:
    assert meaning(answer(status, content), place).error is error


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("status", [200, 202, 403, 404, 405])
def test_a_firewalls_challenge_is_never_an_answer(status: int, place: Place) -> None:
    challenged = answer(status, JSON, X_Amzn_Waf_Action="challenge")

    assert meaning(challenged, place).error is Blocked


@pytest.mark.parametrize("place", Place)
def test_nothing_but_the_apis_own_404_is_absence(place: Place) -> None:
    for status in range(200, 600):
        for content in (NONE, HTML, XML, TEXT, JSON, b'{"message": "cut'):
            found = meaning(answer(status, content), place).error
            if status != 404:
                assert found is not NotFound
            elif found is NotFound and place is not Place.UPLOAD:
                assert content is JSON


def test_an_error_carries_the_servers_words_and_details() -> None:
    body = b'{"message": "Bad title.\\n Too short", "data": {"title": "min 3"}}'

    assert told(body) == (
        'item 7: Figshare refuses this (422: Bad title. Too short {"title":"min 3"});'
        " look at the item on figshare.com"
    )


def test_an_error_without_words_still_names_its_status() -> None:
    assert told(b"").startswith("item 7: Figshare refuses this (422); ")


def test_secrets_in_the_servers_words_are_hidden() -> None:
    line = told(
        b'{"message": "tok and https://s3/x?X-Amz-Signature=abc'
        b' and https://fup/upload/deadbeef/2"}'
    )

    for secret in ("tok", "abc", "deadbeef"):
        assert secret not in line


def test_the_servers_words_are_short_and_harmless() -> None:
    line = told(b'{"message": "\\u001b[31m' + b"x" * 9000 + b'"}')

    assert len(line) < LONGEST_MESSAGE + 100
    assert "\x1b" not in line
