"""A host that keeps failing gets no more requests, and nobody else suffers for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from figsync.errors import (
    Blocked,
    FigshareProblem,
    Interrupted,
    Refused,
    Resting,
    Unreachable,
)
from figsync.figshare import Account, Figshare, Host, Part, Rest, Service, Source
from figsync.figshare.breaker import FAILURES, WAITS
from tests.figshare.world import (
    UNPACED,
    FastClock,
    Give,
    Got,
    Script,
    Server,
    gives,
    in_turn,
    page,
    serving,
    talking,
)

ACCOUNT = gives({"id": 1, "email": "a@b.c"})
STEADY = replace(UNPACED, random=lambda: 0.0)
MINUTE = 60.0


@contextmanager
def world(script: Script) -> Iterator[tuple[Figshare, Server, FastClock]]:
    """A client without jitter for what *script* serves."""
    clock = FastClock()
    with (
        serving(script) as server,
        talking(server, clock=clock, settings=STEADY) as client,
    ):
        yield client, server, clock


def paths(**answers: Give | None) -> Script:
    """Answer by what stands in the path; the account is always fine."""

    def script(got: Got) -> Give | None:
        for part, answer in answers.items():
            if f"/{part}/" in f"{got.path}/":
                return answer
        return ACCOUNT

    return script


def download(figshare: Figshare, file_id: str) -> bytes:
    came = bytearray()
    figshare.download(Source(file_id), came.extend, size=-1, md5="")
    return bytes(came)


def fails(act: Callable[[], object], kind: type[FigshareProblem]) -> FigshareProblem:
    with pytest.raises(kind) as caught:
        act()
    return caught.value


def test_a_host_that_is_left_alone_gets_nothing() -> None:
    with world(in_turn(Give(503))) as (figshare, server, _):
        fails(figshare.account, Unreachable)
        asked = len(server.got)

        for act in (figshare.account, figshare.list_items):
            problem = fails(act, Resting)

        assert len(server.got) == asked == FAILURES
        assert f"127.0.0.1:{server.port}: Figshare has a problem" in str(problem)
        assert "tried again at 1970-01-12" in str(problem)


def test_one_trial_goes_when_the_time_has_come_and_success_resets() -> None:
    answers = [Give(503)] * (FAILURES + 1) + [ACCOUNT]
    with world(in_turn(*answers)) as (figshare, server, clock):
        fails(figshare.account, Unreachable)
        clock.wait(WAITS[0])
        fails(figshare.account, Resting)
        assert len(server.got) == FAILURES + 1

        clock.wait(WAITS[1] - 1)
        fails(figshare.account, Resting)
        clock.wait(2)

        assert figshare.account().id == "1"
        assert figshare.hosts.rests() == ()


def test_a_person_may_try_at_once_but_only_once() -> None:
    with world(in_turn(Give(503))) as (figshare, server, _):
        fails(figshare.account, Unreachable)
        (before,) = figshare.hosts.rests()

        figshare.hosts.try_now()
        fails(figshare.account, Resting)
        fails(figshare.account, Resting)

        assert len(server.got) == FAILURES + 1
        assert figshare.hosts.rests() == (before,)


def test_it_is_kept_over_a_restart() -> None:
    with world(in_turn(Give(503))) as (figshare, server, clock):
        fails(figshare.account, Unreachable)
        kept = figshare.hosts.rests()

        with talking(server, clock=clock, settings=STEADY) as another:
            another.hosts.restore(kept)
            fails(another.account, Resting)
            clock.wait(WAITS[0])
            fails(another.account, Resting)
            (rest,) = another.hosts.rests()

        assert len(server.got) == FAILURES + 1
        assert rest.rounds == 2
        assert rest.until == pytest.approx(clock.now() + WAITS[1])


@pytest.mark.parametrize("answer", [page(403), Give(202), page(200)])
def test_a_firewall_before_the_api_is_believed_at_once(answer: Give) -> None:
    with world(in_turn(answer)) as (figshare, server, _):
        fails(figshare.account, Blocked)
        fails(figshare.account, Resting)

        assert len(server.got) == 1


def test_blocked_downloads_stop_nothing_but_downloads() -> None:
    script = paths(download=page(403))
    with world(script) as (figshare, server, _):
        for number in range(FAILURES):
            fails(partial(download, figshare, str(number)), Blocked)
        asked = len(server.got)

        problem = fails(lambda: download(figshare, "99"), Resting)

        assert len(server.got) == asked
        assert str(problem).startswith("downloads from 127.0.0.1")
        assert figshare.account().id == "1"
        (rest,) = figshare.hosts.rests()
        assert rest.host == Host(Service.DOWNLOADS, f"127.0.0.1:{server.port}")
        assert figshare.hosts.resting(Service.DOWNLOADS) == rest
        assert figshare.hosts.resting(Service.UPLOADS) is None


def test_a_blocked_storage_counts_for_the_storage_on_one_port_too() -> None:
    def script(got: Got) -> Give:
        if got.path.startswith("/v2/file/download/"):
            return Give(302, b"", {"Location": f"/files/{got.path[-1]}"})
        return page(403)

    with world(script) as (figshare, server, _):
        for number in range(FAILURES):
            fails(partial(download, figshare, str(number)), Blocked)
        fails(lambda: download(figshare, "9"), Resting)

        assert server.asked[-1] == "GET /v2/file/download/9"
        (rest,) = figshare.hosts.rests()
        assert rest.host.service is Service.STORAGE


def stores(**answers: Give) -> Script:
    """Redirect downloads to the storage of the file's number, which answers so."""

    def script(got: Got) -> Give:
        if got.path.startswith("/v2/file/download/"):
            return Give(302, b"", {"Location": f"/lead/{got.path[-1]}"})
        if got.path.startswith("/lead/"):
            store = "good" if got.path[-1] == "7" else "bad"
            return Give(302, b"", {"Location": f"{others[store]}/{got.path[-1]}"})
        return ACCOUNT

    others = {name: answer.headers["at"] for name, answer in answers.items()}
    return script


def test_a_storage_that_works_is_asked_while_another_rests() -> None:
    with serving(in_turn(page(403))) as bad, serving(in_turn(Give(200, b"x"))) as good:
        script = stores(
            bad=Give(headers={"at": bad.url}), good=Give(headers={"at": good.url})
        )
        with world(script) as (figshare, _, _):
            for number in range(FAILURES):
                fails(partial(download, figshare, str(number)), Blocked)
            # What only redirects to a storage that rests is of no use alone.
            rest = figshare.hosts.resting(Service.STORAGE)
            assert rest is not None
            assert rest.host.name == bad.url.removeprefix("http://")

            assert download(figshare, "7") == b"x"

            assert figshare.hosts.resting(Service.STORAGE) is None
            fails(partial(download, figshare, "1"), Resting)
            assert len(bad.got) == FAILURES


def test_pages_in_place_of_files_open_it_and_the_trial_must_bring_bytes() -> None:
    with world(in_turn(page(200))) as (figshare, server, clock):
        for number in range(FAILURES):
            fails(partial(download, figshare, str(number)), Blocked)
        fails(lambda: download(figshare, "9"), Resting)

        clock.wait(WAITS[0])
        fails(lambda: download(figshare, "9"), Blocked)
        fails(lambda: download(figshare, "9"), Resting)

        assert len(server.got) == FAILURES + 1
        server.script = in_turn(Give(200, b"bytes"))
        clock.wait(WAITS[1])
        assert download(figshare, "9") == b"bytes"
        assert figshare.hosts.rests() == ()


@pytest.mark.parametrize(
    "answer",
    [gives({"message": "no"}, status) for status in (400, 401, 403, 404, 409, 422)],
    ids=lambda answer: str(answer.status),
)
def test_a_no_is_no_failure_of_the_host(answer: Give) -> None:
    with world(in_turn(answer)) as (figshare, server, _):
        for number in range(3 * FAILURES):
            fails(partial(download, figshare, str(number)), FigshareProblem)
            fails(partial(figshare.read_item, str(number)), FigshareProblem)

        assert len(server.got) >= 6 * FAILURES
        assert figshare.hosts.rests() == ()


def test_one_item_that_always_fails_stops_no_other() -> None:
    script = paths(**{"7": Give(500), "8": gives({"id": 8, "files": []})})
    with world(script) as (figshare, _, _):
        for _ in range(4):
            fails(lambda: figshare.read_item("7"), Unreachable)

        assert figshare.read_item("8").id == "8"
        assert figshare.hosts.rests() == ()


def test_parts_of_one_upload_are_one_failure() -> None:
    part = Part(1, 0, 0)

    class Body:
        def read(self, _: int, /) -> bytes:
            return b"x"

        def __len__(self) -> int:
            return 1

    def send(figshare: Figshare, url: str, number: int) -> None:
        figshare.send_part(url, replace(part, number=number), Body())

    with world(in_turn(Give(500))) as (figshare, server, _):
        for number in range(1, 2 * FAILURES):
            url = f"{server.url}/upload/one"
            fails(partial(send, figshare, url, number), Unreachable)
        assert figshare.hosts.rests() == ()

        for number in range(2, FAILURES + 1):
            url = f"{server.url}/upload/{number}"
            fails(partial(send, figshare, url, 1), Unreachable)
        problem = fails(lambda: send(figshare, f"{server.url}/upload/x", 1), Resting)

        assert str(problem).startswith("uploads to 127.0.0.1")
        assert "/upload/" not in str(problem)
        assert "upload/one" not in repr(figshare.hosts.rests())


def test_an_interruption_is_no_failure() -> None:
    clock = FastClock()
    with (
        serving(in_turn(Give(503))) as server,
        talking(server, clock=clock, settings=STEADY) as figshare,
    ):
        clock.stopped = True
        for _ in range(3 * FAILURES):
            fails_or_stops(figshare)
        clock.stopped = False

        fails(figshare.account, Unreachable)


def fails_or_stops(figshare: Figshare) -> None:
    with pytest.raises(Interrupted):
        figshare.repeat(lambda: stop(figshare))


def stop(figshare: Figshare) -> None:
    with figshare.hosts.asking(Host(Service.API, figshare.api.name), ""):
        raise Interrupted("", "stopped on request")


def test_nobody_who_never_got_there_waits_for_hours() -> None:
    with serving(in_turn(ACCOUNT)) as server:
        url = server.url
    clock = FastClock()
    figshare = Figshare(f"{url}/v2", "token", clock=clock, settings=STEADY)
    waits = []
    fails(figshare.account, Unreachable)
    for _ in range(6):
        (rest,) = figshare.hosts.rests()
        waits.append(round(rest.until - clock.now()))
        clock.wait(rest.until - clock.now())
        fails(figshare.account, Resting)
    figshare.close()

    assert max(waits) <= 15 * MINUTE


def test_while_a_trial_is_on_its_way_others_wait_for_what_becomes_of_it() -> None:
    asked, answer = threading.Event(), threading.Event()

    def script(_: Got) -> Give:
        asked.set()
        assert answer.wait(20)
        return ACCOUNT

    with world(script) as (figshare, server, clock), ThreadPoolExecutor(4) as pool:
        host = Host(Service.API, f"127.0.0.1:{server.port}")
        figshare.hosts.restore([Rest(host, "server errors", clock.now() - 1)])
        started = threading.Barrier(4)

        def ask() -> Account:
            started.wait(20)
            return figshare.account()

        trials = [pool.submit(figshare.account)]
        assert asked.wait(20)
        trials += [pool.submit(ask) for _ in range(3)]
        started.wait(20)
        sent_with_trial = len(server.got)
        answer.set()

        assert [trial.result(20).id for trial in trials] == ["1"] * 4
        assert sent_with_trial == 1
        assert len(server.got) == 4


def test_who_waits_for_a_trial_that_fails_fails_at_once() -> None:
    def script(_: Got) -> Give:
        return Give(503)

    with world(script) as (figshare, server, clock), ThreadPoolExecutor(4) as pool:
        host = Host(Service.API, f"127.0.0.1:{server.port}")
        figshare.hosts.restore([Rest(host, "server errors", clock.now() - 1)])
        trials = [pool.submit(fails, figshare.account, Resting) for _ in range(4)]
        for trial in trials:
            trial.result(20)

        assert len(server.got) == 1


def test_an_item_kept_secret_is_an_answer_that_ends_a_trial() -> None:
    with world(in_turn(gives({"message": "no"}, 403))) as (figshare, server, clock):
        host = Host(Service.API, f"127.0.0.1:{server.port}")
        figshare.hosts.restore([Rest(host, "server errors", clock.now() - 1)])

        fails(lambda: figshare.read_item("7"), Refused)

        assert figshare.hosts.rests() == ()
