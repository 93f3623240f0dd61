"""Asking a daemon that does not answer, or not to the end."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from figsync.clock import SystemClock
from figsync.commands.daemon_call import Call, Declined, OutOfTime
from figsync.errors import FigsyncError, MirrorOwned


@pytest.fixture
def ends() -> Iterator[tuple[Call, socket.socket]]:
    here, there = socket.socketpair()
    call = Call(here, SystemClock(), subject="/root", pid=7, patience=0.05)
    with call, there:
        yield call, there


def test_a_daemon_that_says_nothing_owns_the_mirror_and_hangs(
    ends: tuple[Call, socket.socket],
) -> None:
    call, _ = ends

    with pytest.raises(MirrorOwned) as caught:
        call.answer("sync")

    assert str(caught.value) == (
        "/root: the running figsync (process 7) does not answer;"
        " look at its log, or start it again"
    )


def test_once_it_has_heard_it_may_take_its_time_up_to_the_limit(
    ends: tuple[Call, socket.socket],
) -> None:
    call, there = ends
    there.sendall(b'{"accepted": true}\n')
    call.limit(0.2)

    with pytest.raises(OutOfTime, match="is still at work"):
        call.answer("wait")


@pytest.mark.parametrize(
    "said", [b"", b'{"accepted": true}\n', b'{"accepted": true}\n{"end": tr']
)
def test_a_daemon_that_ends_before_it_has_answered_is_told_of(
    ends: tuple[Call, socket.socket], said: bytes
) -> None:
    call, there = ends
    there.sendall(said)
    there.shutdown(socket.SHUT_WR)

    with pytest.raises(FigsyncError, match="ended before it had answered"):
        call.answer("sync")


def test_what_can_not_be_done_is_raised_with_its_code(
    ends: tuple[Call, socket.socket],
) -> None:
    call, there = ends
    there.sendall(b'{"end": true, "error": "the root is not there", "code": 4}\n')

    with pytest.raises(Declined) as caught:
        call.answer("pause")

    assert (str(caught.value), caught.value.exit_code) == ("the root is not there", 4)


def test_a_sync_that_failed_is_an_answer(ends: tuple[Call, socket.socket]) -> None:
    call, there = ends
    there.sendall(b'{"end": true, "error": "offline", "code": 6, "report": {}}\n')

    assert call.answer("sync")["code"] == 6
