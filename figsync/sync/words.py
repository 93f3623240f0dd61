"""What the kinds of action are called: when done, and when still to be done."""

from __future__ import annotations

_WORDS = {
    "Upload": ("Uploaded", "upload"),
    "DeleteFirst": ("Replaced, the old one first", "replace, deleting the old first"),
    "Download": ("Downloaded", "download"),
    "MoveLocal": ("Moved as on Figshare", "move as on Figshare"),
    "TrashLocal": ("Moved to the trash", "move to the trash"),
    "DeleteRemote": ("Deleted on Figshare", "delete on Figshare"),
    "KeepBoth": ("Conflict, kept both versions", "keep both versions"),
    "Adopt": ("Found equal on both sides", "record as equal"),
    "Forget": ("Forgot, it is gone on both sides", "forget"),
    "CreateItem": ("Made a draft item", "make a draft item"),
    "LinkFolder": ("Linked with its item", "link with its item"),
    "WriteRecord": ("Wrote the record", "write the record"),
    "RenameFolder": ("Renamed to its new title", "rename to its new title"),
    "SetAsideRecord": ("Made a new item of it", "make a new item of it"),
    "ForgetItem": ("Forgot the item", "forget the item"),
    "FileAway": ("Filed away", "file away"),
    "TrashFolder": ("Moved the files to the trash", "move its files to the trash"),
    "DeleteItem": ("Deleted the draft", "delete the draft"),
}


def done(kind: str) -> str:
    """Return what happened, such as `Uploaded`."""
    return _WORDS.get(kind, (kind, kind))[0]


def to_do(kind: str) -> str:
    """Return what is to happen, such as `upload`."""
    return _WORDS.get(kind, (kind, kind))[1]
