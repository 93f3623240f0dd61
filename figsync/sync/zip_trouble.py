"""Where zips came to nothing, so that this process does not ask for them again."""

from __future__ import annotations

import threading

# So many zips in a row came to nothing: then it is not about the items.
FAILURES = 3
# A process may stay up for months, and servers and lines are mended.
PATIENCE = 3600.0


class ZipTrouble:
    """Which items' zips are not worth asking for; times are monotonic seconds.

    Many threads may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: dict[str, float] = {}
        self._in_a_row = 0
        self._last = 0.0

    def avoids(self, item_id: str, now: float) -> bool:
        """Tell whether the item's files had better be fetched one by one."""
        with self._lock:
            given_up = self._in_a_row >= FAILURES and now < self._last + PATIENCE
            at = self._failed.get(item_id)
            return given_up or (at is not None and now < at + PATIENCE)

    def failed(self, item_id: str, now: float) -> None:
        """Note that an item's zip was not to be had, or lacked something."""
        with self._lock:
            kept = {i: at for i, at in self._failed.items() if now < at + PATIENCE}
            self._failed = {**kept, item_id: now}
            self._in_a_row += 1
            self._last = now

    def worked(self) -> None:
        """Note that a zip brought all that it was fetched for."""
        with self._lock:
            self._in_a_row = 0
