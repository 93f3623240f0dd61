"""What others see of the daemon: counts, metrics, notices, the line in systemctl."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from figsync.clock import Clock
from figsync.config import Config
from figsync.daemon.counters import Counters
from figsync.daemon.metrics import started
from figsync.daemon.notices import Notices
from figsync.daemon.supervisor import Supervisor
from figsync.daemon.ways import Sender
from figsync.errors import FigsyncError
from figsync.state import State
from figsync.sync.standing import Standing, look


class Insight:
    """Tells everybody who does not ask, in the ways that one configuration names."""

    def __init__(
        self, config: Config, clock: Clock, notices: Notices, supervisor: Supervisor
    ) -> None:
        self._config = config
        self._clock = clock
        self._notices = notices
        self._supervisor = supervisor

    def look(self, state: State | None = None) -> None:
        """Look how things stand and tell it; *state* is the owner's, if it is open."""
        with suppress(FigsyncError):
            now = look(self._config, self._clock)
            self._supervisor.status(_line(now))
            self._notices.look(now, self._clock.now(), state)


@contextmanager
def insight(
    config: Config,
    clock: Clock,
    environ: Mapping[str, str],
    counters: Counters,
    supervisor: Supervisor,
) -> Iterator[Insight]:
    """Serve monitors and send notices while the block runs."""
    settings, port = config.notifications, config.metrics.port
    sender = Sender(settings, clock, environ)
    server = (
        started(port, lambda: look(config, clock), counters, clock) if port else None
    )
    try:
        yield Insight(config, clock, Notices(settings, sender.send), supervisor)
    finally:
        if server is not None:
            server.close()
        sender.close()


def _line(now: Standing) -> str:
    """Return how things stand, for `systemctl status`."""
    problem = f": {now.error}" if now.error else ""
    waiting = now.count(waiting=False) + len(now.conflicts)
    person = f"; for you: {waiting:,}" if waiting else ""
    return f"{now.state}{problem}; files in sync: {now.files:,}{person}"
