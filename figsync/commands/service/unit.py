"""A unit of systemd as text: a template of this package with its blanks filled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path

from figsync.errors import WrongUsage

MARK = "# Written by `figsync service install`, which writes it anew each time."
_BLANK = re.compile(r"@([A-Z_]+)@")
_PLAIN = re.compile(r"[A-Za-z0-9_/.,:=@+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What fills the blanks, as systemd writes it: escaped, lists with spaces.

    A line whose blank is empty is left out.  *user*, *writable*, *state* and *home*
    (the value of ProtectHome) are for a unit of the system alone.
    """

    executable: str
    config: str
    token: str = ""
    environment: str = ""
    user: str = ""
    writable: str = ""
    state: str = ""
    home: str = ""

    @property
    def text(self) -> str:
        """The unit file: of the system if it names a user, else of a person."""
        blanks = {field.name: getattr(self, field.name) for field in fields(self)}
        name = "system.service" if self.user else "user.service"
        template = files(__package__).joinpath(name).read_text(encoding="utf-8")
        lines = _filled(template.splitlines(), {"mark": MARK, **blanks})
        return "\n".join(lines) + "\n"


def _filled(lines: Iterable[str], blanks: Mapping[str, str]) -> Iterator[str]:
    for line in lines:
        names = [name.lower() for name in _BLANK.findall(line)]
        if all(blanks[name] for name in names):
            yield _BLANK.sub(lambda found: blanks[found[1].lower()], line)


def word(text: str | Path, *, is_argument: bool = False) -> str:
    """Return *text* as one word of a unit file; WrongUsage if it can be none.

    An *argument* of a command is searched for variables too.
    """
    escaped = _writable(str(text)).replace("\\", "\\\\").replace('"', '\\"')
    escaped = escaped.replace("%", "%%")
    if is_argument:
        escaped = escaped.replace("$", "$$")
    return escaped if _PLAIN.fullmatch(escaped) else f'"{escaped}"'


def rest(text: str | Path) -> str:
    """Return *text* as the end of a line that systemd takes as it stands."""
    return _writable(str(text)).replace("%", "%%")


def _writable(text: str) -> str:
    is_whole = text == text.strip() and not text.endswith("\\")
    if not (text.isprintable() and is_whole):
        cause = "its name has characters that no unit of systemd can hold"
        raise WrongUsage(ascii(text), cause, "give it another name")
    return text
