"""`figsync why`: what decides the fate of a path."""

from __future__ import annotations

import click

from figsync.clock import boot_id
from figsync.commands import reasons
from figsync.commands.asking import NO_TOKEN, in_mirror
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say, say_json
from figsync.errors import WrongUsage
from figsync.naming import shown
from figsync.sync.inquiry import inquire
from figsync.sync.opening import Means, dry_mirror
from figsync.sync.why import explain


@verb(
    example='figsync why "Soil cores/cores.csv"\nfigsync why "Soil cores"', codes=(2,)
)
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def why(shell: Shell, *, path: str, as_json: bool) -> None:
    """Explain what figsync does about PATH, or why it does nothing.

    PATH is a file, an item folder or a folder in it, here or only on Figshare, gone
    or ignored.  The folder is looked at now; Figshare is not asked: what it said
    last is shown with its time.  Nothing is changed on either side.
    """
    place = in_mirror(shell, path)
    if place.startswith(("/", "..")) or place in ("", "."):
        cause = "it is not a path below the mirror root"
        raise WrongUsage(shown(path), cause, f"the root is {shell.config.mirror.root}")
    means = Means(NO_TOKEN, shell.clock, boot_id=boot_id())
    with dry_mirror(shell.config, means, counted=True) as mirror:
        found = inquire(mirror, place)
    said = explain(found.subject)
    if as_json:
        say_json(reasons.as_json(found, said))
        return
    for line in reasons.page(found, said):
        say(line)
