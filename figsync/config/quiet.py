"""The hours in which nobody is told of anything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A part of each day, in minutes since midnight here; it may go over midnight."""

    begin: int
    end: int

    def holds(self, minute: int) -> bool:
        """Tell whether a minute of the day is quiet."""
        if self.begin <= self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end
