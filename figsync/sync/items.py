"""Folders and items: which folder is which item, and what follows (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from figsync.model import (
    Action,
    ActionKey,
    ForgetItem,
    Held,
    LocalFolder,
    Mode,
    Plan,
    Presence,
    RemoteItem,
    RenameFolder,
    SetAsideRecord,
    SyncedItem,
    Where,
    WriteRecord,
)
from figsync.naming import fold, folder_name, unique_name

ORPHANED = "its item was deleted on Figshare; approve to make a new draft of it"
LEFT_ORPHANED = (
    "its item was deleted on Figshare, and a new draft of it was rejected; approve to"
    " make one after all"
)


@dataclass(slots=True)
class Matches:
    """Which folder of the root stands for which item of the account.

    *pairs* are sure, by item id.  *returning* folders stand where the state knows
    an item but carry no record: their content decides.  *fresh* folders stand for
    no item yet; *foreign* ones carry the record (folder -> id) of some other item;
    *disputed* ids are claimed by several folders and nothing tells them apart.
    *lost* items have no folder any more, *arrivals* never had one.
    """

    pairs: dict[str, str] = field(default_factory=dict)
    returning: dict[str, str] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)
    disputed: dict[str, list[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    arrivals: list[str] = field(default_factory=list)


def match_folders(
    folders: Mapping[str, LocalFolder],
    known: Mapping[str, SyncedItem],
    listed: Collection[str],
) -> Matches:
    """Pair the folders of the root with the items of the account.

    A record names the id and is believed only if the state or the account's
    listing knows that id: a folder copied from another account means nothing.
    """
    matches = Matches()
    for item_id, claimants in _claims(folders).items():
        if item_id in known or item_id in listed:
            _settle_claim(matches, item_id, claimants, known.get(item_id))
        else:
            matches.foreign.update({folder.name: item_id for folder in claimants})
    _match_recordless(matches, folders, known)
    held = {*matches.pairs, *matches.returning.values(), *matches.disputed}
    matches.lost = [i for i in sorted(known.keys() - held) if _has_folder(known[i])]
    matches.arrivals = sorted(set(listed) - held - known.keys())
    return matches


def _claims(folders: Mapping[str, LocalFolder]) -> dict[str, list[LocalFolder]]:
    claims: dict[str, list[LocalFolder]] = defaultdict(list)
    for folder in folders.values():
        if folder.record_id:
            claims[folder.record_id].append(folder)
    return claims


def _settle_claim(
    matches: Matches,
    item_id: str,
    claimants: list[LocalFolder],
    known: SyncedItem | None,
) -> None:
    """Give the id to the one folder that is the item's; copies lose their record."""
    owner = _owner(claimants, known)
    if owner is None:
        matches.disputed[item_id] = sorted(folder.name for folder in claimants)
        return
    matches.pairs[item_id] = owner.name
    for folder in claimants:
        if folder is not owner:
            matches.foreign[folder.name] = item_id


def _owner(
    claimants: list[LocalFolder], known: SyncedItem | None
) -> LocalFolder | None:
    if len(claimants) == 1:
        return claimants[0]
    if known is None:
        return None
    for folder in claimants:
        if folder.name == known.folder:
            return folder
    same = [folder for folder in claimants if folder.inode == known.inode]
    return same[0] if len(same) == 1 else None


def _match_recordless(
    matches: Matches,
    folders: Mapping[str, LocalFolder],
    known: Mapping[str, SyncedItem],
) -> None:
    taken = {*matches.pairs, *matches.disputed}
    places = {
        item.folder: item
        for item in known.values()
        if item.item_id not in taken and _has_folder(item)
    }
    moved = {item.inode: item.folder for item in places.values()}
    # Unreadable folders come first: what they hold is unknown, not lost.
    for name, folder in sorted(folders.items(), key=_unreadable_first):
        if folder.record_id:
            continue
        at_inode = moved.get(folder.inode, "") if folder.unreadable else ""
        item = places.pop(name if name in places else at_inode, None)
        if item is None:
            matches.fresh.append(name)
        elif folder.inode == item.inode or folder.unreadable:
            matches.pairs[item.item_id] = name
        else:
            matches.returning[name] = item.item_id
    matches.fresh.sort()


def _unreadable_first(entry: tuple[str, LocalFolder]) -> tuple[bool, str]:
    name, folder = entry
    return not folder.unreadable, name


def _has_folder(item: SyncedItem) -> bool:
    return item.mode is not Mode.EXCLUDED and bool(item.folder)


def plan_arrivals(
    arrivals: Iterable[RemoteItem], taken: Iterable[str], mode: Mode
) -> list[Action]:
    """Return a folder with a record for each item that is new on Figshare."""
    names = {fold(name) for name in taken}
    actions: list[Action] = []
    for item in arrivals:
        if item.presence is not Presence.LISTED:
            continue
        name = unique_name(folder_name(item.title), names, item.item_id)
        names.add(fold(name))
        where = Where(item.item_id, name, item.is_public)
        actions.append(WriteRecord(where, item.title, mode))
    return actions


def plan_folder(
    item: RemoteItem, known: SyncedItem, taken: Collection[str]
) -> list[Action]:
    """Return the renaming of an item folder whose title changed on Figshare.

    A folder that a person named keeps its name; *taken* are all names in the root.
    """
    old, new = folder_name(known.title), folder_name(item.title)
    if item.title == known.title or old == new or known.named_by_user:
        return []
    others = {fold(name) for name in taken if name != known.folder}
    name = unique_name(new, others, item.item_id)
    where = Where(item.item_id, known.folder, item.is_public)
    return [RenameFolder(where, name, item.title)] if name != known.folder else []


def plan_lost(item: RemoteItem, known: SyncedItem) -> list[Action]:
    """Return what follows when both the folder and the item are gone."""
    if item.presence is Presence.GONE:
        return [ForgetItem(Where(known.item_id, known.folder, item.is_public))]
    return []


def plan_orphan(
    where: Where, rejected: Collection[ActionKey], *, is_bare: bool
) -> Plan:
    """Hold a folder whose item is gone from Figshare until a person decides.

    Figshare brings no item back: who rejects a new draft leaves the folder as it is.
    One that is *bare* of anything but ignored files is nobody's any more.
    """
    action = SetAsideRecord(where, where.item_id)
    if is_bare:
        return Plan((action,))
    if action.key in rejected:
        return Plan(held=(Held(action, LEFT_ORPHANED, listed=True),))
    return Plan(held=(Held(action, ORPHANED),))


def plan_forgotten(
    known: Mapping[str, SyncedItem], items: Mapping[str, RemoteItem]
) -> list[Action]:
    """Return what follows when an excluded item, whose files left, is gone too."""
    return [
        ForgetItem(Where(item_id, ""))
        for item_id, item in sorted(known.items())
        if item.mode is Mode.EXCLUDED and not item.folder
        if item_id in items and items[item_id].presence is Presence.GONE
    ]


def fitting_drafts(
    title: str,
    candidates: Iterable[RemoteItem],
    known_before: Collection[str],
) -> list[str]:
    """Return the drafts that a lost reply to *create item* may have made.

    They have the recorded title, hold no file, were never published, and were
    not in the listing before the call.
    """
    return [
        item.item_id
        for item in candidates
        if item.title == title
        and item.presence is Presence.LISTED
        and not item.is_public
        and item.file_count == 0
        and item.item_id not in known_before
    ]


def adoptable(
    local: Mapping[str, str], candidates: Mapping[str, Mapping[str, str]]
) -> str:
    """Return the id of the one item that a folder without record already holds.

    Both map paths to MD5s.  At least one path must be shared and all shared paths
    must have equal MD5s; with several such items none is adopted.
    """
    fits = [
        item_id
        for item_id, remote in sorted(candidates.items())
        if (shared := local.keys() & remote.keys())
        and all(local[path] and local[path] == remote[path] for path in shared)
    ]
    return fits[0] if len(fits) == 1 else ""
