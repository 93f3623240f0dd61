"""Actions that waiting does not help: they wait for a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from figsync.model import Action, DeleteRemote, Download, KeepBoth, Upload
from figsync.sync.mirror import Mirror
from figsync.sync.rot import KEPT, NEVER_SENT, Rotten
from figsync.sync.send import (
    FOLDERS_KEPT,
    IN_VAIN,
    NOT_KEPT,
    is_begun,
    was_in_vain,
)
from figsync.sync.underway import fetched_in_vain


def in_vain(mirror: Mirror, action: Action, rot: Sequence[Rotten]) -> str:
    """Return why an action is not to be tried now, "" if it may be."""
    if reason := rot_of(action, rot):
        return reason
    match action:
        case Upload():
            return _of_upload(mirror, action)
        case Download() | KeepBoth() if not action.remote.link:
            return fetched_in_vain(mirror, action.remote.file_id)
        case _:
            return ""


def _of_upload(mirror: Mirror, upload: Upload) -> str:
    if "/" in upload.path and mirror.state.settings.get(FOLDERS_KEPT) == "no":
        return NOT_KEPT
    if was_in_vain(mirror, upload) and not is_begun(mirror, upload):
        return IN_VAIN
    return ""


def rot_of(action: Action, found: Iterable[Rotten]) -> str:
    """Return why an action would spread rot, or lose what is whole; "" if not.

    A rotten file looks edited once it got other permissions or another place, and
    then its record, which has the bytes as they were, looks superseded or deleted.
    """
    match action:
        case Upload():
            now = (action.local.md5, action.local.stat.mtime_ns)
            is_rot = any(now == (one.md5, one.mtime_ns) for one in found)
            return NEVER_SENT if is_rot else ""
        case DeleteRemote():
            place = (action.where.item_id, action.path)
            return KEPT if any(place == one.key for one in found) else ""
        case _:
            return ""
