"""How a sync is told of in plain lines: one for each finished action."""

from __future__ import annotations

from collections.abc import Mapping

from figsync.commands.show import path_text, say, size_text
from figsync.naming import shown
from figsync.sync import words
from figsync.sync.telling import Ended

_QUIET_KINDS = ("WriteRecord", "Adopt", "Forget")


def line(ended: Ended) -> str:
    """Return one line about a finished action, "" where there is nothing to tell."""
    path = path_text(ended.folder, ended.path)
    size = f" ({size_text(ended.size)})" if ended.way else ""
    match ended.result:
        case "done":
            quiet = ended.kind in _QUIET_KINDS
            return "" if quiet else f"{words.done(ended.kind)}: {path}{size}"
        case "stale":
            return ""
        case "planned":
            return f"Would {words.to_do(ended.kind)}: {path}{size}"
        case _ if ended.unproven:
            return f"Sent, but not proven: {path}: {shown(ended.message)}"
        case _:
            told = shown(ended.message)
            return f"Could not {words.to_do(ended.kind)}: {path}: {told}"


class Lines:
    """Tells of each finished action in one line."""

    def phase(self, name: str) -> None:
        del name

    def ahead(self, sizes: Mapping[str, int]) -> None:
        del sizes

    def moved(self, way: str, size: int) -> None:
        del way, size

    def ended(self, ended: Ended) -> None:
        if told := line(ended):
            say(told)
