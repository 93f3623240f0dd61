"""What systemd is told, over a real socket such as its own."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.daemon.supervisor import Supervisor
from tests.world import TestClock


class Manager:
    """The listening end: what was told since one last looked."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.environ = {"NOTIFY_SOCKET": address}

    def told(self) -> list[str]:
        heard = []
        while True:
            try:
                heard.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return heard


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.socket.close()


def watched(manager: Manager, seconds: float = 20) -> dict[str, str]:
    return {**manager.environ, "WATCHDOG_USEC": str(int(seconds * 1e6))}


def test_it_tells_a_life(manager: Manager) -> None:
    supervisor = Supervisor(manager.environ, TestClock())

    supervisor.ready("Idle")
    supervisor.status("Syncing 3 files")
    supervisor.stopping("Parking 1 upload")

    assert manager.told() == [
        "READY=1\nSTATUS=Idle",
        "STATUS=Syncing 3 files",
        "STOPPING=1\nSTATUS=Parking 1 upload",
    ]


def test_an_abstract_address_is_understood() -> None:
    manager = Manager(f"@figsync-test-{os.getpid()}")

    Supervisor(manager.environ, TestClock()).ready()

    assert manager.told() == ["READY=1"]
    manager.socket.close()


def test_a_reload_is_told_with_the_time_that_systemd_asks_for(manager: Manager) -> None:
    Supervisor(manager.environ, TestClock()).reloading()

    (told,) = manager.told()
    first, _, usec = told.partition("\nMONOTONIC_USEC=")
    assert first == "RELOADING=1"
    assert int(usec) > 0


def test_a_status_is_one_line_whatever_a_file_is_called(manager: Manager) -> None:
    supervisor = Supervisor(manager.environ, TestClock())

    supervisor.status("Uploading a\nMAINPID=1\x1b[2J\udcff")

    assert manager.told() == ["STATUS=Uploading a MAINPID=1\\x1b[2J\\xff"]


@pytest.mark.parametrize("address", ["", "vsock:2:1", "/nobody/listens/there", "@x"])
def test_nobody_to_tell_is_no_failure(address: str) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": address}, TestClock())

    supervisor.ready("Idle")
    supervisor.watchdog()
    supervisor.stopping()


def test_the_watchdog_hears_a_sign_of_life_often_enough_and_no_more(
    manager: Manager,
) -> None:
    clock = TestClock()
    supervisor = Supervisor(watched(manager, 20), clock)

    heard = []
    for second in range(100):
        supervisor.watchdog()
        supervisor.watchdog()
        if told := manager.told():
            assert told == ["WATCHDOG=1"]
            heard.append(second)
        clock.advance(1)

    assert heard == list(range(0, 100, 2))


def test_a_manager_that_does_not_listen_holds_nothing_up(manager: Manager) -> None:
    clock = TestClock()
    supervisor = Supervisor(watched(manager, 20), clock)
    supervisor.watchdog()
    for number in range(1000):
        supervisor.status(f"Syncing file {number}")
    full = manager.told()

    clock.advance(10)
    supervisor.watchdog()

    assert full[0] == "WATCHDOG=1"
    assert len(full) < 1000
    assert manager.told() == ["WATCHDOG=1"]


def test_without_a_watchdog_no_sign_of_life_is_sent(manager: Manager) -> None:
    supervisor = Supervisor(manager.environ, TestClock())

    supervisor.watchdog()

    assert supervisor.watchdog_seconds is None
    assert manager.told() == []


def test_another_thread_can_not_vouch_for_the_deciding_one(manager: Manager) -> None:
    supervisor = Supervisor(watched(manager), TestClock())

    other = threading.Thread(target=supervisor.watchdog)
    other.start()
    other.join()

    assert manager.told() == []
    supervisor.watchdog()
    assert manager.told() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("30000000", "", 30.0),
        ("30000000", str(os.getpid()), 30.0),
        ("30000000", "1", None),
        ("0", "", None),
        ("soon", "", None),
        ("-5", "", None),
        ("", "", None),
    ],
)
def test_how_long_the_watchdog_waits_is_read_from_the_environment(
    usec: str, pid: str, seconds: float | None
) -> None:
    environ = {"WATCHDOG_USEC": usec, "WATCHDOG_PID": pid}

    assert Supervisor(environ, TestClock()).watchdog_seconds == seconds
