"""How a call ends badly: one line, one exit code, and a report if it is a bug."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from figsync import __version__
from figsync.commands import codes
from figsync.commands.shell import Shell
from figsync.config import write_private
from figsync.errors import FigsyncError, Interrupted
from figsync.naming import shown

log = logging.getLogger(__name__)

_LIBRARIES = ("click", "requests", "urllib3", "sqlite-utils", "msgspec", "rich")


def guarded(shell: Shell, run: Callable[[], int | None]) -> int:
    """Return the exit code of *run*; whatever it raises becomes one line and a code."""
    try:
        return run() or codes.IN_SYNC
    except (click.Abort, KeyboardInterrupt, Interrupted):
        return _told(shell, "interrupted", codes.INTERRUPTED)
    except click.ClickException as wrong:
        return _told(shell, _usage_line(wrong, shell), codes.WRONG_USAGE)
    except FigsyncError as problem:
        return _told(shell, str(problem), problem.exit_code)
    except Exception as bug:  # the last of the three places where anything is caught
        return _told(shell, _bug_line(shell, bug), codes.BUG)


def _told(shell: Shell, line: str, code: int) -> int:
    """Tell of a failure: to the verb, which may know more, and on standard error."""
    if shell.at_failure is not None:
        code = shell.at_failure(line, code)
    if shell.is_daemon:
        # Its reader is the journal or a program: in the form of the log.
        log.error("%s", line)
    else:
        complain(line)
    return code


def complain(line: str) -> None:
    """Print one line on standard error, with nothing that a screen could obey."""
    click.echo(f"figsync: {shown(' '.join(line.split()))}", err=True)


def _usage_line(wrong: click.ClickException, shell: Shell) -> str:
    verb = f"figsync {shell.verb}".rstrip()
    said = wrong.format_message().rstrip(".?")
    return f"{said}; see `{verb} --help`"


def _bug_line(shell: Shell, bug: Exception) -> str:
    report = _write_report(shell, bug)
    where = f"please report it with {report}" if report else "please report it"
    return f"a bug in figsync ({type(bug).__name__}); nothing was lost; {where}"


def _write_report(shell: Shell, bug: Exception) -> Path | None:
    """Write what a developer needs into a file; None if there is no place for it."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        path = _state_folder(shell) / f"bug-{stamp}-{os.getpid()}.txt"
        text = _without_secrets(shell, _report(shell, bug))
        write_private(path, text.encode("utf-8", "backslashreplace").decode())
    except (OSError, FigsyncError):
        return None
    return path


def _state_folder(shell: Shell) -> Path:
    try:
        return shell.config.database.parent
    except FigsyncError:
        from platformdirs import user_state_path

        return user_state_path("figsync")


def _report(shell: Shell, bug: Exception) -> str:
    import platform
    import traceback

    lines = [
        f"figsync {__version__}, verb {shell.verb or '(none)'}",
        f"Python {platform.python_version()} on {platform.platform()}",
        *(f"{name} {_version(name)}" for name in _LIBRARIES),
        "",
        *traceback.format_exception(bug),
    ]
    return "\n".join(lines)


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "is missing"


def _without_secrets(shell: Shell, text: str) -> str:
    """Return *text* without the token and without what addresses carry of secrets."""
    from figsync.figshare.answers import without_secrets

    for secret in ("", *shell.secrets()):
        text = without_secrets(text, token=secret)
    return re.sub(r"(?i)(authorization\W+(?:token|bearer)\s+)\S+", r"\1…", text)
