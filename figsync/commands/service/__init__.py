"""`figsync service`: figsync as a service of systemd, put in place and taken away."""

from __future__ import annotations

import os
from pathlib import Path

import click

from figsync.commands.codes import MEANINGS
from figsync.commands.service.facts import (
    Service,
    check_access,
    of_person,
    of_system,
    unit_name,
)
from figsync.commands.service.systemd import Systemd
from figsync.commands.service.unit import MARK
from figsync.commands.shell import Shell, Verb, verb, verbs
from figsync.commands.show import say
from figsync.config import write_private
from figsync.errors import FigsyncError, WrongUsage
from figsync.naming import shown

LAST_LINES = 5
LINGERS = Path("/var/lib/systemd/linger")
_KNOWN = (
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "ActiveEnterTimestamp",
    "StatusText",
    "Result",
    "ExecMainStatus",
)


def _which(function: Verb) -> Verb:
    """Add the options that say which service is meant."""
    named = click.option("--name", default="", help="One of several, by its name.")
    told = "A service of the whole system, from its start on."
    return named(
        click.option("--system", "is_system", is_flag=True, help=told)(function)
    )


@verbs(example="figsync service install\nfigsync service status", codes=(1, 2))
def service(context: click.Context) -> None:
    """Have systemd run figsync: install, uninstall, status."""
    if context.invoked_subcommand is None:
        context.invoke(status)


@verb(
    example="figsync service install\nfigsync service install --name lab\n"
    "sudo figsync service install --system --config /etc/figsync/config.ini",
    codes=(1, 2),
)
@_which
@click.option("--run-as", default="", metavar="USER", help="Whose mirror it is.")
@click.option("--print", "only_print", is_flag=True, help="Print the unit, no more.")
def install(
    shell: Shell, *, is_system: bool, name: str, run_as: str, only_print: bool
) -> None:
    """Write a unit for systemd, and start it, now and always.

    It is for the configuration in use.  With --name NAME it is one of several, and
    its configuration is NAME.ini, unless --config names another; with --system both
    are in /etc/figsync, and it runs as the owner of the mirror's folder.

    Installing again starts it with a changed configuration, token or figsync.
    """
    if run_as and not is_system:
        raise WrongUsage("--run-as", "it is for --system alone", "add --system")
    found = of_system(shell, name, run_as) if is_system else of_person(shell, name)
    if only_print:
        say(found.unit.text.rstrip("\n"))
        return
    if is_system:
        _need_root()
        check_access(found)
    put_in_place(found, Systemd(is_system, shell.environ))


@verb(example="figsync service uninstall --name lab", codes=(1, 2))
@_which
def uninstall(shell: Shell, *, is_system: bool, name: str) -> None:
    """Stop the service and take its unit away; all else stays."""
    if is_system:
        _need_root()
    take_away(unit_name(name), Systemd(is_system, shell.environ))


@verb(example="figsync service status", codes=(1, 2))
@_which
def status(shell: Shell, *, is_system: bool = False, name: str = "") -> None:
    """Tell whether the service runs, since when, and what it said last."""
    for line in story(unit_name(name), Systemd(is_system, shell.environ)):
        say(shown(line))


service.add_command(install, "install")
service.add_command(uninstall, "uninstall")
service.add_command(status, "status")


def put_in_place(found: Service, systemd: Systemd) -> None:
    """Write the unit and start it; a unit of somebody else is never overwritten."""
    path = systemd.folder / found.unit_name
    text = found.unit.text
    systemd.ask("systemctl", "--version")
    _check_own(path)
    # Asked before too: no unit is left for a manager that can not be reached.
    systemd.control("daemon-reload")
    write_private(path, text, replace=True)
    path.chmod(0o644)
    say(f"Wrote {shown(str(path))}.")
    systemd.control("daemon-reload")
    systemd.control("enable", found.unit_name)
    try:
        systemd.control("restart", found.unit_name)
    except FigsyncError as problem:
        raise _not_started(found.unit_name, systemd, problem) from problem
    root = shown(str(found.config.mirror.root))
    say(f"{found.unit_name} is enabled and runs; its mirror is {root}.")
    if not systemd.is_system and not _lingers(systemd):
        say("It ends when you log out; `loginctl enable-linger` lets it run always.")


def take_away(name: str, systemd: Systemd) -> None:
    """Stop and disable the unit and remove its file, if figsync wrote it."""
    path = systemd.folder / name
    systemd.ask("systemctl", "--version")
    if not path.exists():
        say(f"{name} is not installed.")
        return
    _check_own(path)
    systemd.control("disable", "--now", name)
    path.unlink()
    systemd.control("daemon-reload")
    # A failure that is remembered would list a unit that is not there.
    systemd.ask("systemctl", "reset-failed", name)
    say(f"Stopped {name} and removed {shown(str(path))}.")
    say("The mirror, the configuration, the token and the state stay as they are.")


def story(name: str, systemd: Systemd) -> list[str]:
    """Return how the unit is, in a line, and below it what it said last."""
    known = systemd.properties(name, *_KNOWN)
    if not known["LoadState"]:
        # Whoever gives no answer may say why not.
        systemd.control("show", name)
    if known["LoadState"] in ("not-found", ""):
        return [f"{name}: not installed; `figsync service install` does it"]
    since = known["ActiveEnterTimestamp"]
    how = known["ActiveState"]
    if how == "active" and since:
        how = f"active since {since}"
    if how == "failed":
        how = f"failed{_cause(known)}"
    said = f": {known['StatusText']}" if known["StatusText"] else ""
    line = f"{name}: {known['UnitFileState'] or 'not enabled'}, {how}{said}"
    return [line, *(f"  {line}" for line in systemd.last_lines(name, LAST_LINES))]


def _cause(known: dict[str, str]) -> str:
    code = known["ExecMainStatus"]
    if known["Result"] == "exit-code" and code.isdecimal():
        return f" with exit code {code}: {MEANINGS.get(int(code), 'unknown')}"
    return f" ({known['Result']})"


def _not_started(name: str, systemd: Systemd, problem: FigsyncError) -> FigsyncError:
    said = systemd.last_words(name) or problem.cause
    remedy = "mend that and install it again, or `figsync service uninstall`"
    return FigsyncError(name, f"it is installed, but did not start ({said})", remedy)


def _check_own(path: Path) -> None:
    """Raise WrongUsage if somebody else wrote what is at *path*."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError:
        text = ""
    if not text.startswith(MARK):
        cause = "figsync did not write the unit that is there"
        raise WrongUsage(str(path), cause, "move it away, or choose another --name")


def _need_root() -> None:
    if os.geteuid() != 0:
        remedy = "put sudo before it, or leave --system out"
        raise WrongUsage("--system", "only root can change services of it", remedy)


def _lingers(systemd: Systemd) -> bool:
    return (LINGERS / systemd.environ.get("USER", "")).is_file()
