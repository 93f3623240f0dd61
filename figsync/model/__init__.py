"""The nouns of figsync: trees, actions, plan and outcome (pure).

The actions are imported where one is asked for: who only looks at the state knows
them by their keys.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from figsync.model.actions import (
        Action,
        Adopt,
        CreateItem,
        DeleteFirst,
        DeleteItem,
        DeleteRemote,
        Download,
        FileAction,
        FileAway,
        Forget,
        ForgetItem,
        ItemAction,
        KeepBoth,
        LinkFolder,
        MoveLocal,
        RenameFolder,
        SetAsideRecord,
        TrashFolder,
        TrashLocal,
        Upload,
        WriteRecord,
    )
    from figsync.model.keys import ActionKey, Side, Where
    from figsync.model.plan import (
        Held,
        Outcome,
        Plan,
        Result,
    )
    from figsync.model.trees import (
        FileStat,
        Kind,
        LocalFile,
        LocalFolder,
        LocalTree,
        Mode,
        Presence,
        RemoteFile,
        RemoteItem,
        RemoteTree,
        SyncedFile,
        SyncedItem,
        SyncedTree,
        Unknown,
    )

__all__ = [
    "Action",
    "ActionKey",
    "Adopt",
    "CreateItem",
    "DeleteFirst",
    "DeleteItem",
    "DeleteRemote",
    "Download",
    "FileAction",
    "FileAway",
    "FileStat",
    "Forget",
    "ForgetItem",
    "Held",
    "ItemAction",
    "KeepBoth",
    "Kind",
    "LinkFolder",
    "LocalFile",
    "LocalFolder",
    "LocalTree",
    "Mode",
    "MoveLocal",
    "Outcome",
    "Plan",
    "Presence",
    "RemoteFile",
    "RemoteItem",
    "RemoteTree",
    "RenameFolder",
    "Result",
    "SetAsideRecord",
    "Side",
    "SyncedFile",
    "SyncedItem",
    "SyncedTree",
    "TrashFolder",
    "TrashLocal",
    "Unknown",
    "Upload",
    "Where",
    "WriteRecord",
]

_HOMES = {
    "keys": ("ActionKey", "Side", "Where"),
    "plan": ("Held", "Outcome", "Plan", "Result"),
    "trees": (
        "FileStat",
        "Kind",
        "LocalFile",
        "LocalFolder",
        "LocalTree",
        "Mode",
        "Presence",
        "RemoteFile",
        "RemoteItem",
        "RemoteTree",
        "SyncedFile",
        "SyncedItem",
        "SyncedTree",
        "Unknown",
    ),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the module that a name of this package is from."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        homes = (home for home, names in _HOMES.items() if name in names)
        home = import_module(f"{__name__}.{next(homes, 'actions')}")
        globals()[name] = getattr(home, name)
        return globals()[name]
