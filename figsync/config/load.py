"""The configuration file into a `Config`, or one line that says what is wrong."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from figsync.config.credentials import systemd_credential, token_file_flaw
from figsync.config.ini import Complaint, Entry, Ini, Place, read_ini
from figsync.config.keys import BY_NAME, KEYS, SECTIONS, Key
from figsync.config.kinds import Wrong, is_loopback, said
from figsync.config.places import default_config, default_database, expand
from figsync.config.values import (
    AccountSettings,
    Config,
    DeletionSettings,
    MetricsSettings,
    MirrorSettings,
    NotificationSettings,
    ScheduleSettings,
    StateSettings,
    TransferSettings,
)
from figsync.errors import WrongUsage

_MAX_BYTES = 1 << 20
_TOKEN_NAMES = ("token", "access_token", "api_token", "api_key", "secret", "password")


def find_config(option: str | None, environ: Mapping[str, str]) -> Path:
    """Return the path of the configuration, whether or not it exists yet.

    It is the option, else FIGSYNC_CONFIG, else figsync/config.ini in the folder of
    the system for configurations.
    """
    given = option or environ.get("FIGSYNC_CONFIG")
    if not given:
        return default_config(environ)
    try:
        return expand(given, Path.cwd(), environ)
    except Wrong as wrong:
        raise WrongUsage(given, wrong.cause, wrong.right) from wrong


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Return what the file says; WrongUsage names file, line, key and remedy."""
    path = path.absolute()
    ini = read_ini(_read(path))
    values, wrong_values = _values(ini, path, environ)
    complaints = [*ini.complaints, *_unknown(ini), *wrong_values]
    if not complaints:
        complaints += _together(ini, values, path, environ)
    if complaints:
        raise _refusal(path, complaints)
    return _config(values, path)


def answer_problem(name: str, text: str, environ: Mapping[str, str]) -> str | None:
    """Return why *text* can not be the value of `section.name`, or None."""
    try:
        _value(BY_NAME[name], text, Path.cwd() / "config.ini", environ)
    except Wrong as wrong:
        return f"{wrong.cause}; {wrong.right}"
    return None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError as exc:
        remedy = "run `figsync init`, or name another file by --config"
        raise WrongUsage(str(path), "there is no configuration", remedy) from exc
    except OSError as exc:
        cause = f"the configuration can not be read ({exc.strerror})"
        raise WrongUsage(str(path), cause, "name another by --config") from exc
    if len(content) > _MAX_BYTES:
        raise WrongUsage(str(path), "it is too long for a configuration")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        subject = f"{path}, line {line}"
        raise WrongUsage(subject, "it is not UTF-8", "save it as UTF-8") from exc


def _unknown(ini: Ini) -> Iterator[Complaint]:
    for section, line in ini.sections.items():
        if section not in SECTIONS:
            right = (
                _meant(section, SECTIONS) or f"the sections are {', '.join(SECTIONS)}"
            )
            yield Complaint(Place(line, section), "there is no such section", right)
    for full_name, entry in ini.entries.items():
        if entry.place.section in SECTIONS and full_name not in BY_NAME:
            yield Complaint(
                entry.place, "there is no such key", _right_key(entry.place)
            )


def _right_key(place: Place) -> str:
    if place.name in _TOKEN_NAMES:
        return "put it in a file of its own (mode 600) and write token_file = PATH"
    elsewhere = [key.section for key in KEYS if key.name == place.name]
    if elsewhere:
        return f"it belongs to [{elsewhere[0]}]"
    names = [key.name for key in KEYS if key.section == place.section]
    return _meant(place.name, names) or f"its keys are {', '.join(names)}"


def _meant(wrong: str, right: Sequence[str]) -> str:
    near = get_close_matches(wrong, right, n=1)
    return f"did you mean {near[0]}?" if near else ""


# Any: each key's kind gives the type that the field of its name has; a test compares.
def _values(
    ini: Ini, path: Path, environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[Complaint]]:  # Any: see above
    values = {}
    complaints = []
    for key in KEYS:
        entry = ini.entries.get(key.full_name, Entry(Place(0), key.default))
        try:
            values[key.full_name] = _value(key, entry.text, path, environ)
        except Wrong as wrong:
            place = Place(entry.place.line, key.section, key.name)
            complaints.append(Complaint(place, wrong.cause, wrong.right))
    return values, complaints


def _value(key: Key, text: str, path: Path, environ: Mapping[str, str]) -> object:
    if not text:
        return _empty(key, path, environ)
    if "\n" in text and not key.kind.many_lines:
        raise Wrong("it has several lines", f"{key.kind.right}, on one line")
    if key.kind.is_path:
        return expand(text, path.parent, environ)
    try:
        return key.kind.parse(text)
    except Wrong as wrong:
        if re.search(r"\s[#;]", text) and not key.kind.many_lines:
            right = f"{wrong.right}; a comment needs a line of its own"
            raise Wrong(wrong.cause, right) from wrong
        raise


def _empty(key: Key, path: Path, environ: Mapping[str, str]) -> object:
    if not key.kind.may_be_empty:
        raise Wrong("it is empty", key.kind.right)
    if key.full_name == "state.database":
        return default_database(path, environ)
    return None if key.kind.is_path else key.kind.parse("")


# Any: as in _values.
def _together(
    ini: Ini, values: Mapping[str, Any], path: Path, environ: Mapping[str, str]
) -> Iterator[Complaint]:
    """Yield what is wrong with values that are right by themselves."""
    found = {
        "transfer.requests_per_second": _pace_flaw(values),
        "mirror.root": _root_flaw(values["mirror.root"]),
        "state.database": _inside_flaw(values, "state.database"),
        "account.token_file": _token_flaw(values, environ),
        "notifications.webhook": _webhook_flaw(values, path),
    }
    for name, wrong in found.items():
        if wrong is not None:
            entry = ini.entries.get(name)
            key = BY_NAME[name]
            place = Place(entry.place.line if entry else 0, key.section, key.name)
            yield Complaint(place, wrong.cause, wrong.right)


def _pace_flaw(values: Mapping[str, Any]) -> Wrong | None:  # Any: as in _values
    unpaced = values["transfer.requests_per_second"] == 0
    if not unpaced or is_loopback(values["account.api_url"]):
        return None
    right = "write 1, as Figshare asks; 0 is for a server on this machine"
    return Wrong("0 would send requests without a pause", right)


def _root_flaw(root: Path) -> Wrong | None:
    if root != Path(root.anchor):
        return None
    return Wrong("it is the whole disk", "name a folder of its own, such as ~/Figshare")


def _token_flaw(
    values: Mapping[str, Any],  # Any: as in _values
    environ: Mapping[str, str],
) -> Wrong | None:
    path = values["account.token_file"]
    if path is None:
        return None
    if wrong := _inside_flaw(values, "account.token_file"):
        return wrong
    # systemd read the file for a service, which may not see it itself.
    return None if systemd_credential(environ) else token_file_flaw(path, environ)


def _webhook_flaw(values: Mapping[str, Any], path: Path) -> Wrong | None:  # Any: ditto
    mode = stat.S_IMODE(path.stat().st_mode)
    if not values["notifications.webhook"] or not mode & 0o007:
        return None
    cause = f"others can read the webhook (mode {mode:03o})"
    return Wrong(cause, "make this file yours alone with chmod 600")


def _inside_flaw(values: Mapping[str, Any], name: str) -> Wrong | None:  # Any: ditto
    root = values["mirror.root"].resolve()
    path = values[name].resolve()
    if not path.is_relative_to(root) or _root_flaw(root):
        return None
    # What begins with a dot in the root stays on this machine.
    if path != root and str(path.relative_to(root)).startswith("."):
        return None
    return Wrong("it would go up to Figshare", f"name a path outside {said(str(root))}")


def _refusal(path: Path, complaints: Sequence[Complaint]) -> WrongUsage:
    first, *others = sorted(complaints, key=_order)
    subject = f"{path}, {first.place}"
    more = f" ({len(others)} more after this one)" if others else ""
    return WrongUsage(subject, first.cause, f"{first.right}{more}")


def _order(complaint: Complaint) -> tuple[bool, int]:
    # A default that another value made wrong has no line, and is told last.
    return complaint.place.line == 0, complaint.place.line


# Any: as in _values.
def _config(values: Mapping[str, Any], path: Path) -> Config:
    def of(section: str) -> dict[str, Any]:  # Any: as in _values
        keys = (key for key in KEYS if key.section == section)
        return {key.name: values[key.full_name] for key in keys}

    return Config(
        account=AccountSettings(**of("account")),
        mirror=MirrorSettings(**of("mirror")),
        deletions=DeletionSettings(**of("deletions")),
        transfer=TransferSettings(**of("transfer")),
        schedule=ScheduleSettings(**of("schedule")),
        metrics=MetricsSettings(**of("metrics")),
        notifications=NotificationSettings(**of("notifications")),
        state=StateSettings(**of("state")),
        path=path,
    )
