"""`figsync exclude`: stop mirroring an item."""

from __future__ import annotations

import click

from figsync.commands.asking import ask
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say


@verb(example="figsync exclude 12345678", codes=(2, 5))
@click.argument("item", metavar="ID")
def exclude(shell: Shell, *, item: str) -> None:
    """Stop mirroring an item; nothing on Figshare changes.

    Its synced files go to the trash, what was not synced stays in its folder.
    ID is the item's id on Figshare, or the name of its folder.
    """
    say(ask(shell, "exclude", item=item))
