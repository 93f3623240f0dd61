"""What a daemon lets others see of it: metrics, health, and notices to people."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from figsync.clock import Clock
from figsync.config import Config, NotificationSettings
from figsync.daemon.counters import Counters
from figsync.daemon.metrics import MetricsServer, started
from figsync.daemon.notices import Notices
from figsync.daemon.supervisor import Supervisor
from figsync.daemon.ways import Sender
from figsync.errors import FigsyncError
from figsync.state import State
from figsync.sync.standing import Standing, look

log = logging.getLogger(__name__)

# What is being told when the daemon leaves gets so many seconds.
LAST_SECONDS = 2.0


class Outlook:
    """Serves monitors and tells people, as the configuration in force wants it.

    All but the server's own threads is used by the deciding thread.
    """

    def __init__(
        self,
        counters: Counters,
        clock: Clock,
        environ: Mapping[str, str],
        supervisor: Supervisor,
    ) -> None:
        self._counters = counters
        self._supervisor = supervisor
        self._clock = clock
        self._environ = environ
        self._config: Config | None = None
        self._server: MetricsServer | None = None
        self._sender: Sender | None = None
        self._notices: Notices | None = None

    def take(self, config: Config) -> None:
        """Follow a configuration; what it does not change goes on undisturbed.

        A port that could not be had is tried again.
        """
        before, self._config = self._config, config
        if before is None or before.metrics != config.metrics or self._server is None:
            self._serve(config)
        if before is None or before.notifications != config.notifications:
            self._tell_by(config.notifications)

    def ended(
        self, problem: FigsyncError | None, state: State | None, *, is_news: bool
    ) -> None:
        """Tell how a sync ended: the log where that *is news*, and people if needed.

        Without the owner's *state* what was told is remembered until there is one.
        """
        if is_news and problem is None:
            log.info("It works again")
        elif is_news:
            log.warning("%s", problem)
        try:
            now = self._standing()
        except FigsyncError:
            return
        self._supervisor.status(_line(now))
        if self._notices is not None:
            self._notices.look(now, self._clock.now(), state)

    def close(self) -> None:
        """Serve and tell no more."""
        if self._server is not None:
            self._server.close()
        if self._sender is not None:
            self._sender.close(LAST_SECONDS)
        self._server = self._sender = self._notices = None

    def _serve(self, config: Config) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if port := config.metrics.port:
            self._server = started(port, self._standing, self._counters, self._clock)

    def _standing(self) -> Standing:
        assert self._config is not None
        return look(self._config, self._clock)

    def _tell_by(self, settings: NotificationSettings) -> None:
        if self._sender is not None:
            self._sender.close()
        self._sender = self._notices = None
        if settings.desktop or settings.webhook or settings.command:
            self._sender = Sender(settings, self._clock, self._environ)
            self._notices = Notices(settings, self._sender.send)


def _line(now: Standing) -> str:
    """Return how things stand, for `systemctl status`."""
    problem = f": {now.error}" if now.error else ""
    waiting = now.count(waiting=False) + len(now.conflicts)
    person = f"; for you: {waiting:,}" if waiting else ""
    return f"{now.at_rest}{problem}; files in sync: {now.files:,}{person}"
