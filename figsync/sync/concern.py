"""Which decisions of a plan are about one path (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from figsync.model import (
    Action,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    FileAway,
    ForgetItem,
    LinkFolder,
    MoveLocal,
    Plan,
    SetAsideRecord,
    TrashFolder,
    WriteRecord,
)
from figsync.sync.subject import Setting

_OF_ITEMS = (
    CreateItem,
    DeleteItem,
    ForgetItem,
    LinkFolder,
    SetAsideRecord,
    TrashFolder,
)


def plan_about(plan: Plan, setting: Setting, below: str) -> Plan:
    """Return what of a plan decides on a path *below* an item folder."""
    concerned = _Concern(setting, below)
    return Plan(
        tuple(action for action in plan.actions if concerned.by(action)),
        tuple(held for held in plan.held if concerned.by(held.action)),
    )


@dataclass(frozen=True, slots=True)
class _Concern:
    """Which actions are about a path."""

    setting: Setting
    below: str

    def by(self, action: Action) -> bool:
        """Tell whether *action* decides on the path, or on all of its item."""
        if isinstance(action, FileAway):
            return action.name == self.setting.folder
        if not self._is_of_item(action):
            return False
        if not self.below:
            return True
        return _is_of_all(action) or any(map(self._is_in, _paths(action)))

    def _is_of_item(self, action: Action) -> bool:
        where, item_id = action.where, self.setting.item_id
        if where.item_id and item_id:
            return where.item_id == item_id
        return where.folder == self.setting.folder

    def _is_in(self, path: str) -> bool:
        return path == self.below or path.startswith(f"{self.below}/")


def _is_of_all(action: Action) -> bool:
    """Tell whether what happens to the item happens to all its files."""
    if isinstance(action, WriteRecord):
        return action.is_new
    return isinstance(action, _OF_ITEMS)


def _paths(action: Action) -> tuple[str, ...]:
    match action:
        case MoveLocal():
            return action.path, action.local.path
        case DeleteRemote():
            return action.path, action.moved_to
        case _:
            return (action.path,)
