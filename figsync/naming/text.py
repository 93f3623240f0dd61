"""Names as text: shown to people, sent to Figshare, written into shortcuts."""

from __future__ import annotations

import re

from figsync.errors import BadReply
from figsync.naming.components import MAX_DEPTH, MAX_PATH_BYTES, byte_length, flaw

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_WEB = re.compile(r"(?:https?|ftp)://\S", re.IGNORECASE)


def shown(path: str) -> str:
    """Return *path* on one printable line, whatever its characters do to a screen."""
    if path.isprintable():
        return path
    return "".join(c if c.isprintable() else _escaped(c) for c in path)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        # A byte of a local name that is not UTF-8 (surrogateescape).
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def size_text(size: float) -> str:
    """Return a number of bytes as people say it."""
    if size < 1024:
        return f"{int(size):,} byte{'' if int(size) == 1 else 's'}"
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"


def uploadable_name(path: str) -> str | None:
    """Return None, or why Figshare could not give this name or path back unchanged."""
    components = path.split("/")
    reasons = (flaw(component, portable=False) for component in components)
    reason = next((reason for reason in reasons if reason), None)
    if reason:
        return f"its name {reason}"
    if len(components) > MAX_DEPTH or byte_length(path) > MAX_PATH_BYTES:
        return "its name is too long with all the folders it lies in"
    return None


def shortcut(url: str) -> bytes:
    """Return the content of a `.url` file; BadReply if *url* is not a plain web one."""
    if _CONTROL.search(url) or not _WEB.match(url):
        raise BadReply(shown(url), "the link is not a plain web address")
    return f"[InternetShortcut]\r\nURL={url}\r\n".encode()
