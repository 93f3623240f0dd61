"""What a record of the log looks like: for a person, for the journal, as JSON."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import IO

from figsync.commands.shell import OWN, Shell
from figsync.figshare.answers import without_secrets
from figsync.naming import shown

# What sd-daemon(3) puts before a line: the priorities of syslog.
_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_NO_TEXT = re.compile("[\ud800-\udfff]")
_QUIET_SECONDS = 60.0
_MOST_REMEMBERED = 1000


def formatter(shell: Shell, stream: IO[str]) -> logging.Formatter:
    """Return how a shell's log is written to a stream: JSON, or text for its reader."""
    for_journal = is_journal(stream, shell.environ)
    mask = Mask(shell.secrets)
    if shell.log_format == "json":
        return Json(mask, for_journal=for_journal)
    if for_journal:
        return Text(mask, for_journal=True)
    return TimedText(mask) if shell.is_daemon else Text(mask, "figsync: ")


def is_journal(stream: IO[str], environ: Mapping[str, str]) -> bool:
    """Tell whether a stream leads to the journal of systemd, as it says itself."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    named = environ.get("JOURNAL_STREAM", "")
    return named == f"{status.st_dev}:{status.st_ino}"


def priority(level: int) -> int:
    """Return the priority of syslog for a level of logging."""
    return next((found for least, found in _PRIORITIES if level >= least), 7)


class Mask:
    """Hides secrets in text: those it knows, and what addresses carry of others."""

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets

    def __call__(self, text: str, *, own: bool = True) -> str:
        """Return *text* without secrets; in what is not our *own* any query is one."""
        for secret in sorted(map(str, self._secrets()), key=len, reverse=True):
            text = text.replace(secret, "…") if secret else text
        text = without_secrets(text, token="")
        if not own:
            text = re.sub(r"(/[^\s?\"']*)\?[^\s\"']+", r"\1?…", text)
        return re.sub(
            r"(?i)(authorization\W+(?:token|bearer)\s+)[^\s'\"]+", r"\1…", text
        )


class Text(logging.Formatter):
    """One line a record, without time: for terminals, and for the journal."""

    def __init__(self, mask: Mask, prefix: str = "", *, for_journal: bool = False):
        super().__init__()
        self._mask = mask
        self._prefix = prefix
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        lines = [f"{self._begin(record)}{_message(record, self._mask)}"]
        lines += _traceback(self, record, self._mask)
        if not self._for_journal:
            return "\n".join(lines)
        # The journal takes each line as an entry of its own.
        return "\n".join(f"<{priority(record.levelno)}>{line}" for line in lines)

    def _begin(self, record: logging.LogRecord) -> str:
        del record
        return self._prefix


class TimedText(Text):
    """One line a record with time and level, for a file or a terminal of a daemon."""

    def _begin(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created).astimezone()
        return f"{at:%Y-%m-%d %H:%M:%S} {record.levelname.lower()}: "


class Json(logging.Formatter):
    """One JSON object a line, in ASCII; actions have fields of their own."""

    def __init__(self, mask: Mask, *, for_journal: bool = False) -> None:
        super().__init__()
        self._mask = mask
        self._for_journal = for_journal

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record, self._mask),
        }
        action = getattr(record, "action", None)
        if isinstance(action, dict):
            told |= {key: self._hidden(value) for key, value in action.items()}
        if lines := _traceback(self, record, self._mask):
            told["traceback"] = lines
        start = f"<{priority(record.levelno)}>" if self._for_journal else ""
        return start + json.dumps(told)

    def _hidden(self, value: object) -> object:
        if not isinstance(value, str):
            return value
        # A byte that is no text would cost a strict reader the whole line.
        return self._mask(_NO_TEXT.sub(lambda found: shown(found[0]), value))


def _message(record: logging.LogRecord, mask: Mask) -> str:
    own = _is_own(record)
    text = shown(" ".join(record.getMessage().split("\n")))
    return mask(text if own else f"{record.name}: {text}", own=own)


def _traceback(
    formatter: logging.Formatter, record: logging.LogRecord, mask: Mask
) -> list[str]:
    if not record.exc_info:
        return []
    text = formatter.formatException(record.exc_info)
    return [shown(mask(line, own=False)) for line in text.splitlines()]


def _is_own(record: logging.LogRecord) -> bool:
    return record.name == OWN or record.name.startswith(f"{OWN}.")


class Quieter(logging.Filter):
    """Lets the same warning through once a minute, whatever its numbers are.

    What was done, on request above all, and errors are always told.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        told_always = _is_own(record) and record.levelno != logging.WARNING
        if told_always or hasattr(record, "action"):
            return True
        key = record.name, re.sub(r"\d+", "0", record.getMessage())
        with self._lock:
            dropped = self._dropped(key, self._monotonic())
        if dropped:
            record.msg = f"{record.getMessage()} ({dropped} more of these before)"
            record.args = ()
        return dropped is not None

    def _dropped(self, key: tuple[str, str], now: float) -> int | None:
        """Return how many were dropped since the last one, None to drop this too."""
        at, dropped = self._told.get(key, (now - _QUIET_SECONDS, 0))
        if now - at < _QUIET_SECONDS:
            self._told[key] = at, dropped + 1
            return None
        self._remember(key, now)
        return dropped

    def _remember(self, key: tuple[str, str], now: float) -> None:
        self._told[key] = now, 0
        if len(self._told) > _MOST_REMEMBERED:
            self._told = {
                key: told
                for key, told in self._told.items()
                if now - told[0] < _QUIET_SECONDS
            }
