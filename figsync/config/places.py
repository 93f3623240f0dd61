"""Where files are by default, and paths with `~` and variables expanded."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from figsync.config.kinds import Wrong, said

# Where a service of the system has its state: $STATE_DIRECTORY is a folder in it.
SERVICES = Path("/var/lib/figsync")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})")


def expand(text: str, base: Path, environ: Mapping[str, str]) -> Path:
    """Return the absolute path *text* means; relative ones begin at *base*.

    `~` and variables are expanded; Wrong if one is not set.
    """
    if text[0] in "\"'" and text[-1] == text[0]:
        raise Wrong("quotation marks would be part of the path", "leave them out")
    if "\0" in text:
        raise Wrong("it has a NUL character", "write a path")
    path = Path(_VARIABLE.sub(lambda match: _value(match, environ), text))
    if path.parts[:1] == ("~",):
        path = home(environ) / Path(*path.parts[1:])
    elif path.parts and path.parts[0].startswith("~"):
        path = _home_of_another(path)
    return Path(_without_dots(base / path))


def _value(match: re.Match[str], environ: Mapping[str, str]) -> str:
    name = match[1] or match[2]
    if not environ.get(name):
        raise Wrong(f"the variable {name} is not set", "set it, or write the path out")
    return environ[name]


def _home_of_another(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as exc:
        raise Wrong(f"there is no {said(path.parts[0])}", "write the path out") from exc


def _without_dots(path: Path) -> Path:
    """Return *path* without `x/..`, as one reads it, no link followed."""
    parts: list[str] = []
    for part in path.parts[1:]:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return Path(path.anchor, *parts)


def home(environ: Mapping[str, str]) -> Path:
    """Return the home folder; Wrong if nobody knows it."""
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return Path.home()
    except RuntimeError as exc:
        raise Wrong(
            "there is no home folder", "set HOME, or write the path out"
        ) from exc


def default_config(environ: Mapping[str, str]) -> Path:
    """Return where the configuration is when nobody says."""
    folder = _xdg("XDG_CONFIG_HOME", environ) or platformdirs.user_config_path()
    return folder / "figsync" / "config.ini"


def default_database(
    config: Path, environ: Mapping[str, str], *, services: Path = SERVICES
) -> Path:
    """Return the database of the configuration file *config*, one for each.

    It is below $STATE_DIRECTORY, else where a service of the system has one already,
    so that a verb called by hand sees what the service does, else at home.
    """
    resolved = config.resolve()
    digest = hashlib.sha256(bytes(resolved)).hexdigest()[:8]
    name = f"{resolved.stem}-{digest}/state.db"
    # systemd names several folders with colons; the first one is ours.
    given = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given) / name
    for folder in sorted(services.glob("*")):
        if os.access(folder / name, os.F_OK):
            return folder / name
    state = _xdg("XDG_STATE_HOME", environ) or platformdirs.user_state_path()
    return state / "figsync" / name


def _xdg(name: str, environ: Mapping[str, str]) -> Path | None:
    # The XDG specification: a relative path is invalid and to be ignored.
    given = environ.get(name, "")
    return Path(given) if given.startswith("/") else None
