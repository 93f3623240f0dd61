"""What a daemon lets others see follows its configuration, and its log stays short."""

from __future__ import annotations

import http.client
import os
import socket
from pathlib import Path

import pytest

from figsync.daemon.counters import Counters
from figsync.daemon.outlook import Outlook
from figsync.daemon.supervisor import Supervisor
from figsync.errors import TokenRefused
from figsync.sync.activity import Activity, Phase, store_activity
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.drop("Soil cores/a.csv", "1,2")
    world.settle()
    world.sync()
    return world


@pytest.fixture
def outlook(world: World) -> Outlook:
    supervisor = Supervisor({}, world.clock)
    outlook = Outlook(Counters(world.clock), world.clock, {}, supervisor)
    outlook.take(world.config)
    return outlook


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        line.close()


def test_nothing_is_served_unless_wished(outlook: Outlook) -> None:
    port = free_port()

    assert not answers(port)
    outlook.ended(None, None, is_news=False)
    outlook.close()


def test_a_reload_moves_the_server_and_ends_it(world: World, outlook: Outlook) -> None:
    first, second = free_port(), free_port()
    world.configure(metrics__port=str(first))
    outlook.take(world.config)
    assert answers(first)

    world.configure(metrics__port=str(second))
    outlook.take(world.config)
    assert (answers(first), answers(second)) == (False, True)

    world.configure(metrics__port="0")
    outlook.take(world.config)
    assert not answers(second)
    outlook.close()


def test_a_port_that_was_taken_is_tried_again(world: World, outlook: Outlook) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        world.configure(metrics__port=str(port))
        outlook.take(world.config)
    assert not answers(port)

    outlook.take(world.config)

    assert answers(port)
    outlook.close()
    assert not answers(port)


def test_people_are_told_after_a_sync(
    world: World, outlook: Outlook, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    world.configure(notifications__command=f"sh -c 'cat > {told}'")
    outlook.take(world.config)
    world.token = "wrong"
    with pytest.raises(TokenRefused) as refused:
        world.sync()

    with world.mirror() as mirror:
        outlook.ended(refused.value, mirror.state, is_news=True)
    outlook.close()

    assert "does not accept the token" in told.read_text()


def test_systemd_is_told_what_the_sync_left_not_that_it_syncs(
    world: World, tmp_path: Path
) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(10)
        supervisor = Supervisor({"NOTIFY_SOCKET": address}, world.clock)
        outlook = Outlook(Counters(world.clock), world.clock, {}, supervisor)
        outlook.take(world.config)
        with world.mirror() as mirror:
            activity = Activity(os.getpid(), world.clock.now(), Phase.SYNCING)
            store_activity(mirror.state, activity)
            outlook.ended(None, mirror.state, is_news=False)
        told = manager.recv(1000).decode()

    assert told == "STATUS=idle; files in sync: 1"


def test_only_news_is_in_the_log(
    outlook: Outlook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "figsync.daemon")
    away = TokenRefused("the account", "Figshare does not accept the token")

    outlook.ended(None, None, is_news=False)
    outlook.ended(away, None, is_news=True)
    outlook.ended(away, None, is_news=False)
    outlook.ended(None, None, is_news=True)

    assert caplog.messages == [str(away), "It works again"]
