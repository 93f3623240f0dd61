"""`figsync sync`: bring folder and account to the same state, once."""

from __future__ import annotations

from dataclasses import dataclass

import click

from figsync.clock import boot_id
from figsync.commands import outcome
from figsync.commands.by_daemon import asked_sync, tell_asked
from figsync.commands.codes import IN_SYNC, INTERRUPTED, strongest
from figsync.commands.daemon_call import Call, call_daemon
from figsync.commands.failures import complain
from figsync.commands.paused import pause_on, paused_line
from figsync.commands.progress import line
from figsync.commands.shell import Shell, verb
from figsync.commands.show import say, say_json
from figsync.commands.showing import showing
from figsync.sync.activity import Pause
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
    failures gets one request. With --scheduled, for cron, both wait for their time; and
    nothing is done while figsync is paused.

    While a daemon keeps the mirror it is asked to sync, and how it goes is shown
    here; Ctrl-C ends only the showing.
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
    if scheduled and not dry_run and (pause := pause_on(shell)):
        return _paused(shell, pause, as_json=as_json)
    if not dry_run and (call := call_daemon(shell)):
        return _ask(shell, call, wish, as_json=as_json)
    with shell.stoppable():
        _run(shell, report, wish)
    if as_json:
        say_json(outcome.as_json(report, report.exit_code))
    else:
        _tell(shell, report)
    return report.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What a person or cron asked for; *shows* says whether somebody looks on."""

    folders: tuple[str, ...]
    dry_run: bool
    scheduled: bool
    shows: bool


def _paused(shell: Shell, pause: Pause, *, as_json: bool) -> int:
    """Say why a scheduled sync does nothing."""
    if as_json:
        say_json(outcome.as_json(Report(), IN_SYNC) | {"paused": True})
    elif not shell.quiet:
        say(paused_line(pause))
    return IN_SYNC


def _ask(shell: Shell, call: Call, wish: _Wish, *, as_json: bool) -> int:
    """Have the running daemon sync, and show how it goes as if it were here."""
    only = frozenset(_folder(shell, name) for name in wish.folders)
    before = shell.at_failure
    assert before is not None

    def goes_on(error: str, code: int) -> int:
        if code == INTERRUPTED:
            complain("the daemon goes on with it")
        return before(error, code)

    shell.at_failure = goes_on
    with call, showing(is_silent=not wish.shows, is_drawn=True) as show:
        told = asked_sync(call, show, only=only, scheduled=wish.scheduled)
    return tell_asked(told, as_json=as_json, is_quiet=shell.quiet)


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
            scheduled = wish.scheduled
            asked = Wish(only, retry_now=not scheduled, yields=scheduled)
            sync_until_quiet(mirror, asked, report=report)


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
    for complaint in outcome.complaints(report):
        complain(complaint)
