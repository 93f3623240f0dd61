"""Everything known of one path, gathered without asking Figshare anything.

The mirror has to be a dry one: what is seen here is remembered in its copy of the
state alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from figsync.errors import FigsyncError, NeedsPerson
from figsync.model import Plan, Presence, SyncedItem
from figsync.naming import Rule, folder_name, is_root_name_ignored
from figsync.state import HistoryRow
from figsync.sync.claims import record_id
from figsync.sync.concern import plan_about
from figsync.sync.engine import Cycle, Wish, decided
from figsync.sync.exclusions import restore_exclusions
from figsync.sync.facts import Ended, read_facts
from figsync.sync.loose import plan_loose_files
from figsync.sync.mirror import Mirror
from figsync.sync.remembered import remembered_view
from figsync.sync.root import RootView, check_root, look_at_root
from figsync.sync.rules import with_rules_on_the_way
from figsync.sync.sides import stat_of, with_sides
from figsync.sync.subject import Setting, Subject
from figsync.sync.survey import Survey
from figsync.sync.sweep import restart_grace_after_jump
from figsync.sync.walk import RECORD_FOLDER

MOST_ROWS = 5
# Asking about one file must not take the hours that reading a new terabyte takes.
MOST_READ = 1 << 30
LOOKED_THROUGH = 100
_AGREEMENTS = ("Upload", "DeleteFirst", "Download", "Adopt", "KeepBoth", "MoveLocal")
_ROOT_RULE = "the rules for names in the root"
_OWN_RULE = "the rules for what is figsync's own"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A subject, and the times (POSIX seconds, None if unknown) that go with it.

    *as_of* is when Figshare was asked about the item, *agreed* when both sides were
    made the same, *missed* since when the file is missing here.
    """

    subject: Subject
    history: tuple[HistoryRow, ...] = ()
    as_of: float | None = None
    agreed: float | None = None
    missed: float | None = None


def inquire(mirror: Mirror, path: str) -> Inquiry:
    """Return what is known of a path below the root; nothing is sent or changed."""
    name, _, below = path.strip("/").partition("/")
    known = mirror.state.items.all()
    if name in known and known[name].folder:
        name = known[name].folder
    place = f"{name}/{below}".rstrip("/")
    missed = _missed(mirror, name, below)
    if problem := _stopped(mirror):
        subject = _described(mirror, place, cycle=None, stopped=problem)
    else:
        restore_exclusions(mirror)
        restart_grace_after_jump(mirror)
        root = look_at_root(mirror)
        wish = Wish(frozenset({name}), watched=name, reading=MOST_READ)
        cycle = decided(mirror, remembered_view(mirror, root), wish)
        cycle.plan += _of_loose_file(mirror, cycle.survey, root, place)
        subject = _described(mirror, place, cycle=cycle)
    return _dated(mirror, subject, missed)


def _missed(mirror: Mirror, name: str, below: str) -> float | None:
    """Return since when syncs have missed a file."""
    known = (i for i in mirror.state.items.all().values() if i.folder == name)
    scopes = (f"local:{item.item_id}" for item in known)
    absent = (mirror.state.work.absences(scope).get(below) for scope in scopes)
    return next((seen.first_seen for seen in absent if seen), None)


def _stopped(mirror: Mirror) -> str:
    """Return why nothing at all is synced now, "" if the root is in order."""
    try:
        check_root(mirror)
    except NeedsPerson as problem:
        return str(problem)
    return ""


def _of_loose_file(mirror: Mirror, survey: Survey, root: RootView, path: str) -> Plan:
    if path not in root.loose:
        return Plan()
    plan = plan_loose_files(mirror, survey, root)
    return Plan(
        tuple(a for a in plan.actions if a.path == path),
        tuple(h for h in plan.held if h.action.path == path),
    )


def _described(
    mirror: Mirror, path: str, *, cycle: Cycle | None, stopped: str = ""
) -> Subject:
    name, _, below = path.partition("/")
    facts = read_facts(mirror.state)
    subject = Subject(
        path,
        _setting(mirror, name, cycle),
        mirror.clock.now(),
        direction=mirror.config.mirror.direction,
        numbers={row.key: row.id for row in mirror.state.decisions.held()},
        stopped=stopped,
        ended="" if facts.ended is Ended.WELL else facts.error,
    )
    if cycle is None:
        return with_sides(mirror, None, subject)
    subject = replace(
        subject,
        plan=plan_about(cycle.plan, subject.setting, below),
        blocked=frozenset(cycle.survey.blocked),
        rule=_rule(mirror, path),
        trashed=_trashed(mirror, path),
        copies=tuple(_copies(cycle.survey, path)),
        left_out=tuple(_left_out(cycle.survey, path)),
    )
    return with_sides(mirror, cycle.survey, subject)


def _copies(survey: Survey, path: str) -> Iterator[str]:
    for conflict in survey.conflicts:
        if path == f"{conflict.folder}/{conflict.path}":
            yield f"{conflict.folder}/{conflict.copy}"


def _left_out(survey: Survey, path: str) -> Iterator[tuple[str, str]]:
    for file in survey.not_uploadable:
        place = f"{file.folder}/{file.path}".strip("/")
        if f"{place}/".startswith(f"{path}/"):
            yield place, file.reason


def _setting(mirror: Mirror, name: str, cycle: Cycle | None) -> Setting:
    """Return the item that a name in the root stands for, or will."""
    items = mirror.state.items.all().values()
    known = next((i for i in items if i.folder == name), None)
    if known is None:
        named = (i for i in items if not i.folder and folder_name(i.title) == name)
        known = next(named, None) or _arriving(cycle, name)
    if known is None:
        return _unknown_setting(mirror, name)
    seen = cycle.view.items.get(known.item_id) if cycle else None
    is_known = known.item_id in mirror.state.items.all()
    return Setting(
        known.item_id,
        name,
        seen.title if seen and seen.title else known.title,
        known.mode if is_known else None,
        seen.presence if seen else None,
        is_public=bool(seen and seen.is_public),
        is_folder_here=cycle is None or mirror.disk.stat(name) is not None,
    )


def _unknown_setting(mirror: Mirror, name: str) -> Setting:
    """Return the setting of a folder that is no item, as far as is known."""
    try:
        claimed = record_id(mirror.disk.read_record(name))
    except FigsyncError:
        claimed = ""
    return Setting(claimed, name, presence=Presence.UNKNOWN if claimed else None)


def _arriving(cycle: Cycle | None, name: str) -> SyncedItem | None:
    """Return the item that is about to get this name, or to be linked to it."""
    plan = cycle.plan if cycle else Plan()
    for action in (*plan.actions, *(held.action for held in plan.held)):
        where = action.where
        if where.item_id and where.folder == name:
            return SyncedItem(where.item_id, name, 0, "")
    return None


def _rule(mirror: Mirror, path: str) -> Rule | None:
    """Return what keeps a path out of the mirror, on both sides."""
    parts = PurePosixPath(path).parts
    if parts and is_root_name_ignored(parts[0]):
        return Rule(".*", _ROOT_RULE, parts[0])
    if RECORD_FOLDER in parts[1:]:
        depth = parts.index(RECORD_FOLDER, 1) + 1
        return Rule(f"{RECORD_FOLDER}/", _OWN_RULE, "/".join(parts[:depth]))
    folder = path.rpartition("/")[0]
    rules = mirror.rules
    # Where rules can not be read nothing is known of the files: they say so.
    with suppress(FigsyncError):
        if folder:
            rules = with_rules_on_the_way(mirror.disk, rules, folder)
    stat = stat_of(mirror, path)
    return rules.rule(path, stat is not None and stat.kind == "folder")


def _trashed(mirror: Mirror, path: str) -> float | None:
    """Return when the newest version in the trash got there."""
    if not mirror.disk.own_path("trash").is_dir():
        return None
    return max(
        (f.when for f in mirror.disk.trash_list() if f.path == path), default=None
    )


def _dated(mirror: Mirror, subject: Subject, missed: float | None) -> Inquiry:
    """Return *subject* with the times and the operations that go with it."""
    state, setting = mirror.state, subject.setting
    below = subject.path.partition("/")[2]
    item_id = setting.item_id
    rows = state.history.about(subject.path, item_id=item_id, limit=LOOKED_THROUGH)
    done = (r for r in rows if r.result == "done" and r.action in _AGREEMENTS)
    agreed = next((row.at for row in done), None) if below else None
    seen = state.items.observed().get(item_id)
    return Inquiry(
        subject,
        tuple(rows[:MOST_ROWS]),
        as_of=(seen.read_at if seen else 0) or read_facts(state).last_sync,
        agreed=agreed,
        missed=missed,
    )
