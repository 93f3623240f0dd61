"""TEMPORARY"""

from __future__ import annotations

from collections.abc import Collection

from figsync.sync.mirror import Mirror


def changed_folders(mirror: Mirror, folders: Collection[str] | None = None) -> set[str]:
    return set(folders) if folders is not None else {""}
