"""Requests that fail on purpose, a counted number of times."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Literal, Self

Service = Literal["api", "upload", "storage"]
Kind = Literal["json", "html", "xml", "empty", "break"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: which requests, how often, and what they get instead.

    `path` is a regular expression searched in the path; an empty `method` is any.
    With `after_effect` the request is carried out and only its reply is lost.
    `seconds` pass before the reply; `kind` "break" cuts the connection.
    """

    service: Service = "api"
    method: str = ""
    path: str = ""
    status: int = 500
    times: int = 1
    after_effect: bool = False
    kind: Kind = "json"
    seconds: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def lost_create(cls, times: int = 1, kind: Kind = "json") -> Self:
        """Return the fault by which an item is created but the reply is lost."""
        path = r"/account/articles$"
        return cls("api", "POST", path, times=times, after_effect=True, kind=kind)

    @classmethod
    def lost_initiate(cls, times: int = 1, kind: Kind = "json") -> Self:
        """Return the fault by which a file is initiated but the reply is lost."""
        path = r"/account/articles/[^/]+/files$"
        return cls("api", "POST", path, times=times, after_effect=True, kind=kind)

    def matches(self, service: str, method: str, path: str) -> bool:
        """Tell whether a request is one of those that fail."""
        right_method = self.method in ("", method)
        return self.service == service and right_method and bool(self.search(path))

    def search(self, path: str) -> re.Match[str] | None:
        """Return where the fault's expression is found in *path*."""
        return re.search(self.path, path)


class Faults:
    """The faults still to come, in the order they were asked for."""

    def __init__(self) -> None:
        self._left: list[tuple[Fault, int]] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Let the next `fault.times` matching requests fail."""
        with self._lock:
            self._left.append((fault, fault.times))

    def clear(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._left.clear()

    def waiting(self) -> Iterable[tuple[Fault, int]]:
        """Return the faults still to come, each with its number of times."""
        with self._lock:
            return tuple(self._left)

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """Return the fault that this request meets, using it up once."""
        with self._lock:
            for place, (fault, left) in enumerate(self._left):
                if fault.matches(service, method, path):
                    self._left[place : place + 1] = [(fault, left - 1)][: left - 1]
                    return fault
        return None
