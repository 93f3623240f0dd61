"""Titles of items into names of folders, and back."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Container
from unicodedata import normalize

from figsync.naming.components import BIDI_CONTROLS, cut, fold, tags, without_device
from figsync.naming.rules import IgnoreRules

MAX_FOLDER_BYTES = 150
MIN_TITLE_CHARACTERS = 3
# Figshare's own limit is 1,000; markup of a longer one is not worth the search.
MAX_TITLE_CHARACTERS = 4000

_BREAKING = re.compile(
    r"</?(?:br|p|div|li|ul|ol|tr|td|th|h[1-6])(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][A-Za-z0-9:-]*(?:\s[^<>]*)?/?>", re.DOTALL)
_INVISIBLE = re.compile(
    f"[\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f{BIDI_CONTROLS}"
    "\u200b\u2060\ufeff\ud800-\udfff]"
)
_PORTABLE = str.maketrans(
    {'"': "'", "?": "", "*": "", "<": "_", ">": "_"} | dict.fromkeys("/\\:|", "-")
)
_DEFAULT_RULES = IgnoreRules()


def folder_name(title: str) -> str:
    """Return a safe and portable name for the folder of an item, never empty.

    At most 150 bytes of UTF-8, in normal form C, without markup, and of a kind that
    the default ignore rules let through.
    """
    spoken = _INVISIBLE.sub("", _without_markup(title)).translate(_PORTABLE)
    spoken = normalize("NFC", " ".join(spoken.split())).lstrip(". ")
    name = cut(without_device(spoken), MAX_FOLDER_BYTES - 2).rstrip(". ")
    if not name:
        return "untitled"
    return f"_{name}_" if _DEFAULT_RULES.ignored(name, is_dir=True) else name


def _without_markup(title: str) -> str:
    plain = _TAG.sub("", _BREAKING.sub(" ", title[:MAX_TITLE_CHARACTERS]))
    # Some tools send the markup itself escaped, so it is looked for again.
    unescaped = html.unescape(plain)
    return _TAG.sub("", _BREAKING.sub(" ", unescaped))


def unique_name(
    wanted: str, taken: Callable[[str], bool] | Container[str], salt: str
) -> str:
    """Return *wanted*, or, when taken, `wanted (ab12cd)` with a hash of *salt*.

    A callable is asked with the name itself; a container holds folded names.
    """
    if not _is_taken(wanted, taken):
        return wanted
    spellings = (_with_tag(wanted, tag) for tag in tags(salt))
    return next(name for name in spellings if not _is_taken(name, taken))


def _is_taken(name: str, taken: Callable[[str], bool] | Container[str]) -> bool:
    return taken(name) if callable(taken) else fold(name) in taken


def _with_tag(wanted: str, tag: str) -> str:
    mark = f" ({tag})"
    return f"{cut(wanted, MAX_FOLDER_BYTES - len(mark)).rstrip('. ')}{mark}"


def title_from_folder(name: str) -> str:
    """Return the title of the item a new folder becomes, at least 3 characters."""
    spoken = normalize("NFC", name).strip()
    return name if len(spoken) >= MIN_TITLE_CHARACTERS else f"Folder {name}"
