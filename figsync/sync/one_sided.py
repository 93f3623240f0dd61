"""Items with one side only: the record alone, the item gone, or the folder gone."""

from __future__ import annotations

from figsync.model import (
    DeleteItem,
    Held,
    LocalFile,
    Plan,
    RemoteItem,
    SyncedItem,
    TrashFolder,
    Upload,
    Where,
)
from figsync.sync.mirror import Mirror
from figsync.sync.mounts import doubt, known_mounts
from figsync.sync.plan import Change, local_change
from figsync.sync.policies import apply_policy
from figsync.sync.survey import Survey, sight, survey_folder
from figsync.sync.tasks import Task

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
