"""What an action is about, and what stands for it where people decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["", "local", "remote"]


@dataclass(frozen=True, slots=True)
class Where:
    """The item and the item folder that an action is about."""

    item_id: str
    folder: str
    is_public: bool = False


@dataclass(frozen=True, slots=True)
class ActionKey:
    """What an approval covers: exactly this action on exactly these bytes."""

    kind: str
    item_id: str
    path: str
    file_id: str = ""
    md5: str = ""
