"""Which decisions of a plan are about one path."""

from __future__ import annotations

from dataclasses import dataclass

from figsync.model import (
    Action,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    FileAway,
    ForgetItem,
    Held,
    LinkFolder,
    MoveLocal,
    Plan,
    SetAsideRecord,
    TrashFolder,
    WriteRecord,
)
from figsync.sync.mirror import Mirror
from figsync.sync.subject import Setting

# A guard that counts the whole mirror says so in its reason.
OF_ALL = "allowed without asking"
_OF_ITEMS = (
    CreateItem,
    DeleteItem,
    ForgetItem,
    LinkFolder,
    SetAsideRecord,
    TrashFolder,
)


def plan_about(mirror: Mirror, plan: Plan, setting: Setting, below: str) -> Plan:
    """Return what of a plan decides on a path *below* an item folder."""
    concerned = _Concern(setting, below)
    told = _as_counted_last(mirror, plan)
    return Plan(
        tuple(action for action in told.actions if concerned.by(action)),
        tuple(held for held in told.held if concerned.by(held.action)),
    )


def _as_counted_last(mirror: Mirror, plan: Plan) -> Plan:
    """Return *plan* with what a count of the whole mirror held in the last sync.

    Here one item was looked at, so no count can be trusted that found less.
    """
    decisions = mirror.state.decisions
    settled = decisions.approved() | decisions.rejected()
    counted = {
        row.key: row.reason
        for row in decisions.held()
        if row.needs_person and row.reason.endswith(OF_ALL) and row.key not in settled
    }
    todo = tuple(action for action in plan.actions if action.key not in counted)
    held = [h for h in plan.held if h.needs_person or h.action.key not in counted]
    actions = [*plan.actions, *(h.action for h in plan.held if not h.needs_person)]
    held += [Held(a, counted[a.key]) for a in actions if a.key in counted]
    return Plan(todo, tuple(held))


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
