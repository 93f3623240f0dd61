"""A daemon at work in the demo: `figsync run` in a thread of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from figsync.clock import SystemClock
from figsync.commands import outcome
from figsync.config import Config
from figsync.daemon.daemon import Around, Daemon
from figsync.daemon.inbox import Wake
from figsync.daemon.session import Setup
from figsync.daemon.supervisor import Supervisor
from figsync.sync.opening import Means

LONGEST = 60.0  # seconds, on a busy machine too
GLANCE = 0.05
_ALONE: Mapping[str, str] = {}  # no service manager, and no runtime folder


@contextmanager
def running(config: Config, token: str) -> Iterator[None]:
    """Let a daemon keep the mirror while the block runs; raise what ended it early."""
    clock = SystemClock()
    around = Around(lambda: Setup(config, Means(token, clock)), outcome.as_told, _ALONE)
    failures: list[Exception] = []
    daemon = Daemon(around, clock, Supervisor(_ALONE, clock))
    thread = threading.Thread(target=_live, args=(daemon, failures), daemon=True)
    thread.start()
    try:
        yield
    finally:
        clock.stop()
        daemon.put(Wake())
        thread.join(LONGEST)
    for failure in failures:
        raise failure


def _live(daemon: Daemon, failures: list[Exception]) -> None:
    try:
        daemon.start_up()
        daemon.loop()
    except Exception as failure:  # noqa: BLE001  # raised in the demo's own thread
        failures.append(failure)
    finally:
        daemon.shut_down()


def comes_true(holds: Callable[[], bool], clock: SystemClock) -> bool:
    """Wait until something holds; False when it does not within a minute."""
    ends = clock.monotonic() + LONGEST
    while not holds():
        if clock.monotonic() > ends or clock.wait(GLANCE):
            return False
    return True
