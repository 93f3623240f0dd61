"""`figsync approve`: let held actions happen."""

from __future__ import annotations

import click

from figsync.commands.asking import ask
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say
from figsync.errors import WrongUsage


@verb(
    example="figsync held\nfigsync approve 3 4\nfigsync approve --all",
    codes=(2, 5),
)
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All that need a person.")
@click.option(
    "--scope",
    is_flag=True,
    help="The root, the rules and the direction as they are now: deletions go on.",
)
def approve(
    shell: Shell, *, ids: tuple[str, ...], everything: bool, scope: bool
) -> None:
    """Let held actions happen.

    Exactly what `figsync held` shows is approved, nothing that comes later.
    """
    if [bool(ids), everything, scope].count(True) != 1:
        raise WrongUsage(
            "", "say what to approve", "give numbers of `figsync held`, or --all"
        )
    words = {"ids": " ".join(ids)} if ids else {"all": "yes"}
    say(ask(shell, "approve", **({"scope": "yes"} if scope else words)))
