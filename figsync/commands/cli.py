"""The command line: every verb by name, loaded only when it is used."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from figsync import __version__
from figsync.commands.codes import MEANINGS
from figsync.commands.failures import guarded
from figsync.commands.logs import listening
from figsync.commands.shell import Shell, common_options, interrupt, signals
from figsync.errors import WrongUsage

VERBS = (
    "init",
    "sync",
    "run",
    "status",
    "pause",
    "resume",
    "wait",
    "history",
    "why",
    "held",
    "approve",
    "reject",
    "conflicts",
    "restore",
    "trash",
    "include",
    "exclude",
    "verify",
    "rebuild",
    "doctor",
    "service",
    "sandbox",
    "demo",
)


class Figsync(click.Group):
    """The group of all verbs, with one way to end in an error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in VERBS:
            return None
        found = getattr(import_module(f"figsync.commands.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in VERBS:
            raise _unknown_verb(args[0])
        ctx.ensure_object(Shell).verb = args[0]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # Any: click's own
        """Run the verb; being interrupted is told once, by `guarded`.

        For a KeyboardInterrupt click itself would print an empty line before it.
        """
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.Abort from None

    def main(  # type: ignore[override]  # the process always ends here
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,  # what click's own runner passes on
    ) -> None:
        """Run one verb and end the process with its exit code."""
        shell = extra.get("obj") or Shell()
        extra |= {"standalone_mode": False, "obj": shell}
        base = super().main

        def run() -> int | None:
            code: int | None = base(args, prog_name or "figsync", **extra)
            return code

        _never_fail_to_print()
        with signals(interrupt), listening(shell):
            code = guarded(shell, run)
        sys.exit(code)


def _unknown_verb(name: str) -> WrongUsage:
    close = get_close_matches(name, VERBS, n=1)
    meant = f"did you mean `figsync {close[0]}`? " if close else ""
    remedy = f"{meant}`figsync --help` lists all verbs"
    return WrongUsage("", f"there is no verb {name!r}", remedy)


def _never_fail_to_print() -> None:
    """Show what the terminal's encoding lacks in escapes, whatever names hold."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def _epilog() -> str:
    codes = (f"  {code:<4} {meaning}" for code, meaning in sorted(MEANINGS.items()))
    text = ["\b", "Exit codes:", *codes, ""]
    text.append(
        "When several apply, the first of 130, 3, 2, 5, 6, 4, 1, 0 wins; verbs that"
        " only report return 0, `verify` and `wait` aside. Begin with `figsync demo`,"
        " then `figsync init`, whose --help lists every key of the configuration."
    )
    return "\n".join(text)


@click.group(
    cls=Figsync,
    invoke_without_command=True,
    epilog=_epilog(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="figsync", message="%(prog)s %(version)s")
@click.pass_context
def figsync(context: click.Context) -> None:
    """Keep a folder on this computer and a Figshare account the same."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


figsync.params += common_options()
