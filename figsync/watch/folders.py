"""Which folder of the root a path is about: what is figsync's own is nobody's news."""

from __future__ import annotations

OWN = ".figsync"
RECORD_FOLDER = ".figshare"
RULES = ".figsyncignore"


def folder_of(path: str, *, is_folder: bool) -> str | None:
    """Return the folder of the root that *path* (relative to it) is about.

    "" is the root itself: a loose file, or the rules for all of it.  None is of no
    concern: figsync's own files, what is in a folder for records, hidden names in
    the root.
    """
    top, *below = path.split("/")
    if top.startswith("."):
        return "" if path == RULES else None
    if not below:
        return top if is_folder else ""
    # That a folder lost its records is news, what is written there is not.
    is_record_folder = below == [RECORD_FOLDER] and is_folder
    if not is_record_folder and {RECORD_FOLDER, OWN} & {*below}:
        return None
    return top


def is_watched(path: str) -> bool:
    """Tell whether events in the folder *path* (relative to the root) are wanted."""
    top, *below = path.split("/")
    if top.startswith("."):
        # Each chunk of a download is an event in the folder below it.
        return path == OWN
    return RECORD_FOLDER not in below
