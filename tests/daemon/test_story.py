"""status --json, /metrics and /healthz tell one story, whatever the daemon does."""

from __future__ import annotations

import shutil
import signal

import pytest

from tests.commands.desk import Desk
from tests.daemon.process import running


@pytest.fixture
def synced(desk: Desk) -> Desk:
    """A desk with two items that both sides know."""
    desk.drop("Soil cores/a.csv", "1,2")
    desk.drop("Soil cores/b.csv", "3,4")
    desk.drop("Soil cores/empty", "")
    desk.drop("Water/c.csv", "5,6")
    desk.ok("sync")
    return desk


def test_idle(synced: Desk) -> None:
    with running(synced) as daemon:
        status = daemon.comes_to("idle")

        assert status["files"] == 3
        assert status["not_uploadable"] == 1
        assert status["daemon"]["running"] is True
        assert status["daemon"]["pid"] == daemon.process.pid
        assert status["daemon"]["next_pull"]

    told = synced.json("status")
    assert (told["state"], told["daemon"]["running"]) == ("idle", False)


def test_syncing(synced: Desk) -> None:
    with running(synced) as daemon:
        daemon.comes_to("idle")
        synced.box.switches.api_latency = 2.0
        asked = synced.start("sync")

        daemon.comes_to("syncing")

        synced.box.switches.api_latency = 0.0
        asked.communicate(timeout=60)
        daemon.comes_to("idle")


def test_paused(synced: Desk) -> None:
    with running(synced) as daemon:
        daemon.comes_to("idle")
        synced.ok("pause", "1h")

        status = daemon.comes_to("paused")

        assert status["daemon"]["paused_until"]
        synced.ok("resume")
        daemon.comes_to("idle")


def test_waiting(synced: Desk) -> None:
    with running(synced, deletions__grace="24h") as daemon:
        daemon.comes_to("idle")
        (synced.root / "Soil cores" / "a.csv").unlink()

        assert daemon.comes_to("waiting")["waiting"] == 1


def test_held(synced: Desk) -> None:
    with running(synced) as daemon:
        daemon.comes_to("idle")
        shutil.rmtree(synced.root / "Water")

        status = daemon.comes_to("held")

        assert status["held"] == status["guards"]["deleted_folder"] == 1


def test_offline_and_back(synced: Desk) -> None:
    with running(synced) as daemon:
        daemon.comes_to("idle")
        synced.box.switches.html_403 = True
        assert synced.call("sync").exit_code == 6

        status = daemon.comes_to("offline")

        assert status["error_kind"] == "Blocked"
        synced.box.switches.html_403 = False
        synced.ok("sync")
        assert daemon.comes_to("idle")["error"] == ""


def test_token_refused_and_replaced(synced: Desk) -> None:
    token = synced.token_path.read_text()
    with running(synced) as daemon:
        daemon.comes_to("idle")
        synced.token_path.write_text("a-wrong-token")
        daemon.process.send_signal(signal.SIGHUP)

        status = daemon.comes_to("refused")

        assert status["error_kind"] == "TokenRefused"
        synced.token_path.write_text(token)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.comes_to("idle")


def test_a_root_that_is_away(synced: Desk) -> None:
    with running(synced) as daemon:
        daemon.comes_to("idle")
        away = synced.root.rename(synced.home / "away")

        status = daemon.comes_to("refused")

        assert status["error_kind"] == "NeedsPerson"
        away.rename(synced.root)
