"""`figsync resume`: go on after a pause."""

from __future__ import annotations

from figsync.commands.asking import ask
from figsync.commands.daemon_call import call_daemon
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say


@verb(example="figsync resume", codes=(0, 2, 5))
def resume(shell: Shell) -> None:
    """End the pause: the daemon catches up at once."""
    call = call_daemon(shell)
    if call is None:
        say(ask(shell, "resume"))
        return
    with call:
        was_paused = call.answer("resume").get("was_paused")
    say("Resumed." if was_paused else "It was not paused.")
