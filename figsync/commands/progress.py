"""How a sync is told of in plain lines: one for each finished action."""

from __future__ import annotations

from figsync.commands import words
from figsync.commands.show import path_text, say, size_text
from figsync.model import Action, Download, KeepBoth, Outcome, Plan, Upload
from figsync.naming import shown

_QUIET_KINDS = ("WriteRecord", "Adopt", "Forget")
UP, DOWN = "Uploading", "Downloading"


def line(outcome: Outcome) -> str:
    """Return one line about a finished action, "" where there is nothing to tell."""
    action = outcome.action
    path = path_text(action.where.folder, action.path)
    size = f" ({size_text(action.size)})" if direction(action) else ""
    match outcome.result:
        case "done":
            quiet = action.kind in _QUIET_KINDS
            return "" if quiet else f"{words.done(action.kind)}: {path}{size}"
        case "stale":
            return ""
        case "planned":
            return f"Would {words.to_do(action.kind)}: {path}{size}"
        case _ if outcome.unproven:
            return f"Sent, but not proven: {path}: {shown(outcome.message)}"
        case _:
            told = shown(outcome.message)
            return f"Could not {words.to_do(action.kind)}: {path}: {told}"


def direction(action: Action) -> str:
    if isinstance(action, Upload):
        return UP
    if isinstance(action, Download) and action.source is not None:
        return ""
    return DOWN if isinstance(action, Download | KeepBoth) else ""


class Lines:
    """Tells of each finished action in one line."""

    def phase(self, name: str) -> None:
        del name

    def planned(self, plan: Plan) -> None:
        del plan

    def moved(self, action: Action, size: int) -> None:
        del action, size

    def finished(self, outcome: Outcome) -> None:
        if told := line(outcome):
            say(told)
