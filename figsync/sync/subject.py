"""One path and everything known of it: what an explanation is made from (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from figsync.config import Direction
from figsync.model import (
    Action,
    ActionKey,
    LocalFile,
    Mode,
    Plan,
    Presence,
    RemoteFile,
    SyncedFile,
)
from figsync.naming import Rule


@dataclass(frozen=True, slots=True)
class Sides:
    """The three states of one file, each None where the file is not.

    *others* are further records of the same name on Figshare.
    """

    local: LocalFile | None = None
    remote: RemoteFile | None = None
    synced: SyncedFile | None = None
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """The item that a path belongs to, as far as there is one."""

    item_id: str = ""
    folder: str = ""
    title: str = ""
    mode: Mode | None = None
    presence: Presence | None = None
    is_public: bool = False
    is_folder_here: bool = True


@dataclass(frozen=True, slots=True)
class Subject:
    """One path below the root and everything known of it; times are POSIX seconds.

    *plan* is what the next sync would do about it if Figshare were as it was last
    seen; *numbers* are those of `figsync held`; *blocked* are actions that no approval
    moves.  Of a folder *below* counts the files here, on Figshare and synced, and
    *left_out* are those that Figshare can not take, with the reason.  *stopped* is why
    nothing at all is synced now, *ended* what the last sync ended in.
    """

    path: str
    setting: Setting = Setting()
    now: float = 0.0
    sides: Sides | None = None
    below: tuple[int, int, int] | None = None
    direction: Direction = Direction.BOTH
    plan: Plan = Plan()
    numbers: Mapping[ActionKey, int] = field(default_factory=dict)
    blocked: frozenset[ActionKey] = frozenset()
    rule: Rule | None = None
    copies: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    trashed: float | None = None
    stopped: str = ""
    ended: str = ""

    @property
    def actions(self) -> tuple[Action, ...]:
        """Everything that is planned, held or not."""
        return (*self.plan.actions, *(held.action for held in self.plan.held))


def quoted(path: str) -> str:
    """Return a path as it is typed: no shell reads anything else in it."""
    is_plain = not set(path) & set('"$`\\!')
    return f'"{path}"' if is_plain else "'" + path.replace("'", "'\\''") + "'"
