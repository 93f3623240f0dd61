"""Names beside a name: conflict copies, and further records under one path."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime

from figsync.naming.components import marked, tags

_CONFLICT = re.compile(
    r"(?P<stem>.+) \(conflict \d{4}-\d\d-\d\d \d{6}(?: \d+)?\)(?P<extension>\.[^/]*)?",
    re.DOTALL,
)
_PLAIN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def with_suffix(path: str, suffix: str) -> str:
    """Return `folder/name (suffix).ext`, the last component at most 255 bytes."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{marked(name, suffix)}"


def record_suffix(path: str, file_id: str, number: int = 1) -> str:
    """Return `folder/name (#ID).ext`, for a record that does not own its path.

    From the second *number* on, it is `folder/name (#ID 2).ext` and so on.
    """
    plain = _PLAIN_ID.fullmatch(file_id)
    mark = f"#{file_id if plain else next(tags(file_id))}"
    return with_suffix(path, mark if number == 1 else f"{mark} {number}")


def conflict_name(
    path: str, when: float | datetime, taken: Callable[[str], bool]
) -> str:
    """Return `folder/name (conflict 2026-11-20 153012).ext` in UTC, not yet taken.

    *when* is POSIX seconds or an aware date; *taken* is asked with the whole path.
    """
    utc = datetime.fromtimestamp(when, UTC) if isinstance(when, (int, float)) else when
    stamp = f"conflict {utc.astimezone(UTC):%Y-%m-%d %H%M%S}"
    numbered = (f"{stamp} {number}" for number in itertools.count(2))
    names = (with_suffix(path, mark) for mark in itertools.chain([stamp], numbered))
    return next(name for name in names if not taken(name))


def is_conflict_copy(path: str) -> bool:
    """Tell whether the name alone says that this is a conflict copy."""
    return _CONFLICT.fullmatch(path.rpartition("/")[2]) is not None


def original_of(path: str) -> str | None:
    """Return the path a conflict copy lies beside, or None for an ordinary name.

    A name of nearly 255 bytes was cut for the copy and does not come back whole.
    """
    folder, slash, name = path.rpartition("/")
    match = _CONFLICT.fullmatch(name)
    if match is None:
        return None
    return f"{folder}{slash}{match['stem']}{match['extension'] or ''}"
