"""Which items a cycle has to decide about when only some of them may have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from figsync.model import Outcome, Presence, Unknown
from figsync.naming import folder_name
from figsync.sync.fitting import free_quota
from figsync.sync.left_out import AccountRoom
from figsync.sync.mirror import Mirror
from figsync.sync.observe import View
from figsync.sync.survey import Survey

# No folder and no item is called this: it names none, where "" would name all.
NOBODY = "/"


def concerned(mirror: Mirror, view: View, folders: Collection[str]) -> frozenset[str]:
    """Return folders and item ids of which something may have to be decided.

    Those are the *folders* of the root in which something may have changed, the items
    that Figshare has news of, what was begun, held, decided or left undone before, and
    what found no room in the account while that was another.  All others are as the
    last cycle left them.
    """
    account = view.account
    room = AccountRoom(free_quota(account), account.maximum_file_size)
    named = {*folders, *_news(mirror, view), *_open(mirror), *mirror.undone}
    named |= mirror.left_out.fitting_now(room)
    return frozenset({NOBODY, *named} - {""})


def remember_undone(
    mirror: Mirror,
    view: View,
    survey: Survey,
    outcomes: Iterable[Outcome],
    only: Collection[str],
) -> None:
    """Note where the next cycle has to look again, although nothing changes there.

    That is where something was done, or failed, since more may follow from it; where
    Figshare did not tell what it holds, and what could not be read here.  With names
    in *only*, nothing else was looked at.
    """
    places = [outcome.action.where for outcome in outcomes]
    acted = {name for where in places for name in (where.item_id, where.folder)}
    vague = {i for i, v in view.items.items() if v.presence is Presence.UNKNOWN}
    closed = str(Unknown.UNREADABLE)
    unread = {note.folder for note in survey.not_uploadable if note.reason == closed}
    elsewhere = mirror.undone.difference(only) if only else set()
    mirror.undone = elsewhere | acted | vague | unread


def _news(mirror: Mirror, view: View) -> set[str]:
    """Return the items that are not as they were, and where a new one may be already.

    A folder of that name may hold its files, though nobody has told of it yet.
    """
    known = mirror.state.items.all()
    new = view.items.keys() - known.keys()
    places = {folder_name(view.items[item_id].title) for item_id in new}
    gone = {i for i, item in view.items.items() if item.presence is Presence.GONE}
    return view.read | new | gone | places


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
