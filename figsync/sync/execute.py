"""A plan into the world: one function per kind of action, item by item.

Every action re-checks before it destroys.  Before the first change of an item on
Figshare its file list is fetched: another set of ids makes its actions stale.  For an
item just made, that is its record, read when there was nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from figsync.errors import FigsyncError, Interrupted, NotFound, Stale
from figsync.model import (
    Action,
    Adopt,
    CreateItem,
    DeleteFirst,
    DeleteItem,
    DeleteRemote,
    Download,
    FileAway,
    Forget,
    ForgetItem,
    KeepBoth,
    LinkFolder,
    MoveLocal,
    Outcome,
    Plan,
    RenameFolder,
    SetAsideRecord,
    SyncedFile,
    TrashFolder,
    TrashLocal,
    Unknown,
    Upload,
    WriteRecord,
)
from figsync.naming import shown
from figsync.sync import arrange, arriving, underway
from figsync.sync.fetch import download, keep_both, record_agreement
from figsync.sync.mirror import Mirror
from figsync.sync.record import Recorder
from figsync.sync.send import check_unchanged
from figsync.sync.tasks import Task, all_of, do
from figsync.sync.upload import upload_all
from figsync.sync.zips import bring_zipped

AT_ONCE = 64
JUST_NOW = 5.0  # seconds
_NOT_LISTED = (Unknown.UNCONFIRMED, Unknown.NOT_LISTED)
# Renaming comes last: the others name the folder as it was when they were planned.
_ORDER: tuple[type[Action], ...] = (
    SetAsideRecord,
    LinkFolder,
    WriteRecord,
    CreateItem,
    FileAway,
    MoveLocal,
    Adopt,
    KeepBoth,
    TrashLocal,
    Download,
    Upload,
    DeleteRemote,
    Forget,
    TrashFolder,
    DeleteItem,
    ForgetItem,
    RenameFolder,
)
_RANK = {kind: rank for rank, kind in enumerate(_ORDER)}
# They share the room that there is, and so the order in which they go.
_RANK[DeleteFirst] = _RANK[Upload]


def execute(mirror: Mirror, plan: Plan, recorder: Recorder) -> Iterator[Outcome]:
    """Carry out the plan and yield how each action ended, as soon as it has."""
    groups: dict[tuple[str, str], list[Action]] = {}
    for action in plan.actions:
        where = action.where
        groups.setdefault((where.item_id, where.folder), []).append(action)
    tight = [group for group in groups.values() if any(map(_is_alone, group))]
    tight.sort(key=lambda group: group[0].where.item_id)
    roomy = [group for group in groups.values() if not any(map(_is_alone, group))]
    try:
        yield from _drive(mirror, recorder, tight, at_once=1)
        yield from _drive(mirror, recorder, roomy, at_once=16)
    except Interrupted:
        underway.interrupted(mirror)
        raise


def _drive(
    mirror: Mirror, recorder: Recorder, groups: list[list[Action]], *, at_once: int
) -> Iterator[Outcome]:
    tasks = (_of_item(mirror, recorder, actions) for actions in groups)
    for result in mirror.drive(tasks, at_once=at_once):
        if isinstance(result, FigsyncError):
            raise result
        yield from result


def _is_alone(action: Action) -> bool:
    return isinstance(action, Upload) and action.alone


def _of_item(
    mirror: Mirror, recorder: Recorder, actions: list[Action]
) -> Task[list[Outcome]]:
    """Carry out what concerns one item, in the order that is safe."""
    actions.sort(key=lambda action: (_rank(action), action.path))
    outcomes: list[Outcome] = []
    if any(_changes_figshare(action) for action in actions):
        problem = yield from _recheck(mirror, actions[0].where.item_id)
        hit = (action for action in actions if _is_hit(action, problem))
        outcomes += [recorder.ended(action, problem) for action in hit]
        actions = [action for action in actions if not _is_hit(action, problem)]
    for _, some in groupby(actions, key=_rank):
        ready = [action for action in some if not _is_early(mirror, action)]
        if ready:
            outcomes += yield from _of_kind(mirror, recorder, ready)
    return outcomes


def _is_early(mirror: Mirror, action: Action) -> bool:
    """Tell whether the bytes of a moved file are not proven at their new place yet.

    Such a deletion is planned again with its upload, which says what is wrong.
    """
    if not isinstance(action, DeleteRemote) or not action.moved_to:
        return False
    moved = mirror.state.files.synced(action.where.item_id).get(action.moved_to)
    return moved is None or moved.md5 != action.synced.md5


def _rank(action: Action) -> float:
    """Return when an action's turn is.

    A copy from a local file comes before that file may go; other downloads come
    after what is in their way went to the trash.
    """
    if isinstance(action, Download) and action.source is not None:
        return _RANK[TrashLocal] - 0.5
    return _RANK[type(action)]


def _of_kind(
    mirror: Mirror, recorder: Recorder, actions: list[Any]
) -> Task[list[Outcome]]:
    """Carry out actions of one kind: transfers side by side, the rest in turn."""
    if isinstance(actions[0], Upload):
        return (yield from upload_all(mirror, recorder, actions))
    outcomes: list[Outcome] = []
    if isinstance(actions[0], Download):
        outcomes, actions = yield from bring_zipped(mirror, recorder, actions)
    for start in range(0, len(actions), AT_ONCE):
        some = actions[start : start + AT_ONCE]
        with mirror.state.atomic():
            underway.begin(mirror, some)
            arriving.note(mirror, some)
        ended = yield from _some(mirror, recorder, some)
        with mirror.state.atomic():
            underway.end(mirror, some, ended)
            arriving.cross_out(mirror, ended)
        outcomes += ended
    return outcomes


def _some(
    mirror: Mirror, recorder: Recorder, actions: list[Action]
) -> Task[list[Outcome]]:
    if isinstance(actions[0], Download):
        return (yield from all_of([_one(mirror, recorder, a) for a in actions]))
    outcomes: list[Outcome] = []
    for action in actions:
        outcomes.append((yield from _one(mirror, recorder, action)))
    return outcomes


def _one(mirror: Mirror, recorder: Recorder, action: Action) -> Task[Outcome]:
    """Carry out one action; whatever goes wrong becomes its outcome."""
    try:
        recorder.check_hosts(action)
        yield from _PERFORM[type(action)](mirror, action)
    except FigsyncError as problem:
        if isinstance(problem, NotFound):
            # What was read of the item is of the past.
            mirror.state.items.invalidate(action.where.item_id)
        return recorder.ended(action, problem)
    return recorder.ended(action)


def _changes_figshare(action: Action) -> bool:
    if isinstance(action, Adopt):
        return action.supersedes is not None
    return isinstance(action, Upload | DeleteRemote)


def _is_hit(action: Action, problem: FigsyncError | None) -> bool:
    """Tell whether an item's re-check ends an action: if stale, then every one."""
    if isinstance(problem, Stale):
        return True
    return problem is not None and _changes_figshare(action)


def _recheck(mirror: Mirror, item_id: str) -> Task[FigsyncError | None]:
    """Return why an item may not be changed now; from here on it is unread."""
    if _was_just_bare(mirror, item_id):
        mirror.state.items.invalidate(item_id)
        return None
    try:
        listing = yield from do(lambda: mirror.figshare.list_files(item_id))
    except FigsyncError as problem:
        return problem
    planned = {
        record.file_id
        for record in mirror.state.items.remote_files(item_id)
        if record.unknown not in _NOT_LISTED
    }
    mirror.state.items.invalidate(item_id)
    if {record.id for record in listing.rows} != planned:
        return Stale("", "the item changed on Figshare a moment ago")
    return None


def _was_just_bare(mirror: Mirror, item_id: str) -> bool:
    """Tell whether the item was made here and read a moment ago, with no file in it.

    A list could tell no more.
    """
    seen_at = mirror.bare.pop(item_id, None)
    return seen_at is not None and mirror.clock.monotonic() - seen_at < JUST_NOW


def move_local(mirror: Mirror, action: MoveLocal) -> Task[None]:
    """Move a file to where its record went."""
    where, local, remote = action.where, action.local, action.remote
    source, target = f"{where.folder}/{local.path}", f"{where.folder}/{remote.path}"
    made = mirror.disk.move(source, target, expect=local.stat)
    stat = mirror.disk.stat(target)
    if stat is None:
        raise Stale(shown(target), "it was moved again a moment ago")
    with mirror.state.atomic():
        mirror.state.files.add_made_folders(made)
        mirror.state.files.drop_synced(where.item_id, local.path)
        mirror.state.files.save_local(where.folder, [], [local.path])
        record_agreement(mirror, where, remote, stat)
    remove_empty_parents(mirror, source)
    yield from ()


def trash_local(mirror: Mirror, action: TrashLocal) -> Task[None]:
    """Move a file whose record is gone to the trash, if its bytes are the synced."""
    where, path = action.where, action.path
    target, md5 = f"{where.folder}/{path}", action.synced.md5
    yield from do(lambda: mirror.disk.trash(target, action.local.stat, md5=md5))
    with mirror.state.atomic():
        mirror.state.files.drop_synced(where.item_id, path)
        mirror.state.files.save_local(where.folder, [], [path])
    remove_empty_parents(mirror, target)


def remove_empty_parents(mirror: Mirror, path: str) -> None:
    """Remove the sub-folders of the item that figsync made and that are empty now."""
    parents = path.split("/")[:-1]
    chain = ["/".join(parents[: depth + 1]) for depth in range(1, len(parents))]
    own = mirror.state.files.made_among(chain)
    if own:
        gone = mirror.disk.remove_empty_folders(own)
        mirror.state.files.drop_made_folders(gone)


def adopt(mirror: Mirror, action: Adopt) -> Task[None]:
    """Record that both sides hold equal bytes; delete the superseded record."""
    where, remote, old = action.where, action.remote, action.supersedes
    check_unchanged(mirror, where.folder, action.local)
    if old is not None:
        yield from do(lambda: mirror.figshare.delete_file(where.item_id, old.file_id))
    agreed = SyncedFile(action.local.path, remote.file_id, remote.md5, remote.size)
    begun = mirror.state.work.transfer(where.item_id, action.path)
    with mirror.state.atomic():
        mirror.state.files.save_synced(where.item_id, agreed)
        # What was begun of another record is cleared away by the next cycle.
        if begun is not None and begun.file_id == remote.file_id:
            mirror.state.work.drop_transfer(where.item_id, action.path)


def delete_remote(mirror: Mirror, action: DeleteRemote) -> Task[None]:
    """Delete exactly the record that the synced row names."""
    where, synced = action.where, action.synced
    there = mirror.disk.stat(f"{where.folder}/{action.path}")
    if there is not None and there.kind != "folder":
        raise Stale(shown(action.path), "the file is back")
    if mirror.disk.stat(where.folder) is None:
        raise Stale(shown(where.folder), "its folder was moved or deleted a moment ago")
    arrange.check_not_wanted(mirror, action.path)
    yield from do(lambda: mirror.figshare.delete_file(where.item_id, synced.file_id))
    mirror.state.files.drop_synced(where.item_id, action.path)


def forget(mirror: Mirror, action: Forget) -> Task[None]:
    """Drop the synced row of a file that both sides lost."""
    mirror.state.files.drop_synced(action.where.item_id, action.path)
    yield from ()


# Any: each function takes its own kind, which the key of the table guarantees.
_PERFORM: dict[type[Any], Callable[[Mirror, Any], Task[None]]] = {
    SetAsideRecord: arrange.set_aside_record,
    LinkFolder: arrange.link_folder,
    WriteRecord: arrange.write_record,
    CreateItem: arrange.create_item,
    FileAway: arrange.file_away,
    MoveLocal: move_local,
    Adopt: adopt,
    KeepBoth: keep_both,
    Download: download,
    TrashLocal: trash_local,
    DeleteRemote: delete_remote,
    Forget: forget,
    TrashFolder: arrange.trash_folder,
    DeleteItem: arrange.delete_item,
    ForgetItem: arrange.forget_item,
    RenameFolder: arrange.rename_folder,
}
