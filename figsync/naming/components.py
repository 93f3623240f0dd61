"""One component of a path: what it may hold, how it is compared, cut and marked."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from unicodedata import normalize

MAX_COMPONENT_BYTES = 255
# Deeper or longer than any program opens by its path (PATH_MAX is 4096 on Linux,
# root included); a file beyond is kept at the top of its item.
MAX_DEPTH = 64
MAX_PATH_BYTES = 3000
RESERVED_NAMES = frozenset({".figsync", ".figshare"})

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = r"\x00-\x1f\x7f"
_SURROGATES = "\ud800-\udfff"
# HFS+ compares names as if these were not there.
_IGNORABLE = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_UNSAFE = re.compile(f"[/{_CONTROLS}{BIDI_CONTROLS}{_SURROGATES}]")
_UNPORTABLE = re.compile(rf'[/\\:*?"<>|{_CONTROLS}{BIDI_CONTROLS}{_SURROGATES}]')
_DEVICE = re.compile(
    r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?=\.|$)",
    re.IGNORECASE,
)
_NOT_PLAIN = re.compile(f"[{_SURROGATES}{_CONTROLS}{BIDI_CONTROLS}]")
_PACKED = frozenset({"gz", "bz2", "xz", "zst", "lz4", "lzma", "br", "z"})


def fold(name: str) -> str:
    """Return the key under which names collide: normal form C without case."""
    return normalize("NFC", normalize("NFC", name).casefold())


def byte_length(text: str) -> int:
    """Return the length in UTF-8; a lone surrogate counts as three bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


def cut(text: str, limit: int) -> str:
    """Return the longest beginning of *text* of at most *limit* bytes of UTF-8."""
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit:
        return text
    while limit > 0 and encoded[limit] & 0xC0 == 0x80:
        limit -= 1
    return encoded[: max(limit, 0)].decode("utf-8", "surrogatepass")


def tags(text: str) -> Iterator[str]:
    """Yield short names for *text*, always the same ones, ever less likely taken."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(6, len(digest) + 1, 2):
        yield digest[:length]
    for number in itertools.count(2):
        yield f"{digest} {number}"


def is_reserved(name: str) -> bool:
    """Tell whether some file system takes *name* for a name of figsync's own."""
    return fold(_IGNORABLE.sub("", name)).rstrip(" .") in RESERVED_NAMES


def device_name(name: str) -> str | None:
    """Return the Windows device that *name* would open there, or None."""
    match = _DEVICE.match(name)
    return match[1] if match else None


def without_device(name: str) -> str:
    """Return *name* so that Windows sees a file in it: `CON.txt` is `CON_.txt`."""
    device = device_name(name)
    return f"{device}_{name[len(device) :]}" if device else name


def flaw(name: str, *, portable: bool) -> str | None:
    """Return why a file system can not hold *name* as one component, or None."""
    if name in ("", ".", ".."):
        return "is no name"
    unsafe = _UNSAFE.search(name)
    if unsafe:
        return _told(unsafe[0])
    if len(name) > MAX_COMPONENT_BYTES // 4 and byte_length(name) > MAX_COMPONENT_BYTES:
        return f"is longer than {MAX_COMPONENT_BYTES} bytes"
    if is_reserved(name):
        return "is a name figsync keeps for itself"
    return _portability_flaw(name) if portable else None


def _told(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "is not UTF-8"
    if character == "/":
        return "has a slash"
    if _NOT_PLAIN.match(character) and character > "\x7f":
        return "has a character that turns the direction of writing"
    return "has a control character"


def _portability_flaw(name: str) -> str | None:
    refused = _UNPORTABLE.search(name)
    if refused:
        return f"has a {refused[0]}, which Windows refuses"
    if name[-1] in " .":
        return "ends with a dot or space, which Windows drops"
    return "is a device on Windows" if device_name(name) else None


def made_safe(name: str, tag: str, *, portable: bool) -> str:
    """Return *name* as a component without flaw, marked with *tag*."""
    plain = (_UNPORTABLE if portable else _UNSAFE).sub("_", name)
    if portable:
        plain = without_device(plain.rstrip(" ."))
    return marked(plain if plain.strip(".") else "_", tag)


def marked(name: str, tag: str) -> str:
    """Return `stem (tag).ext` for one component, at most 255 bytes."""
    stem, extension = split_extension(name)
    mark = f" ({tag})"
    room = MAX_COMPONENT_BYTES - byte_length(mark) - byte_length(extension)
    return f"{cut(stem, room)}{mark}{extension}"


def split_extension(name: str) -> tuple[str, str]:
    """Return stem and extension; `a.tar.gz` has the extension `.tar.gz`."""
    stem, last = _split_last(name)
    if last[1:].lower() in _PACKED:
        inner_stem, inner = _split_last(stem)
        if inner[1:].isalnum() and not inner[1:].isdigit():
            return inner_stem, inner + last
    return stem, last


def _split_last(name: str) -> tuple[str, str]:
    stem, _, last = name.rpartition(".")
    has_extension = stem.strip(".") and last and " " not in last
    if not has_extension or byte_length(last) > 16:
        return name, ""
    return stem, f".{last}"


def folders_above(path: str) -> Iterator[str]:
    """Yield the folders of *path*, the outermost first."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
