"""What a sync did and left, as one JSON object or as a page for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from figsync.commands.codes import strongest
from figsync.commands.show import iso, path_text, plural, size_text
from figsync.errors import FigshareProblem, FigsyncError
from figsync.model import Held, Outcome
from figsync.naming import shown
from figsync.sync import words
from figsync.sync.loop import Report

MOST_LINES = 10


def as_json(report: Report, code: int, *, error: str = "") -> dict[str, object]:
    """Return the whole report; *error* is what ended the sync, if anything did."""
    told: dict[str, object] = {
        **_counts(report),
        "actions": [_action(outcome) for outcome in report.outcomes],
        "held_actions": [_held(held) for held in report.held],
        "problems": {item_id: str(p) for item_id, p in report.problems.items()},
        "not_found": report.not_found,
        "requests": dict(report.requests),
        "bytes_up": report.bytes_up,
        "bytes_down": report.bytes_down,
        "exit_code": code,
    }
    return told | ({"error": error} if error else {})


def as_told(report: Report, problem: FigsyncError | None) -> dict[str, object]:
    """Return how a sync went as a daemon tells it to who asked for it.

    *problem* is what ended it too early, if anything did.
    """
    code, error = report.exit_code, str(problem or "")
    if problem is not None:
        code = strongest(problem.exit_code, code)
    return {
        "report": as_json(report, code, error=error),
        "page": page(report) if problem is None or report.cycles else [],
        "complaints": complaints(report),
        "error": error,
        "code": code,
    }


def _counts(report: Report) -> dict[str, int]:
    last = report.last().values()
    return {
        "done": report.count("done"),
        "planned": report.count("planned"),
        "failed": report.count("failed"),
        "refused": report.count("refused"),
        "stale": report.count("stale"),
        "unproven": sum(1 for outcome in last if outcome.unproven),
        "held": sum(1 for held in report.held if held.needs_person),
        "waiting": report.waiting,
        "listed": sum(1 for held in report.held if held.listed),
        "not_uploadable": report.not_uploadable,
        "unsettled": len(report.unsettled),
        "conflicts": report.conflicts,
        "cycles": report.cycles,
    }


def _action(outcome: Outcome) -> dict[str, object]:
    action = outcome.action
    return {
        "kind": action.kind,
        "item_id": action.where.item_id,
        "folder": action.where.folder,
        "path": action.path,
        "bytes": action.size,
        "result": outcome.result,
        "message": outcome.message,
        "unproven": outcome.unproven,
    }


def _held(held: Held) -> dict[str, object]:
    action = held.action
    waits = "waiting" if held.until is not None else "held"
    return {
        "kind": action.kind,
        "item_id": action.where.item_id,
        "folder": action.where.folder,
        "path": action.path,
        "bytes": action.size,
        "result": "listed" if held.listed else waits,
        "reason": held.reason,
        "until": iso(held.until),
    }


def page(report: Report) -> list[str]:
    """Return what people want to know after a sync, line by line."""
    lines = [_headline(report)]
    lines += _held_lines(report, lambda h: h.needs_person, "held for you")
    lines += _held_lines(report, lambda h: h.until is not None, "waiting for its time")
    lines += _held_lines(report, lambda h: h.listed, "left alone as configured")
    if report.held:
        lines.append("  more: figsync held; figsync approve NUMBER, or reject NUMBER")
    if report.conflicts:
        lines.append(f"{plural(report.conflicts, 'conflict')}: see figsync conflicts")
    if report.not_uploadable:
        left = plural(report.not_uploadable, "file")
        lines.append(f"{left} can not go to Figshare: see figsync status")
    if report.unsettled:
        lines.append(_moving(report.unsettled))
    if report.stranded:
        saves = plural(report.stranded, "file")
        lines.append(
            f"{saves} saved during a sync could not be put back and lie in the trash:"
            " see figsync trash"
        )
    lines += [_unread(item_id, p) for item_id, p in report.problems.items()]
    return lines


def complaints(report: Report) -> list[str]:
    """Return what was wrong with what was asked for, line by line."""
    remedy = "name a folder of the mirror, or the id of an item"
    return [
        f"{shown(name)}: no folder or item has this name; {remedy}"
        for name in report.not_found
    ]


def _moving(paths: list[str]) -> str:
    others = f" and {plural(len(paths) - 1, 'other file')}" if paths[1:] else ""
    first = f"{path_text(paths[0])}{others}"
    return f"{first} changed a moment ago; the next sync looks again"


def _headline(report: Report) -> str:
    count = report.count
    if report.count("planned"):
        return f"Dry run: {plural(count('planned'), 'action')}; nothing was changed."
    if any(count(result) for result in ("done", "failed", "refused")):
        failed = count("failed") + count("refused")
        failures = f", {failed:,} failed" if failed else ""
        return (
            f"{count('done'):,} done{failures};"
            f" {size_text(report.bytes_up)} sent,"
            f" {size_text(report.bytes_down)} fetched."
        )
    if report.exit_code or report.waiting or report.unsettled:
        return "Nothing to do for now; nothing was sent or fetched."
    return "Everything is in sync; nothing was sent or fetched."


def _held_lines(
    report: Report, chosen: Callable[[Held], bool], title: str
) -> Iterator[str]:
    rows = [held for held in report.held if chosen(held)]
    if not rows:
        return
    yield f"{plural(len(rows), 'action')} {title}:"
    for held in rows[:MOST_LINES]:
        action = held.action
        path = path_text(action.where.folder, action.path)
        yield f"  {words.to_do(action.kind)} {path}: {shown(held.reason)}"
    if len(rows) > MOST_LINES:
        yield f"  and {len(rows) - MOST_LINES:,} more"


def _unread(item_id: str, problem: FigshareProblem) -> str:
    return f"Item {item_id} could not be read: {shown(problem.reason)}"
