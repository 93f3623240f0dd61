"""What tests look at and decide: reports, folders byte by byte, a person's word."""

from __future__ import annotations

from pathlib import Path

from figsync.state import HeldRow, State
from figsync.sync.carry import Asked, carry_out
from figsync.sync.loop import Report
from tests.world import World


def results(report: Report, result: str = "done") -> list[tuple[str, str]]:
    """Return kind and path of the actions that ended this way."""
    return [
        (outcome.action.kind, outcome.action.path)
        for outcome in report.outcomes
        if outcome.result == result
    ]


def for_a_person(report: Report) -> list[tuple[str, str]]:
    """Return kind and path of what is held until a person decides."""
    return [
        (held.action.kind, held.action.path)
        for held in report.held
        if held.needs_person
    ]


def listed(report: Report) -> list[tuple[str, str]]:
    """Return kind and path of what is shown and asks nothing of anybody."""
    return [(held.action.kind, held.action.path) for held in report.held if held.listed]


def waiting(report: Report) -> list[tuple[str, str]]:
    """Return kind and path of what waits for its time."""
    return [
        (held.action.kind, held.action.path)
        for held in report.held
        if held.until is not None
    ]


def reasons(report: Report) -> str:
    """Return every reason for which something is held, a line each."""
    return "\n".join(held.reason for held in report.held)


def everything(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return all that stands below *folder*, figsync's own too, with its times."""
    return {str(path.relative_to(folder)): _look(path) for path in folder.rglob("*")}


def _look(path: Path) -> tuple[object, ...]:
    stat = path.lstat()
    if path.is_symlink():
        return ("symlink", str(path.readlink()))
    if path.is_file():
        return ("file", path.read_bytes(), stat.st_mtime_ns, stat.st_ino)
    return ("folder" if path.is_dir() else "special", stat.st_ino)


def shown(world: World) -> list[HeldRow]:
    """Return what `figsync held` shows."""
    with world.state() as state:
        return state.decisions.held()


def approve(world: World) -> int:
    """Approve all that is held for a person now; return how many."""
    ids = [row.id for row in shown(world) if row.needs_person]
    with _owned(world) as state:
        return state.decisions.approve(ids)


def reject(world: World) -> int:
    """Reject all that is held for a person now, or waits; return how many."""
    ids = [row.id for row in shown(world) if not row.listed]
    with _owned(world) as state:
        return state.decisions.reject(ids)


def approve_after_all(world: World) -> None:
    """Approve the one thing that was rejected before."""
    (row,) = shown(world)
    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"ids": str(row.id)}))


def _owned(world: World) -> State:
    return State.open(world.config.database, clock=world.clock)


def assert_quiet(world: World) -> None:
    """Sync once more: no request that changes anything, no byte, no local change."""
    before = world.tree()
    world.box.log.clear()
    report = world.sync()
    assert world.box.log.mutations() == ()
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert results(report) == []
    assert world.tree() == before
