"""One item folder and one item into their part of the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from figsync.config import FileDeletions
from figsync.model import (
    ActionKey,
    DeleteRemote,
    Download,
    Held,
    Plan,
    RemoteFile,
    RemoteItem,
    SyncedFile,
    SyncedItem,
    Unknown,
    Upload,
    Where,
)
from figsync.naming import original_of
from figsync.state import Absence, Conflict, Scanned, Transfer
from figsync.sync.left_out import NotUploadable
from figsync.sync.look import gone, keep_local_names
from figsync.sync.mirror import Mirror
from figsync.sync.mounts import doubt, known_mounts
from figsync.sync.obstacles import OBSTACLES, Names, around_obstacles
from figsync.sync.plan import Change, local_change, plan_files
from figsync.sync.policies import Policy, apply_policy
from figsync.sync.room import Room
from figsync.sync.scan import Scan, complete, scan
from figsync.sync.tasks import Task
from figsync.sync.walk import Lens, is_closed, own_rules, walk_folder

LINKED = "the item has a linked file, and Figshare does not mix those with others"
NO_PLACE = "a symlink or special file stands in its place; move that away"


@dataclass(slots=True)
class Survey:
    """What one cycle found out besides the plan, for the state and for people.

    *seen* is the scan of the folder *watched*; no other scan outlives its item.  What
    the state says of all items alike is read once, when it is first asked for.
    The files of the folders *looked* at are stored.
    """

    lens: Lens
    policy: Policy
    free_quota: int | None
    not_uploadable: list[NotUploadable] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    missed_since: dict[tuple[str, str], float] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    mounts: dict[str, set[str]] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    item_files: dict[str, int] = field(default_factory=dict)
    blocked: set[ActionKey] = field(default_factory=set)
    max_file_size: str | None = None
    mounts_before: Mapping[str, list[str]] | None = None
    watched: str = ""
    seen: Scan | None = None
    looked: set[str] = field(default_factory=set)


def policy_of(mirror: Mirror) -> Policy:
    """Return what the configuration and people decided beforehand."""
    config, decisions = mirror.config, mirror.state.decisions
    return Policy(
        config.mirror.direction,
        config.deletions.files,
        config.deletions.items,
        decisions.rejected(),
        decisions.approved(),
    )


def plan_item(
    mirror: Mirror, survey: Survey, item: RemoteItem, known: SyncedItem
) -> Task[Plan]:
    """Scan the folder, compare it with what was observed, and plan its files."""
    where = Where(item.item_id, known.folder, item.is_public)
    synced = mirror.state.files.synced(item.item_id)
    keep_local_names(mirror, item.item_id, known.folder)
    records = records_of(mirror, item.item_id, synced)
    found = yield from survey_folder(
        mirror, survey, where, synced=synced, records=records
    )
    records = without_unfinished(mirror, item.item_id, found, records)
    actions = plan_files(where, found.tree, records, synced)
    by_id = {record.file_id: record for record in records}
    names = _names(found, records)
    plan = around_obstacles(apply_policy(actions, survey.policy, by_id), names)
    standing = [record for record in records if record.unknown is None]
    survey.item_files[item.item_id] = len(standing)
    sight(mirror, survey, item.item_id, _missing_paths(plan))
    _doubt(mirror, survey, where, found, synced)
    plan = _without_mixing(plan, records) + _blocked(survey, where, found, records)
    in_the_way = (*OBSTACLES, NO_PLACE)
    survey.blocked |= {h.action.key for h in plan.held if h.reason in in_the_way}
    return plan


def records_of(
    mirror: Mirror, item_id: str, synced: Mapping[str, SyncedFile]
) -> list[RemoteFile]:
    """Return the observed records, as the planner may believe them.

    A record of an unfinished upload of ours is no file yet.  A synced record that
    is not there is gone only if its absence was proven, else it is unknown.
    """
    transfers = mirror.state.work.transfers(item_id).values()
    observed = mirror.state.items.remote_files(item_id)
    records = [
        record
        for record in observed
        if record.unknown is None or not any(_may_be(record, t) for t in transfers)
    ]
    present = {record.file_id for record in observed}
    proven = mirror.state.work.absences(gone(item_id))
    for row in synced.values():
        if row.file_id not in present and row.file_id not in proven:
            why = Unknown.UNCONFIRMED
            unsure = RemoteFile(row.path, row.file_id, row.size, row.md5, unknown=why)
            records.append(unsure)
    return records


def without_unfinished(
    mirror: Mirror, item_id: str, found: Scan, records: Iterable[RemoteFile]
) -> list[RemoteFile]:
    """Leave out what this computer sent of files that were edited or deleted since.

    Such a record is no news from Figshare: it is concluded or cleared away first.
    """
    over = {
        transfer.file_id
        for transfer in mirror.state.work.transfers(item_id).values()
        if (file := found.tree.get(transfer.path)) is None or file.md5 != transfer.md5
    }
    return [record for record in records if record.file_id not in over]


def _names(found: Scan, records: Iterable[RemoteFile]) -> Names:
    paths = frozenset(record.path for record in records)
    return Names(found.walk.folders, found.seen.keys(), paths)


def _may_be(record: RemoteFile, transfer: Transfer) -> bool:
    """Tell whether a record is what an unfinished upload of ours made, or may be."""
    if transfer.file_id:
        return record.file_id == transfer.file_id
    begun = (record.name, record.size) == (transfer.name, transfer.size)
    return begun and record.file_id not in transfer.known_ids


def survey_folder(
    mirror: Mirror,
    survey: Survey,
    where: Where,
    *,
    synced: Mapping[str, SyncedFile],
    records: Iterable[RemoteFile],
) -> Task[Scan]:
    """Scan and hash a folder, remember it, and note what people should know."""
    records = list(records)
    before = mirror.state.files.scanned(where.folder)
    walk = walk_folder(survey.lens, where.folder, before)
    expected = {*synced, *(record.path for record in records)}
    if synced:
        survey.rules[where.item_id] = own_rules(survey.lens, walk)
    found = scan(survey.lens, walk, before.files, expected=expected)
    sizes: dict[int, set[str]] = defaultdict(set)
    for record in records:
        sizes[record.size].add(record.md5)
    room = _room(mirror, survey, where, len(records))
    yield from complete(survey.lens, found, synced, remote_md5s=sizes, room=room)
    _remember(mirror, found, before)
    survey.looked.add(where.folder)
    _note(survey, where, found, synced)
    _take_room(survey, found, synced, has_room=room.begun, md5s=sizes)
    if where.folder == survey.watched:
        survey.seen = found
    return found


def _room(mirror: Mirror, survey: Survey, where: Where, records: int) -> Room:
    if survey.max_file_size is None:
        survey.max_file_size = mirror.state.settings.get("maximum_file_size")
    limit = survey.max_file_size
    return Room(
        max_file_size=int(limit) if limit else None,
        free_quota=survey.free_quota,
        files_per_item=mirror.config.transfer.files_per_item,
        files_in_item=records,
        is_new_item=not where.item_id,
        # Their records, which a lost reply may have made too, count as used already.
        begun=frozenset(mirror.state.work.transfers(where.item_id)),
    )


def _take_room(
    survey: Survey,
    found: Scan,
    synced: Mapping[str, SyncedFile],
    *,
    has_room: Collection[str],
    md5s: Mapping[int, set[str]],
) -> None:
    """Leave less room to the items that follow: new files are about to be sent."""
    if not survey.free_quota:
        return
    for path in found.tree.keys() - synced.keys() - set(has_room):
        file = found.tree[path]
        is_there = file.md5 in md5s.get(file.size, ())
        if file.unknown is None and not file.refusal and not is_there:
            survey.free_quota = max(0, survey.free_quota - file.size)


def _remember(mirror: Mirror, found: Scan, before: Scanned) -> None:
    known, folder = before.files, found.walk.folder
    changed = [
        row
        for path, row in found.seen.items()
        if (old := known.get(path)) is not row and old != row
    ]
    rules = found.walk.rules.fingerprint
    if changed or found.gone or rules != before.rules:
        mirror.state.files.save_local(folder, changed, found.gone, rules=rules)


def _note(
    survey: Survey, where: Where, found: Scan, synced: Mapping[str, SyncedFile]
) -> None:
    for file in found.tree.values():
        if file.unknown is None and not file.refusal:
            continue
        if file.refusal and local_change(file, synced.get(file.path)) is Change.EDITED:
            note = NotUploadable(where.folder, file.path, file.refusal)
            survey.not_uploadable.append(note)
        elif file.unknown in (Unknown.NOT_A_FILE, Unknown.UNREADABLE):
            note = NotUploadable(where.folder, file.path, str(file.unknown))
            survey.not_uploadable.append(note)
        elif file.unknown is Unknown.NOT_SETTLED:
            survey.unsettled.append(f"{where.folder}/{file.path}")
    for path in found.walk.closed.keys() - found.tree.keys():
        note = NotUploadable(where.folder, path, str(found.walk.closed[path]))
        survey.not_uploadable.append(note)
    for copy in found.walk.conflicts:
        survey.conflicts.append(
            Conflict(where.item_id, where.folder, original_of(copy) or copy, copy, 0.0)
        )


def _missing_paths(plan: Plan) -> list[str]:
    """Return the paths whose deletion on this computer the plan knows of."""
    kept = [held.action for held in plan.held]
    return [
        action.path
        for action in (*plan.actions, *kept)
        if isinstance(action, DeleteRemote)
    ]


def sight(mirror: Mirror, survey: Survey, item_id: str, missing: Iterable[str]) -> None:
    """Count this scan for every local absence; the others are forgotten."""
    work, scope = mirror.state.work, f"local:{item_id}"
    before = work.absences(scope)
    names = list(missing)
    if not names and not before:
        return
    with mirror.state.atomic():
        for name in names:
            seen = before.get(name, Absence(mirror.clock.now(), 0))
            seen = replace(seen, sightings=seen.sightings + 1)
            work.save_absence(scope, name, seen)
            if seen.sightings > 1:
                survey.missed_since[(item_id, name)] = seen.first_seen
        work.keep_absences(scope, names)


def _doubt(
    mirror: Mirror,
    survey: Survey,
    where: Where,
    found: Scan,
    synced: Mapping[str, SyncedFile],
) -> None:
    """Note an item that lost files, and one whose disk may have been unmounted."""
    item_id, walk = where.item_id, found.walk
    lost = synced.keys() - found.tree.keys()
    # Where deletions are kept, files may be missing for good: then all of them count.
    is_kept = survey.policy.files is FileDeletions.KEEP and lost < synced.keys()
    if lost and not is_kept:
        survey.lost.add(item_id)
    if survey.mounts_before is None:
        survey.mounts_before = known_mounts(mirror.state)
    before = survey.mounts_before.get(item_id, [])
    now = walk.mounts | {mount for mount in before if is_closed(walk, mount)}
    if reason := doubt(where.folder, before=before, now=now, lost=lost):
        survey.unsure[item_id] = reason
    else:
        survey.mounts[item_id] = now


def _without_mixing(plan: Plan, records: Iterable[RemoteFile]) -> Plan:
    """Hold uploads into an item with a linked file."""
    if not any(record.link for record in records):
        return plan
    uploads = tuple(a for a in plan.actions if isinstance(a, Upload))
    rest = tuple(a for a in plan.actions if not isinstance(a, Upload))
    return Plan(rest, plan.held + tuple(Held(upload, LINKED) for upload in uploads))


def _blocked(
    survey: Survey, where: Where, found: Scan, records: Iterable[RemoteFile]
) -> Plan:
    """Hold the records in whose place a symlink or a special file stands."""
    places = {p for p, f in found.tree.items() if f.unknown is Unknown.NOT_A_FILE}
    blocked = [
        Download(where, record)
        for record in records
        if record.path in places and record.unknown is None
    ]
    plan = apply_policy(blocked, survey.policy, {})
    held = tuple(Held(action, NO_PLACE) for action in plan.actions)
    return Plan(held=plan.held + held)
