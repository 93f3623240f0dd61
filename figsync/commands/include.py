"""`figsync include`: mirror an item with its files."""

from __future__ import annotations

import click

from figsync.commands.asking import ask
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say


@verb(example="figsync include 12345678", codes=(2, 5))
@click.argument("item", metavar="ID")
def include(shell: Shell, *, item: str) -> None:
    """Bring the files of an item that was left out.

    It was excluded, or its record alone was mirrored (new_items = metadata).

    ID is the item's id on Figshare, or the name of its folder.
    """
    say(ask(shell, "include", item=item))
