"""Zips: asked for once, never longer than announced, and no token for the storage."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from figsync.errors import (
    BadBytes,
    BadReply,
    Blocked,
    FigshareProblem,
    NotFound,
    Refused,
)
from figsync.figshare import Service
from tests.figshare.world import (
    TOKEN,
    Give,
    Got,
    figshare_saying,
    gives,
    page,
    serving,
    talking,
)

ASKED = "GET /v2/account/articles/7/download"


def a_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", b"1,2\n" * 500)
    return file.getvalue()


ZIP = a_zip()


def test_a_zip_comes_as_it_is() -> None:
    with figshare_saying(Give(200, ZIP)) as (figshare, server):
        received = bytearray()
        figshare.download_zip("7", received.extend, most=len(ZIP))

        assert bytes(received) == ZIP
        assert server.asked == [ASKED]
        assert server.got[0].query == {}
        assert figshare.bytes_down == len(ZIP)


def test_a_folder_is_named() -> None:
    with figshare_saying(Give(200, ZIP)) as (figshare, server):
        figshare.download_zip("7", bytearray().extend, folder="raw/é", most=len(ZIP))

        assert server.got[0].query == {"folder_path": "raw/é"}


def test_a_storage_behind_it_sees_no_token() -> None:
    with serving(lambda _: Give(200, ZIP)) as storage:
        link = Give(302, b"", {"Location": f"{storage.url}/zip?X-Amz-Signature=s"})
        with figshare_saying(link) as (figshare, server):
            received = bytearray()
            figshare.download_zip("7", received.extend, most=len(ZIP))

            assert bytes(received) == ZIP
            assert server.got[0].headers["Authorization"] == f"token {TOKEN}"
            assert "Authorization" not in storage.got[0].headers


def test_what_was_compressed_on_the_way_is_unpacked() -> None:
    packed = Give(200, gzip.compress(ZIP), {"Content-Encoding": "gzip"})
    with figshare_saying(packed) as (figshare, _):
        received = bytearray()
        figshare.download_zip("7", received.extend, most=len(ZIP))

        assert bytes(received) == ZIP


def test_not_a_byte_more_is_written_than_was_announced() -> None:
    with figshare_saying(Give(200, ZIP + bytes(5 << 20))) as (figshare, _):
        received = bytearray()
        with pytest.raises(BadBytes):
            figshare.download_zip("7", received.extend, most=len(ZIP))

        assert len(received) <= len(ZIP)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Give(200, b""), Blocked),
        (page(), Blocked),
        (page(202), Blocked),
        (page(403), Blocked),
        (page(404), Blocked),
        (Give(202, b"", {"x-amzn-waf-action": "challenge"}), Blocked),
        (Give(200, b'{"message": "soon"}'), BadReply),
        (gives({"message": "Forbidden"}, 403), Refused),
        (gives({"message": "Not found"}, 404), NotFound),
        (gives({"message": "No such method"}, 405), Refused),
        (gives({"message": "Oh"}, 500), BadReply),
        (Give(503), BadReply),
        (None, BadReply),
        (Give(200, ZIP, length=len(ZIP) + 9), BadBytes),
    ],
)
def test_what_is_no_zip_is_asked_for_once(
    answer: Give | None, error: type[FigshareProblem]
) -> None:
    with figshare_saying(answer) as (figshare, server):
        with pytest.raises(error):
            figshare.download_zip("7", bytearray().extend, most=1 << 20)

        assert len(server.got) == 1


def test_a_429_is_waited_for() -> None:
    busy = gives({"message": "slow"}, 429, Retry_After="7")
    with figshare_saying(busy, Give(200, ZIP)) as (figshare, server):
        figshare.download_zip("7", bytearray().extend, most=len(ZIP))

        assert len(server.got) == 2


def test_however_many_zips_fail_single_downloads_go_on() -> None:
    def script(got: Got) -> Give:
        is_zip = got.path.endswith("/download")
        return Give(500) if is_zip else Give(200, b"1")

    with serving(script) as server, talking(server) as figshare:
        for item in range(9):
            with pytest.raises(BadReply):
                figshare.download_zip(str(item), bytearray().extend, most=1 << 20)

        assert figshare.hosts.resting(Service.DOWNLOADS) is None
