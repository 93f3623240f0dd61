"""`figsync trash`: what figsync removed or replaced, and the way back."""

from __future__ import annotations

import click

from figsync.commands.asking import ask, in_mirror
from figsync.commands.shell import Shell, verb, verbs
from figsync.commands.show import path_text, plural, say, size_text, table, when_text
from figsync.disk import Disk

_EXAMPLE = 'figsync trash restore "Soil cores/cores.csv"'


@verbs(example=f"figsync trash\n{_EXAMPLE}", codes=(2, 5))
def trash(context: click.Context) -> None:
    """Show what was removed or replaced, or bring it back."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@verb(example="figsync trash list", codes=(2,))
def show(shell: Shell) -> None:
    """Show the files in the trash, oldest first."""
    disk = Disk(shell.config.mirror.root, clock=shell.clock)
    files = disk.trash_list() if disk.own_path("trash").is_dir() else []
    if not files:
        say("The trash is empty.")
        return
    rows = [(when_text(f.when), size_text(f.size), path_text(f.id)) for f in files]
    table(("Since", "Size", "In the trash as"), rows)
    say(f"{plural(len(files), 'file')}: `figsync trash restore PATH` brings one back")


@verb(example=_EXAMPLE, codes=(2, 5))
@click.argument("path")
def restore(shell: Shell, *, path: str) -> None:
    """Bring the newest file of PATH back, or exactly one that the list names.

    Nothing is overwritten: where the name is taken, it gets "(restored)".

    The trash has what figsync removed or replaced here, and needs no network.
    What you deleted yourself comes back from Figshare: `figsync restore`.
    """
    say(ask(shell, "trash restore", path=in_mirror(shell, path)))


trash.add_command(show, "list")
trash.add_command(restore, "restore")
