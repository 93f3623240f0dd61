"""Whether the files of a public item are those of its newest version."""

from __future__ import annotations

from collections.abc import Sequence

from figsync.figshare import FileRecord, Item
from figsync.state import Publication


def publication(
    item: Item, files: Sequence[FileRecord], before: Publication | None
) -> Publication | None:
    """Return what is known of a public item's version, None if there is nothing.

    The API has no word for it (official contract): a file that is in no public version
    was added since, and one that was in this version and is not listed was removed;
    the latter shows only if it was seen there *before*.
    """
    flags = {file.id: file.is_attached_to_public_version for file in files}
    if not item.is_public or None in flags.values():
        return None
    version = item.version or 0
    published = {file_id for file_id, is_attached in flags.items() if is_attached}
    if before is not None and before.version == version:
        published |= before.file_ids
    complete = {file.id for file in files if file.is_available}
    changed = bool(complete - published or published - flags.keys())
    return Publication(version, frozenset(published), changed)
