"""How large a part may be at each upload host, as it told this process itself."""

from __future__ import annotations

import threading

from figsync.figshare.records import UploadSession


class PartSizes:
    """What upload sessions showed, for all threads together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._largest: dict[str, int] = {}

    def learn(self, host: str, session: UploadSession) -> None:
        """Remember how a host cut one file: a single part may be as large at least."""
        first = min(session.parts, key=lambda part: part.number, default=None)
        if first is None:
            return
        with self._lock:
            known = self._largest.get(host, 0)
            is_cut = len(session.parts) > 1
            self._largest[host] = first.size if is_cut else max(known, first.size)

    def is_one_part(self, host: str, size: int) -> bool:
        """Tell whether the host is known to take a file of this size in one part."""
        with self._lock:
            return 0 < size <= self._largest.get(host, 0)

    def forget(self, host: str) -> None:
        """Believe nothing of a host that refused what it was said to take."""
        with self._lock:
            self._largest.pop(host, None)

    def forget_all(self) -> None:
        """Believe nothing: bytes did not arrive as they were sent."""
        with self._lock:
            self._largest.clear()
