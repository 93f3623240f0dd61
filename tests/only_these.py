"""The only requests by which figsync may change anything; every test is held to it."""

from __future__ import annotations

import re

from figsync.sandbox import Entry, Sandbox

CHANGES = {
    ("api", "POST"): (
        r"/account/articles",
        r"/account/articles/search",
        r"/account/articles/[^/]+/files",
        r"/account/articles/[^/]+/files/[^/]+",
    ),
    ("api", "DELETE"): (
        r"/account/articles/[^/]+",
        r"/account/articles/[^/]+/files/[^/]+",
    ),
    ("upload", "PUT"): (r"/upload/[^/]+/\d+",),
}
READING = ("GET", "HEAD")

found: list[str] = []


def is_allowed(service: str, method: str, path: str) -> bool:
    """Tell whether figsync may send this request."""
    if method in READING:
        return True
    wanted = CHANGES.get((service, method), ())
    return any(re.fullmatch(pattern, path.removeprefix("/v2")) for pattern in wanted)


def hold(box: Sandbox) -> None:
    """Note every request to this sandbox that figsync must never send."""

    def look(entry: Entry) -> None:
        if not is_allowed(entry.service, entry.method, entry.path):
            found.append(f"{entry.method} {entry.path}")

    box.log.watch(look)
