"""INI text into entries with the lines they stand on (pure, no interpolation)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_SECTION = re.compile(r"\[([^\]]*)\]\s*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a line, counted from 1, a section and a key."""

    line: int
    section: str = ""
    name: str = ""

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line else []
        if self.section:
            where.append(f"[{self.section}] {self.name}".rstrip())
        # What somebody pasted by mistake may be anything.
        told = ", ".join(where)
        return (
            told if told.isprintable() and len(told) < 80 else f"{ascii(told[:60])}..."
        )


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong in the file, and what would be right."""

    place: Place
    cause: str
    right: str


@dataclass(frozen=True, slots=True)
class Entry:
    """The text of one key; the lines of a longer one are joined by newlines."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Ini:
    """A file as read: entries by `section.name`, first lines of sections."""

    entries: Mapping[str, Entry]
    sections: Mapping[str, int]
    complaints: tuple[Complaint, ...]


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    entries: dict[str, Entry] = field(default_factory=dict)
    sections: dict[str, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    section: str = ""
    open_name: str = ""
    indent: int = 0

    def complain(self, place: Place, cause: str, right: str) -> None:
        self.open_name = ""
        self.complaints.append(Complaint(place, cause, right))


def read_ini(text: str) -> Ini:
    """Return what stands in *text*, and complaints about what is no INI."""
    reading = _Reading()
    for number, line in _meaningful(text.removeprefix("\ufeff")):
        _take(reading, number, line)
    return Ini(reading.entries, reading.sections, tuple(reading.complaints))


def _meaningful(text: str) -> Iterable[tuple[int, str]]:
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        stripped = line.strip()
        if stripped and stripped[0] not in "#;":
            yield number, line.rstrip()


def _take(reading: _Reading, number: int, line: str) -> None:
    stripped = line.lstrip()
    indent = len(line) - len(stripped)
    if reading.open_name and indent > reading.indent:
        entry = reading.entries[reading.open_name]
        joined = f"{entry.text}\n{stripped}".lstrip("\n")
        reading.entries[reading.open_name] = Entry(entry.place, joined)
        return
    section = _SECTION.fullmatch(stripped)
    if section is not None:
        _open_section(reading, number, section[1].strip().lower())
        return
    reading.indent = indent
    _open_key(reading, number, stripped)


def _open_section(reading: _Reading, number: int, section: str) -> None:
    reading.section = section
    reading.open_name = ""
    first = reading.sections.setdefault(section, number)
    if first != number:
        place = Place(number, section)
        cause = f"the section is already there in line {first}"
        reading.complain(place, cause, "write each section once")


def _open_key(reading: _Reading, number: int, stripped: str) -> None:
    name, equals, text = (piece.strip() for piece in stripped.partition("="))
    place = Place(number, reading.section, name.lower() if equals else "")
    if not equals or not name:
        right = "write `key = value`, and indent the further lines of a value"
        reading.complain(place, "the line is neither a section nor a key", right)
        return
    if not reading.section:
        cause = f"{name!r} stands before the first section"
        reading.complain(place, cause, "begin with a section such as [mirror]")
        return
    full_name = f"{reading.section}.{name.lower()}"
    if full_name in reading.entries:
        first = reading.entries[full_name].place.line
        cause = f"the key is already there in line {first}"
        reading.complain(place, cause, "write each key once")
        return
    reading.entries[full_name] = Entry(place, text)
    reading.open_name = full_name
