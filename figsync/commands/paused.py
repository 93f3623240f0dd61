"""Whether somebody paused figsync, as the state tells it."""

from __future__ import annotations

from contextlib import suppress

from figsync.commands.asking import open_state
from figsync.commands.shell import Shell
from figsync.commands.show import when_text
from figsync.errors import FigsyncError
from figsync.sync.activity import Pause, read_pause


def pause_on(shell: Shell) -> Pause | None:
    """Return the pause that is on, None if there is none or nobody can tell."""
    with suppress(FigsyncError), open_state(shell) as state:
        return read_pause(state, shell.clock.now())
    return None


def paused_line(pause: Pause) -> str:
    """Return one line about a pause, and how it ends."""
    ends = f" until {when_text(pause.until)}" if pause.until is not None else ""
    return f"figsync is paused{ends}; `figsync resume` ends it."
