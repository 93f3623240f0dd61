"""`figsync conflicts`: files that both sides changed, and which version wins."""

from __future__ import annotations

import click

from figsync.commands.asking import ask, open_state
from figsync.commands.shell import Shell, verb, verbs
from figsync.commands.show import path_text, plural, say, table, when_text

_EXAMPLE = 'figsync conflicts keep local "Soil cores/cores.csv"'


@verbs(example=f"figsync conflicts\n{_EXAMPLE}", codes=(2, 5))
def conflicts(context: click.Context) -> None:
    """Show files that both sides changed, or choose a version.

    The version of Figshare has the file's name; the local one lies beside it as
    "name (conflict DATE TIME).ext" and is not uploaded until you decide.
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@verb(example="figsync conflicts list", codes=(2,))
def show(shell: Shell) -> None:
    """Show the conflicts that wait for a decision."""
    with open_state(shell) as state:
        rows = state.decisions.conflicts()
    if not rows:
        say("There is no conflict.")
        return
    found = [
        (path_text(c.folder, c.path), path_text(c.folder, c.copy), when_text(c.since))
        for c in rows
    ]
    table(("File, as on Figshare", "Local version", "Since"), found)
    say(f"{plural(len(rows), 'conflict')}: `figsync conflicts keep local|remote|both`")


@verb(example=_EXAMPLE, codes=(2, 5))
@click.argument("which", type=click.Choice(["local", "remote", "both"]))
@click.argument("path")
def keep(shell: Shell, *, which: str, path: str) -> None:
    """Resolve the conflict of PATH, the file or its copy.

    local puts the copy in the file's place, remote puts the copy into the trash,
    both gives the copy an ordinary name.
    """
    say(ask(shell, "conflicts keep", which=which, path=shell.in_mirror(path)))


conflicts.add_command(show, "list")
conflicts.add_command(keep, "keep")
