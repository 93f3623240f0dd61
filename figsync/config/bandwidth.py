"""How much may be sent or received at which time of the week (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MIDNIGHT = 24 * 60
ALL_DAYS = frozenset(range(7))
ALL_DAY = (0, MIDNIGHT)
ALWAYS = (ALL_DAYS, *ALL_DAY)


@dataclass(frozen=True, slots=True)
class Span:
    """A time of the day on some days (0 is Monday), in minutes after midnight.

    With an *end* that is not after the *start* it lasts over midnight, into the day
    after.  *rate* is in bytes per second, 0 is no limit.
    """

    days: frozenset[int]
    start: int
    end: int
    rate: int

    def covers(self, day: int, minute: int) -> bool:
        """Tell whether a minute of a day is in this time."""
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        evening = day in self.days and minute >= self.start
        return evening or ((day - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class BandwidthTable:
    """What is allowed when; where no time fits there is no limit."""

    spans: tuple[Span, ...]

    @classmethod
    def always(cls, rate: int) -> BandwidthTable:
        """Return the table that allows the same at any time; 0 is no limit."""
        return cls((Span(*ALWAYS, rate),))

    def at(self, moment: datetime) -> int:
        """Return the bytes per second allowed at a local time; 0 is no limit.

        The first time that fits counts.  The hands of the clock on the wall decide:
        an hour that summer time repeats has the same limit twice.
        """
        day, minute = moment.weekday(), moment.hour * 60 + moment.minute
        fitting = (span.rate for span in self.spans if span.covers(day, minute))
        return next(fitting, 0)
