"""`figsync rebuild`: build the state anew, as if its database had been lost."""

from __future__ import annotations

import sys

import click

from figsync.clock import boot_id
from figsync.commands.asking import never_synced
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say
from figsync.commands.sync import sync
from figsync.errors import WrongUsage
from figsync.sync.opening import Means
from figsync.sync.rebuild import set_state_aside

_NO_TOKEN = "-"
_MORE = """
What stays: every file, conflict copies, the trash, and which items are
excluded or mirrored as a record alone.  Half-sent new files are sent on.
What is forgotten: deletions that wait or are held (such files come back),
what was approved or rejected, the history.
Files that are equal on both sides are recognised by their MD5 and not moved
again; where the two sides differ, both versions stay, as a conflict.
"""


@verb(
    example="figsync rebuild\nfigsync rebuild --yes",
    codes=(0, 1, 2, 4, 5, 6, 130),
    more=_MORE.strip(),
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
def rebuild(shell: Shell, *, yes: bool) -> int:
    """Set the state database aside and build a new one, by a sync.

    Nothing is deleted on either side, and the old database stays beside the new.
    """
    config = shell.config
    if not config.database.exists():
        raise never_synced(config.mirror.root)
    _confirm(str(config.database), yes=yes)
    assert shell.token  # without one nothing is set aside
    means = Means(_NO_TOKEN, shell.clock, boot_id=boot_id())
    aside = set_state_aside(config, means, why="before-rebuild")
    say(f"The database is set aside as {aside}.")
    return int(click.get_current_context().invoke(sync))


def _confirm(database: str, *, yes: bool) -> None:
    """Go on only with somebody's word; click.Abort if that is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUsage(database, "there is nobody to ask", "give --yes to rebuild it")
    question = "Forget what is remembered, and compare everything anew?"
    click.confirm(question, abort=True)
