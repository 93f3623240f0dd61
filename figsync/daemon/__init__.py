"""The process that keeps a mirror for months: start-up, loop, shutdown."""

from figsync.daemon.daemon import Around, Daemon
from figsync.daemon.session import Setup
from figsync.daemon.supervisor import Supervisor

__all__ = ["Around", "Daemon", "Setup", "Supervisor"]
