"""The job that empties the trash of what has been there for long enough."""

from __future__ import annotations

from figsync.sync.mirror import Mirror
from figsync.sync.root import check_root
from figsync.sync.sweep import expire_trash


def run(mirror: Mirror) -> str:
    """Delete for good what was trashed longer than `trash_days` ago.

    NeedsPerson unless the root is the one it was: after an accident the trash may be
    the only place that has a file.
    """
    check_root(mirror)
    removed = expire_trash(mirror)
    if not removed:
        return ""
    files = "1 file" if removed == 1 else f"{removed:,} files"
    days = mirror.config.deletions.trash_days
    return f"Emptied the trash of {files} older than {days} days"
