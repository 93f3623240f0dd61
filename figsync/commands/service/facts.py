"""What a service is to be: whose mirror, whose user, which paths it may change."""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from figsync.commands.service.unit import Unit, rest, word
from figsync.commands.shell import Shell
from figsync.config import Config, load_config, token_file_problem
from figsync.config.places import SERVICES, default_config, default_database, home
from figsync.errors import WrongUsage
from figsync.naming import shown

SYSTEM_CONFIGS = Path("/etc/figsync")
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_PRIVATE_TMP = (Path("/tmp"), Path("/var/tmp"))


@dataclass(frozen=True, slots=True)
class Service:
    """One service: the unit's file name, its content, and the mirror it is for."""

    unit_name: str
    unit: Unit
    config: Config


def unit_name(name: str) -> str:
    """Return the file name of the unit of this name; WrongUsage if it can be none."""
    if not name:
        return "figsync.service"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        right = "write letters, digits, dots, hyphens and underscores"
        raise WrongUsage(f"--name {shown(name)}", "it can not name a service", right)
    return f"figsync@{name}.service"


def of_person(shell: Shell, name: str) -> Service:
    """Return the service of the person who calls; WrongUsage says what is missing."""
    unit = unit_name(name)
    folder = default_config(shell.environ).parent
    known = {"HOME": str(home(shell.environ))}
    # What a person set for the places of files, a service has to be told.
    if state := shell.environ.get("XDG_STATE_HOME"):
        known["XDG_STATE_HOME"] = state
    config = _config(shell, name, folder, known)
    environment = (f"{key}={value}" for key, value in known.items() if key != "HOME")
    filled = Unit(
        executable=executable(),
        config=word(config.path, is_argument=True),
        token=_token(config, known),
        environment=" ".join(word(setting) for setting in environment),
    )
    return Service(unit, filled, config)


def of_system(shell: Shell, name: str, run_as: str) -> Service:
    """Return a service of the system; WrongUsage says what is missing.

    It runs as the user *run_as*, or as the one whose the mirror root is.
    """
    unit = unit_name(name)
    if not run_as:
        # Whose home `~` means is not known before: such a root has no owner yet.
        homeless = _config(shell, name, SYSTEM_CONFIGS, {"HOME": "/nonexistent"})
        run_as = _owner(homeless.mirror.root)
    user = _user(run_as)
    known = {"HOME": user.pw_dir}
    config = _config(shell, name, SYSTEM_CONFIGS, known)
    if config.account.token_keyring:
        cause = "a keyring is open to a person alone, not to a service of the system"
        raise WrongUsage(str(config.path), cause, "save the token as token_file")
    root, database = _seen(_there(config.mirror.root)), config.database
    _seen(config.path)
    own = SERVICES / unit.removesuffix(".service")
    is_own = database == default_database(config.path, known) and (
        not database.exists() or database.is_relative_to(own)
    )
    writable = [root] if is_own else [root, _there(database.parent)]
    filled = Unit(
        executable=executable(),
        config=word(config.path, is_argument=True),
        token=_token(config, known),
        user=word(user.pw_name),
        writable=" ".join(word(path) for path in writable),
        state="figsync/%N" if is_own else "",
        home=_protect_home(config.path, Path(sys.executable), *writable),
    )
    return Service(unit, filled, config)


def executable() -> str:
    """Return how this figsync is started, in words of a unit file."""
    started = Path(sys.argv[0]).absolute()
    if started.name == "figsync" and os.access(started, os.X_OK):
        return word(started)
    return f"{word(Path(sys.executable).absolute())} -P -m figsync"


def check_access(service: Service) -> None:
    """Raise WrongUsage if the user of a service of the system lacks a right."""
    user = _user(service.unit.user.strip('"'))
    rights = (
        ("-r", service.config.path, "read"),
        ("-w", service.config.mirror.root, "change"),
        ("-x", Path(sys.executable), "run"),
    )
    for test, path, what in rights:
        if not _may(user, test, path):
            cause = f"the user {user.pw_name} can not {what} it"
            remedy = "change whose it is, or name another user with --run-as"
            raise WrongUsage(str(path), cause, remedy)


def _may(user: pwd.struct_passwd, test: str, path: Path) -> bool:
    done = subprocess.run(
        ["/usr/bin/test", test, path],
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=os.getgrouplist(user.pw_name, user.pw_gid),
        check=False,
    )
    return done.returncode == 0


def _config(shell: Shell, name: str, folder: Path, known: Mapping[str, str]) -> Config:
    """Return the configuration as a service with this environment reads it.

    That is the one that was given, else NAME.ini in the *folder*.
    """
    variable = "" if name else shell.environ.get("FIGSYNC_CONFIG")
    is_given = shell.config_option or variable
    path = shell.config_path if is_given else folder / f"{name or 'config'}.ini"
    load_config(path, {**shell.environ, **known})
    try:
        return load_config(path, known)
    except WrongUsage as wrong:
        cause = f"in a service {wrong.cause}"
        raise WrongUsage(wrong.subject, cause, "write the path out") from wrong


def _token(config: Config, known: Mapping[str, str]) -> str:
    """Return where systemd reads the token, "" where figsync asks a keyring."""
    file = config.account.token_file
    if file is None and config.account.token_keyring:
        return ""
    file = file or config.path.with_suffix(".token")
    if problem := token_file_problem(file, known):
        cause = f"a service takes the token from a file, but of this one {problem}"
        raise WrongUsage(str(file), cause)
    return rest(file)


def _seen(path: Path) -> Path:
    """Return *path* without links; WrongUsage if a service has its own folder there."""
    path = path.resolve()
    if any(path.is_relative_to(place) for place in _PRIVATE_TMP):
        cause = "a service of the system does not see this place"
        raise WrongUsage(str(path), cause, "choose one that outlives a restart")
    return path


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        remedy = "make it, and give it to the user of the service"
        raise WrongUsage(str(folder), "there is no such folder", remedy)
    return folder


def _owner(root: Path) -> str:
    remedy = "name the user of the service with --run-as"
    if not root.is_dir():
        raise WrongUsage(str(root), "there is no such folder, and so no owner", remedy)
    if root.stat().st_uid == 0:
        raise WrongUsage(str(root), "it belongs to root", remedy)
    return root.owner()


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError as exc:
        cause = "there is no such user on this machine"
        raise WrongUsage(f"--run-as {shown(name)}", cause, "name another") from exc


def _protect_home(*paths: Path) -> str:
    """Return what ProtectHome may be for a service that needs these paths."""
    needed = (*paths, Path(sys.prefix), Path(sys.base_prefix))
    is_home = any(p.is_relative_to(place) for p in needed for place in _HOMES)
    return "read-only" if is_home else "yes"
