"""What the service manager is told (sd_notify): ready, the status, still turning.

Without systemd, nobody is told and nothing fails.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping

from figsync.clock import Clock
from figsync.naming import shown

SEND_SECONDS = 5.0


class Supervisor:
    """The service manager that started this process, if one did.

    Only the thread that made it, the deciding one, can say that it still turns: a
    thread that lives on while that one hangs would hide it.  Every call is cheap,
    returns within seconds, and never fails.
    """

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._clock = clock
        self._thread = threading.get_ident()
        self._said = float("-inf")
        self.watchdog_seconds = _watchdog_seconds(environ)

    def ready(self, status: str = "") -> None:
        """The start, or the reading of a changed configuration, is over."""
        self._tell("READY=1", *_status(status))

    def status(self, text: str) -> None:
        """`systemctl status` shows this line."""
        self._tell(*_status(text), patience=0)

    def watchdog(self) -> None:
        """The deciding thread turns; to be said twice in *watchdog_seconds* at least.

        Saying it more often costs nothing, and other threads are not heard.
        """
        if self.watchdog_seconds is None or threading.get_ident() != self._thread:
            return
        now = self._clock.monotonic()
        is_due = now - self._said >= self.watchdog_seconds / 10
        if is_due and self._tell("WATCHDOG=1", patience=0):
            self._said = now

    def stopping(self, status: str = "") -> None:
        """The end has begun."""
        self._tell("STOPPING=1", *_status(status))

    def reloading(self) -> None:
        """The configuration is being read again; `ready` says that it was."""
        # What systemd compares with is the clock that stands still in sleep.
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def _tell(self, *lines: str, patience: float = SEND_SECONDS) -> bool:
        """Send, and wait so many seconds for room; False where it was not taken."""
        if not self._address or not lines:
            return False
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        try:
            with socket.socket(socket.AF_UNIX, kind) as told:
                told.settimeout(patience)
                told.sendto("\n".join(lines).encode(), self._address)
        except OSError:
            # A manager that is being replaced, or is not there: nobody to tell that.
            return False
        return True


def _status(text: str) -> list[str]:
    # One line: another one in it could tell the manager anything.
    return [f"STATUS={shown(' '.join(text.split()))}"] if text else []


def _address(given: str) -> str:
    """Return where to send to: a path, or a name after a NUL for an abstract one."""
    if given.startswith("@"):
        return f"\0{given[1:]}"
    return given if given.startswith("/") else ""


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """Return within how many seconds a sign of life is expected; None if never."""
    pid = environ.get("WATCHDOG_PID", "")
    if pid and pid != str(os.getpid()):
        return None
    given = environ.get("WATCHDOG_USEC", "")
    return int(given) / 1e6 if given.isdecimal() and int(given) > 0 else None
