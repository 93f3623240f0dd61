"""What direction, deletion policy and people's decisions make of a plan (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from figsync.config import Direction, FileDeletions, ItemDeletions
from figsync.model import (
    Action,
    ActionKey,
    Adopt,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    Download,
    FileAway,
    ForgetItem,
    Held,
    KeepBoth,
    MoveLocal,
    Plan,
    RemoteFile,
    RenameFolder,
    TrashFolder,
    TrashLocal,
    Upload,
    WriteRecord,
)

PULL_ONLY = "direction = pull: nothing is sent to Figshare"
PUSH_ONLY = "direction = push: nothing changes on this computer"
REJECTED = "a person rejected it"
KEPT = "it is missing on one side and the configuration keeps it on the other"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the configuration and people decided beforehand."""

    direction: Direction = Direction.BOTH
    files: FileDeletions = FileDeletions.PROPAGATE
    items: ItemDeletions = ItemDeletions.HOLD
    rejected: frozenset[ActionKey] = frozenset()
    approved: frozenset[ActionKey] = frozenset()


def apply_policy(
    actions: Iterable[Action], policy: Policy, remote: Mapping[str, RemoteFile]
) -> Plan:
    """Return the plan that is left of *actions*.

    *remote* holds every record of the item: they serve what comes back.
    """
    todo: list[Action] = []
    held: list[Held] = []
    for action in actions:
        for word in _judge(action, policy, remote):
            if isinstance(word, Held):
                held.append(word)
            else:
                todo.append(word)
    return Plan(tuple(todo), tuple(held))


def _judge(
    action: Action, policy: Policy, remote: Mapping[str, RemoteFile]
) -> list[Action | Held]:
    if action.key not in policy.rejected:
        return _directed(action, policy, remote)
    back = _opposite(action, remote)
    if back is None:
        return [Held(action, REJECTED, listed=True)]
    return _directed(back, policy, remote)


def _directed(
    action: Action, policy: Policy, remote: Mapping[str, RemoteFile]
) -> list[Action | Held]:
    word: Action | Held = action
    if policy.direction is Direction.PULL:
        word = _pulling(action, remote)
    if policy.direction is Direction.PUSH:
        word = action if _is_wanted(action, policy) else _pushing(action)
    return [word if isinstance(word, Held) else _keeping(word, policy)]


def _opposite(action: Action, remote: Mapping[str, RemoteFile]) -> Action | None:
    """Return what brings the missing side back, or None where nothing is missing."""
    where = action.where
    match action:
        case DeleteRemote():
            same = (r for r in remote.values() if r.file_id == action.synced.file_id)
            record = next(same, None)
            if record is None:
                return None
            return Download(where, replace(record, path=action.path))
        case TrashLocal():
            return Upload(where, action.local)
        case DeleteItem() | TrashFolder():
            return ForgetItem(where)
        case _:
            return None


def _pulling(action: Action, remote: Mapping[str, RemoteFile]) -> Action | Held:
    match action:
        case DeleteRemote() | DeleteItem():
            back = _opposite(action, remote)
            return back or Held(action, PULL_ONLY, listed=True)
        case Adopt():
            return replace(action, supersedes=None)
        case Upload() | CreateItem() | FileAway():
            return Held(action, PULL_ONLY, listed=True)
        case _:
            return action


def _is_wanted(action: Action, policy: Policy) -> bool:
    """Tell whether a person asked for a file that is not here (figsync restore)."""
    fetched = isinstance(action, Download) and action.replaces is None
    return fetched and action.key in policy.approved


def _pushing(action: Action) -> Action | Held:
    match action:
        case Download() | MoveLocal() | RenameFolder():
            return Held(action, PUSH_ONLY, listed=True)
        case WriteRecord() if action.is_new:
            return Held(action, PUSH_ONLY, listed=True)
        case KeepBoth() | TrashLocal() | TrashFolder():
            return Held(action, f"{PUSH_ONLY}; approve to let it")
        case _:
            return action


def _keeping(action: Action, policy: Policy) -> Action | Held:
    files = policy.files is FileDeletions.KEEP
    items = policy.items is ItemDeletions.KEEP
    match action:
        case DeleteRemote() | TrashLocal() if files and not _is_move(action):
            return Held(action, KEPT, listed=True)
        case DeleteItem() | TrashFolder() if items:
            return Held(action, KEPT, listed=True)
        case _:
            return action


def _is_move(action: Action) -> bool:
    return isinstance(action, DeleteRemote) and bool(action.moved_to)
