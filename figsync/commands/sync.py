"""`figsync sync`: bring folder and account to the same state, once."""

from __future__ import annotations

from dataclasses import dataclass

import click

from figsync.clock import boot_id
from figsync.commands import outcome
from figsync.commands.codes import strongest
from figsync.commands.failures import complain
from figsync.commands.progress import line
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say, say_json
from figsync.commands.showing import showing
from figsync.naming import shown
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Silent
from figsync.sync.opening import Means, dry_mirror, owned_mirror
from figsync.sync.telling import Telling, ended


@verb(
    example='figsync sync\nfigsync sync "Soil cores"\nfigsync sync --dry-run',
    codes=(0, 1, 2, 4, 5, 6, 130),
)
@click.argument("folders", nargs=-1, metavar="[FOLDER...]")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("--scheduled", is_flag=True, help="Try what failed only when it is due.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sync(
    shell: Shell,
    *,
    folders: tuple[str, ...],
    dry_run: bool,
    scheduled: bool,
    as_json: bool,
) -> int:
    """Make the mirror root and the Figshare account the same.

    With FOLDERs (names of folders in the root, or ids of items) only those.

    What failed lately is tried again at once, and a host that is left alone after
    failures gets one request. With --scheduled, as the timer of systemd calls it,
    both wait for their time.
    """
    report = Report()
    shell.at_failure = lambda error, code: _failed(
        report, code, error=error if as_json else ""
    )
    wish = _Wish(
        folders=folders,
        dry_run=dry_run,
        scheduled=scheduled,
        shows=not (as_json or shell.quiet),
    )
    with shell.stoppable():
        _run(shell, report, wish)
    if as_json:
        say_json(outcome.as_json(report, report.exit_code))
    else:
        _tell(shell, report)
    return report.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a person or a timer asked for; *shows* says whether somebody looks on."""

    folders: tuple[str, ...]
    dry_run: bool
    scheduled: bool
    shows: bool


def _run(shell: Shell, report: Report, wish: _Wish) -> None:
    opened = dry_mirror if wish.dry_run else owned_mirror
    only = frozenset(_folder(shell, name) for name in wish.folders)
    config, token = shell.config, shell.token
    with showing(is_silent=not wish.shows, is_drawn=not wish.dry_run) as show:
        means = Means(
            token,
            shell.clock,
            progress=Silent() if show is None else Telling(show),
            boot_id=boot_id(),
            calls=shell.calls,
            adapters=shell.adapters,
        )
        with opened(config, means) as mirror:
            sync_until_quiet(
                mirror, Wish(only, retry_now=not wish.scheduled), report=report
            )


def _folder(shell: Shell, name: str) -> str:
    """Return the folder of the root that a person means."""
    return shell.in_mirror(name).rstrip("/")


def _failed(report: Report, code: int, *, error: str) -> int:
    """Tell what was done before it ended badly, and which code stands for all."""
    code = strongest(code, report.exit_code)
    if error:
        say_json(outcome.as_json(report, code, error=error))
    elif report.cycles:
        for told in outcome.page(report):
            say(told)
    return code


def _tell(shell: Shell, report: Report) -> None:
    for planned in report.outcomes:
        if planned.result == "planned" and (told := line(ended(planned))):
            say(told)
    if not shell.quiet or report.exit_code:
        for told in outcome.page(report):
            say(told)
    for name in report.not_found:
        remedy = "name a folder of the mirror, or the id of an item"
        complain(f"{shown(name)}: no folder or item has this name; {remedy}")
