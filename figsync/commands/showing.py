"""Where the progress of a sync is shown: nowhere, on a terminal, or line by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from figsync.commands.progress import Lines
from figsync.commands.shell import is_terminal
from figsync.sync.telling import Show


@contextmanager
def showing(*, is_silent: bool, is_drawn: bool) -> Iterator[Show | None]:
    """Show how it goes: bars on a terminal, plain lines anywhere else."""
    if is_silent:
        yield None
    elif is_drawn and is_terminal():
        from figsync.commands.bars import drawn

        with drawn() as bars:
            yield bars
    else:
        yield Lines()
