"""Names that a folder has on one side and a file on the other (pure)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial

from figsync.model import (
    Action,
    DeleteRemote,
    Download,
    FileAction,
    Held,
    KeepBoth,
    MoveLocal,
    Plan,
    TrashLocal,
    Upload,
)

FOLDER_HERE = "a folder has its name on this computer; rename one of the two"
FILE_HERE = "a file has the name of its folder on this computer; rename one of the two"
FOLDER_THERE = "it is sent when the deleted folder of its name is gone from Figshare"
FILE_THERE = "a file has the name of its folder on Figshare; rename one of the two"
OBSTACLES = (FOLDER_HERE, FILE_HERE, FILE_THERE)


@dataclass(frozen=True, slots=True)
class Names:
    """Which paths of an item are files and folders here, and files on Figshare."""

    folders: Collection[str]
    files: Collection[str]
    records: Collection[str]


def around_obstacles(plan: Plan, names: Names) -> Plan:
    """Return *plan* with everything held whose name something of another kind has.

    What the same plan takes out of the way asks nothing of anybody: a later cycle
    goes on from there.
    """
    todo = []
    held = list(plan.held)
    for action in plan.actions:
        found = _obstacle(action, names) if isinstance(action, FileAction) else None
        if found is None:
            todo.append(action)
        else:
            reason, clears = found
            leaving = any(clears(other) for other in plan.actions if other != action)
            held.append(Held(action, reason, listed=leaving))
    return _unpaired(_after_folders(Plan(tuple(todo), tuple(held))))


def _after_folders(plan: Plan) -> Plan:
    """Hold the files that take the place of a folder until that left Figshare.

    Sent before, its name would be taken from the records that are to be deleted.
    """
    leaving = {
        folder
        for action in plan.actions
        if isinstance(action, DeleteRemote)
        for folder in _above(action.path)
    }
    early = [a for a in plan.actions if isinstance(a, Upload) and a.path in leaving]
    todo = tuple(action for action in plan.actions if action not in early)
    held = tuple(Held(action, FOLDER_THERE, listed=True) for action in early)
    return Plan(todo, plan.held + held)


def _unpaired(plan: Plan) -> Plan:
    """Let no deletion wait for the upload that waits for it."""
    waiting = {h.action.path for h in plan.held if isinstance(h.action, Upload)}
    todo = tuple(
        replace(action, moved_to="")
        if isinstance(action, DeleteRemote) and action.moved_to in waiting
        else action
        for action in plan.actions
    )
    return Plan(todo, plan.held)


def after_uploads(plan: Plan) -> Plan:
    """Keep each deletion back for as long as the upload to its new place is held."""
    uploads = {
        (held.action.where.item_id, held.action.path): held
        for held in plan.held
        if isinstance(held.action, Upload)
    }
    todo = []
    kept = []
    for action in plan.actions:
        place = action.moved_to if isinstance(action, DeleteRemote) else ""
        upload = uploads.get((action.where.item_id, place)) if place else None
        if upload is None:
            todo.append(action)
        else:
            kept.append(until_sent(action, place, upload))
    return Plan(tuple(todo), (*plan.held, *kept))


def until_sent(action: Action, place: str, upload: Held | None) -> Held:
    """Hold a deletion until its file is at *place* on Figshare, as *upload* is held."""
    reason = f"it goes when {place} is on Figshare"
    if upload is None:
        return Held(action, reason, listed=True)
    until = upload.until
    return Held(action, f"{reason}: {upload.reason}", until, listed=until is None)


_Clears = Callable[[object], bool]


def _obstacle(action: FileAction, names: Names) -> tuple[str, _Clears] | None:
    """Return what is in the way of an action, and which other one would clear it."""
    path = action.path
    match action:
        case Download() | KeepBoth() | MoveLocal():
            if path in names.folders:
                return FOLDER_HERE, partial(_leaves_folder, path)
            for folder in _above(path):
                if folder in names.files:
                    return FILE_HERE, partial(_leaves_file, folder)
        case Upload():
            for folder in _above(path):
                if folder in names.records:
                    return FILE_THERE, partial(_leaves_figshare, folder)
        case _:
            pass
    return None


def _above(path: str) -> Iterator[str]:
    """Yield the folders that *path* is in, within its item."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        yield "/".join(parts[:depth])


def _leaves_folder(folder: str, action: object) -> bool:
    match action:
        case TrashLocal() | MoveLocal():
            return action.local.path.startswith(f"{folder}/")
        case _:
            return False


def _leaves_file(path: str, action: object) -> bool:
    """A file that goes up is in nobody's way then: naming gives the folder another."""
    match action:
        case TrashLocal() | MoveLocal() | Upload():
            return action.local.path == path
        case _:
            return False


def _leaves_figshare(path: str, action: object) -> bool:
    return isinstance(action, DeleteRemote) and action.path == path
