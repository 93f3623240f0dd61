"""`figsync wait`: until everything here is safe on Figshare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import click
import msgspec

from figsync.clock import boot_id
from figsync.commands.asking import open_state
from figsync.commands.by_daemon import shown_call
from figsync.commands.codes import IN_SYNC, NEEDS_PERSON
from figsync.commands.daemon_call import Call, OutOfTime, Told, call_daemon
from figsync.commands.durations import seconds
from figsync.commands.paused import pause_on
from figsync.commands.shell import Shell, is_terminal, verb
from figsync.commands.show import iso, path_text, plural, say, say_json, when_text
from figsync.commands.showing import showing
from figsync.disk import Disk
from figsync.errors import FigshareProblem, WrongUsage
from figsync.naming import shown
from figsync.sync.engine import Wish
from figsync.sync.leftover import left_out, pending_after, pending_in
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.opening import Means, dry_mirror
from figsync.sync.pending import Pending

MOST_LINES = 100
AT_WORK = "the running figsync is still at work"


@dataclass(frozen=True, slots=True)
class _Found:
    """What is not proven on Figshare, and what can not go there, with the reasons."""

    pending: Sequence[Pending]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        return NEEDS_PERSON if self.pending else IN_SYNC


@verb(
    example="figsync wait --idle --timeout 30m && systemctl poweroff",
    codes=(0, 2, 4, 130),
    more="0 here: all is proven.  4 here: something is not, and is listed.",
)
@click.option("--idle", is_flag=True, help="Until everything is proven on Figshare.")
@click.option(
    "--timeout", metavar="DURATION", callback=seconds, help="Give up after this time."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def wait(shell: Shell, *, idle: bool, timeout: float | None, as_json: bool) -> int:
    """Tell when this computer can be switched off without a byte being only on it.

    The running daemon is asked for a sync that begins now, and for further ones until
    everything that can go to Figshare is proven there, or what is left needs a
    person. Without a daemon, or while it is paused, it is looked up once what a sync
    would have to do.

    Files that Figshare can not take are named, and change nothing.
    """
    if not idle:
        raise WrongUsage("", "say what to wait for", "`figsync wait --idle`")
    found = _waited(shell, timeout, is_silent=as_json or shell.quiet)
    if as_json:
        say_json(_as_json(found))
    elif found.pending or not shell.quiet:
        _tell(found)
    return found.code


def _waited(shell: Shell, timeout: float | None, *, is_silent: bool) -> _Found:
    if pause_on(shell) is None and (call := call_daemon(shell)):
        if timeout is not None:
            call.limit(timeout)
        told = _asked(shell, call, is_silent=is_silent or not is_terminal())
        if not told.get("paused"):
            return _found(told)
    return _looked_up(shell)


def _asked(shell: Shell, call: Call, *, is_silent: bool) -> Told:
    """Wait for the daemon; return the last that it told of what is left."""
    last: Told = {}
    try:
        with call, showing(is_silent=is_silent, is_drawn=True) as show:
            for told in shown_call(call, show, "wait"):
                last = told if "pending" in told else last
    except OutOfTime:
        return last or _by_state(shell)
    return last


def _by_state(shell: Shell) -> Told:
    disk = Disk(shell.config.mirror.root, clock=shell.clock)
    with open_state(shell) as state:
        return {"pending": pending_in(state, disk, AT_WORK)}


def _found(told: Told) -> _Found:
    return msgspec.convert(told, _Found, from_attributes=True)


def _looked_up(shell: Shell) -> _Found:
    """Plan a sync and carry nothing out: what it would do is what is left."""
    means = Means(
        shell.token,
        shell.clock,
        boot_id=boot_id(),
        calls=shell.calls,
        adapters=shell.adapters,
    )
    report, problem = Report(), None
    with shell.stoppable(), dry_mirror(shell.config, means, counted=True) as mirror:
        try:
            sync_until_quiet(mirror, Wish(), report=report)
        except FigshareProblem as unreached:
            problem = unreached
        return _Found(pending_after(mirror, report, problem), left_out(report))


def _as_json(found: _Found) -> dict[str, object]:
    return {
        "idle": not found.pending,
        "pending": [
            {
                "path": one.path,
                "why": str(one.why),
                "reason": one.reason,
                "until": iso(one.until),
            }
            for one in found.pending
        ],
        "not_uploadable_files": [
            {"path": path, "reason": reason} for path, reason in found.left_out.items()
        ],
        "exit_code": found.code,
    }


def _tell(found: _Found) -> None:
    if not found.pending:
        say("Everything that can go to Figshare is proven there.")
    else:
        count = plural(len(found.pending), "file or folder", "files or folders")
        say(f"{count} not proven on Figshare:")
        _list([_line(one) for one in found.pending])
    if found.left_out:
        say(f"{plural(len(found.left_out), 'file')} can not go to Figshare:")
        _list([f"{path_text(p)}: {shown(why)}" for p, why in found.left_out.items()])


def _line(one: Pending) -> str:
    until = f", until {when_text(one.until)}" if one.until is not None else ""
    subject = f"{path_text(one.path)}: " if one.path else ""
    return f"{one.why}: {subject}{shown(one.reason)}{until}"


def _list(lines: Sequence[str]) -> None:
    for line in lines[:MOST_LINES]:
        say(f"  {line}")
    if len(lines) > MOST_LINES:
        say(f"  and {len(lines) - MOST_LINES:,} more")
