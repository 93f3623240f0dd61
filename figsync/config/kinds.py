"""What the text of a value may be, and what it becomes (pure)."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from figsync.config.quiet import QuietHours

_SIZE_UNITS = {"": 1, "B": 1} | {
    f"{letter}{spelling}": 1024**power
    for power, letter in enumerate("KMGT", start=1)
    for spelling in ("", "IB")
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([KMGT]?(?:iB)?|B)", re.IGNORECASE)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?([smhd])|0")
_YES_NO = {
    **dict.fromkeys(("yes", "true", "on", "1"), True),
    **dict.fromkeys(("no", "false", "off", "0"), False),
}


class Wrong(Exception):
    """A value is not what its key takes; *right* says what to write."""

    def __init__(self, cause: str, right: str) -> None:
        super().__init__(cause, right)
        self.cause = cause
        self.right = right


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of value: *right* says what to write, *parse* raises `Wrong`."""

    right: str
    parse: Callable[[str], object]
    may_be_empty: bool = False
    is_path: bool = False
    many_lines: bool = False


def said(text: str) -> str:
    """Return *text* as a message may quote it: on one line, printable, not long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def whole_number(least: int, most: int) -> Kind:
    """A number without fraction from *least* to *most*."""
    right = f"write a whole number from {least} to {most}"

    def parse(text: str) -> int:
        number = text.removesuffix("%").rstrip() if most == 100 else text
        if not re.fullmatch(r"-?[0-9]{1,18}", number):
            raise Wrong(f"{said(text)} is no whole number", right)
        return int(_in_range(int(number), (least, most), right))

    return Kind(right, parse)


def number(least: float, most: float) -> Kind:
    """A number, with or without fraction, from *least* to *most*."""
    right = f"write a number from {least:g} to {most:g}"

    def parse(text: str) -> float:
        if not re.fullmatch(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?", text):
            raise Wrong(f"{said(text)} is no number", right)
        return _in_range(float(text), (least, most), right)

    return Kind(right, parse)


def size() -> Kind:
    """A number of bytes, 0 included."""
    right = "write a size such as 0, 500K, 20M or 1G (1K is 1024 bytes)"

    def parse(text: str) -> int:
        found = bytes_of(text)
        if found is None:
            raise Wrong(f"{said(text)} is no size", right)
        return found

    return Kind(right, parse)


def bytes_of(text: str) -> int | None:
    """Return the number of bytes that a size means, None if it is no size."""
    match = _SIZE.fullmatch(text)
    return int(float(match[1]) * _SIZE_UNITS[match[2].upper()]) if match else None


def duration(least: str, most: str) -> Kind:
    """A time in seconds, from *least* to *most*."""
    limits = _seconds(least) or 0.0, _seconds(most) or 0.0
    right = f"write a time from {least} to {most} such as 5s, 15m, 24h or 7d"

    def parse(text: str) -> float:
        seconds = _seconds(text)
        if seconds is None:
            raise Wrong(f"{said(text)} is no time with a unit", right)
        return _in_range(seconds, limits, right)

    return Kind(right, parse)


def _seconds(text: str) -> float | None:
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    return float(match[1]) * _SECONDS[match[2]] if match[2] else 0.0


def _in_range(value: float, limits: tuple[float, float], right: str) -> float:
    if not limits[0] <= value <= limits[1]:
        raise Wrong("it is out of range", right)
    return value


def yes_or_no() -> Kind:
    """A switch."""

    def parse(text: str) -> bool:
        if text.lower() not in _YES_NO:
            raise Wrong(f"{said(text)} is neither yes nor no", "write yes or no")
        return _YES_NO[text.lower()]

    return Kind("write yes or no", parse)


def choice(of: type[StrEnum]) -> Kind:
    """One of a few words."""
    words = [member.value for member in of]
    right = f"write {', '.join(words[:-1])} or {words[-1]}"

    def parse(text: str) -> StrEnum:
        if text.lower() in words:
            return of(text.lower())
        near = get_close_matches(text.lower(), words, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise Wrong(f"{said(text)} is not a choice", f"{right}{meant}")

    return Kind(right, parse)


def lines() -> Kind:
    """Lines of gitignore syntax; each is checked where a wrong one means nothing."""
    right = "write patterns as in a .gitignore, one a line, the lines indented"

    def parse(text: str) -> tuple[str, ...]:
        patterns = tuple(line for line in text.split("\n") if line.strip())
        for pattern in patterns:
            if re.search(r"(?<!\\)(?:\\\\)*\\$", pattern) or pattern.strip() == "!":
                raise Wrong(f"{said(pattern)} is no pattern", right)
        return patterns

    return Kind(right, parse, may_be_empty=True, many_lines=True)


def account_id() -> Kind:
    """The id of an account, or nothing."""
    right = "write the id of an account as GET /account/institution/accounts lists it"

    def parse(text: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]{0,64}", text):
            raise Wrong(f"{said(text)} is no account id", right)
        return text

    return Kind(right, parse, may_be_empty=True)


def keyring_name() -> Kind:
    """A name in a keyring, or nothing."""
    right = "write a short name, and `keyring set figsync NAME` asks for the token"

    def parse(text: str) -> str:
        if not re.fullmatch(r"(?:[A-Za-z0-9][A-Za-z0-9 @._-]{0,63})?", text):
            # A token pasted in place of a name is not shown.
            raise Wrong("it is no name of a token", right)
        return text

    return Kind(right, parse, may_be_empty=True)


def api_address() -> Kind:
    """An address that a token may be sent to."""
    right = "write an https address such as https://api.figshare.com/v2"

    def parse(text: str) -> str:
        parts = _split(text)
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise Wrong(f"{said(text)} is no web address", right)
        if parts.username is not None or parts.query or parts.fragment:
            raise Wrong("it has a user name, a query or a fragment", right)
        if parts.scheme == "http" and not is_loopback(text):
            raise Wrong("http would send the token unencrypted", right)
        return text.rstrip("/")

    return Kind(right, parse)


def port() -> Kind:
    """A port that an ordinary user may listen on, or 0 for none."""
    right = "write 0 for none, or a port from 1024 to 65535"

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,5}", text):
            raise Wrong(f"{said(text)} is no port", right)
        found = int(text)
        return found and int(_in_range(found, (1024, 65535), right))

    return Kind(right, parse)


def webhook() -> Kind:
    """An address that is told something, or nothing; it is never shown."""
    right = "write an https address"

    def parse(text: str) -> str:
        parts = _split(text)
        if text and (parts is None or parts.scheme not in ("http", "https")):
            raise Wrong("it is no web address", right)
        if parts is not None and text and not parts.hostname:
            raise Wrong("it is no web address", right)
        if text.startswith("http:") and not is_loopback(text):
            raise Wrong("http would send what is told unencrypted", right)
        return text

    return Kind(right, parse, may_be_empty=True)


def secret_parts(address: str) -> set[str]:
    """Return what nobody may see of a secret address: all of it,
    and what follows its host."""
    parts = urlsplit(address)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return {address, path, parts.path} - {"", "/"}


def command() -> Kind:
    """A command with its arguments, quoted as in a shell, which is not used."""
    right = "write a command and its arguments, quoted as in a shell"

    def parse(text: str) -> tuple[str, ...]:
        try:
            return tuple(shlex.split(text))
        except ValueError as exc:
            raise Wrong("it has an open quotation mark", right) from exc

    return Kind(right, parse, may_be_empty=True)


def quiet_hours() -> Kind:
    """A part of each day, or nothing."""
    right = "write two times of the day such as 22:00-07:00"

    def parse(text: str) -> QuietHours | None:
        if not text:
            return None
        match = re.fullmatch(r"(\d\d?):(\d\d) ?- ?(\d\d?):(\d\d)", text)
        if match is None:
            raise Wrong(f"{said(text)} is no part of a day", right)
        hours = [int(match[n]) for n in (1, 3)]
        minutes = [int(match[n]) for n in (2, 4)]
        if max(hours) > 23 or max(minutes) > 59:
            raise Wrong(f"{said(text)} has a time that no day has", right)
        begin, end = (h * 60 + m for h, m in zip(hours, minutes, strict=True))
        if begin == end:
            raise Wrong(f"{said(text)} ends when it begins", right)
        return QuietHours(begin, end)

    return Kind(right, parse, may_be_empty=True)


def is_loopback(url: str) -> bool:
    """Tell whether *url* leads to this machine itself.

    Names under `.invalid` never resolve (RFC 6761): they serve tests in one process.
    """
    parts = _split(url)
    host = (parts.hostname or "") if parts else ""
    if host == "localhost" or host.endswith((".localhost", ".invalid")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(url: str) -> SplitResult | None:
    if re.search(r"[\x00-\x20\x7f-\x9f\\]", url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # A port out of range is only found by asking for it.
    except ValueError:
        return None
    return parts


def path(*, may_be_empty: bool = False) -> Kind:
    """A path, whose `~` and variables are expanded by who knows the environment."""
    return Kind("write a path", str, may_be_empty=may_be_empty, is_path=True)
