"""What figsync's log says on standard error, as loud as the command line asks."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from figsync.commands.shell import Shell

# Failed actions are told by the progress of the verb itself.
_TOLD_ELSEWHERE = "figsync.sync.record"


@contextmanager
def listening(shell: Shell) -> Iterator[None]:
    """Print log lines while the block runs: warnings, with -v more, with -vv all."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("figsync: %(message)s"))
    handler.addFilter(lambda record: _is_heard(shell, record))
    logger = logging.getLogger("figsync")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


def _is_heard(shell: Shell, record: logging.LogRecord) -> bool:
    if shell.verbosity == 0:
        is_loud = record.levelno >= logging.WARNING
        return is_loud and record.name != _TOLD_ELSEWHERE
    return record.levelno >= logging.INFO or shell.verbosity > 1
