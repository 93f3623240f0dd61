"""The connection: repeats, pace, silence, secrets, and errors in our own words."""

from __future__ import annotations

import gzip
import http.client
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from traceback import format_exception

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from figsync.errors import (
    BadReply,
    Blocked,
    FigshareProblem,
    Interrupted,
    Refused,
    TokenRefused,
    TooMany,
    Unreachable,
    WrongUsage,
)
from figsync.figshare import Figshare, Settings
from figsync.figshare.client import PATIENCE, TRIES
from tests.figshare.world import (
    TOKEN,
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

ACCOUNT = gives({"id": 1, "email": "a@b.c"})
CREATED = gives({"entity_id": 5}, 201)


class Raising(BaseAdapter):
    """A network that fails in one way."""

    def __init__(self, exc: Exception) -> None:
        super().__init__()
        self.exc = exc
        self.sent = 0

    def send(self, *_: object, **__: object) -> requests.Response:
        self.sent += 1
        raise self.exc

    def close(self) -> None:
        pass


def failing(exc: Exception) -> tuple[Figshare, Raising]:
    adapter = Raising(exc)
    settings = replace(UNPACED, adapters={"https://api.figshare.com": adapter})
    figshare = Figshare(
        "https://api.figshare.com/v2", TOKEN, clock=FastClock(), settings=settings
    )
    return figshare, adapter


@pytest.mark.parametrize("accident", [None, Give(500), Give(503, b"<html>"), Give(429)])
def test_reading_is_tried_again_after_an_accident(accident: Give | None) -> None:
    with figshare_saying(accident, accident, ACCOUNT) as (figshare, server):
        assert figshare.account().id == "1"

        assert len(server.got) == 3


def test_trying_again_ends() -> None:
    with figshare_saying(Give(502)) as (figshare, server):
        with pytest.raises(Unreachable) as caught:
            figshare.account()

        assert len(server.got) == TRIES
        assert caught.value.status == 502


def test_pauses_between_tries_grow() -> None:
    clock = FastClock()
    with (
        serving(in_turn(Give(500))) as server,
        talking(server, clock=clock) as figshare,
        pytest.raises(Unreachable),
    ):
        figshare.account()

    assert clock.waits == [0.375, 0.75, 1.5, 3.0]


@pytest.mark.parametrize("accident", [None, Give(500), Give(429)])
def test_creating_and_initiating_are_never_sent_twice(accident: Give | None) -> None:
    with figshare_saying(accident) as (figshare, server):
        with pytest.raises((Unreachable, TooMany)):
            figshare.create_item("Soil")
        with pytest.raises((Unreachable, TooMany)):
            figshare.initiate("7", name="a", size=1, md5="0" * 32)

        assert len(server.got) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_no_is_not_asked_again(status: int) -> None:
    with figshare_saying(gives({"message": "no"}, status)) as (figshare, server):
        with pytest.raises(FigshareProblem):
            figshare.read_item("7")

        assert len(server.got) == 1


def test_a_refused_token_is_not_a_refused_item() -> None:
    with figshare_saying(gives({"message": "Forbidden"}, 403)) as (figshare, _):
        with pytest.raises(TokenRefused):
            figshare.account()
        with pytest.raises(TokenRefused):
            figshare.list_items()
        with pytest.raises(Refused):
            figshare.read_item("7")
        with pytest.raises(Refused):
            figshare.list_files("7")


@pytest.mark.parametrize(
    "answer",
    [
        page(),
        page(202),
        page(403),
        Give(202, b"", {"x-amzn-waf-action": "challenge"}),
        Give(200, b"[]", {"x-amzn-waf-action": "captcha"}),
    ],
)
def test_a_firewalls_page_is_never_an_answer(answer: Give) -> None:
    asks: list[Callable[[Figshare], object]] = [
        lambda figshare: figshare.account(),
        lambda figshare: figshare.list_items(),
        lambda figshare: figshare.delete_item("7"),
        lambda figshare: figshare.read_item("7"),
        lambda figshare: figshare.create_item("7"),
        lambda figshare: figshare.complete("7", "1"),
    ]
    with serving(in_turn(answer)) as server:
        for ask in asks:
            with talking(server) as figshare, pytest.raises(Blocked):
                ask(figshare)


@pytest.mark.parametrize(
    "answer",
    [Give(200), Give(204), gives({}), gives([]), Give(200, b'{"id": 1'), Give(301)],
)
def test_an_answer_of_no_use_is_a_bad_reply(answer: Give) -> None:
    with figshare_saying(answer) as (figshare, _), pytest.raises(BadReply):
        figshare.account()


def test_an_answer_cut_off_by_the_network_is_asked_for_again() -> None:
    cut = Give(200, b'[{"id": 1}', length=500)
    with figshare_saying(cut, gives([{"id": 1}])) as (figshare, server):
        assert len(figshare.search_items()) == 1

        assert len(server.got) == 2


def test_json_with_the_wrong_content_type_is_still_json() -> None:
    answer = Give(201, b'{"entity_id": 5}', {"Content-Type": "text/html"})
    with figshare_saying(answer) as (figshare, _):
        assert figshare.create_item("Soil") == "5"


def test_a_compressed_answer_is_understood() -> None:
    packed = gzip.compress(b'{"id": 1}')
    answer = Give(200, packed, {"Content-Encoding": "gzip"})
    with figshare_saying(answer) as (figshare, _):
        assert figshare.account().id == "1"


def test_retry_after_silences_every_thread_for_this_host() -> None:
    clock = FastClock()
    answers = in_turn(Give(429, b"", {"Retry-After": "7"}), ACCOUNT)
    with serving(answers) as server, talking(server, clock=clock) as figshare:
        started = clock.now()
        figshare.account()
        assert clock.now() - started >= 7

        with serving(in_turn(Give(200, b"OK"))) as other:
            before = clock.now()
            figshare.reset_part(f"{other.url}/upload/t", 1)
            assert clock.now() == before


def test_the_date_of_retry_after_counts_from_the_servers_clock() -> None:
    clock = FastClock()
    later = {
        "Date": "Fri, 20 Nov 2026 15:30:00 GMT",
        "Retry-After": "Fri, 20 Nov 2026 15:30:40 GMT",
    }
    answers = in_turn(Give(429, b"", later), ACCOUNT)
    with serving(answers) as server, talking(server, clock=clock) as figshare:
        started = clock.now()
        figshare.account()

    assert 40 <= clock.now() - started < 45


def test_a_long_silence_is_told_and_kept() -> None:
    clock = FastClock()
    answers = in_turn(Give(429, b"", {"Retry-After": "3600"}), ACCOUNT)
    with serving(answers) as server, talking(server, clock=clock) as figshare:
        for _ in range(3):
            with pytest.raises(TooMany) as caught:
                figshare.account()
            assert caught.value.retry_after > PATIENCE
        assert len(server.got) == 1

        clock.wait(3600)
        assert figshare.account().id == "1"


def test_the_pace_is_kept_by_all_threads_together() -> None:
    clock = FastClock()
    paced = Settings(requests_per_second=2, burst=3, pool_size=4)
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, clock=clock, settings=paced) as figshare,
        ThreadPoolExecutor(4) as pool,
    ):
        started = clock.now()
        list(pool.map(lambda _: figshare.account(), range(13)))

        assert clock.now() - started >= 5.0
        assert len(server.got) == 13


def test_only_the_apis_host_is_paced() -> None:
    clock = FastClock()
    paced = Settings(requests_per_second=1, burst=1)
    with (
        serving(in_turn(Give(200, b"OK"))) as uploads,
        serving(in_turn(ACCOUNT)) as api,
        talking(api, clock=clock, settings=paced) as figshare,
    ):
        for number in range(5):
            figshare.reset_part(f"{uploads.url}/upload/t", number)

        assert clock.waits == []
        assert figshare.requests == {f"127.0.0.1:{uploads.port}": 5}


def test_a_stop_ends_every_wait() -> None:
    clock = FastClock()
    with (
        serving(in_turn(Give(500))) as server,
        talking(server, clock=clock) as figshare,
    ):
        clock.stopped = True
        with pytest.raises(Interrupted):
            figshare.account()

        assert len(server.got) == 1


def test_the_token_is_shown_to_the_api_alone() -> None:
    with serving(in_turn(Give(200, b"OK"))) as uploads:
        with figshare_saying(ACCOUNT) as (figshare, api):
            figshare.account()
            figshare.reset_part(f"{uploads.url}/upload/t", 1)

        assert api.got[0].headers["Authorization"] == f"token {TOKEN}"
        assert "Authorization" not in uploads.got[0].headers


@pytest.mark.parametrize("path", ["/upload/t", "/v2/upload/t", "/v2upload/t"])
def test_an_upload_service_on_the_apis_own_host_sees_no_token(path: str) -> None:
    with (
        serving(in_turn(Give(200, b"OK"))) as api,
        talking(api, impersonate="7") as figshare,
    ):
        figshare.reset_part(f"{api.url}{path}", 1)

        assert api.asked == [f"DELETE {path}/1"]
        assert "Authorization" not in api.got[0].headers
        assert api.got[0].query == {}


def test_a_redirect_of_an_api_call_is_not_followed() -> None:
    with serving(in_turn(ACCOUNT)) as elsewhere:
        moved = Give(302, b"", {"Location": f"{elsewhere.url}/v2/account"})
        with figshare_saying(moved) as (figshare, _), pytest.raises(BadReply):
            figshare.account()

        assert elsewhere.got == []


def test_netrc_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(in_turn(Give(200, b"OK"))) as uploads:
        with figshare_saying(ACCOUNT) as (figshare, _):
            figshare.reset_part(f"{uploads.url}/upload/t", 1)

        assert "Authorization" not in uploads.got[0].headers


def test_this_machine_is_not_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with figshare_saying(ACCOUNT) as (figshare, _):
        assert figshare.account().id == "1"


def test_other_hosts_are_reached_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(in_turn(Give(407))) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        figshare = Figshare(
            "https://api.figshare.example/v2",
            TOKEN,
            clock=FastClock(),
            settings=UNPACED,
        )

        with pytest.raises(Unreachable, match="proxy"):
            figshare.account()
        figshare.close()


def test_no_cookie_is_kept() -> None:
    answer = gives({"id": 1}, Set_Cookie="session=abc; Path=/")
    with figshare_saying(answer) as (figshare, server):
        figshare.account()
        figshare.account()

        assert "Cookie" not in server.got[1].headers


def test_every_request_says_who_asks() -> None:
    with figshare_saying(ACCOUNT) as (figshare, server):
        figshare.account()

        assert server.got[0].headers["User-Agent"].startswith("figsync/")
        assert "application/json" in server.got[0].headers["Accept"]


def test_an_administrator_acts_in_anothers_name() -> None:
    answers = in_turn(CREATED)
    with serving(answers) as server, talking(server, impersonate="42") as figshare:
        figshare.create_item("Soil")
        server.script = in_turn(Give(204))
        figshare.delete_item("5")
        server.script = in_turn(gives([]))
        figshare.search_items()
        figshare.list_items()
        server.script = in_turn(Give(202, b"OK"))
        figshare.complete("5", "1")

    created, deleted, searched, listed, completed = server.got
    assert created.json == {"title": "Soil", "impersonate": 42}
    assert deleted.query == {"impersonate": "42"}
    assert searched.json["impersonate"] == 42  # type: ignore[index]  # a test's JSON
    assert listed.query["impersonate"] == "42"
    assert completed.json == {"impersonate": 42}


def test_nobody_else_learns_who_is_impersonated() -> None:
    with serving(in_turn(Give(200, b"OK"))) as uploads:
        answers = in_turn(ACCOUNT)
        with serving(answers) as api, talking(api, impersonate="42") as figshare:
            figshare.reset_part(f"{uploads.url}/upload/t", 1)

        assert uploads.got[0].query == {}


@pytest.mark.parametrize(
    "exc",
    [
        requests.ConnectTimeout(f"https://x/?token={TOKEN}"),
        requests.ReadTimeout(f"https://x/?token={TOKEN}"),
        requests.exceptions.SSLError(TOKEN),
        requests.exceptions.ProxyError(TOKEN),
        requests.ConnectionError(TOKEN),
        requests.exceptions.ChunkedEncodingError(TOKEN),
        urllib3.exceptions.ProtocolError(TOKEN),
        http.client.RemoteDisconnected(TOKEN),
        ConnectionResetError(TOKEN),
        socket.gaierror(TOKEN),
    ],
)
def test_a_broken_network_is_unreachable_without_its_secrets(exc: Exception) -> None:
    figshare, adapter = failing(exc)

    with pytest.raises(Unreachable) as caught:
        figshare.account()

    told = "".join(format_exception(caught.value))
    assert TOKEN not in told
    assert "api.figshare.com" in str(caught.value)
    assert caught.value.remedy
    assert caught.value.__context__ is None
    assert adapter.sent == TRIES


@pytest.mark.parametrize(
    "exc",
    [
        requests.exceptions.InvalidURL(TOKEN),
        requests.exceptions.ContentDecodingError(TOKEN),
        urllib3.exceptions.LocationParseError(TOKEN),
        UnicodeError(TOKEN),
    ],
)
def test_an_unusable_address_is_a_bad_reply(exc: Exception) -> None:
    figshare, adapter = failing(exc)

    with pytest.raises(BadReply):
        figshare.account()

    assert adapter.sent == 1


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    figshare = Figshare(
        f"http://127.0.0.1:{port}/v2", TOKEN, clock=FastClock(), settings=UNPACED
    )

    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}"):
        figshare.account()


def test_a_server_that_says_nothing_is_given_up() -> None:
    impatient = replace(UNPACED, read_timeout=0.05)
    enough = threading.Event()

    def silent(_: object) -> Give:
        enough.wait(5)
        return ACCOUNT

    with serving(silent) as server, talking(server, settings=impatient) as figshare:
        with pytest.raises(Unreachable, match="in time"):
            figshare.create_item("Soil")
        enough.set()


def test_secrets_are_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with figshare_saying(Give(500), Give(200, b"OK")) as (figshare, server):
        figshare.reset_part(f"{server.url}/upload/deadbeef", 1)

    assert "Asking again" in caplog.text
    assert "deadbeef" not in caplog.text
    assert TOKEN not in caplog.text


def test_the_token_is_in_no_representation() -> None:
    with figshare_saying(ACCOUNT) as (figshare, _):
        shown = repr(figshare) + repr(figshare.session.auth) + repr(figshare.settings)

    assert TOKEN not in shown


def test_a_servers_echo_of_the_token_is_not_repeated() -> None:
    echo = gives({"message": f"bad token {TOKEN}"}, 403)
    with figshare_saying(echo) as (figshare, _), pytest.raises(TokenRefused) as caught:
        figshare.account()

    assert TOKEN not in str(caught.value)


def test_an_unencrypted_api_is_refused() -> None:
    with pytest.raises(WrongUsage):
        Figshare("http://api.figshare.com/v2", TOKEN, clock=FastClock())


def test_the_servers_clock_is_remembered() -> None:
    dated = gives({"id": 1}, Date="Thu, 01 Jan 1970 00:16:40 GMT")
    with figshare_saying(dated) as (figshare, _):
        assert figshare.server_time() is None
        figshare.account()

        assert figshare.server_time() == 1000.0


def test_many_threads_share_kept_alive_connections() -> None:
    settings = replace(UNPACED, pool_size=4)
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, settings=settings) as figshare,
        ThreadPoolExecutor(4) as pool,
    ):
        list(pool.map(lambda _: figshare.account(), range(60)))

        assert server.connections <= 4
        assert figshare.requests == {f"127.0.0.1:{server.port}": 60}
