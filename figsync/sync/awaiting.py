"""Deletions that wait until a moved file's bytes are proven at their new place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from figsync.model import (
    Action,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    Held,
    Mode,
    Plan,
    Upload,
)
from figsync.naming import shown
from figsync.sync.mirror import Mirror
from figsync.sync.moves import is_proven_elsewhere, new_place
from figsync.sync.obstacles import FILE_THERE, FOLDER_THERE, after_uploads, until_sent
from figsync.sync.survey import Survey


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that are to be sent: from which *place*, and why that is *held*.

    *after* is the item in which a deletion has to make way for them first.
    """

    place: str
    held: Held | None = None
    after: str = ""


def after_arrivals(mirror: Mirror, survey: Survey, plan: Plan) -> Plan:
    """Keep each deletion back while its bytes are on their way to another place.

    Nobody deleted a file that was moved: its old record is all that Figshare has of
    it.  For a file that finds no room there nothing waits, as it would for ever.
    """
    plan = after_uploads(plan)
    if not any(isinstance(a, DeleteRemote | DeleteItem) for a in plan.actions):
        return plan
    coming = dict(_coming(mirror, plan))
    todo: list[Action] = []
    kept: list[Held] = []
    for action in plan.actions:
        arrival = _awaited(mirror, survey, action, coming)
        if arrival is None:
            todo.append(action)
        else:
            kept.append(until_sent(action, shown(arrival.place), arrival.held))
    return Plan(tuple(todo), (*plan.held, *kept))


def _coming(mirror: Mirror, plan: Plan) -> Iterator[tuple[str, Arrival]]:
    """Yield the MD5 of what is to be sent, files of folders without an item too."""
    held = {held.action.key: held for held in plan.held}
    for action in (*plan.actions, *(h.action for h in plan.held)):
        if isinstance(action, Upload):
            place, wait = f"{action.where.folder}/{action.path}", held.get(action.key)
            is_next = wait is not None and wait.reason in (FILE_THERE, FOLDER_THERE)
            after = action.where.item_id if is_next else ""
            yield action.local.md5, Arrival(place, wait, after)
        elif isinstance(action, CreateItem):
            folder = action.where.folder
            for path, file in mirror.state.files.local(folder).items():
                yield file.md5, Arrival(f"{folder}/{path}", held.get(action.key))


def _awaited(
    mirror: Mirror, survey: Survey, action: Action, coming: Mapping[str, Arrival]
) -> Arrival | None:
    if isinstance(action, DeleteRemote) and not action.moved_to:
        known = coming.get(action.synced.md5)
        if known is not None and known.after != action.where.item_id:
            return known
        return _remembered(mirror, survey, action)
    if isinstance(action, DeleteItem) and not action.only_excludes:
        if action.key in mirror.state.decisions.approved():
            return None
        found = (coming.get(file.md5) for file in action.files)
        return next((arrival for arrival in found if arrival), None)
    return None


def _remembered(mirror: Mirror, survey: Survey, loss: DeleteRemote) -> Arrival | None:
    """Return where the bytes showed up once, if they stand there and are unproven.

    Such a file is in no plan while its record waits for its MD5, for instance.
    """
    item_id, path = new_place(mirror, loss)
    item = mirror.state.items.all().get(item_id) if path else None
    if (
        item is None
        or item.mode is not Mode.MIRRORED
        or is_proven_elsewhere(mirror, loss)
    ):
        return None
    file = mirror.state.files.local_file(item.folder, path)
    if file is None or file.md5 != loss.synced.md5:
        return None
    left_out = ((note.folder, note.path) for note in survey.not_uploadable)
    return None if (item.folder, path) in left_out else Arrival(f"{item.folder}/{path}")
