"""/metrics and /healthz: on loopback, as status tells it, whatever the state."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from figsync.daemon.counters import Counters
from figsync.daemon.metrics import MOST_SILENCE, MetricsServer, started
from figsync.errors import DiskProblem, TokenRefused
from figsync.model import Outcome, Plan, Upload
from figsync.sync.engine import Wish
from figsync.sync.facts import Ended, Facts
from figsync.sync.loop import sync_until_quiet
from figsync.sync.standing import STATES, Standing, look
from tests.builders import ITEM, on_disk
from tests.world import TestClock, World

IDLE = Standing("idle", "/mirror", Facts(last_sync=1000.0, last_try=1000.0), [], [])


class Asked:
    """A metrics server, and what it answers."""

    def __init__(self, server: MetricsServer) -> None:
        self.port = server.port

    def get(self, path: str) -> tuple[HTTPResponse, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer, answer.read()
        finally:
            line.close()

    def metrics(self) -> dict[str, float]:
        """Return every sample by its name with its labels."""
        answer, body = self.get("/metrics")
        assert answer.status == 200
        return {
            sample.name + "".join(f"/{value}" for value in sample.labels.values()): (
                sample.value
            )
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
        }

    def health(self) -> tuple[int, Any]:  # whatever the JSON holds
        answer, body = self.get("/healthz")
        return answer.status, json.loads(body)


@contextmanager
def asked(
    standing: Standing = IDLE,
    *,
    counters: Counters | None = None,
    clock: TestClock | None = None,
) -> Iterator[Asked]:
    clock = clock or TestClock(2000.0)
    counters = counters or Counters(clock)
    server = MetricsServer(0, lambda: standing, counters, clock)
    try:
        yield Asked(server)
    finally:
        server.close()


def an_upload(size: int = 3) -> Upload:
    (local,) = on_disk(a="x" * size).values()
    return Upload(ITEM, local)


def test_it_tells_how_the_mirror_stands(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Soil cores/a.csv", "1,2")
    world.settle()
    world.sync()
    world.clock.advance(60)

    with asked(look(world.config, world.clock), clock=world.clock) as server:
        told = server.metrics()

    assert told["figsync_state/idle"] == 1
    assert sum(told[f"figsync_state/{state}"] for state in STATES) == 1
    assert told["figsync_last_success_age_seconds"] == 60
    assert told["figsync_files"] == 1
    assert told["figsync_files_bytes"] == 3
    assert told["figsync_quota_bytes"] > told["figsync_quota_used_bytes"] > 0
    assert told["figsync_held_actions"] == told["figsync_conflicts"] == 0
    assert told["figsync_changed_silently_files"] == 0
    assert "figsync_request_budget" in told


def test_counts_grow_with_what_the_cycles_tell() -> None:
    clock = TestClock(2000.0)
    counters = Counters(clock)
    action = an_upload()

    with asked(counters=counters, clock=clock) as server:
        counters.planned(Plan((action, action, action)))
        counters.finished(Outcome(action, "done"))
        counters.finished(Outcome(action, "failed", "no", error="Unreachable"))
        during = server.metrics()
        counters.cycle_ended(TokenRefused("the account", "no"))
        told = server.metrics()

    assert during["figsync_queue_actions"] == 1
    assert told["figsync_queue_actions"] == 0
    assert told["figsync_cycles_total"] == 1
    assert told["figsync_actions_total/Upload/done"] == 1
    assert told["figsync_errors_total/Unreachable"] == 1
    assert told["figsync_errors_total/TokenRefused"] == 1


def test_bytes_and_requests_stay_counted_over_sessions(tmp_path: Path) -> None:
    world = World(tmp_path)
    counters = Counters(world.clock)
    for name in ("a.csv", "b.csv"):
        world.drop(f"Soil cores/{name}", "1,2")
        world.settle()
        with world.mirror() as mirror, counters.following(mirror.figshare):
            sync_until_quiet(mirror, Wish())
            live = counters.read()

    counted = counters.read()

    assert (counted.bytes_up, live.bytes_up) == (6, 6)
    assert live.budget is not None
    assert counted.budget is None
    assert counted.requests == live.requests
    assert sum(counted.requests.values()) == len(world.box.log.entries())
    assert counted.requests["uploads"] >= 4


@pytest.mark.parametrize("state", STATES)
def test_health_fails_offline_and_refused_alone(state: str) -> None:
    with asked(replace(IDLE, state=state)) as server:
        status, told = server.health()

    expected = 503 if state in ("offline", "refused") else 200
    assert (status, told["state"]) == (expected, state)
    assert told["healthy"] is (expected == 200)


def test_health_fails_when_the_loop_hangs() -> None:
    clock = TestClock(2000.0)
    counters = Counters(clock)
    with asked(counters=counters, clock=clock) as server:
        clock.advance(MOST_SILENCE)
        before, _ = server.health()
        clock.advance(1)
        hung, told = server.health()
        counters.beat()
        after, _ = server.health()

    assert (before, hung, after) == (200, 503, 200)
    assert told["state"] == "idle"
    assert told["loop_beats"] is False
    assert told["loop_beat_age_seconds"] == MOST_SILENCE + 1


def test_a_state_that_can_not_be_read_is_told_as_refused() -> None:
    def broken() -> Standing:
        raise DiskProblem("state.db", "permission denied", "look")

    clock = TestClock(2000.0)
    server = MetricsServer(0, broken, Counters(clock), clock)
    try:
        status, told = Asked(server).health()
        metrics = Asked(server).metrics()
    finally:
        server.close()

    assert (status, told["state"]) == (503, "refused")
    assert told["error"] == "state.db: permission denied; look"
    assert metrics["figsync_state/refused"] == 1


def test_a_token_that_is_refused_shows() -> None:
    facts = Facts(ended=Ended.REFUSED, last_try=1.0, error_kind="TokenRefused")
    refused = replace(IDLE, state="refused", facts=facts, error_kind="TokenRefused")

    with asked(refused) as server:
        assert server.metrics()["figsync_token_refused"] == 1
    with asked() as server:
        assert server.metrics()["figsync_token_refused"] == 0


def test_what_was_never_is_not_made_up() -> None:
    never = Standing("never", "/mirror", Facts(), [], [])

    with asked(never) as server:
        told = server.metrics()

    assert "figsync_last_success_age_seconds" not in told
    assert "figsync_quota_bytes" not in told
    assert told["figsync_state/never"] == 1


def test_it_listens_on_loopback_alone() -> None:
    clock = TestClock(2000.0)
    server = MetricsServer(0, lambda: IDLE, Counters(clock), clock)
    try:
        listening = Path("/proc/net/tcp").read_text(encoding="ascii")
        mine = [row for row in listening.splitlines() if f":{server.port:04X} " in row]
    finally:
        server.close()

    assert any("0100007F:" in row.split()[1] for row in mine)
    assert not any(row.split()[1].startswith("00000000:") for row in mine)


def test_other_pages_are_not_there() -> None:
    with asked() as server:
        answer, _ = server.get("/")

    assert answer.status == 404


def test_a_client_that_says_nothing_keeps_nobody_waiting() -> None:
    with (
        asked() as server,
        socket.create_connection(("127.0.0.1", server.port)),
    ):
        assert server.health()[0] == 200


def test_a_port_in_use_costs_a_line_and_no_daemon(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = TestClock(2000.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert started(port, lambda: IDLE, Counters(clock), clock) is None

    (line,) = caplog.messages
    assert f"port {port} of 127.0.0.1 can not be had" in line
    assert "set another [metrics] port" in line


def test_after_its_end_nobody_listens() -> None:
    with asked() as server:
        server.health()

    with pytest.raises(ConnectionRefusedError):
        server.get("/healthz")
