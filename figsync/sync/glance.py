"""Where something changed on this computer since a cycle last looked.

No file is read and nobody is asked: what the file system says of each name is held
against what the last cycle saw, whatever that cycle then made of it.  So what figsync
writes itself is no change, and what a cycle looked at and left alone is none either.
What a cycle that did not come to its end left undone is not told: run another.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from figsync.errors import DiskProblem, Interrupted, Stale
from figsync.model import LocalFolder, Outcome, WriteRecord
from figsync.state import KnownFile
from figsync.sync.claims import from_text, store_claims, to_text
from figsync.sync.loose import plan_loose_files
from figsync.sync.mirror import Mirror
from figsync.sync.root import RootView, look_at_root
from figsync.sync.rules import mirror_rules
from figsync.sync.scan import is_remembered
from figsync.sync.survey import Survey, policy_of
from figsync.sync.walk import RECORD_FOLDER, Lens, Walk, walk_folder

SEEN = "root_seen"
EVERYTHING = ""


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """A folder of the root as a cycle saw it.

    What is in it is in the rows of its files, or else, where no cycle looks at files,
    in the *digest*.
    """

    inode: str
    record_id: str
    digest: str = ""


def changed_folders(mirror: Mirror, folders: Collection[str] | None = None) -> set[str]:
    """Return the folders of the root in which something changed.

    Looks at all of them, or at *folders* alone.  In what is returned "" stands for
    the root itself: a loose file is due, or the root can not be looked at; only a
    cycle over everything can tell.  Folders that are gone or new are returned too.
    Interrupted when the clock says to stop.
    """
    if folders is not None and EVERYTHING in folders:
        folders = None
    try:
        mirror.rules = mirror_rules(mirror.config, mirror.disk)
        root = look_at_root(mirror, folders)
        bare = _bare(mirror, root) if folders is None else set()
    except (DiskProblem, Stale):
        return {EVERYTHING}
    before = _load(mirror)
    glance = _Glance(mirror, _lens(mirror), _copies(mirror), bare)
    names = before.keys() | root.folders.keys()
    changed = {
        name
        for name in (names if folders is None else names & {*folders})
        if glance.is_changed(root.folders.get(name), before.get(name))
    }
    if folders is None and glance.has_loose_news(root):
        changed.add(EVERYTHING)
    return changed


def remember_root(
    mirror: Mirror,
    root: RootView,
    looked: Collection[str],
    only: Collection[str] = (),
) -> None:
    """Store what a cycle saw in the root; the files of *looked* folders are stored.

    With names or item ids in *only*, nothing else was looked at.
    """
    lens = _lens(mirror)
    before = _load(mirror)
    named = _named(mirror, root, only) if only else {*before, *root.folders}
    now = {name: seen for name, seen in before.items() if name not in named}
    for name in named & root.folders.keys():
        folder = root.folders[name]
        digest = "" if name in looked else _digest(walk_folder(lens, name))
        now[name] = _Seen(str(folder.inode), _claim(folder), digest)
    _store(mirror, now, before)
    if root.claims:
        store_claims(mirror, root.claims)


def remember_records(mirror: Mirror, outcomes: Iterable[Outcome]) -> None:
    """Store which folders got the record of their item, in place of a lost one."""
    written = {
        outcome.action.where.folder: outcome.action.where.item_id
        for outcome in outcomes
        if outcome.result == "done" and isinstance(outcome.action, WriteRecord)
    }
    before = _load(mirror) if written else {}
    now = {
        name: msgspec.structs.replace(seen, record_id=written.get(name, seen.record_id))
        for name, seen in before.items()
    }
    _store(mirror, now, before)


def _named(mirror: Mirror, root: RootView, only: Collection[str]) -> set[str]:
    """Return the names of folders that are meant by a name or by an item id."""
    named = {*only}
    named |= {f.name for f in root.folders.values() if f.record_id in only}
    return named | {k.folder for i, k in mirror.state.items.all().items() if i in only}


@dataclass(frozen=True, slots=True)
class _Glance:
    """One look at the disk; *copies* are the conflict copies known by folder.

    In *bare* folders nothing is but a record, and nothing was.
    """

    mirror: Mirror
    lens: Lens
    copies: Mapping[str, set[str]]
    bare: Collection[str]

    def is_changed(self, folder: LocalFolder | None, seen: _Seen | None) -> bool:
        """Tell whether a folder is not as it was *seen*; None is: not there."""
        # A million files take minutes on a slow disk.
        if self.mirror.asked_to_stop():
            raise Interrupted("", "stopped while looking for changes")
        if folder is None or seen is None:
            return True
        if (seen.inode, seen.record_id) != (str(folder.inode), _claim(folder)):
            return True
        if seen.digest:
            return seen.digest != _digest(walk_folder(self.lens, folder.name))
        if folder.name in self.bare:
            return bool(self.copies.get(folder.name))
        before = self.mirror.state.files.scanned(folder.name)
        walk = walk_folder(self.lens, folder.name, before)
        # The end of a conflict is the end of its copy.
        if not self.copies.get(folder.name, set()) <= walk.unknown.keys():
            return True
        return _files_differ(walk, before.files)

    def has_loose_news(self, root: RootView) -> bool:
        """Tell whether a loose file is due, or waits and nobody knows of it."""
        survey = Survey(self.lens, policy_of(self.mirror), None)
        plan = plan_loose_files(self.mirror, survey, root)
        unknown = self.mirror.state.decisions.not_held_yet(plan.held)
        return bool(plan.actions or unknown)


def _bare(mirror: Mirror, root: RootView) -> set[str]:
    """Return the folders that hold a record alone, and of which no file is known."""
    unknown = root.folders.keys() - mirror.state.files.folders()
    return mirror.disk.bare(unknown, (RECORD_FOLDER,), stop=mirror.asked_to_stop)


def _files_differ(walk: Walk, rows: Mapping[str, KnownFile]) -> bool:
    if rows.keys() != walk.stats.keys() | walk.same.keys():
        return True
    stats = {path: row.stat for path, row in walk.same.items()} | walk.stats
    return any(not is_remembered(stat, rows[path]) for path, stat in stats.items())


def _copies(mirror: Mirror) -> dict[str, set[str]]:
    copies: dict[str, set[str]] = defaultdict(set)
    for conflict in mirror.state.decisions.conflicts():
        copies[conflict.folder].add(conflict.copy)
    return copies


def _claim(folder: LocalFolder) -> str:
    return "?" if folder.unreadable else folder.record_id


def _lens(mirror: Mirror) -> Lens:
    settle = mirror.config.schedule.settle
    now, stop = mirror.clock.now(), mirror.asked_to_stop
    return Lens(mirror.disk, mirror.rules, now, settle, 0, stop=stop)


def _digest(walk: Walk) -> str:
    """Return a text that changes with what is in a folder; never ""."""
    told = repr((sorted(walk.stats.items()), sorted(walk.unknown), sorted(walk.closed)))
    return hashlib.blake2b(os.fsencode(told), digest_size=8).hexdigest()


def _store(
    mirror: Mirror, now: Mapping[str, _Seen], before: Mapping[str, _Seen]
) -> None:
    if now != before:
        plain = {to_text(name): now[name] for name in sorted(now)}
        mirror.state.settings.set(SEEN, msgspec.json.encode(plain).decode())


def _load(mirror: Mirror) -> dict[str, _Seen]:
    text = mirror.state.settings.get(SEEN) or "{}"
    try:
        seen = msgspec.json.decode(text, type=dict[str, _Seen])
    except msgspec.MsgspecError:
        return {}
    return {from_text(name): one for name, one in seen.items()}
