"""What a sync left to do, gathered from its report, the state and the disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict

from figsync.disk import Disk
from figsync.errors import DiskProblem, FigsyncError, Refused
from figsync.model import Held, Outcome
from figsync.state import HeldRow, State
from figsync.sync.facts import read_facts
from figsync.sync.loop import Report
from figsync.sync.mirror import Mirror
from figsync.sync.pending import UNREAD, Entry, Leftover, Pending, Why, pending
from figsync.sync.record import full_path


def pending_after(
    mirror: Mirror, report: Report, problem: FigsyncError | None = None
) -> list[Pending]:
    """Return what a sync of everything left that is not proven on Figshare.

    After a *problem* that ended it too early it is what the state knows of.
    """
    if problem is not None:
        return pending_in(mirror.state, mirror.disk, str(problem))
    return pending(
        Leftover(
            entries=[*map(_ended, report.last().values()), *map(_held, report.held)],
            unsettled=report.unsettled,
            copies=[f"{c.folder}/{c.copy}" for c in report.copies],
            left_out=left_out(report),
            problems={
                item: (problem.reason, not isinstance(problem, Refused))
                for item, problem in report.problems.items()
            },
            unsynced=_unsynced(mirror.state, mirror.disk),
            stranded=report.stranded,
            is_quiet=report.is_quiet,
        )
    )


def pending_in(state: State, disk: Disk, reason: str = UNREAD) -> list[Pending]:
    """Return what the state knows of that is not proven; nobody looked since.

    That nobody did, and the *reason*, is among it.
    """
    facts = read_facts(state)
    known = pending(
        Leftover(
            entries=[_stored(row) for row in state.decisions.held()],
            copies=[f"{c.folder}/{c.copy}" for c in state.decisions.conflicts()],
            left_out={_path(f.folder, f.path): f.reason for f in facts.left_out},
            unsynced=_unsynced(state, disk),
        )
    )
    return [Pending("", Why.UNKNOWN, reason), *known]


def left_out(report: Report) -> dict[str, str]:
    """Return what Figshare can not take, and why, by path below the root."""
    return {_path(file.folder, file.path): file.reason for file in report.left_out}


def waited(left: Iterable[Pending], never: Mapping[str, str]) -> dict[str, object]:
    """Return as JSON what is not proven, and what can *never* be, by path."""
    return {"pending": [asdict(one) for one in left], "left_out": dict(never)}


def _path(folder: str, path: str) -> str:
    return "/".join(part for part in (folder, path) if part)


def _ended(outcome: Outcome) -> Entry:
    action = outcome.action
    result = "unproven" if outcome.unproven else outcome.result
    return Entry(action.kind, full_path(action), result, outcome.message)


def _held(held: Held) -> Entry:
    result = _standing(until=held.until, listed=held.listed)
    kind, path = held.action.kind, full_path(held.action)
    return Entry(kind, path, result, held.reason, held.until)


def _stored(row: HeldRow) -> Entry:
    # The key of what is no item yet has the folder in its path.
    path = _path(row.folder if row.key.item_id else "", row.key.path)
    result = _standing(until=row.until, listed=row.listed)
    return Entry(row.key.kind, path, result, row.reason, row.until)


def _standing(*, until: float | None, listed: bool) -> str:
    if until is not None:
        return "waiting"
    return "listed" if listed else "held"


def _unsynced(state: State, disk: Disk) -> Iterator[str]:
    """Yield the files here whose bytes are not those of their synced row."""
    for folder, path in state.files.unsynced():
        place = f"{folder}/{path}"
        try:
            is_here = disk.stat(place) is not None
        except DiskProblem:
            # Nobody can tell: then it counts.
            is_here = True
        if is_here:
            yield place
