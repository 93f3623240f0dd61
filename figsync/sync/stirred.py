"""Which items a cycle has to decide about when only some of them may have changed."""

from __future__ import annotations

from collections.abc import Collection

from figsync.model import Presence
from figsync.sync.mirror import Mirror
from figsync.sync.observe import View

# No folder and no item is called this: it names none, where "" would name all.
NOBODY = "/"


def concerned(mirror: Mirror, view: View, folders: Collection[str]) -> frozenset[str]:
    """Return folders and item ids of which something may have to be decided.

    Those are the *folders* of the root in which something may have changed, the items
    that Figshare has news of, and what was begun, held or decided before.  All
    others are as the last cycle left them.
    """
    return frozenset({NOBODY, *folders, *_news(mirror, view), *_open(mirror)})


def _news(mirror: Mirror, view: View) -> set[str]:
    known = mirror.state.items.all()
    new = view.items.keys() - known.keys()
    gone = {i for i, item in view.items.items() if item.presence is Presence.GONE}
    return view.read | new | gone


def _open(mirror: Mirror) -> set[str]:
    """Return where something is unfinished, or waits for a time or for a person."""
    decisions, work = mirror.state.decisions, mirror.state.work
    keys = {row.key for row in decisions.held()}
    keys |= decisions.approved() | decisions.rejected()
    ids = {key.item_id for key in keys}
    ids |= {transfer.item_id for transfer in work.all_transfers()}
    folders = {row.folder for row in decisions.held()}
    folders |= {intent.folder for intent in work.create_intents()}
    return (ids | folders) - {""}
