"""`figsync run`: keep folder and account the same until told to stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from figsync.clock import boot_id
from figsync.commands import outcome
from figsync.commands.shell import Shell, interrupt, signals, verb
from figsync.daemon.daemon import Around, Daemon
from figsync.daemon.inbox import Reload, Wake
from figsync.daemon.session import Setup
from figsync.daemon.supervisor import Supervisor
from figsync.sync.opening import Means


@verb(example="figsync run\nfigsync run -q", codes=(0, 2, 3, 5, 130))
def run(shell: Shell) -> None:
    """Watch the folder and ask Figshare now and then, until told to stop.

    Whatever changes on one side follows on the other, as with `figsync sync`. A first
    SIGTERM or Ctrl-C lets what is under way come to a good end, within 30 seconds; a
    second one ends figsync at once. SIGHUP reads the configuration again.
    """
    supervisor = Supervisor(shell.environ, shell.clock)
    around = Around(
        lambda: _read(shell),
        outcome.as_told,
        shell.environ,
    )
    daemon = Daemon(around, shell.clock, supervisor)
    with _obeying(shell, daemon):
        try:
            daemon.start_up()
            daemon.loop()
        finally:
            daemon.shut_down()


def _read(shell: Shell) -> Setup:
    """Read configuration and token; they may have changed since the start."""
    config, token = shell.read_again()
    means = Means(
        token,
        shell.clock,
        boot_id=boot_id(),
        calls=shell.calls,
        adapters=shell.adapters,
    )
    return Setup(config, means)


@contextmanager
def _obeying(shell: Shell, daemon: Daemon) -> Iterator[None]:
    """Let signals stop the daemon, or have it read its configuration again."""

    def stop(number: int, frame: FrameType | None) -> None:
        if shell.clock.stopped:
            interrupt(number, frame)
        shell.clock.stop()
        daemon.put(Wake())

    def reload(number: int, frame: FrameType | None) -> None:
        del number, frame
        daemon.put(Reload())

    with signals(stop), signals(reload, (signal.SIGHUP,)):
        yield
