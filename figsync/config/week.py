"""The text of a bandwidth limit: a size, or sizes by the time of the week (pure)."""

from __future__ import annotations

import re

from figsync.config.bandwidth import (
    ALL_DAY,
    ALL_DAYS,
    ALWAYS,
    MIDNIGHT,
    BandwidthTable,
    Span,
)
from figsync.config.kinds import Kind, Wrong, bytes_of, said

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RIGHT = "write a size such as 20M, or times such as 08:00-18:00 Mon-Fri 2M, else 0"

_HOURS = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_DAYS = re.compile(r"([a-z]{3,9})(?:-([a-z]{3,9}))?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_UNIT = re.compile(r"[KMGT](?:iB)?|B", re.IGNORECASE)


def bandwidth() -> Kind:
    """A size, or a table of sizes by weekday and hour."""
    return Kind(RIGHT, parse_table, many_lines=True)


def parse_table(text: str) -> BandwidthTable:
    """Return the table that *text* means; Wrong says what is not understood."""
    words = _words(text)
    spans: list[Span] = []
    while words:
        if spans and (spans[-1].days, spans[-1].start, spans[-1].end) == ALWAYS:
            cause = f"no time is left for {said(' '.join(words))}"
            raise Wrong(cause, RIGHT)
        spans += _entry(words)
    return BandwidthTable(tuple(spans))


def _words(text: str) -> list[str]:
    """Return the words of a table; commas and lines only help people to read it."""
    if "#" in text or ";" in text:
        raise Wrong(f"{said(text)} has a comment", "a comment needs a line of its own")
    joined = re.sub(r"\s*[-\N{EN DASH}]\s*", "-", text)
    words: list[str] = []
    for word in re.split(r"[\s,]+", joined.strip(" ,\n\t")):
        is_unit = words and _NUMBER.fullmatch(words[-1]) and _UNIT.fullmatch(word)
        if is_unit:
            words[-1] += word
        else:
            words.append(word)
    return words


def _entry(words: list[str]) -> list[Span]:
    """Take the words of one entry, up to its size, and return its times."""
    days: set[int] = set()
    hours: list[tuple[int, int]] = []
    taken: list[str] = []
    if words[0].lower() == "else" and words[1:]:
        words.pop(0)
        return [Span(*ALWAYS, _rate(words.pop(0)))]
    while words:
        taken.append(words.pop(0))
        if match := _HOURS.fullmatch(taken[-1]):
            hours.append(_hours(match))
        elif found := _days(taken[-1].lower()):
            days |= found
        else:
            rate = _rate(taken[-1])
            on = frozenset(days) or ALL_DAYS
            return [Span(on, *span, rate) for span in hours or [ALL_DAY]]
    raise Wrong(f"there is no size after {said(' '.join(taken))}", RIGHT)


def _hours(match: re.Match[str]) -> tuple[int, int]:
    hour, minute, end_hour, end_minute = (int(number) for number in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if max(minute, end_minute) > 59 or start >= MIDNIGHT or end > MIDNIGHT:
        raise Wrong(f"{said(match[0])} is no time of a day", RIGHT)
    if start == end:
        right = "write 00:00-24:00, or only days, for the whole day"
        raise Wrong(f"{said(match[0])} ends when it begins", right)
    return start, end


def _days(word: str) -> frozenset[int]:
    """Return the days that a word means, none if it means no days."""
    match = _DAYS.fullmatch(word)
    if match is None:
        return frozenset()
    first, last = _day(match[1]), _day(match[2] or match[1])
    if first is None or last is None:
        return frozenset()
    return frozenset((first + after) % 7 for after in range((last - first) % 7 + 1))


def _day(word: str) -> int | None:
    found = (number for number, day in enumerate(DAYS) if day.startswith(word))
    return next(found, None)


def _rate(word: str) -> int:
    rate = bytes_of(word)
    if rate is None:
        raise Wrong(f"{said(word)} is no time, day or size", RIGHT)
    return rate
