"""How values become columns of SQLite and come back unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

Row = tuple[Any, ...]  # Any: SQLite gives its columns no static types

_ESCAPED = "not-utf8:"
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})")
_LARGEST = 2**63 - 1


def to_text(text: str) -> str:
    r"""Return *text* as SQLite can hold it: itself, unless it is no valid Unicode.

    The others, such as `caf\udce9` (a local name whose bytes are not UTF-8), become
    `not-utf8:` and the text with doubled backslashes and `\udce9` spelled out.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        pass
    else:
        if not text.startswith(_ESCAPED):
            return text
    doubled = text.replace("\\", "\\\\")
    return _ESCAPED + doubled.encode(errors="backslashreplace").decode()


def from_text(stored: str) -> str:
    """Return what `to_text` was given."""
    if not stored.startswith(_ESCAPED):
        return stored
    return _ESCAPE.sub(_unescaped, stored.removeprefix(_ESCAPED))


def from_row(row: Row) -> Row:
    """Return a row as SQLite gives it with all its texts as they were given."""
    return tuple(from_text(value) if type(value) is str else value for value in row)


def _unescaped(escape: re.Match[str]) -> str:
    body = escape[1]
    return body if body == "\\" else chr(int(body[1:], 16))


def to_integer(number: int) -> int | str:
    """Return *number*, as text where SQLite's 64 signed bits are too few.

    Inodes have 64 unsigned bits, and a bogus date can lie past the year 2262.
    Only for columns without a declared type; `int()` reads both forms.
    """
    return number if -_LARGEST <= number <= _LARGEST else str(number)


def to_time(at: float) -> str:
    """Return POSIX seconds as ISO 8601 in UTC, cut to milliseconds."""
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def from_time(text: str) -> float:
    """Return the POSIX seconds of an ISO time; ValueError for any other text."""
    return datetime.fromisoformat(text).timestamp()


def to_ids(ids: Iterable[str]) -> str:
    """Return a set of ids as sorted JSON."""
    return json.dumps(sorted(ids))


def from_ids(text: str) -> frozenset[str]:
    """Return the set that `to_ids` was given; ValueError for any other text."""
    return frozenset(json.loads(text))


def sealed(table: str, *fields: object) -> Row:
    """Return a row of *table* with a checksum over all its fields as last column."""
    stored = tuple(int(f) if isinstance(f, bool) else f for f in fields)
    return (*stored, _checksum(table, stored))


def unsealed(table: str, row: Row) -> Row:
    """Return the fields of a sealed row as SQLite gives it.

    ValueError, naming it, if one changed.
    """
    # A million rows pass here: what they have in common is done for all at once.
    exact = ascii((table, *row[:-1]))
    if _ESCAPED in exact:
        row = from_row(row)
        exact = ascii((table, *row[:-1]))
    if blake2b(exact.encode(), digest_size=8).hexdigest() != row[-1]:
        names = " · ".join(str(field) for field in row[:-1][:2])
        raise ValueError(f"table {table}, row {names}: its checksum does not match")
    return row[:-1]


def _checksum(table: str, fields: Row) -> str:
    # ascii() and not repr(), whose result depends on Python's Unicode version.
    exact = ascii((table, *fields)).encode()
    return blake2b(exact, digest_size=8).hexdigest()
