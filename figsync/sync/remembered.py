"""What Figshare said when it was last asked, without asking it again."""

from __future__ import annotations

from figsync.figshare import Account
from figsync.model import Presence, RemoteItem
from figsync.sync.bind import ACCOUNT_ID
from figsync.sync.facts import read_facts
from figsync.sync.mirror import Mirror
from figsync.sync.observe import ITEMS, View
from figsync.sync.root import RootView


def remembered_view(mirror: Mirror, root: RootView) -> View:
    """Return what Figshare said when it was last asked."""
    state, view = mirror.state, View(remembered_account(mirror))
    missing = state.work.absences(ITEMS)
    for item_id, seen in state.items.observed().items():
        presence = Presence.LISTED
        if item_id in missing:
            is_gone = missing[item_id].sightings > 1
            presence = Presence.GONE if is_gone else Presence.UNKNOWN
        public, count = seen.is_public, seen.file_count
        view.items[item_id] = RemoteItem(item_id, seen.title, presence, public, count)
    claimed = {folder.record_id for folder in root.folders.values()} - {""}
    for item_id in (state.items.all().keys() | claimed) - view.items.keys():
        view.items[item_id] = RemoteItem(item_id, "", Presence.UNKNOWN)
    return view


def remembered_account(mirror: Mirror) -> Account:
    """Return what Figshare said of the account when it was last asked."""
    facts, settings = read_facts(mirror.state), mirror.state.settings
    return Account(
        id=settings.get(ACCOUNT_ID),
        email="",
        first_name="",
        last_name="",
        quota=facts.quota,
        used_quota=facts.used_quota,
        used_quota_private=None,
        used_quota_public=None,
        maximum_file_size=int(settings.get("maximum_file_size") or 0),
        group_id="",
        active=True,
        raw={},
    )
