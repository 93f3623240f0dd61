"""A daemon of its own process, at a desk with a sandbox."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from figsync.sync.standing import STATES
from tests.commands.desk import Desk, wait_for

Told = dict[str, Any]  # whatever is told


class Daemon:
    """A running `figsync run`, and the three ways it tells its story."""

    def __init__(
        self, desk: Desk, port: int, log: Path, process: subprocess.Popen[bytes]
    ) -> None:
        self.desk, self.port, self.process = desk, port, process
        self._log = log

    def status(self) -> Told:
        told: Told = self.desk.json("status")
        return told

    def health(self) -> tuple[int, Told]:
        status, body = self._get("/healthz")
        return status, json.loads(body)

    def metrics(self) -> dict[str, float]:
        """Return every sample by its name with its labels."""
        _, body = self._get("/metrics")
        return {
            "/".join([sample.name, *sample.labels.values()]): sample.value
            for family in text_string_to_metric_families(body.decode())
            for sample in family.samples
        }

    def answers(self) -> bool:
        """Tell whether it owns the mirror and can be asked; fails when it has ended."""
        assert self.process.poll() is None, self.log()
        try:
            return bool(self.health()[1]["daemon"]["running"])
        except OSError:
            return False

    def told_by_http(self) -> list[str]:
        """Return both pages as they came."""
        return [self._get(page)[1].decode() for page in ("/metrics", "/healthz")]

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _get(self, path: str) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def comes_to(self, state: str) -> Told:
        """Wait for a state; return what all three say, who have to agree.

        A sync that begins between two questions ends, and they are asked again.
        """
        told: list[Any] = []

        def all_say_so() -> bool:
            told[:] = self.status(), self.health(), self.metrics()
            status, (_, health), metrics = told
            states = [s for s in STATES if metrics[f"figsync_state/{s}"]]
            return states == [status["state"]] == [health["state"]] == [state]

        wait_for(all_say_so)
        status, (code, health), metrics = told
        assert code == (503 if state in ("offline", "refused") else 200)
        assert_one_story(status, health, metrics)
        return status


def assert_one_story(status: Told, health: Told, metrics: dict[str, float]) -> None:
    """Assert that what two of them tell is the same."""
    for key in health.keys() & status.keys():
        assert health[key] == status[key], key
    assert metrics["figsync_held_actions"] == status["held"]
    assert metrics["figsync_waiting_actions"] == status["waiting"]
    assert metrics["figsync_conflicts"] == status["conflicts"]
    assert metrics["figsync_files"] == status["files"]
    assert metrics["figsync_items"] == status["items"]
    assert metrics["figsync_not_uploadable_files"] == status["not_uploadable"]
    assert metrics["figsync_quota_used_bytes"] == status["used_quota"]
    assert metrics["figsync_hosts_left_alone"] == len(status["hosts_left_alone"])
    if status["state"] == "idle":
        budget = metrics["figsync_request_budget"]
        assert int(budget) == status["request_budget"]
    is_refused = status["error_kind"] == "TokenRefused"
    assert metrics["figsync_token_refused"] == is_refused
    for guard, count in status["guards"].items():
        assert metrics[f"figsync_guard_held_actions/{guard}"] == count


@contextmanager
def running(
    desk: Desk,
    *options: str,
    environ: Mapping[str, str] | None = None,
    **keys: str,
) -> Iterator[Daemon]:
    """Run a daemon that is stopped at the end, and then has ended well."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desk.configure(metrics__port=str(port), **keys)
    log = desk.home / "log"
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "figsync", "run", *options],
            env={**desk.environ, **(environ or {})},
            cwd=desk.home,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    daemon = Daemon(desk, port, log, process)
    try:
        wait_for(daemon.answers)
        yield daemon
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, daemon.log()
    finally:
        process.kill()
        process.wait()
