"""`figsync pause`: let everything rest for a while."""

from __future__ import annotations

import click

from figsync.commands.asking import ask, is_left
from figsync.commands.daemon_call import Call, OutOfTime, call_daemon
from figsync.commands.durations import seconds
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say, when_text

PATIENCE = 10.0


@verb(example="figsync pause 2h\nfigsync resume", codes=(0, 2, 5))
@click.argument("duration", required=False, callback=seconds)
def pause(shell: Shell, *, duration: float | None) -> None:
    """Let the daemon rest, at once, for a time such as 30m, 2h or 1d.

    Without DURATION it rests until `figsync resume`.  Transfers that are under way
    are parked and go on where they stopped.  The pause outlives a restart of the
    daemon, and holds for `figsync sync --scheduled` as well; a `figsync sync` by
    hand syncs all the same.
    """
    until = None if duration is None else shell.clock.now() + duration
    words = {} if until is None else {"until": repr(until)}
    call = call_daemon(shell)
    if call is not None:
        if not _asked(call, words):
            say("What is under way comes to its end first; figsync pauses then.")
            return
    elif is_left(said := ask(shell, "pause", **words)):
        say(said)
        return
    ends = f" until {when_text(until)}" if until is not None else ""
    say(f"Paused{ends}; `figsync resume` ends it.")


def _asked(call: Call, words: dict[str, str]) -> bool:
    """Have the daemon pause; return whether it did so already.

    A request that is under way to Figshare is not given up, and may take its time.
    """
    call.limit(PATIENCE)
    try:
        with call:
            call.answer("pause", **words)
    except OutOfTime:
        return False
    return True
