"""What figsync's log says on standard error, as loud as the command line asks."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from figsync.commands.shell import OWN, Shell

log = logging.getLogger(__name__)

# Failed actions are told by the progress of the verb itself; a daemon has none.
_TOLD_ELSEWHERE = "figsync.sync.record"


@contextmanager
def listening(shell: Shell) -> Iterator[None]:
    """Print log lines while the block runs: warnings, with -v more, with -vv all.

    A daemon prints what it did too, and the same no more often than once a minute.
    No line holds a secret that the shell knows, whoever logs it; a bug in a thread is
    such a line too.
    """
    handler = _Printer(shell)
    root, own = logging.getLogger(), logging.getLogger(OWN)
    before, hook = (root.level, own.level), threading.excepthook
    root.addHandler(handler)
    own.setLevel(logging.DEBUG)
    threading.excepthook = _tell_bug
    try:
        yield
    finally:
        threading.excepthook = hook
        root.setLevel(before[0])
        own.setLevel(before[1])
        root.removeHandler(handler)


def _tell_bug(bug: threading.ExceptHookArgs) -> None:
    """Tell what ended a thread; Python's own way would show every secret in it."""
    name = bug.thread.name if bug.thread else "without a name"
    kind, value = bug.exc_type, bug.exc_value or bug.exc_type()
    told = "A bug ended the thread %s (%s); please report it"
    log.error(told, name, kind.__name__, exc_info=(kind, value, bug.exc_traceback))


class _Printer(logging.StreamHandler[IO[str]]):
    """Prints records as the shell wants them, which it may learn later than this."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(sys.stderr)
        self._shell = shell
        self._quieter: logging.Filter | None = None
        self._ready = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is printed: loud enough, and no mere repetition."""
        if not _is_heard(self._shell, record):
            return False
        if not self._shell.is_daemon:
            return True
        if self._quieter is None:
            from figsync.commands.lines import Quieter

            self._quieter = Quieter(self._shell.clock.monotonic)
        return bool(self._quieter.filter(record))

    def format(self, record: logging.LogRecord) -> str:
        if not self._ready:
            # Most verbs log nothing: what a line needs is loaded with the first one.
            from figsync.commands.lines import formatter

            self.setFormatter(formatter(self._shell, self.stream))
            self._ready = True
        return super().format(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Go on when nobody reads the log; a record that can not be told is a bug."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _is_heard(shell: Shell, record: logging.LogRecord) -> bool:
    if shell.verbosity > 1:
        return True
    if not (record.name == OWN or record.name.startswith(f"{OWN}.")):
        return shell.is_daemon and record.levelno >= logging.WARNING
    if shell.is_daemon:
        return record.levelno >= _least_of_daemon(shell)
    if shell.verbosity:
        return record.levelno >= logging.INFO
    return record.levelno >= logging.WARNING and record.name != _TOLD_ELSEWHERE


def _least_of_daemon(shell: Shell) -> int:
    if shell.quiet:
        return logging.WARNING
    return logging.DEBUG if shell.verbosity else logging.INFO
