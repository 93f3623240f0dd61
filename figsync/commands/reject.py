"""`figsync reject`: keep held actions from happening."""

from __future__ import annotations

import click

from figsync.commands.asking import ask
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say
from figsync.errors import WrongUsage


@verb(example="figsync held\nfigsync reject 3", codes=(2, 5))
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All that need a person.")
def reject(shell: Shell, *, ids: tuple[str, ...], everything: bool) -> None:
    """Refuse held actions.

    What one side lacks comes back from the other.
    """
    if bool(ids) == everything:
        raise WrongUsage(
            "", "say what to reject", "give numbers of `figsync held`, or --all"
        )
    words = {"ids": " ".join(ids)} if ids else {"all": "yes"}
    say(ask(shell, "reject", **words))
