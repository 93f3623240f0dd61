"""What `figsync why` prints, a case each: the planner, the policies and the guards.

`python -m tests.sync.why_cases` prints why.txt anew; read the difference before you
keep it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from figsync.commands.reasons import page
from figsync.config import Direction, FileDeletions, ItemDeletions
from figsync.model import (
    Action,
    ActionKey,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    Download,
    FileAway,
    FileStat,
    Held,
    Mode,
    Plan,
    Presence,
    RemoteFile,
    SetAsideRecord,
    TrashFolder,
    Unknown,
    Upload,
    Where,
    WriteRecord,
)
from figsync.naming import IgnoreRules
from figsync.sync.decide import DEAD_TITLE, DISPUTED, NO_RECORD, SEVERAL_DRAFTS
from figsync.sync.guards import Elsewhere, Facts, Limits, Wait, guard
from figsync.sync.inquiry import Inquiry
from figsync.sync.items import plan_orphan
from figsync.sync.loose import WAIT
from figsync.sync.obstacles import OBSTACLES, Names, around_obstacles
from figsync.sync.one_sided import METADATA_ONLY
from figsync.sync.plan import plan_files
from figsync.sync.policies import Policy, apply_policy
from figsync.sync.replacing import Space, fit
from figsync.sync.room import Newcomer, Room, refusals
from figsync.sync.send import NOT_KEPT
from figsync.sync.subject import Setting, Sides, Subject
from figsync.sync.survey import LINKED, NO_PLACE
from figsync.sync.twins import one_record_a_path
from figsync.sync.why import explain
from tests.builders import (
    ITEM,
    Record,
    Seen,
    a_file,
    a_link,
    a_row,
    agreed,
    on_disk,
    on_figshare,
)

NOW = 1_790_000_000.0
HOUR = 3600.0
LISTED = Setting("7", "Item", "Item", Mode.MIRRORED, Presence.LISTED)
Rows = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One item as three trees, what is set, and the path that is asked about."""

    local: Mapping[str, Seen] = field(default_factory=dict)
    remote: Mapping[str, Record | list[Record]] = field(default_factory=dict)
    synced: Rows = field(default_factory=dict)
    path: str = "a.csv"
    policy: Policy = Policy()
    limits: Limits = Limits()
    facts: Facts = Facts(mirror_files=1000, item_files={"7": 9})
    folders: tuple[str, ...] = ()
    is_seen: bool = True

    def subject(self) -> Subject:
        """Return what the real planner, policies and guards make of it."""
        local, synced = on_disk(self.local), agreed(self.synced)
        records = on_figshare(self.remote)
        actions = plan_files(ITEM, local, records, synced)
        by_id = {record.file_id: record for record in records}
        names = Names(self.folders, local.keys(), [record.path for record in records])
        plan = around_obstacles(apply_policy(actions, self.policy, by_id), names)
        plan = guard(plan, self.limits, self._facts(actions), NOW)
        shown = one_record_a_path(records, local, synced)
        file, record = local.get(self.path), shown.get(self.path)
        others = [r.file_id for r in records if r.path == self.path and r != record]
        sides = Sides(file, record, synced.get(self.path), tuple(others))
        blocked = [h.action.key for h in plan.held if h.reason in OBSTACLES]
        subject = about(self.path, plan, sides=sides, blocked=blocked)
        return replace(subject, direction=self.policy.direction)

    def _facts(self, actions: Iterable[Action]) -> Facts:
        since = NOW - 23 * HOUR
        missed = {("7", action.path): since for action in actions}
        return replace(self.facts, missed_since=missed if self.is_seen else {})


def about(
    path: str,
    plan: Plan,
    *,
    setting: Setting = LISTED,
    sides: Sides | None = None,
    blocked: Iterable[ActionKey] = (),
) -> Subject:
    """Return a subject with what of *plan* is about *path*, everything numbered."""
    mine = [h for h in plan.held if path in _touched(h.action)]
    todo = tuple(a for a in plan.actions if path in _touched(a))
    numbers = {h.action.key: place for place, h in enumerate(mine, start=3)}
    kept = Plan(todo, tuple(mine))
    return Subject(
        f"{setting.folder}/{path}".rstrip("/"),
        setting,
        NOW,
        sides=sides,
        plan=kept,
        numbers=numbers,
        blocked=frozenset(blocked),
    )


def _touched(action: Action) -> set[str]:
    moved = getattr(action, "moved_to", "")
    source = getattr(getattr(action, "local", None), "path", "")
    return {action.path, moved or action.path, source or action.path}


OLD, NEW, OTHER = "as agreed", "edited here", "edited there"
SYNCED: Rows = {"a.csv": ("17", OLD)}
SAME_THERE: Mapping[str, Record] = {"a.csv": ("17", OLD)}
EDITED_THERE: Mapping[str, Record] = {"a.csv": ("18", OTHER)}
SAME_HERE: Mapping[str, Seen] = {"a.csv": OLD}
EDITED_HERE: Mapping[str, Seen] = {"a.csv": NEW}

TABLE = {
    "same, same": Case(SAME_HERE, SAME_THERE, SYNCED),
    "same, edited": Case(SAME_HERE, EDITED_THERE, SYNCED),
    "same, gone": Case(SAME_HERE, {}, SYNCED),
    "edited, same": Case(EDITED_HERE, SAME_THERE, SYNCED),
    "edited, edited": Case(EDITED_HERE, EDITED_THERE, SYNCED),
    "edited, edited, equal": Case({"a.csv": OTHER}, EDITED_THERE, SYNCED),
    "edited, gone": Case(EDITED_HERE, {}, SYNCED),
    "gone, same": Case({}, SAME_THERE, SYNCED),
    "gone, same, missed once": Case({}, SAME_THERE, SYNCED, is_seen=False),
    "gone, same, grace over": Case({}, SAME_THERE, SYNCED, limits=Limits(grace=HOUR)),
    "gone, edited": Case({}, EDITED_THERE, SYNCED),
    "gone, gone": Case({}, {}, SYNCED),
    "never synced, only here": Case(EDITED_HERE),
    "never synced, only there": Case({}, EDITED_THERE),
    "never synced, equal": Case({"a.csv": OTHER}, EDITED_THERE),
    "never synced, different": Case(EDITED_HERE, EDITED_THERE),
    "never seen": Case(),
}
SPECIAL = {
    "a new record of the same bytes": Case(SAME_HERE, {"a.csv": ("18", OLD)}, SYNCED),
    "moved here, the old path": Case({"b.csv": OLD}, SAME_THERE, SYNCED),
    "moved here, the new path": Case({"b.csv": OLD}, SAME_THERE, SYNCED, "b.csv"),
    "moved there, the old path": Case(SAME_HERE, {"d/a.csv": ("17", OLD)}, SYNCED),
    "several records of one name": Case(
        SAME_HERE, {"a.csv": [("17", OLD), ("16", "older"), ("15", OLD)]}, SYNCED
    ),
    "a link, edited here": Case(
        EDITED_HERE, {"a.csv": a_link("a.csv", "17", OLD)}, SYNCED
    ),
}
UNKNOWN_HERE = {
    f"unknown here: {why.name}": Case({"a.csv": why}, SAME_THERE, SYNCED)
    for why in (
        Unknown.UNREADABLE,
        Unknown.NOT_SETTLED,
        Unknown.NOT_HASHED,
        Unknown.CONFLICT_COPY,
        Unknown.NOT_A_FILE,
    )
}
UNKNOWN_THERE = {
    f"unknown there: {why.name}": Case(SAME_HERE, {"a.csv": ("17", OLD, why)}, SYNCED)
    for why in (
        Unknown.IN_FLIGHT,
        Unknown.UNPROVEN,
        Unknown.NOT_LISTED,
        Unknown.UNCONFIRMED,
        Unknown.UNREADABLE,
    )
}


def many(count: int, *, edited: str = "") -> dict[str, tuple[str, str]]:
    """Return records or rows of so many files."""
    return {
        f"{n}.csv": (f"{edited}{n}", f"{edited}{n}") for n in range(100, 100 + count)
    }


def here(count: int, *, edited: str = "") -> dict[str, str]:
    return {path: content for path, (_, content) in many(count, edited=edited).items()}


FEW = Facts(mirror_files=60, item_files={"7": 60})
THE_UPLOAD = Upload(ITEM, a_file("a.csv", NEW), a_row("a.csv", "17", OLD))
(THE_RECORD,) = on_figshare(EDITED_THERE)
THE_DOWNLOAD = Download(ITEM, THE_RECORD, a_file("a.csv", OLD))


def waits(action: Action, wait: Wait) -> Facts:
    return Facts(mirror_files=1000, waits={action.key: wait})


GUARDS = {
    "guard: too many deleted here": Case({}, many(30), many(30), "100.csv", facts=FEW),
    "guard: too many deleted there": Case(here(30), {}, many(30), "100.csv", facts=FEW),
    "guard: counted over a day": Case(
        {}, SAME_THERE, SYNCED, facts=replace(FEW, deleted={"remote": 20})
    ),
    "guard: an emptied item": Case(
        {}, many(2), many(2), "100.csv", facts=Facts(1000, item_files={"7": 2})
    ),
    "guard: too many edited here": Case(
        here(40, edited="x"), many(40), many(40), "100.csv", facts=FEW
    ),
    "guard: too many edited there": Case(
        here(40), many(40, edited="9"), many(40), "100.csv", facts=FEW
    ),
    "guard: a changed scope": Case(
        {},
        SAME_THERE,
        SYNCED,
        facts=Facts(1000, scope_change="the configuration changed (ignore)"),
    ),
    "guard: changed rules in its folder": Case(
        {}, SAME_THERE, SYNCED, facts=Facts(1000, rules_changed=frozenset({"7"}))
    ),
    "guard: counted with what is held elsewhere": Case(
        {}, SAME_THERE, SYNCED, facts=replace(FEW, elsewhere=Elsewhere({"remote": 20}))
    ),
    "guard: an item folder without its record": Case(
        {}, SAME_THERE, SYNCED, facts=Facts(1000, unsure={"7": NO_RECORD})
    ),
    "wait: it failed": Case(
        EDITED_HERE,
        SAME_THERE,
        SYNCED,
        facts=waits(
            THE_UPLOAD,
            Wait("failed 2 times, the last time: no answer came", NOW + 5 * 60),
        ),
    ),
    "wait: Figshare refuses a write": Case(
        EDITED_HERE,
        SAME_THERE,
        SYNCED,
        facts=waits(THE_UPLOAD, Wait("Figshare refuses it: the item is in review")),
    ),
    "wait: Figshare refuses a download": Case(
        SAME_HERE,
        EDITED_THERE,
        SYNCED,
        facts=waits(
            THE_DOWNLOAD, Wait("Figshare refuses it: under embargo", listed=True)
        ),
    ),
    "wait: uploaded twice": Case(
        EDITED_HERE,
        SAME_THERE,
        SYNCED,
        facts=waits(
            THE_UPLOAD, Wait("it was uploaded twice in 24 hours and is still not there")
        ),
    ),
    "wait: a host is left alone": Case(
        EDITED_HERE,
        SAME_THERE,
        SYNCED,
        facts=waits(
            THE_UPLOAD, Wait("uploads.figshare.com: it does not answer", NOW + HOUR)
        ),
    ),
    "wait: folders not kept": Case(
        EDITED_HERE, SAME_THERE, SYNCED, facts=waits(THE_UPLOAD, Wait(NOT_KEPT))
    ),
}
THE_DELETION = DeleteRemote(ITEM, a_row("a.csv", "17", OLD)).key
PULL, PUSH = Policy(Direction.PULL), Policy(Direction.PUSH)
KEEPING = Policy(files=FileDeletions.KEEP)
POLICIES = {
    "pull: an edit here": Case(EDITED_HERE, SAME_THERE, SYNCED, policy=PULL),
    "pull: gone here": Case({}, SAME_THERE, SYNCED, policy=PULL),
    "push: an edit there": Case(SAME_HERE, EDITED_THERE, SYNCED, policy=PUSH),
    "push: new there": Case({}, EDITED_THERE, policy=PUSH),
    "push: both edited": Case(EDITED_HERE, EDITED_THERE, SYNCED, policy=PUSH),
    "push: gone there": Case(SAME_HERE, {}, SYNCED, policy=PUSH),
    "files = keep: gone here": Case({}, SAME_THERE, SYNCED, policy=KEEPING),
    "files = keep: gone there": Case(SAME_HERE, {}, SYNCED, policy=KEEPING),
    "rejected: gone here": Case(
        {},
        SAME_THERE,
        SYNCED,
        policy=Policy(rejected=frozenset({THE_DELETION})),
    ),
    "rejected: gone there": Case(
        SAME_HERE,
        {},
        SYNCED,
        policy=Policy(rejected=frozenset({replace(THE_DELETION, kind="TrashLocal")})),
    ),
    "rejected: an upload": Case(
        EDITED_HERE,
        SAME_THERE,
        SYNCED,
        policy=Policy(rejected=frozenset({THE_UPLOAD.key})),
    ),
    "a folder has the name here": Case({}, EDITED_THERE, folders=("a.csv",)),
    "a file has the folder's name here": Case(
        {"d": OLD}, {"d": ("17", OLD), "d/a.csv": ("18", OTHER)}, path="d/a.csv"
    ),
    "a file has the folder's name there": Case(
        {"d/a.csv": NEW}, {"d": ("17", OTHER, Unknown.UNPROVEN)}, path="d/a.csv"
    ),
}


def refused(size: int, room: Room, *, path: str = "a.csv", crowd: int = 0) -> Subject:
    """Return a new file that Figshare can not take."""
    files = [Newcomer(path, size)]
    files += [Newcomer(f"0{number}.csv", 1) for number in range(crowd)]
    file = a_file(path, "x" * size, refusal=refusals(files, room).get(path, ""))
    return Case({path: file}, path=path).subject()


NOT_UPLOADABLE = {
    "not uploadable: empty": refused(0, Room()),
    "not uploadable: its name": refused(1, Room(), path="a\nb.csv"),
    "not uploadable: too deep": refused(1, Room(), path="d/" * 80 + "a.csv"),
    "not uploadable: too large": refused(9, Room(max_file_size=8)),
    "not uploadable: the item is full": refused(1, Room(files_in_item=500)),
    "not uploadable: a new folder with too many": refused(
        1, Room(files_per_item=2, is_new_item=True), crowd=2
    ),
    "not uploadable: the quota": refused(9, Room(free_quota=8)),
}


def held(
    entry: Held,
    *,
    setting: Setting = LISTED,
    sides: Sides | None = None,
    blocked: bool = False,
) -> Subject:
    """Return a subject of which one action is held while planning."""
    keys, path = [entry.action.key] if blocked else [], entry.action.path
    plan = Plan(held=(entry,))
    return about(path, plan, setting=setting, sides=sides, blocked=keys)


def of_item(
    action: Action, setting: Setting, items: ItemDeletions = ItemDeletions.HOLD
) -> Subject:
    """Return an item whose folder or record is gone, after policies and guards."""
    plan = apply_policy([action], Policy(items=items), {})
    facts = Facts(1000, missed_since={("7", ""): NOW - 23 * HOUR})
    return about("", guard(plan, Limits(items=items), facts, NOW), setting=setting)


HERE_ONLY = Sides(a_file("a.csv", NEW))
THERE_ONLY = Sides(remote=THE_RECORD)
NO_FOLDER = replace(LISTED, is_folder_here=False)
PUBLIC = replace(NO_FOLDER, is_public=True)
FRESH = Setting(folder="Item")
THE_DRAFT = CreateItem(Where("", "Item"), "Item")
ROWS = (a_row("a.csv", "17", OLD), a_row("b.csv", "18", OLD))
ITEMS = {
    "item: deleted here, held": of_item(DeleteItem(ITEM, ROWS), NO_FOLDER),
    "item: deleted here, propagate": of_item(
        DeleteItem(ITEM, ROWS), NO_FOLDER, ItemDeletions.PROPAGATE
    ),
    "item: deleted here, public": of_item(
        DeleteItem(Where("7", "Item", True), ROWS), PUBLIC
    ),
    "item: deleted here, not all synced": of_item(
        DeleteItem(ITEM, ROWS, whole=False), NO_FOLDER
    ),
    "item: deleted here, keep": of_item(
        DeleteItem(ITEM, ROWS), NO_FOLDER, ItemDeletions.KEEP
    ),
    "item: deleted there": of_item(
        TrashFolder(ITEM, ROWS, {}), replace(LISTED, presence=Presence.GONE)
    ),
    "item: orphaned": about(
        "",
        plan_orphan(ITEM, (), is_bare=False),
        setting=replace(LISTED, mode=Mode.ORPHANED, presence=None),
    ),
    "item: orphaned and left": about(
        "",
        plan_orphan(ITEM, {SetAsideRecord(ITEM, "7").key}, is_bare=False),
        setting=replace(LISTED, mode=Mode.ORPHANED, presence=None),
    ),
    "item: claimed by several folders": held(
        Held(SetAsideRecord(ITEM, "7"), f"{DISPUTED}: Item, Item copy")
    ),
    "item: excluded": about(
        "a.csv", Plan(), setting=replace(LISTED, mode=Mode.EXCLUDED), sides=THERE_ONLY
    ),
    "item: its record alone": held(
        Held(Upload(ITEM, a_file("a.csv", NEW)), METADATA_ONLY.format(7)),
        setting=replace(LISTED, mode=Mode.METADATA),
        sides=HERE_ONLY,
        blocked=True,
    ),
    "item: could not be read": about(
        "a.csv",
        Plan(),
        setting=replace(LISTED, presence=Presence.UNKNOWN),
        sides=Case(SAME_HERE, SAME_THERE, SYNCED).subject().sides,
    ),
    "item: new there": about(
        "",
        Plan((WriteRecord(ITEM, "Item"),)),
        setting=replace(LISTED, mode=None, is_folder_here=False),
    ),
    "item: new here": about("", Plan((THE_DRAFT,)), setting=FRESH),
    "item: several drafts fit": held(
        Held(THE_DRAFT, SEVERAL_DRAFTS.format("7, 8")),
        setting=FRESH,
    ),
    "item: a name too long for a title": held(
        Held(THE_DRAFT, DEAD_TITLE, listed=True), setting=FRESH
    ),
    "item: has a linked file": held(
        Held(Upload(ITEM, a_file("a.csv", NEW)), LINKED), sides=HERE_ONLY
    ),
    "item: a symlink in the place of a record": held(
        Held(Download(ITEM, THE_RECORD), NO_PLACE), sides=THERE_ONLY, blocked=True
    ),
    "item: public": about(
        "a.csv",
        Case(EDITED_HERE, SAME_THERE, SYNCED).subject().plan,
        setting=replace(LISTED, is_public=True),
        sides=Case(EDITED_HERE, SAME_THERE, SYNCED).subject().sides,
    ),
    "loose: not still": replace(
        held(
            Held(
                FileAway(Where("", ""), "a.csv", FileStat(1, 1, 1, 1)), WAIT, NOW + 60
            ),
            setting=Setting(folder="a.csv"),
            sides=HERE_ONLY,
        ),
        path="a.csv",
    ),
}
_RULES = IgnoreRules(["*.tmp"]).nested("", ["build/"]).nested("Item/d", ["x*"])


def tight(free: int, *, approved: bool = False) -> Subject:
    """Return an edited file whose old and new version hardly fit into the account."""
    found = fit(Plan((THE_UPLOAD,)), Space(free=free))
    keys = [held.action.key for held in found.plan.held] if approved else []
    facts = Facts(1000, approved=frozenset(keys))
    sides = Case(EDITED_HERE, SAME_THERE, SYNCED).subject().sides
    subject = about("a.csv", guard(found.plan, Limits(), facts, NOW), sides=sides)
    lacking = tuple((f"Item/{u.path}", reason) for u, reason in found.lacking)
    return replace(subject, left_out=lacking)


ROOM = {
    "room: one at a time": tight(11),
    "room: old and new do not fit at once": tight(3),
    "room: not at once, and approved": tight(3, approved=True),
    "room: the new one does not fit at all": tight(1),
}


def ignored(path: str) -> Subject:
    """Return a path that a rule covers, with a record of that name."""
    below = path.partition("/")[2]
    file = on_disk({below: Unknown.IGNORED})[below]
    sides = Sides(file, RemoteFile(below, "17", 3, "0" * 32))
    rule = _RULES.rule(path, False)
    assert rule is not None
    return replace(about(below, Plan(), sides=sides), rule=rule)


def a_folder() -> Subject:
    """Return an item folder with a mass deletion and files that can not go up."""
    plan = Case({}, many(30), many(30), facts=FEW)
    local, synced = on_disk(plan.local), agreed(plan.synced)
    actions = plan_files(ITEM, local, on_figshare(plan.remote), synced)
    upload = Upload(ITEM, a_file("new.csv", NEW))
    guarded = guard(Plan((*actions, upload)), Limits(), FEW, NOW)
    numbers = {h.action.key: n for n, h in enumerate(guarded.held, start=3)}
    left = tuple((f"Item/e{n}.csv", "it is empty") for n in range(7))
    subject = Subject("Item", LISTED, NOW, plan=guarded, numbers=numbers)
    return replace(subject, below=(1, 30, 30), left_out=left)


THE_REST = {
    "ignored by the configuration": ignored("Item/a.tmp"),
    "ignored by a rule of the root": ignored("Item/build/a.csv"),
    "ignored by a rule of a folder": ignored("Item/d/x.csv"),
    "ignored always": ignored("Item/.DS_Store"),
    "both sides changed it": replace(
        Case(SAME_HERE, SAME_THERE, SYNCED).subject(),
        copies=("Item/a (conflict 2026-11-20 153012).csv",),
    ),
    "an older version is in the trash": replace(
        Case(SAME_HERE, SAME_THERE, SYNCED).subject(), trashed=NOW
    ),
    "nothing is synced now": replace(
        Case({}, SAME_THERE, SYNCED).subject(),
        stopped="/data: it is empty, but 60 files were in it; nothing was deleted",
        plan=Plan(),
    ),
    "the last sync failed": replace(
        Case(EDITED_HERE, SAME_THERE, SYNCED).subject(),
        ended="api.figshare.com: no answer came; look at the network",
    ),
    "a folder": a_folder(),
    "a folder at rest": replace(Subject("Item", LISTED, NOW), below=(30, 30, 30)),
}


def texts() -> Iterator[tuple[str, str]]:
    """Yield each case's name and what is printed, in the time of Greenwich."""
    made = {**TABLE, **SPECIAL, **UNKNOWN_HERE, **UNKNOWN_THERE, **GUARDS, **POLICIES}
    subjects = {name: case.subject() for name, case in made.items()}
    subjects |= {**NOT_UPLOADABLE, **ROOM, **ITEMS, **THE_REST}
    with in_greenwich():
        for name, subject in subjects.items():
            found = Inquiry(subject, as_of=NOW - HOUR)
            yield name, "\n".join(page(found, explain(subject)))


@contextmanager
def in_greenwich() -> Iterator[None]:
    """Let local time be UTC for a while."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def golden() -> str:
    """Return the whole of why.txt."""
    return "\n\n".join(f"== {name}\n{text}" for name, text in texts()) + "\n"


if __name__ == "__main__":
    print(golden(), end="")
