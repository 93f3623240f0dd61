"""The socket of a running daemon: who may ask, and what a bad client can not do."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from figsync.daemon.control import MOST_LINES, Control
from figsync.daemon.inbox import Ask, Inbox
from figsync.daemon.line import LONGEST_REQUEST, MOST_WAITING
from figsync.daemon.place import LONGEST_ADDRESS, control_place, serves, take_seat
from tests.commands.desk import wait_for

WAIT = 20.0


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@contextmanager
def listening(
    inbox: Inbox, place: Path, *, patience: float = WAIT
) -> Iterator[Control]:
    control = Control(inbox, place, patience=patience)
    control.start()
    try:
        yield control
    finally:
        control.stop()


@contextmanager
def client(control: Control) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(WAIT)
        sock.connect(control.path)
        yield sock


def request(verb: str, **words: str) -> bytes:
    return json.dumps({"verb": verb, "words": words}).encode() + b"\n"


def asked(inbox: Inbox) -> Ask:
    """Return the next ask, as the deciding thread takes it."""
    (ask,) = inbox.take(WAIT)
    assert isinstance(ask, Ask)
    return ask


def answers(sock: socket.socket) -> list[Any]:  # JSON
    """Return all that is told until the connection is closed."""
    with sock.makefile("rb") as lines:
        return [json.loads(line) for line in lines]


def test_a_request_is_left_in_the_inbox_and_answered(
    inbox: Inbox, tmp_path: Path
) -> None:
    with (
        listening(inbox, tmp_path / "run" / "c.sock") as control,
        client(control) as sock,
    ):
        sock.sendall(request("sync", only='["Böden", "\udcff"]'))
        ask = asked(inbox)
        ask.tell({"phase": "Syncing"})
        ask.tell({"end": True, "code": 0})
        ask.tell({"phase": "too late"})
        told = answers(sock)

    assert (ask.verb, ask.words) == ("sync", {"only": '["Böden", "\udcff"]'})
    assert told == [{"accepted": True}, {"phase": "Syncing"}, {"end": True, "code": 0}]


def test_many_are_served_side_by_side_and_told_from_any_thread(
    inbox: Inbox, tmp_path: Path
) -> None:
    told: dict[int, list[Any]] = {}

    def ask_and_listen(control: Control, number: int) -> None:
        with client(control) as sock:
            sock.sendall(request("sync", number=str(number)))
            told[number] = answers(sock)

    with listening(inbox, tmp_path / "c.sock") as control:
        threads = [
            threading.Thread(target=ask_and_listen, args=(control, number))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        asks: list[Ask] = []
        while len(asks) < 8:
            asks += [ask for ask in inbox.take(WAIT) if isinstance(ask, Ask)]
        for ask in asks:
            ask.tell({"end": True, "number": ask.words["number"]})
        for thread in threads:
            thread.join(WAIT)

    assert {n: said[-1]["number"] for n, said in told.items()} == {
        n: str(n) for n in range(8)
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"sync\n", "the request is no JSON"),
        (b"[" * 100_000 + b"\n", "the request is no JSON"),
        (b"[]\n", "the request has no verb"),
        (b'{"verb": 1}\n', "the request has no verb"),
        (b'{"verb": "sync", "words": {"a": 1}}\n', "words of the request are no texts"),
        (b'{"verb": "sync", "words": []}\n', "words of the request are no texts"),
        (b"\xff\n", "the request is no JSON"),
        (b"x" * (LONGEST_REQUEST + 1), "the request is too long"),
    ],
)
def test_what_is_no_request_is_refused(
    inbox: Inbox, tmp_path: Path, content: bytes, error: str
) -> None:
    with listening(inbox, tmp_path / "c.sock") as control, client(control) as sock:
        sock.sendall(content)
        (told,) = answers(sock)

    assert told["end"] is True
    assert told["code"] == 2
    assert error in told["error"]
    assert inbox.take(0) == []


def test_a_client_that_asks_nothing_is_let_go(inbox: Inbox, tmp_path: Path) -> None:
    with (
        listening(inbox, tmp_path / "c.sock", patience=0.05) as control,
        client(control) as sock,
    ):
        sock.sendall(b'{"verb"')

        assert answers(sock) == []


def test_who_comes_when_there_are_too_many_is_told_so(
    inbox: Inbox, tmp_path: Path
) -> None:
    with listening(inbox, tmp_path / "c.sock") as control:
        first = [socket.socket(socket.AF_UNIX) for _ in range(MOST_LINES)]
        for sock in first:
            sock.connect(control.path)
        with client(control) as late:
            (told,) = answers(late)
        for sock in first:
            sock.close()
        with client(control) as sock:
            sock.sendall(request("look"))
            asked(inbox).tell({"end": True})
            answered = answers(sock)

    assert "too many ask it at once" in told["error"]
    assert answered[-1] == {"end": True}


def test_a_client_that_does_not_read_blocks_nobody(
    inbox: Inbox, tmp_path: Path
) -> None:
    lost = "x" * 1000
    with listening(inbox, tmp_path / "c.sock") as control, client(control) as sock:
        sock.sendall(request("sync"))
        ask = asked(inbox)
        for _ in range(10 * MOST_WAITING // len(lost)):
            ask.tell({"phase": lost})
        ask.tell({"end": True, "code": 4})
        with client(control) as other:
            other.sendall(request("look"))
            asked(inbox).tell({"end": True})
            assert answers(other)[-1] == {"end": True}
        told = answers(sock)

    # Some of the progress is missing, but not the answer.
    assert told[-1] == {"end": True, "code": 4}
    assert 0 < len(told) < 3 * MOST_WAITING // len(lost)


def test_a_client_that_goes_away_is_known_to_be_gone(
    inbox: Inbox, tmp_path: Path
) -> None:
    with listening(inbox, tmp_path / "c.sock") as control:
        with client(control) as sock:
            sock.sendall(request("wait"))
            ask = asked(inbox)
            assert not ask.is_gone()
        wait_for(ask.is_gone)
        ask.tell({"phase": "to nobody"})
        ask.tell({"end": True})


def test_stopping_sends_what_was_told_and_ends_every_thread(
    inbox: Inbox, tmp_path: Path
) -> None:
    place = tmp_path / "c.sock"
    with listening(inbox, place) as control, client(control) as sock:
        sock.sendall(request("wait"))
        ask = asked(inbox)
        ask.tell({"end": True, "error": "figsync was stopped"})
        control.stop()
        ask.tell({"phase": "too late"})

        assert answers(sock)[-1]["error"] == "figsync was stopped"
    assert not place.exists()
    assert not [t for t in threading.enumerate() if t.name == "figsync-control"]


def test_it_can_be_started_again(inbox: Inbox, tmp_path: Path) -> None:
    control = Control(inbox, tmp_path / "c.sock")
    for _ in range(2):
        control.start()
        with client(control) as sock:
            sock.sendall(request("look"))
            asked(inbox).tell({"end": True})
            assert answers(sock)[-1] == {"end": True}
        control.stop()
        control.stop()


def test_only_its_user_can_reach_it(inbox: Inbox, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)

    with listening(inbox, folder / "c.sock") as control:
        modes = [stat.S_IMODE(p.stat().st_mode) for p in (folder, Path(control.path))]

    assert modes == [0o700, 0o600]


STRANGER = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
try:
    sock.sendall(b'{"verb": "pause"}\\n')
    print(sock.recv(100))
except ConnectionError:
    print(b"")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_process_of_another_user_is_turned_away(inbox: Inbox) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        listening(inbox, Path(folder) / "c.sock") as control,
    ):
        Path(folder).chmod(0o755)
        Path(control.path).chmod(0o666)
        asking = [sys.executable, "-I", "-c", STRANGER, control.path]
        strange, own = (
            subprocess.run([*asking, user], capture_output=True, timeout=WAIT)
            for user in ("65534", "0")
        )

    assert (strange.stdout, strange.stderr) == (b"b''\n", b"")
    assert b"accepted" in own.stdout


def test_the_socket_of_a_dead_daemon_is_replaced(inbox: Inbox, tmp_path: Path) -> None:
    place = tmp_path / "c.sock"
    dead = take_seat(place)
    dead.sock.close()

    with listening(inbox, place) as control:
        assert control.path == str(place)
        with client(control) as sock:
            sock.sendall(request("look"))
            asked(inbox).tell({"end": True})
            assert answers(sock)[-1] == {"end": True}


def test_the_socket_of_a_living_daemon_stays(inbox: Inbox, tmp_path: Path) -> None:
    with listening(inbox, tmp_path / "c.sock") as first:
        with listening(Inbox(), tmp_path / "c.sock") as second:
            assert second.path != first.path
        with client(first) as sock:
            sock.sendall(request("look"))
            asked(inbox).tell({"end": True})
            assert answers(sock)[-1] == {"end": True}


def test_a_path_too_long_for_a_socket_is_no_obstacle(
    inbox: Inbox, tmp_path: Path
) -> None:
    place = tmp_path / ("x" * LONGEST_ADDRESS) / "c.sock"

    with listening(inbox, place) as control:
        folder = Path(control.path).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with client(control) as sock:
            sock.sendall(request("look"))
            asked(inbox).tell({"end": True})
            assert answers(sock)[-1] == {"end": True}

    assert not folder.exists()


def test_nor_is_a_temporary_folder_whose_path_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * LONGEST_ADDRESS)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))

    seat = take_seat(deep / "c.sock")
    folder = seat.path.parent
    try:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        seat.leave()

    assert not folder.exists()
    assert list(deep.iterdir()) == []


def test_a_temporary_folder_that_is_gone_is_none_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))

    seat = take_seat(tmp_path / ("x" * LONGEST_ADDRESS) / "c.sock")
    seat.leave()

    assert not seat.path.parent.exists()


def test_a_folder_that_is_a_link_is_not_trusted(inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "run").symlink_to("theirs")

    with listening(inbox, tmp_path / "run" / "c.sock") as control:
        assert not Path(control.path).is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        (
            {"RUNTIME_DIRECTORY": "/run/figsync", "XDG_RUNTIME_DIR": "/run/u"},
            "/run/figsync",
        ),
        ({"RUNTIME_DIRECTORY": "/run/figsync:/run/more"}, "/run/figsync"),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, "/run/user/7/figsync"),
        ({"XDG_RUNTIME_DIR": "not/absolute"}, "/state/control"),
        ({}, "/state/control"),
    ],
)
def test_the_place_follows_the_environment(
    environ: dict[str, str], folder: str
) -> None:
    place = control_place(Path("/state/state.db"), environ)

    assert str(place.parent) == folder


def test_each_configuration_has_a_place_of_its_own() -> None:
    places = {
        control_place(Path(f"/{name}/state.db"), {"XDG_RUNTIME_DIR": "/run"})
        for name in ("one", "two")
    }

    assert len(places) == 2


@pytest.mark.parametrize("runtime", ["/run", f"/run/{'x' * LONGEST_ADDRESS}"])
def test_a_socket_tells_which_configuration_it_serves(
    inbox: Inbox, tmp_path: Path, runtime: str
) -> None:
    mine, other = Path("/one/state.db"), Path("/two/state.db")
    environ = {"RUNTIME_DIRECTORY": f"{tmp_path}{runtime}"}

    with listening(inbox, control_place(mine, environ)) as control:
        assert serves(control.path, mine)
        assert not serves(control.path, other)


@pytest.mark.parametrize("control", ["", "x", "/", "/run/other/x.sock"])
def test_a_socket_that_was_never_of_this_state_is_not_asked(control: str) -> None:
    assert not serves(control, Path("/state.db"))
