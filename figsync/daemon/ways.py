"""The ways to people: a webhook, a command, the desktop; none can delay the daemon."""

from __future__ import annotations

import json
import logging
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import requests

from figsync.clock import Clock, iso
from figsync.config import NotificationSettings
from figsync.daemon.incidents import Notice

LONGEST = 30.0  # seconds for one notice by one way
MOST_WAITING = 100
# What a command of somebody else has no use for.
_OWN_ENVIRONMENT = (
    "FIGSYNC_TOKEN",
    "CREDENTIALS_DIRECTORY",
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
)

log = logging.getLogger(__name__)

Told = dict[str, object]


class Failed(Exception):
    """A way did not work; its text says why, without a secret."""


class Sender:
    """Sends notices in a thread of its own, one after the other, until it is closed."""

    def __init__(
        self,
        settings: NotificationSettings,
        clock: Clock,
        environ: Mapping[str, str],
        *,
        longest: float = LONGEST,
    ) -> None:
        self._is_over = False
        self._running: set[subprocess.Popen[bytes]] = set()
        self._ways = dict(_ways(settings, environ, longest, self._running))
        self._clock = clock
        self._waiting: queue.Queue[Told | None] = queue.Queue(MOST_WAITING)
        self._failing: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def send(self, notice: Notice) -> None:
        """Take a notice to be sent soon; returns at once, whatever becomes of it."""
        try:
            self._waiting.put_nowait(_told(notice, self._clock.now()))
        except queue.Full:
            log.warning("Not told, as too much waits to be told: %s", notice.text)

    def close(self, seconds: float | None = None) -> None:
        """Send no more; what is on its way gets so many seconds, else its usual time.

        A command that is not done then is killed: nobody would do it later.
        """
        with suppress(queue.Full):
            self._waiting.put_nowait(None)
        if seconds is None:
            return
        self._thread.join(seconds)
        self._is_over = True
        for process in tuple(self._running):
            _end(process)

    def _run(self) -> None:
        while (told := self._waiting.get()) is not None and not self._is_over:
            for name, way in self._ways.items():
                self._try(name, way, told)

    def _try(self, name: str, way: Callable[[Told], None], told: Told) -> None:
        try:
            way(told)
            self._failing.discard(name)
        except Failed as problem:
            # Once: a way that stays broken is told of by its first failure.
            if name not in self._failing:
                log.warning("The %s of [notifications] failed: %s", name, problem)
            self._failing.add(name)


def _told(notice: Notice, at: float) -> Told:
    return {
        "kind": notice.kind,
        "title": notice.title,
        "text": notice.text,
        "next_step": notice.remedy,
        "count": notice.count,
        "paths": list(notice.paths),
        "host": socket.gethostname(),
        "time": iso(at),
    }


def _ways(
    settings: NotificationSettings,
    environ: Mapping[str, str],
    longest: float,
    running: set[subprocess.Popen[bytes]],
) -> Iterator[tuple[str, Callable[[Told], None]]]:
    clean = {k: v for k, v in environ.items() if k not in _OWN_ENVIRONMENT}

    def call(command: tuple[str, ...], told: Told) -> None:
        _call(command, told, clean, longest, running)

    if settings.webhook:
        yield "webhook", lambda told: _post(settings.webhook, told, longest)
    if settings.command:
        yield "command", lambda told: call(settings.command, told)
    if settings.desktop:
        yield "desktop", lambda told: call(_shown_by(told, clean), told)


def _post(url: str, told: Told, longest: float) -> None:
    """POST to a webhook; what takes too long is left to end by itself."""
    ended: queue.Queue[str] = queue.Queue()
    host = urlsplit(url).hostname

    def post() -> None:
        ended.put(_posted(url, told, longest))

    threading.Thread(target=post, name="webhook", daemon=True).start()
    try:
        problem = ended.get(timeout=longest)
    except queue.Empty:
        problem = f"no answer within {longest:.0f} s"
    if problem:
        raise Failed(f"{host}: {problem}")


def _posted(url: str, told: Told, longest: float) -> str:
    """Return why a POST failed, "" if it did not; the address stays out of it."""
    try:
        with requests.post(
            url,
            json=told,
            timeout=longest / 2,
            allow_redirects=False,
            stream=True,
            auth=lambda request: request,  # else one of ~/.netrc would go along
        ) as answer:
            # A redirect is not followed: it would lead the secret astray.
            is_taken = 200 <= answer.status_code < 300
            return "" if is_taken else f"it answers {answer.status_code}"
    except (requests.RequestException, OSError, ValueError) as problem:
        return type(problem).__name__


def _call(
    command: tuple[str, ...],
    told: Told,
    environ: Mapping[str, str],
    longest: float,
    running: set[subprocess.Popen[bytes]],
) -> None:
    """Run a command with the notice on its standard input; it is killed if it hangs.

    While it runs it is among those *running*.
    """
    name = command[0]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**environ, "FIGSYNC_INCIDENT": str(told["kind"])},
            start_new_session=True,
        )
    except OSError as problem:
        raise Failed(f"{name}: {problem.strerror}") from None
    running.add(process)
    try:
        process.communicate(json.dumps(told).encode() + b"\n", timeout=longest)
    except subprocess.TimeoutExpired:
        _end(process)
        process.communicate()
        raise Failed(f"{name}: not done after {longest:.0f} s, so killed") from None
    finally:
        running.discard(process)
    if process.returncode:
        raise Failed(f"{name}: it ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    # With everything it started: the session is its own.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _shown_by(told: Told, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command that shows a notice on the desktop."""
    program = shutil.which("notify-send", path=environ.get("PATH"))
    if program is None:
        raise Failed("notify-send is not installed")
    text = f"{told['text']} ({told['next_step']})"
    return (program, "--app-name=figsync", "--", str(told["title"]), text)
