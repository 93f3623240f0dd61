"""What people ask for, carried out by the one who owns the mirror."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from figsync.disk import Disk
from figsync.errors import FigsyncError, Interrupted, NeedsPerson, Stale, WrongUsage
from figsync.model import FileStat, Mode, SyncedItem
from figsync.naming import folder_name, shown, with_suffix
from figsync.state import Conflict, HeldRow, State
from figsync.sync import arrange
from figsync.sync.activity import begin_pause, end_pause
from figsync.sync.bind import acknowledge_scope
from figsync.sync.exclusions import keep_exclusions
from figsync.sync.mend import repair
from figsync.sync.mirror import Mirror
from figsync.sync.restore import lacking, record_restoring
from figsync.sync.root import (
    MARKER_ID,
    ROOT_ACKNOWLEDGED,
    check_marker,
    holds_anything,
)

SYNC_NEXT = "`figsync sync` carries it out"
KEPT_COPY = "local copy"
EXCLUDING = "excluding:"
_SEE_HELD = "see `figsync held` for the numbers"
_SEE_ITEMS = "give the id of an item or the name of its folder"

log = logging.getLogger(__name__)

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish of a person: what to do, and the words that say with what."""

    verb: str
    words: Words


def carry_out(mirror: Mirror, asked: Asked) -> str:
    """Do what was asked and return a sentence about it; WrongUsage if it can not be."""
    perform = _CARRY.get(asked.verb)
    if perform is None:
        raise WrongUsage("", f"this figsync can not {shown(asked.verb)}")
    check_marker(mirror.disk, mirror.state.settings.get(MARKER_ID))
    return perform(mirror, asked.words)


def carry_out_requests(mirror: Mirror) -> bool:
    """Do what other processes asked for; what can not be done is in the history.

    Return whether anything was asked for.  Interrupted when the clock says to stop.
    """
    is_asked = False
    for request in mirror.state.decisions.requests():
        try:
            said = carry_out(mirror, Asked(request.verb, request.arguments))
        except NeedsPerson:
            break
        except Interrupted:
            raise  # the request stays, and goes on later
        except FigsyncError as problem:
            log.warning("figsync %s: %s", request.verb, problem)
            _remember(mirror, request.verb, problem)
        else:
            log.info("figsync %s: %s", request.verb, said)
        mirror.state.decisions.drop_request(request.id)
        is_asked = True
    return is_asked


def _remember(mirror: Mirror, verb: str, problem: FigsyncError) -> None:
    action, message = f"figsync {verb}", str(problem)
    mirror.state.history.add(
        action, item_id="", path=problem.subject, result="refused", message=message
    )


def check_asked(asked: Asked, state: State, disk: Disk) -> None:
    """Raise WrongUsage if what is named is not there; nothing is changed."""
    words = asked.words
    match asked.verb:
        case "approve" if not words.get("scope"):
            _approvable(state, words)
        case "reject":
            _rejectable(state, words)
        case "include" | "exclude":
            _item(state, words["item"])
        case "conflicts keep":
            _conflict(state, disk, words["path"])


def approve(mirror: Mirror, words: Words) -> str:
    """Approve held actions by id, all of them, or the present scope."""
    if words.get("scope"):
        acknowledge_scope(mirror)
        mirror.state.settings.set(ROOT_ACKNOWLEDGED, "yes")
        return f"The root and the rules are acknowledged as they are; {SYNC_NEXT}."
    rows = _approvable(mirror.state, words)
    count = mirror.state.decisions.approve(row.id for row in rows)
    return f"Approved: {count}; {SYNC_NEXT}." if rows else "Nothing is held."


def reject(mirror: Mirror, words: Words) -> str:
    """Reject held actions: the missing side comes back."""
    rows = _rejectable(mirror.state, words)
    count = mirror.state.decisions.reject(row.id for row in rows)
    return f"Rejected: {count}; {SYNC_NEXT}." if rows else "Nothing is held."


def _approvable(state: State, words: Words) -> list[HeldRow]:
    rows, rejected = _named(state, words), state.decisions.rejected()
    for row in rows:
        # Whoever said no may think better of it.
        if not row.needs_person and row.key not in rejected:
            cause = f"nothing is to be approved: {row.reason}"
            raise WrongUsage(f"held action {row.id}", cause, _SEE_HELD)
    return rows


def _rejectable(state: State, words: Words) -> list[HeldRow]:
    rows = _named(state, words)
    for row in rows:
        if row.listed:
            cause = f"nothing is to be rejected: {row.reason}"
            raise WrongUsage(f"held action {row.id}", cause, _SEE_HELD)
    return rows


def _named(state: State, words: Words) -> list[HeldRow]:
    rows = {str(row.id): row for row in state.decisions.held()}
    if words.get("all"):
        return [row for row in rows.values() if row.needs_person]
    for named in words["ids"].split():
        if named not in rows:
            raise WrongUsage("", f"there is no held action {named}", _SEE_HELD)
    return [rows[named] for named in words["ids"].split()]


def include(mirror: Mirror, words: Words) -> str:
    """Mirror an item with its files from now on."""
    known = _item(mirror.state, words["item"])
    told = shown(known.folder or known.title or known.item_id)
    if known.mode is Mode.MIRRORED:
        return f"{told} is mirrored already."
    if known.mode is Mode.ORPHANED:
        cause = "its item was deleted on Figshare"
        raise WrongUsage(told, cause, "approve it to make a new draft of the folder")
    if not known.folder:
        known = _with_folder(mirror, known)
    with mirror.state.atomic():
        mirror.state.items.save(replace(known, mode=Mode.MIRRORED))
        mirror.state.items.invalidate(known.item_id)
    keep_exclusions(mirror)
    return f"Included {shown(known.folder)}; `figsync sync` brings its files."


def _with_folder(mirror: Mirror, known: SyncedItem) -> SyncedItem:
    """Give an item that has none its bare folder back, or make one of a free name."""
    name = folder_name(known.title)
    stat = arrange.bare_folder(mirror, name)
    if stat is None:
        name = arrange.free_folder(mirror, known.title, known.item_id)
        stat = arrange.make_item_folder(mirror, name)
    return replace(known, folder=name, inode=stat.inode)


def exclude(mirror: Mirror, words: Words) -> str:
    """Stop mirroring an item; its synced files go to the trash, Figshare keeps all."""
    state = mirror.state
    known = _item(state, words["item"])
    told = shown(known.folder or known.title or known.item_id)
    folder, left = known.folder, EXCLUDING + known.item_id
    if known.mode is not Mode.EXCLUDED:
        _let_go(mirror, known)
    elif not state.settings.get(left):
        return f"{told} is excluded already."
    for path, md5 in json.loads(state.settings.get(left)).items() if folder else ():
        _trash_if_same(mirror, f"{folder}/{path}", md5)
    remains = bool(folder) and not _cleared(mirror, folder)
    with state.atomic():
        state.settings.drop(left)
        if folder and not remains:
            state.items.save(replace(state.items.all()[known.item_id], folder=""))
            state.files.drop_folder(folder)
    keep_exclusions(mirror)
    kept = "; what was not synced stays in its folder" if remains else ""
    return (
        f"Excluded {told}: its files are in the trash, Figshare keeps its own{kept};"
        f" `figsync include {known.item_id}` brings it back."
    )


def _let_go(mirror: Mirror, known: SyncedItem) -> None:
    """Exclude an item in the state first: no missing file may look like a deletion.

    What is to be trashed is noted, so that an interrupted exclusion can go on.
    """
    state, item_id = mirror.state, known.item_id
    synced = {row.path: row.md5 for row in state.files.synced(item_id).values()}
    with state.atomic():
        arrange.exclude(mirror, item_id, folder=known.folder)
        state.settings.set(EXCLUDING + item_id, json.dumps(synced))


def _trash_if_same(mirror: Mirror, path: str, md5: str) -> None:
    disk = mirror.disk
    stat = disk.stat(path)
    if stat is not None and stat.kind == "file":
        try:
            disk.trash(path, stat, md5=md5, stop=mirror.asked_to_stop)
        except Stale:
            log.info("Left %s, it is not what was synced", shown(path))


def _cleared(mirror: Mirror, folder: str) -> bool:
    """Remove what figsync made of a folder without files; False if files remain."""
    if mirror.disk.stat(folder) is None:
        return True
    if holds_anything(mirror, folder):
        return False
    mirror.disk.set_aside_record(folder)
    arrange.remove_made_folders(mirror, folder)
    return True


def _item(state: State, word: str) -> SyncedItem:
    """Return the item of this id or folder name."""
    items = state.items.all()
    if word in items:
        return items[word]
    name = word.rstrip("/")
    named = [i for i in items.values() if (i.folder or folder_name(i.title)) == name]
    if len(named) == 1:
        return named[0]
    raise WrongUsage(shown(word), "figsync knows no such item", _SEE_ITEMS)


def keep(mirror: Mirror, words: Words) -> str:
    """Resolve a conflict: the copy wins, or the record does, or both stay."""
    conflict = _conflict(mirror.state, mirror.disk, words["path"])
    copy, path = _paths(conflict)
    stat = mirror.disk.stat(copy)
    assert stat is not None
    said = _KEEP[words["which"]](mirror, copy, path, stat)
    rest = [c for c in mirror.state.decisions.conflicts() if c != conflict]
    mirror.state.decisions.replace_conflicts(rest)
    return said


def _keep_local(mirror: Mirror, copy: str, path: str, stat: FileStat) -> str:
    disk, stop = mirror.disk, mirror.asked_to_stop
    if disk.stat(path) is None:
        disk.move(copy, path, expect=stat)
    else:
        arrange.put_over(disk, copy, path, expect=stat, stop=stop)
    return f"The local version is {shown(path)} now; `figsync sync` uploads it."


def _keep_remote(mirror: Mirror, copy: str, path: str, stat: FileStat) -> str:
    mirror.disk.trash(copy, stat)
    return f"{shown(path)} stays as on Figshare; the local version is in the trash."


def _keep_both(mirror: Mirror, copy: str, path: str, stat: FileStat) -> str:
    disk, name, number = mirror.disk, with_suffix(path, KEPT_COPY), 1
    while disk.stat(name) is not None:
        number += 1
        name = with_suffix(path, f"{KEPT_COPY} {number}")
    disk.move(copy, name, expect=stat)
    return f"The local version is {shown(name)} now; `figsync sync` uploads it."


_KEEP = {"local": _keep_local, "remote": _keep_remote, "both": _keep_both}


def _conflict(state: State, disk: Disk, path: str) -> Conflict:
    """Return the conflict whose file or copy has this path below the root."""
    found = [
        conflict
        for conflict in state.decisions.conflicts()
        if path in _paths(conflict) and disk.stat(_paths(conflict)[0]) is not None
    ]
    if len(found) == 1:
        return found[0]
    remedy = "see `figsync conflicts` for the paths"
    if found:
        cause = "it has several conflict copies: name the copy"
        raise WrongUsage(shown(path), cause, remedy)
    raise WrongUsage(shown(path), "there is no such conflict", remedy)


def _paths(conflict: Conflict) -> tuple[str, str]:
    """Return copy and file of a conflict, below the root."""
    folder = conflict.folder
    return f"{folder}/{conflict.copy}", f"{folder}/{conflict.path}"


def restore(mirror: Mirror, words: Words) -> str:
    """Let files come back from Figshare: their deletion is not sent any more."""
    lacks = lacking(mirror.state, mirror.disk, mirror.rules, words["path"])
    record_restoring(mirror, lacks)
    if len(lacks) == 1:
        told = shown(lacks[0].full_path)
        return f"{told} comes back; nothing deletes it on Figshare."
    return f"{len(lacks)} files come back; nothing deletes them on Figshare."


def restore_from_trash(mirror: Mirror, words: Words) -> str:
    """Bring a file back from the trash; what has its name by now stays."""
    path = mirror.disk.trash_restore(words["path"])
    return f"Restored {shown(path)}; the next sync sees it as a new file."


def pause(mirror: Mirror, words: Words) -> str:
    """Let no daemon, and no scheduled sync, do anything for a while."""
    begin_pause(mirror.state, words, mirror.clock.now())
    return "Paused; `figsync resume` ends it."


def resume(mirror: Mirror, words: Words) -> str:
    """End the pause."""
    del words
    was_paused = end_pause(mirror.state, mirror.clock.now())
    return "Resumed." if was_paused else "It was not paused."


_CARRY: Mapping[str, Callable[[Mirror, Words], str]] = {
    "approve": approve,
    "reject": reject,
    "include": include,
    "exclude": exclude,
    "conflicts keep": keep,
    "restore": restore,
    "pause": pause,
    "resume": resume,
    "verify --repair": repair,
    "trash restore": restore_from_trash,
}
