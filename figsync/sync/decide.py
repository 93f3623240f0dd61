"""The whole mirror into one guarded plan: items first, then files, then guards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from figsync.config import NewItems
from figsync.errors import FigsyncError
from figsync.model import (
    Action,
    CreateItem,
    ForgetItem,
    Held,
    LinkFolder,
    LocalFolder,
    Mode,
    Plan,
    Presence,
    RemoteItem,
    SetAsideRecord,
    SyncedItem,
    Where,
    WriteRecord,
)
from figsync.naming import (
    fold,
    folder_name,
    is_root_name_ignored,
    title_from_folder,
)
from figsync.sync.items import (
    Matches,
    adoptable,
    fitting_drafts,
    match_folders,
    plan_arrivals,
    plan_folder,
    plan_forgotten,
    plan_lost,
    plan_orphan,
)
from figsync.sync.loose import plan_loose_files
from figsync.sync.mirror import Mirror
from figsync.sync.observe import View, look_up_claims
from figsync.sync.one_sided import (
    at_rest,
    plan_gone_item,
    plan_lost_folder,
    plan_record_only,
)
from figsync.sync.policies import apply_policy
from figsync.sync.root import RootView, holds_anything
from figsync.sync.scan import Scan
from figsync.sync.survey import Survey, plan_item, survey_folder
from figsync.sync.tasks import Task, together

TITLE_LIMIT = 1000
FOLDERS_AT_ONCE = 32
NO_RECORD = "its .figshare/record.json is missing together with files: is it mounted?"
NO_FOLDER = "something that is no folder stands in its place"
DISPUTED = "several folders claim this item; remove .figshare from the copies"
SEVERAL_DRAFTS = (
    "several drafts fit an earlier, unanswered request: {}; delete all but one on"
    " figshare.com, or approve to make one more"
)
DEAD_TITLE = "its name is longer than the 1,000 characters of a title: shorten it"


@dataclass(slots=True)
class Decider:
    """Everything one planning needs; `plan()` is what there is to call."""

    mirror: Mirror
    view: View
    root: RootView
    survey: Survey
    only: Collection[str] = ()
    known: dict[str, SyncedItem] = field(default_factory=dict)
    matches: Matches = field(default_factory=Matches)
    adopted: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    named: dict[str, list[str]] | None = None

    def plan(self) -> Task[Plan]:
        """Match folders and items, then return the plan of all of them, unguarded."""
        self.known = self.mirror.state.items.all()
        claimed = {folder.record_id for folder in self.root.folders.values()} - {""}
        yield from look_up_claims(self.mirror, self.view, claimed - self.known.keys())
        self.matches = match_folders(self.root.folders, self.known, self._believed())
        self.matches.pairs = dict(filter(self._is_seen, self.matches.pairs.items()))
        for item_id, folder in self.matches.pairs.items():
            self._follow(item_id, folder)
        self.taken = self._names()
        tasks: list[Task[Plan]] = [self._pair(*pair) for pair in self._wanted()]
        tasks += [
            self._returning(folder, item_id)
            for folder, item_id in self.matches.returning.items()
            if self._is_named(item_id, folder)
        ]
        tasks += [self._fresh(f) for f in self.matches.fresh if self._is_named("", f)]
        parts = yield from _in_turns(tasks)
        parts += self._without_folder()
        return Plan(
            tuple(action for part in parts for action in part.actions),
            tuple(held for part in parts for held in part.held),
        )

    def _wanted(self) -> list[tuple[str, str]]:
        """Return the pairs of which something may have to be decided."""
        pairs = [p for p in self.matches.pairs.items() if self._is_named(*p)]
        known = [self.known[item_id] for item_id, _ in pairs]
        folders = self.root.folders
        rest = at_rest(self.mirror, self.survey, self.view, folders, known)
        return [p for p in pairs if p[0] not in rest]

    def not_found(self) -> list[str]:
        """Return the names asked for that are neither a folder nor an item."""
        names = {*self.root.folders, *self.view.items}
        names |= {known.folder for known in self.known.values()}
        names |= {folder_name(item.title) for item in self.view.items.values()}
        return sorted(set(self.only) - names)

    def _believed(self) -> set[str]:
        """Return the ids that a record may claim: those Figshare lists, or may."""
        presences = (Presence.LISTED, Presence.UNKNOWN)
        return {i for i, item in self.view.items.items() if item.presence in presences}

    def _is_seen(self, pair: tuple[str, str]) -> bool:
        item_id, _ = pair
        seen = self.view.items.get(item_id)
        listed = seen is not None and seen.presence is Presence.LISTED
        return listed or item_id in self.known

    def _is_named(self, item_id: str, folder: str) -> bool:
        return not self.only or folder in self.only or item_id in self.only

    def _is_wanted(self, where: Where) -> bool:
        is_named = self._is_named(where.item_id, where.folder)
        return is_named and not self._is_hidden(where.folder)

    def _is_hidden(self, folder: str) -> bool:
        """Tell whether a rule keeps this folder of the root out of the mirror."""
        ignored = self.mirror.rules.ignored(folder, True)
        return ignored or is_root_name_ignored(folder)

    def _follow(self, item_id: str, folder: str) -> None:
        """Record where an item's folder is now; a person may have renamed it."""
        state, inode = self.mirror.state, self.root.folders[folder].inode
        known = self.known.get(item_id)
        if known is None:
            seen = self.view.items[item_id]
            known = SyncedItem(item_id, folder, inode, seen.title)
            known = replace(known, named_by_user=folder_name(seen.title) != folder)
        elif known.folder and known.folder != folder:
            state.files.rename_folder(known.folder, folder)
            known = replace(known, folder=folder, inode=inode, named_by_user=True)
            known = replace(known, mode=_linked_again(known.mode))
        elif known.inode != inode or not known.folder:
            known = replace(known, folder=folder, inode=inode)
            known = replace(known, mode=_linked_again(known.mode))
        if known != self.known.get(item_id):
            state.items.save(known)
            self.known[item_id] = known

    def _pair(self, item_id: str, folder: str) -> Task[Plan]:
        known = self.known[item_id]
        item = self.view.items.get(item_id)
        where = Where(item_id, folder)
        if known.mode is Mode.ORPHANED:
            is_bare = not holds_anything(self.mirror, folder)
            rejected = self.survey.policy.rejected
            return plan_orphan(where, rejected, is_bare=is_bare)
        if known.mode is Mode.EXCLUDED:
            return Plan()
        if item is None or item.presence is Presence.UNKNOWN:
            return Plan()
        if item.presence is Presence.GONE:
            return (yield from plan_gone_item(self.mirror, self.survey, item, known))
        plan = self._of_folder(item, known)
        if known.mode is Mode.METADATA:
            return plan + (yield from plan_record_only(self.mirror, self.survey, known))
        files = yield from plan_item(self.mirror, self.survey, item, known)
        if not self.root.folders[folder].record_id and item_id in self.survey.lost:
            self.survey.unsure.setdefault(item_id, NO_RECORD)
        return files if item_id in self.survey.unsure else plan + files

    def _of_folder(self, item: RemoteItem, known: SyncedItem) -> Plan:
        """Plan the folder's name and its record file."""
        actions: list[Action] = []
        if item.title != known.title:
            # One that stayed behind can be used again, but not be renamed over.
            standing = self.taken | self.root.folders.keys()
            actions += plan_folder(item, known, standing)
        local = self.root.folders[known.folder]
        if item.item_id in self.view.read or not local.record_id:
            where = Where(item.item_id, known.folder, item.is_public)
            if self._record_differs(known):
                record = WriteRecord(where, item.title, known.mode, is_new=False)
                actions.append(record)
        return apply_policy(actions, self.survey.policy, {})

    def _names(self) -> set[str]:
        """Return the names that no other folder can have any more."""
        return {*self.root.names, *(k.folder for k in self.known.values())} - {""}

    def _record_differs(self, known: SyncedItem) -> bool:
        stored = self.mirror.state.items.record(known.item_id)
        try:
            return stored != self.mirror.disk.read_record(known.folder)
        except FigsyncError:
            return False

    def _returning(self, folder: str, item_id: str) -> Task[Plan]:
        """Decide on a folder whose record is gone and whose inode is another."""
        where, synced = Where(item_id, folder), self.mirror.state.files.synced(item_id)
        found = yield from survey_folder(
            self.mirror, self.survey, where, synced=synced, records=()
        )
        md5s = {file.md5 for file in found.tree.values() if file.md5}
        if not found.tree or any(row.md5 in md5s for row in synced.values()):
            self._follow(item_id, folder)
            return (yield from self._pair(item_id, folder))
        self.matches.lost.append(item_id)
        return (yield from self._new_folder(self.root.folders[folder], found))

    def _fresh(self, folder: str) -> Task[Plan]:
        found = yield from survey_folder(
            self.mirror, self.survey, Where("", folder), synced={}, records=()
        )
        return (yield from self._new_folder(self.root.folders[folder], found))

    def _new_folder(self, folder: LocalFolder, found: Scan) -> Task[Plan]:
        """Link a folder to the item it already holds, or make it a draft."""
        if folder.unreadable:
            return Plan()
        namesakes = self._namesakes(folder.name)
        if not found.is_still:
            self.adopted.update(dict.fromkeys(namesakes, folder.name))
            return Plan()
        item_id = self._already_held(namesakes, found)
        held: list[str] = []
        if not item_id:
            held = self._lost_replies(folder.name)
            item_id = held[0] if len(held) == 1 else ""
        if item_id:
            self.adopted[item_id] = folder.name
            title = self.view.items[item_id].title
            where = Where(item_id, folder.name)
            return Plan((LinkFolder(where, title, folder.inode),))
        yield from ()
        return self._creation(folder.name, found, undecided=held)

    def _creation(self, name: str, found: Scan, *, undecided: list[str]) -> Plan:
        files = [f for f in found.tree.values() if f.unknown is None and not f.refusal]
        if not files:
            return Plan()
        title = title_from_folder(name)
        action = CreateItem(Where("", name), title)
        if undecided:
            self.adopted.update(dict.fromkeys(undecided, name))
            reason = SEVERAL_DRAFTS.format(", ".join(undecided))
            return Plan(held=(Held(action, reason),))
        if len(title) > TITLE_LIMIT:
            return Plan(held=(Held(action, DEAD_TITLE, listed=True),))
        return apply_policy([action], self.survey.policy, {})

    def _namesakes(self, name: str) -> list[str]:
        """Return the unclaimed items whose folder would have this name."""
        if self.named is None:
            self.named = defaultdict(list)
            for item_id in self.matches.arrivals:
                title = self.view.items[item_id].title
                self.named[fold(folder_name(title))].append(item_id)
        return [i for i in self.named.get(fold(name), ()) if i not in self.adopted]

    def _already_held(self, namesakes: list[str], found: Scan) -> str:
        """Return the one of several items whose files the folder holds already."""
        files = self.mirror.state.items.remote_files
        candidates = {
            item_id: {f.path: f.md5 for f in files(item_id) if f.unknown is None}
            for item_id in namesakes
        }
        local = {path: file.md5 for path, file in found.tree.items() if file.md5}
        return adoptable(local, candidates) if candidates else ""

    def _lost_replies(self, name: str) -> list[str]:
        """Return the drafts that an unanswered request for this folder made."""
        created = self.mirror.state.work.create_intents()
        intents = [intent for intent in created if intent.folder == name]
        if not intents:
            return []
        candidates = [self.view.items[item_id] for item_id in self._unclaimed()]
        return fitting_drafts(intents[0].title, candidates, intents[0].known_ids)

    def _unclaimed(self) -> list[str]:
        return [i for i in self.matches.arrivals if i not in self.adopted]

    def _without_folder(self) -> Iterator[Plan]:
        """Yield the plans of items without folder, and of what is no item folder."""
        policy = self.survey.policy
        for item_id in self.matches.lost:
            yield self._lost(self.view.items.get(item_id), self.known[item_id])
        yield Plan(tuple(plan_forgotten(self.known, self.view.items)))
        mode = Mode.MIRRORED
        if self.mirror.config.mirror.new_items is NewItems.METADATA:
            mode = Mode.METADATA
        arrivals = [self.view.items[item_id] for item_id in self._unclaimed()]
        new = plan_arrivals(arrivals, self.taken, mode)
        wanted = [a for a in new if self._is_wanted(a.where)]
        yield apply_policy(wanted, policy, {})
        for folder, claimed in self.matches.foreign.items():
            action = SetAsideRecord(Where("", folder), claimed)
            yield apply_policy([action], policy, {})
        for item_id, folders in self.matches.disputed.items():
            aside = SetAsideRecord(Where(item_id, folders[0]), item_id)
            yield Plan(held=(Held(aside, f"{DISPUTED}: {', '.join(folders)}"),))
        if not self.only:
            yield plan_loose_files(self.mirror, self.survey, self.root)

    def _lost(self, item: RemoteItem | None, known: SyncedItem) -> Plan:
        if known.mode is Mode.ORPHANED:
            return Plan((ForgetItem(Where(known.item_id, known.folder)),))
        if item is None or item.presence is Presence.UNKNOWN:
            return Plan()
        if not self._is_wanted(Where(known.item_id, known.folder)):
            return Plan()
        if known.folder in {*self.root.others, *self.root.loose}:
            self.survey.unsure[known.item_id] = NO_FOLDER
        if forgotten := plan_lost(item, known):
            return Plan(tuple(forgotten))
        return plan_lost_folder(self.mirror, self.survey, item, known)


def _linked_again(mode: Mode) -> Mode:
    """Return the mode of an item whose folder came back: excluded no longer."""
    return Mode.MIRRORED if mode is Mode.EXCLUDED else mode


def _in_turns(tasks: list[Task[Plan]]) -> Task[list[Plan]]:
    """Run many tasks, some at a time; raise what one of them raised."""
    plans: list[Plan] = []
    for start in range(0, len(tasks), FOLDERS_AT_ONCE):
        results = yield from together(tasks[start : start + FOLDERS_AT_ONCE])
        for result in results:
            if isinstance(result, BaseException):
                raise result
            plans.append(result)
    return plans
