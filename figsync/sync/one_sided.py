"""Items with one side only: the record alone, the item gone, or the folder gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from figsync.model import (
    DeleteItem,
    Held,
    LocalFile,
    LocalFolder,
    Mode,
    Plan,
    Presence,
    RemoteItem,
    SyncedItem,
    TrashFolder,
    Upload,
    Where,
)
from figsync.sync.mirror import Mirror
from figsync.sync.mounts import doubt, known_mounts
from figsync.sync.observe import View
from figsync.sync.plan import Change, local_change
from figsync.sync.policies import apply_policy
from figsync.sync.survey import Survey, sight, survey_folder
from figsync.sync.tasks import Task
from figsync.sync.walk import RECORD_FOLDER

METADATA_ONLY = (
    "only the record of this item is mirrored; figsync include {} changes it"
)


def plan_record_only(mirror: Mirror, survey: Survey, known: SyncedItem) -> Task[Plan]:
    """Hold what people dropped into an item whose record alone is mirrored."""
    where = Where(known.item_id, known.folder)
    found = yield from survey_folder(mirror, survey, where, synced={}, records=())
    reason = METADATA_ONLY.format(known.item_id)
    dropped = (f for f in found.tree.values() if f.unknown is None and not f.refusal)
    held = tuple(Held(Upload(where, file), reason) for file in dropped)
    # Only including the item settles it: an approval would be asked for again.
    survey.blocked |= {entry.action.key for entry in held}
    return Plan(held=held)


def at_rest(
    mirror: Mirror,
    survey: Survey,
    view: View,
    folders: Mapping[str, LocalFolder],
    known: Iterable[SyncedItem],
) -> set[str]:
    """Return the items whose record alone is mirrored, and of which nothing is new.

    Nothing but the record was and is in their *folders*: with thousands of them, one
    look at each has to do.
    """
    scanned = mirror.state.files.folders() | {survey.watched}
    bare = {
        item.folder: item.item_id
        for item in known
        if item.mode is Mode.METADATA
        and item.folder not in scanned
        and (folder := folders.get(item.folder)) is not None
        and folder.record_id == item.item_id
        and _is_as_it_was(view, item)
    }
    stop = mirror.asked_to_stop
    found = mirror.disk.bare(bare, (RECORD_FOLDER,), stop=stop) if bare else set()
    survey.looked |= found
    return {bare[folder] for folder in found}


def _is_as_it_was(view: View, known: SyncedItem) -> bool:
    item = view.items.get(known.item_id)
    if item is None or item.presence is not Presence.LISTED:
        return False
    return item.title == known.title and item.item_id not in view.read


def plan_gone_item(
    mirror: Mirror, survey: Survey, item: RemoteItem, known: SyncedItem
) -> Task[Plan]:
    """Plan what follows for a folder whose item is gone from Figshare."""
    where = Where(item.item_id, known.folder, item.is_public)
    synced = mirror.state.files.synced(item.item_id)
    found = yield from survey_folder(mirror, survey, where, synced=synced, records=())
    same: dict[str, LocalFile] = {
        path: found.tree[path]
        for path, row in synced.items()
        if local_change(found.tree.get(path), row) is Change.SAME
    }
    rows = tuple(synced[path] for path in sorted(same))
    action = TrashFolder(where, rows, same)
    return apply_policy([action], survey.policy, {})


def plan_lost_folder(
    mirror: Mirror, survey: Survey, item: RemoteItem, known: SyncedItem
) -> Plan:
    """Plan what follows for a listed item whose folder is gone from the disk."""
    where = Where(item.item_id, known.folder, item.is_public)
    synced = mirror.state.files.synced(item.item_id)
    listed = {f.file_id for f in mirror.state.items.remote_files(item.item_id)}
    rows = tuple(synced[path] for path in sorted(synced))
    whole = {row.file_id for row in rows} == listed and item.file_count == len(listed)
    action = DeleteItem(where, rows, whole=whole)
    before = known_mounts(mirror.state).get(item.item_id, [])
    if reason := doubt(known.folder, before=before, now=(), lost=["", *synced]):
        survey.unsure[item.item_id] = reason
    plan = apply_policy([action], survey.policy, {})
    deleting = any(isinstance(a, DeleteItem) for a in plan.actions)
    sight(mirror, survey, item.item_id, [""] if deleting else [])
    return plan
