"""Downloads: only the right bytes are believed, and the token stays at home."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from figsync.errors import (
    BadBytes,
    BadReply,
    Blocked,
    DiskProblem,
    FigshareProblem,
    Interrupted,
    NotFound,
    Refused,
    Unreachable,
)
from figsync.figshare import Figshare, Settings, Source
from tests.figshare.world import (
    TOKEN,
    UNPACED,
    FastClock,
    Give,
    Got,
    Server,
    gives,
    page,
    serving,
    talking,
)

CONTENT = b"depth,mass\n1,2\n" * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
EXPIRED = Give(
    403,
    b'<?xml version="1.0"?><Error><Message>Request has expired</Message></Error>',
    {"Content-Type": "application/xml"},
)
FORBIDDEN = gives({"message": "Forbidden"}, 403)
NO_ENDPOINT = gives({"message": "Not found"}, 404)


@dataclass
class World:
    """An API, a storage behind it, and a client; the API redirects to the storage."""

    api: Server
    storage: Server
    figshare: Figshare
    clock: FastClock

    def fetch(
        self,
        *,
        size: int = len(CONTENT),
        md5: str = MD5,
        download_url: str = "",
        is_link_only: bool = False,
    ) -> bytes:
        received = bytearray()
        source = Source("99", download_url, is_link_only)
        self.figshare.download(source, received.extend, size=size, md5=md5)
        return bytes(received)

    def fails(self, error: type[FigshareProblem], **wanted: object) -> FigshareProblem:
        with pytest.raises(error) as caught:
            self.fetch(**wanted)  # type: ignore[arg-type]  # a test's short hand
        return caught.value


def storing(*answers: Give) -> Callable[[Got], Give]:
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def world(
    *storage: Give,
    api: Callable[[Got], Give] | None = None,
    settings: Settings = UNPACED,
) -> Iterator[World]:
    with ExitStack() as stack:
        behind = stack.enter_context(
            serving(storing(*storage or (Give(200, CONTENT),)))
        )
        link = Give(302, b"found", {"Location": f"{behind.url}/f/99?X-Amz-Signature=s"})
        front = stack.enter_context(serving(api or (lambda _: link)))
        clock = FastClock()
        figshare = stack.enter_context(talking(front, clock=clock, settings=settings))
        yield World(front, behind, figshare, clock)


def test_a_storage_on_the_apis_own_host_sees_no_token() -> None:
    behind = Give(302, b"", {"Location": "/storage/f"})
    answers = {"/storage/f": Give(200, CONTENT)}
    with world(api=lambda got: answers.get(got.path, behind)) as w:
        assert w.fetch() == CONTENT

        assert [got.path for got in w.api.got] == ["/v2/file/download/99", "/storage/f"]
        assert "Authorization" not in w.api.got[1].headers


def test_the_token_is_not_shown_to_the_storage() -> None:
    with world() as w:
        assert w.fetch() == CONTENT

        assert w.api.asked == ["GET /v2/file/download/99"]
        assert w.api.got[0].headers["Authorization"] == f"token {TOKEN}"
        assert w.storage.got[0].query == {"X-Amz-Signature": "s"}
        assert "Authorization" not in w.storage.got[0].headers
        assert w.storage.got[0].headers["Accept-Encoding"] == "identity"
        assert w.figshare.bytes_down == len(CONTENT)


def test_bytes_may_come_without_a_redirect() -> None:
    with world(api=lambda _: Give(200, CONTENT)) as w:
        assert w.fetch() == CONTENT


def test_a_record_or_anything_writable_will_do() -> None:
    class Sink:
        taken = b""

        def write(self, chunk: bytes) -> None:
            self.taken += chunk

    sink = Sink()
    with world() as w:
        w.figshare.download(Source("99"), sink, size=len(CONTENT), md5=MD5.upper())

    assert sink.taken == CONTENT


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Give(202), Blocked),
        (Give(202, b"", {"x-amzn-waf-action": "challenge"}), Blocked),
        (Give(200, b"", {"x-amzn-waf-action": "challenge"}), Blocked),
        (page(200), Blocked),
        (page(403), Blocked),
        (Give(200), Blocked),
        (Give(200, CONTENT[:-1]), BadBytes),
        (Give(200, CONTENT + b"!"), BadBytes),
        (Give(200, CONTENT[:-1], length=len(CONTENT)), BadBytes),
        (Give(200, b"!" + CONTENT[1:]), BadBytes),
        (Give(400, b"<Error><Code>InvalidArgument</Code></Error>"), BadReply),
        (Give(404, b"<Error><Code>NoSuchKey</Code></Error>"), BadReply),
        (Give(206, CONTENT), BadReply),
        (Give(204), BadReply),
        (Give(302), BadReply),
        (Give(500), Unreachable),
    ],
)
def test_what_is_not_the_file_is_not_believed(
    answer: Give, error: type[FigshareProblem]
) -> None:
    with world(answer) as w:
        w.fails(error)


def test_a_web_page_of_the_right_size_is_not_believed() -> None:
    with world(page()) as w:
        w.fails(Blocked, size=len(page().body))
        w.fails(Blocked, size=len(page().body), md5="")


def test_a_file_that_is_a_web_page_is_fetched() -> None:
    body = page().body
    with world(page()) as w:
        assert w.fetch(size=len(body), md5=hashlib.md5(body).hexdigest()) == body


def test_more_bytes_than_stated_stop_the_download_at_once() -> None:
    received = bytearray()
    with world(Give(200, bytes(50_000_000))) as w, pytest.raises(BadBytes):
        w.figshare.download(Source("99"), received.extend, size=10, md5="")

    assert not received


def test_an_unknown_md5_leaves_the_size_as_proof() -> None:
    with world() as w:
        assert w.fetch(md5="") == CONTENT
        assert w.fetch(md5=MD5, size=-1) == CONTENT
        w.fails(BadBytes, md5="", size=5)


def test_an_empty_file_needs_the_md5_of_nothing() -> None:
    with world(Give(200)) as w:
        w.fails(Blocked, size=0, md5="")
        assert w.fetch(size=0, md5=hashlib.md5().hexdigest()) == b""


def test_an_expired_link_is_asked_for_once_more() -> None:
    with world(EXPIRED, Give(200, CONTENT)) as w:
        assert w.fetch() == CONTENT

        assert len(w.api.got) == 2
    with world(EXPIRED) as w:
        w.fails(Blocked)

        assert len(w.api.got) == 2


def test_a_storage_in_trouble_is_tried_again_from_the_beginning() -> None:
    with world(Give(503), Give(200, CONTENT)) as w:
        assert w.fetch() == CONTENT

        assert len(w.api.got) == 2


def test_bytes_that_a_server_compressed_on_the_way_are_unpacked() -> None:
    packed = Give(200, gzip.compress(CONTENT), {"Content-Encoding": "gzip"})
    with world(packed) as w:
        assert w.fetch() == CONTENT


def test_a_compressed_file_stays_compressed() -> None:
    packed = gzip.compress(CONTENT)
    with world(Give(200, packed, {"Content-Encoding": "gzip"})) as w:
        md5 = hashlib.md5(packed).hexdigest()
        assert w.fetch(size=len(packed), md5=md5) == packed


def test_redirects_in_circles_end() -> None:
    circle = Give(302, b"", {"Location": "/v2/file/download/99"})
    with world(api=lambda _: circle) as w:
        w.fails(BadReply)


@pytest.mark.parametrize("target", ["", "ftp://x/y", "http://[::1", "//user@host/x"])
def test_a_redirect_to_nowhere_is_a_bad_reply(target: str) -> None:
    with world(api=lambda _: Give(302, b"", {"Location": target})) as w:
        w.fails(BadReply)


def downloader(w: World) -> str:
    return f"{w.storage.url}/files/99"


@pytest.mark.parametrize("answer", [NO_ENDPOINT, Give(405), FORBIDDEN, page(404)])
def test_the_downloader_helps_where_the_api_does_not(answer: Give) -> None:
    with world(api=lambda _: answer) as w:
        assert w.fetch(download_url=downloader(w)) == CONTENT

        assert w.storage.got[0].path == "/files/99"
        assert w.storage.got[0].query == {"token": TOKEN}
        assert "Authorization" not in w.storage.got[0].headers


@pytest.mark.parametrize("answer", [page(403), Give(202), Give(500)])
def test_the_downloader_is_no_way_around_an_accident(answer: Give) -> None:
    with world(api=lambda _: answer) as w:
        w.fails(FigshareProblem, download_url=downloader(w))

        assert w.storage.got == []


def test_the_downloader_behind_another_host_never_sees_the_token() -> None:
    with world(api=lambda _: FORBIDDEN) as w:
        w.fails(Refused, download_url="https://files.example.org/99")


def test_the_token_does_not_go_on_from_the_downloader_to_the_storage() -> None:
    def storage(got: Got) -> Give:
        if got.path == "/files/99":
            return Give(302, b"", {"Location": "/blob/99"})
        return Give(200, CONTENT)

    with world(api=lambda _: NO_ENDPOINT) as w:
        w.storage.script = storage
        assert w.fetch(download_url=downloader(w)) == CONTENT

        assert w.storage.got[1].query == {}


def test_a_refused_file_is_refused_and_not_blocked_or_gone() -> None:
    for answer in (FORBIDDEN, page(403), Give(202), Give(404), NO_ENDPOINT):
        with world(answer, api=lambda _: FORBIDDEN) as w:
            problem = w.fails(Refused, download_url=downloader(w))
            assert not isinstance(problem, NotFound)


def test_a_missing_endpoint_and_an_accident_are_not_absence() -> None:
    for answer in (page(403), Give(202), Give(500)):
        with world(answer, api=lambda _: NO_ENDPOINT) as w:
            problem = w.fails(FigshareProblem, download_url=downloader(w))
            assert not isinstance(problem, NotFound)


def test_a_file_that_is_gone_is_not_found() -> None:
    with world(Give(404), api=lambda _: NO_ENDPOINT) as w:
        w.fails(NotFound)
        w.fails(NotFound, download_url=downloader(w))


def test_a_link_is_never_followed_to_its_owner() -> None:
    with world() as w:
        w.fails(Refused, download_url="https://example.org/", is_link_only=True)

        assert w.api.got == []


def test_a_full_disk_is_not_a_network_problem() -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    def told(_: bytes) -> None:
        raise DiskProblem("a.csv", "the disk is full")

    with world() as w:
        with pytest.raises(OSError, match="No space"):
            w.figshare.download(Source("99"), full, size=len(CONTENT), md5=MD5)
        with pytest.raises(DiskProblem):
            w.figshare.download(Source("99"), told, size=len(CONTENT), md5=MD5)


def test_a_stop_ends_a_download_between_two_chunks() -> None:
    big = bytes(5_000_000)
    received = []

    with world(Give(200, big)) as w:

        def sink(chunk: bytes) -> None:
            received.append(len(chunk))
            w.clock.stopped = True

        with pytest.raises(Interrupted):
            w.figshare.download(Source("99"), sink, size=len(big), md5="")

    assert len(received) == 1


def test_the_bandwidth_is_kept() -> None:
    settings = Settings(requests_per_second=0, bandwidth=lambda _: 1000)
    with world(settings=settings) as w:
        w.fetch()

        assert sum(w.clock.waits) == pytest.approx(len(CONTENT) / 1000 - 1)


def test_errors_do_not_show_the_presigned_link() -> None:
    with world(Give(500)) as w:
        problem = w.fails(Unreachable)

    assert "Signature" not in f"{problem} {problem!r}"
    assert problem.subject == "file 99"
