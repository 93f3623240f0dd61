"""Which addresses are safe, and which may see the token."""

from __future__ import annotations

import pytest

from figsync.errors import BadReply, WrongUsage
from figsync.figshare.addresses import (
    address,
    api_origin,
    may_see_token,
    origin,
    redirected,
    upload_address,
)

FIGSHARE = api_origin("https://api.figshare.com/v2")
HERE = api_origin("http://127.0.0.1:8000/v2")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.figshare.com/v2",
        "http://127.0.0.1:1/v2",
        "http://localhost/v2",
        "http://[::1]:80/v2",
        "http://api.sandbox.invalid/v2",
    ],
)
def test_an_api_over_tls_or_on_this_machine_is_accepted(url: str) -> None:
    assert api_origin(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.figshare.com/v2",
        "http://127.0.0.1.example.org/v2",
        "http://localhost.example.org",
        "ftp://api.figshare.com",
        "api.figshare.com/v2",
        "https://",
        "https://user:password@api.figshare.com",
        "https://api.figshare.com:99999",
        "",
    ],
)
def test_another_api_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        api_origin(url)

    assert caught.value.remedy


def test_an_origin_counts_scheme_host_and_port() -> None:
    assert origin("https://A.example") == origin("https://a.example:443/x?y#z")
    assert origin("https://a.example") != origin("http://a.example:443")
    assert origin("http://a:1") != origin("http://a:2")


def test_segments_can_not_leave_their_place() -> None:
    found = address("https://x/v2/", "articles", "../../token?a=b#c", "é")

    assert found == "https://x/v2/articles/..%2F..%2Ftoken%3Fa%3Db%23c/%C3%A9"


def test_a_part_number_goes_before_the_query() -> None:
    assert address("https://u/up/tok?sig=1", "2") == "https://u/up/tok/2?sig=1"


@pytest.mark.parametrize(
    ("url", "api", "may"),
    [
        ("https://ndownloader.figshare.com/files/1", FIGSHARE, True),
        ("https://api.figshare.com/files/1", FIGSHARE, True),
        ("http://ndownloader.figshare.com/files/1", FIGSHARE, False),
        ("https://figshare.com.evil.org/files/1", FIGSHARE, False),
        ("https://evilfigshare.com/files/1", FIGSHARE, False),
        ("https://x@evil.org/files/1", FIGSHARE, False),
        ("", FIGSHARE, False),
        ("http://127.0.0.1:9/files/1", HERE, True),
        ("http://evil.org/files/1", HERE, False),
        ("https://other.4tu.nl/1", api_origin("https://data.4tu.nl/v2"), False),
        ("https://x.com/1", api_origin("https://api.com/v2"), False),
    ],
)
def test_the_token_is_for_the_services_own_hosts(
    url: str, api: object, may: bool
) -> None:
    assert may_see_token(url, api) is may  # type: ignore[arg-type]  # a table's column


def test_a_redirect_never_gives_up_encryption() -> None:
    with pytest.raises(BadReply):
        redirected("https://a.org/x", "http://b.org/y", subject="")
    with pytest.raises(BadReply):
        redirected("https://a.org/x", "ftp://b.org/y", subject="")

    assert redirected("https://a.org/x", "/y", subject="") == "https://a.org/y"
    assert redirected("https://a.org/", "http://127.0.0.1/", subject="")
    assert redirected("http://127.0.0.1:1/", "http://127.0.0.1:2/", subject="")


def test_a_redirect_in_utf_8_is_read_as_such() -> None:
    header = "/files/Ü.csv".encode().decode("latin-1")

    assert (
        redirected("https://a.org/x", header, subject="") == "https://a.org/files/Ü.csv"
    )


def test_an_upload_is_never_less_encrypted_than_the_api() -> None:
    for url in ("", "http://fup.figshare.com/upload/x", "file:///etc/passwd"):
        with pytest.raises(BadReply) as caught:
            upload_address(url, FIGSHARE, subject="the upload")
        assert "upload/x" not in str(caught.value)

    assert upload_address("https://fup.figshare.com/upload/x", FIGSHARE, subject="")
    assert upload_address("http://127.0.0.1:2/upload/x", HERE, subject="")
