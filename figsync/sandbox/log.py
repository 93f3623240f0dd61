"""What was asked of the sandbox and what it answered."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from threading import Lock

from figsync.sandbox.rows import Json

MOST_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; status 0 is a connection cut without a reply.

    `on_purpose` marks a reply that a fault or switch made, not the service itself;
    `body` is the reply's JSON if somebody watches the log, else empty.
    """

    at: float
    service: str
    method: str
    path: str
    query: str
    status: int
    has_authorization: bool
    account: int
    bytes_in: int
    bytes_out: int
    on_purpose: bool = False
    body: bytes = b""

    @property
    def is_mutation(self) -> bool:
        """Tell whether the request could have changed something."""
        return self.method not in ("GET", "HEAD") and not self.path.endswith("/search")

    def as_json(self) -> Json:
        """Return everything but the body."""
        values = asdict(self)
        del values["body"]
        return values


class RequestLog:
    """The latest requests, in the order they were answered."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._watchers: list[Callable[[Entry], None]] = []
        self._lock = Lock()

    def add(self, entry: Entry) -> None:
        """Append a request and tell those who watch."""
        with self._lock:
            self._entries.append(entry)
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher(entry)

    def watch(self, watcher: Callable[[Entry], None]) -> None:
        """Call *watcher* with every request from now on, its reply's body included."""
        with self._lock:
            self._watchers.append(watcher)

    @property
    def is_watched(self) -> bool:
        """Tell whether bodies are wanted."""
        return bool(self._watchers)

    def entries(self) -> tuple[Entry, ...]:
        """Return all requests."""
        with self._lock:
            return tuple(self._entries)

    def mutations(self) -> tuple[Entry, ...]:
        """Return the requests that could have changed something."""
        return tuple(entry for entry in self.entries() if entry.is_mutation)

    def find(
        self, service: str = "", method: str = "", *, path: str = "", status: int = 0
    ) -> tuple[Entry, ...]:
        """Return the requests that fit; *path* is a regular expression to search."""
        return tuple(
            entry
            for entry in self.entries()
            if service in ("", entry.service)
            and method in ("", entry.method)
            and status in (0, entry.status)
            and re.search(path, entry.path)
        )

    def count(
        self, service: str = "", method: str = "", *, path: str = "", status: int = 0
    ) -> int:
        """Return how many requests fit."""
        return len(self.find(service, method, path=path, status=status))

    def counters(self) -> Json:
        """Return requests and bytes per service."""
        totals: Json = {}
        for entry in self.entries():
            total = totals.setdefault(
                entry.service, {"requests": 0, "bytes_in": 0, "bytes_out": 0}
            )
            total["requests"] += 1
            total["bytes_in"] += entry.bytes_in
            total["bytes_out"] += entry.bytes_out
        return totals

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()
