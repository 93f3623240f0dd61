"""Uploads: exact parts, no token for the upload service, nothing sent twice."""

from __future__ import annotations

import io
import json

import pytest

from figsync.errors import (
    BadReply,
    Blocked,
    DiskProblem,
    Locked,
    NotFound,
    Stale,
    Unreachable,
)
from figsync.figshare import Part, Settings
from tests.figshare.world import (
    UNPACED,
    FastClock,
    Give,
    figshare_saying,
    gives,
    in_turn,
    page,
    serving,
    talking,
)

OK = Give(200, b"OK", {"Content-Type": "text/plain"})
GONE = gives({"message": "Entity not found: file"}, 404)
MD5 = "4114f0120c74bd83d89bb82ac365488a"


class Bytes:
    """A body that knows its length and nothing more than it has to."""

    def __init__(self, content: bytes, *, stated: int | None = None) -> None:
        self._stream = io.BytesIO(content)
        self._stated = len(content) if stated is None else stated
        self.closed = False

    def __len__(self) -> int:
        return self._stated

    def read(self, amount: int, /) -> bytes:
        return self._stream.read(amount)

    def close(self) -> None:
        self.closed = True


class Unreadable(Bytes):
    def read(self, _: int, /) -> bytes:
        raise OSError(5, "Input/output error", "plot.png")


class Changed(Bytes):
    def read(self, _: int, /) -> bytes:
        raise Stale("plot.png", "it changed while it was read")


def part(size: int, number: int = 1) -> Part:
    return Part(number, 0, size - 1)


def test_initiating_states_everything_figshare_can_check() -> None:
    location = {"location": "https://x/v2/account/articles/7/files/99"}
    with figshare_saying(gives(location, 201)) as (figshare, server):
        file_id = figshare.initiate("7", name="a.csv", size=3, md5=MD5, folder="raw/b")

        assert file_id == "99"
        assert server.asked == ["POST /v2/account/articles/7/files"]
        assert server.got[0].json == {
            "name": "a.csv",
            "size": 3,
            "md5": MD5,
            "folder_path": "/raw/b",
        }


def test_a_file_of_no_folder_names_none() -> None:
    with figshare_saying(gives({"location": "x/99"}, 201)) as (figshare, server):
        figshare.initiate("7", name="a.csv", size=3, md5=MD5)

        assert "folder_path" not in server.got[0].body.decode()


def test_a_new_record_may_need_a_moment() -> None:
    with figshare_saying(GONE, GONE, gives({"id": 99})) as (figshare, server):
        assert figshare.read_new_file("7", "99").id == "99"

        assert len(server.got) == 3


def test_a_record_that_stays_away_is_not_found() -> None:
    with figshare_saying(GONE) as (figshare, _), pytest.raises(NotFound):
        figshare.read_new_file("7", "99")


def test_a_session_names_the_parts_to_send() -> None:
    session = {
        "token": "t",
        "size": 15,
        "status": "PENDING",
        "parts": [
            {"partNo": 1, "startOffset": 0, "endOffset": 9, "status": "COMPLETE"},
            {"partNo": 2, "startOffset": 10, "endOffset": 14, "locked": True},
        ],
    }
    with figshare_saying(gives(session)) as (figshare, server):
        found = figshare.upload_session(f"{server.url}/upload/t")

    assert found.parts == (
        Part(1, 0, 9, complete=True),
        Part(2, 10, 14, complete=False, locked=True),
    )


def test_a_session_that_ended_is_not_found() -> None:
    with figshare_saying(Give(404)) as (figshare, server), pytest.raises(NotFound):
        figshare.upload_session(f"{server.url}/upload/t")


def test_a_part_is_sent_whole_to_its_own_address() -> None:
    content = bytes(range(256)) * 5000
    with serving(in_turn(OK)) as uploads, figshare_saying(OK) as (figshare, api):
        figshare.send_part(
            f"{uploads.url}/upload/t", part(len(content), 3), Bytes(content)
        )

        (got,) = uploads.got
        assert (got.method, got.path) == ("PUT", "/upload/t/3")
        assert got.body == content
        assert got.headers["Content-Length"] == str(len(content))
        assert "Transfer-Encoding" not in got.headers
        assert "Authorization" not in got.headers
        assert api.got == []
        assert figshare.bytes_up == len(content)


def test_a_part_is_sent_again_from_its_beginning() -> None:
    bodies: list[Bytes] = []

    def make() -> Bytes:
        bodies.append(Bytes(b"12345"))
        return bodies[-1]

    with figshare_saying(None, Give(500), OK) as (figshare, server):
        figshare.send_part(f"{server.url}/upload/t", part(5), make)

        assert [got.body for got in server.got] == [b"12345"] * 3
        assert [body.closed for body in bodies] == [True] * 3


def test_bytes_that_can_be_read_once_are_sent_once() -> None:
    with figshare_saying(Give(500)) as (figshare, server):
        with pytest.raises(Unreachable):
            figshare.send_part(f"{server.url}/upload/t", part(2), Bytes(b"12"))

        assert len(server.got) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Give(409), Locked),
        (Give(404), NotFound),
        (page(200), Blocked),
        (Give(202), Blocked),
        (page(403), Blocked),
        (Give(302), BadReply),
    ],
)
def test_a_part_that_was_not_taken_is_an_error(
    answer: Give, error: type[Exception]
) -> None:
    with figshare_saying(answer) as (figshare, server), pytest.raises(error):
        figshare.send_part(f"{server.url}/upload/t", part(2), Bytes(b"12"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (Bytes(b"123", stated=5), Stale),
        (Unreadable(b"12345"), DiskProblem),
        (Changed(b"12345"), Stale),
    ],
)
def test_a_body_that_fails_never_completes_its_part(
    body: Bytes, error: type[Exception]
) -> None:
    with figshare_saying(OK) as (figshare, server):
        with pytest.raises(error):
            figshare.send_part(f"{server.url}/upload/t", part(5), body)
        figshare.reset_part(f"{server.url}/upload/t", 1)

        assert [got.method for got in server.got] == ["DELETE"]


def test_a_body_longer_than_its_part_is_never_sent_beyond_it() -> None:
    with figshare_saying(OK) as (figshare, server):
        figshare.send_part(
            f"{server.url}/upload/t", part(3), Bytes(b"123456", stated=3)
        )

        assert server.got[0].body == b"123"


def test_completing_twice_is_harmless() -> None:
    with figshare_saying(None, Give(202, b"Accepted")) as (figshare, server):
        figshare.complete("7", "99")

        assert server.asked == ["POST /v2/account/articles/7/files/99"] * 2
        assert server.got[0].headers["Content-Length"] == "0"


def test_the_bandwidth_is_kept() -> None:
    clock = FastClock()
    settings = Settings(requests_per_second=0, bandwidth=lambda _: 1000)
    with (
        serving(in_turn(OK)) as server,
        talking(server, clock=clock, settings=settings) as figshare,
    ):
        figshare.send_part(f"{server.url}/upload/t", part(9000), Bytes(bytes(9000)))

    assert sum(clock.waits) == pytest.approx(8.0)


def test_the_upload_address_is_a_secret() -> None:
    with figshare_saying(Give(404)) as (figshare, server):
        with pytest.raises(NotFound) as caught:
            figshare.reset_part(f"{server.url}/upload/deadbeef", 1)

        assert "deadbeef" not in f"{caught.value!r} {caught.value}"


def test_a_part_with_an_address_that_has_a_query() -> None:
    with figshare_saying(OK) as (figshare, server):
        figshare.send_part(f"{server.url}/up?sig=a%2Fb", part(1), lambda: Bytes(b"1"))

        assert server.got[0].path == "/up/1"
        assert server.got[0].query == {"sig": "a/b"}


def test_an_unsafe_upload_address_gets_no_byte() -> None:
    with figshare_saying(OK) as (figshare, _):
        for url in ("", "ftp://127.0.0.1/x", "http://me:pw@127.0.0.1/x"):
            with pytest.raises(BadReply):
                figshare.send_part(url, part(1), Bytes(b"1"))


def test_a_session_in_other_words_is_a_bad_reply() -> None:
    answer = Give(200, json.dumps({"parts": "none"}).encode())
    with (
        figshare_saying(answer) as (figshare, server),
        pytest.raises(BadReply, match="parts"),
    ):
        figshare.upload_session(f"{server.url}/upload/t")


def test_unlimited_settings_do_not_wait() -> None:
    clock = FastClock()
    with (
        serving(in_turn(OK)) as server,
        talking(server, clock=clock, settings=UNPACED) as figshare,
    ):
        figshare.send_part(f"{server.url}/upload/t", part(9000), Bytes(bytes(9000)))

    assert clock.waits == []
