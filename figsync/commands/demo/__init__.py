"""`figsync demo`: the whole loop on a sandbox, each step checked by checksum."""

from __future__ import annotations

import click
from rich.console import Console

from figsync.commands.codes import IN_SYNC, INTERRUPTED, UNFINISHED
from figsync.commands.demo.ending import next_steps, playground, summary
from figsync.commands.demo.stage import Stage, StepFailed, staged
from figsync.commands.demo.story import SCENES
from figsync.commands.shell import Shell, verb
from figsync.errors import FigsyncError, Interrupted

A_DAY = 24 * 3600.0
# What a scene may stumble over when the mirror is not as it should be.
STUMBLES = (FigsyncError, LookupError, OSError, StopIteration)


@verb(
    example="figsync demo\nfigsync demo --keep",
    codes=(IN_SYNC, UNFINISHED, INTERRUPTED),
)
@click.option("--keep", is_flag=True, help="Keep server and folders until Ctrl-C.")
def demo(shell: Shell, keep: bool) -> int:
    """Show the whole loop on a Figshare of its own, each step checked.

    It needs no account, takes some seconds, touches none of your folders and leaves
    nothing behind. A step that is not as it should be ends it with exit code 1.
    """
    console = Console(highlight=False, quiet=shell.quiet)
    with shell.stoppable(), staged(shell.clock, console) as stage:
        play(stage)
        if keep:
            _tell(console, ["", *playground(stage, shell.environ)])
            while not shell.clock.wait(A_DAY):
                pass
    _tell(console, ["", *next_steps()])
    return IN_SYNC


def play(stage: Stage) -> None:
    """Play all scenes; StepFailed, naming the step, if one is not as it should be."""
    begun = stage.clock.monotonic()
    for number, (title, scene) in enumerate(SCENES, start=1):
        stage.step = title
        stage.console.print(f"\n[bold]{number}  {title}[/]")
        try:
            scene(stage)
        except (StepFailed, Interrupted):
            raise
        except STUMBLES as problem:
            cause = f"{type(problem).__name__}: {problem}"
            raise StepFailed(title, cause) from problem
    taken = stage.clock.monotonic() - begun
    _tell(stage.console, ["", summary(stage, taken)])


def _tell(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
