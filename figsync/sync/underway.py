"""What is under way on this disk, written down first: a crash loses sight of nothing.

Two things could be forgotten half-way.  A download that a crash cuts short every time
would be begun for ever, so it is counted before it begins.  And a save made at the
very instant at which a file is replaced or removed comes to lie in the trash, where
nobody would look for it, so it is brought back, by the next process if need be.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from figsync.disk import Disk, Trashed
from figsync.errors import BadBytes, FigsyncError, Interrupted
from figsync.model import (
    Action,
    Download,
    FileStat,
    KeepBoth,
    LocalFile,
    Outcome,
    TrashFolder,
    TrashLocal,
)
from figsync.naming import conflict_name, shown
from figsync.sync.mirror import Mirror
from figsync.sync.tasks import Task, do

FETCHED = "download"
BEGUN = "download begun"
FETCHED_A_DAY = 3
CRASHES_A_DAY = 10
SWAPS = "swaps"
OWN_TRASH = ".figsync/trash"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Swap:
    """A file that is about to go to the trash, and how it is known again there.

    *came* is the MD5 of what takes its place; *known* are the trash ids that its
    path had before.
    """

    target: str
    stat: FileStat
    since: float
    came: str = ""
    known: tuple[str, ...] = ()


def begin(mirror: Mirror, actions: Iterable[Action]) -> None:
    """Write down what is about to be fetched, replaced or removed here."""
    actions = list(actions)
    swaps = list(_swaps(mirror, actions))
    fetched = [action for action in actions if _is_fetched(action)]
    if not swaps and not fetched:
        return
    with mirror.state.atomic():
        for action in fetched:
            mirror.state.work.add_count(BEGUN, file_id_of(action))
            mirror.begun.append(file_id_of(action))
        if swaps:
            _save(mirror, [*_load(mirror), *swaps])


def end(mirror: Mirror, actions: Sequence[Action], outcomes: Sequence[Outcome]) -> None:
    """Cross out what ended; what failed half-way is looked at by the next cycle."""
    done = {outcome.action.key for outcome in outcomes if outcome.result == "done"}
    over = {
        target
        for action in actions
        if action.key in done
        for target, _ in _removed(action)
    }
    fetched = [action for action in actions if _is_fetched(action)]
    swaps = _load(mirror)
    left = [swap for swap in swaps if swap.target not in over]
    if not fetched and left == swaps:
        return
    with mirror.state.atomic():
        for action in fetched:
            _take_back(mirror, file_id_of(action))
        _save(mirror, left)


def interrupted(mirror: Mirror) -> None:
    """Cross out the downloads that a person stopped: no crash cut them short."""
    with mirror.state.atomic():
        for file_id in list(mirror.begun):
            _take_back(mirror, file_id)


def fetched_in_vain(mirror: Mirror, file_id: str) -> str:
    """Return why a record is not fetched once more today, "" if it may be."""
    times = mirror.state.work.count(FETCHED, file_id)
    if times >= FETCHED_A_DAY:
        return f"it was downloaded {times} times in 24 hours and is still not here"
    begun = mirror.state.work.count(BEGUN, file_id)
    if begun >= CRASHES_A_DAY:
        return f"{begun} downloads of it in 24 hours ended with a crash"
    return ""


def counted(mirror: Mirror, file_id: str, fetch: Callable[[], None]) -> Task[None]:
    """Run one download that no action stands for, counted like any other."""
    work = mirror.state.work
    work.add_count(BEGUN, file_id)
    mirror.begun.append(file_id)
    try:
        yield from do(fetch)
    except FigsyncError as problem:
        if isinstance(problem, BadBytes):
            work.add_count(FETCHED, file_id)
        _take_back(mirror, file_id)
        raise
    with mirror.state.atomic():
        work.add_count(FETCHED, file_id)
        _take_back(mirror, file_id)


def _take_back(mirror: Mirror, file_id: str) -> None:
    mirror.state.work.drop_count(BEGUN, file_id)
    mirror.begun.remove(file_id)


def _is_fetched(action: Action) -> bool:
    return isinstance(action, Download | KeepBoth) and not action.remote.link


def file_id_of(action: Action) -> str:
    """Return the record that a download brings."""
    assert isinstance(action, Download | KeepBoth)
    return action.remote.file_id


def _removed(action: Action) -> Iterator[tuple[str, LocalFile]]:
    """Yield the root-relative paths that an action takes bytes from, and those."""
    folder = action.where.folder
    match action:
        case Download() if action.replaces is not None:
            yield f"{folder}/{action.path}", action.replaces
        case TrashLocal():
            yield f"{folder}/{action.path}", action.local
        case TrashFolder():
            for row in action.files:
                yield f"{folder}/{row.path}", action.local[row.path]
        case _:
            return


def _swaps(mirror: Mirror, actions: Iterable[Action]) -> Iterator[_Swap]:
    removed = [(action, *pair) for action in actions for pair in _removed(action)]
    now = mirror.clock.now()
    stamps = mirror.disk.trash_stamps(now) if removed else []
    for action, target, local in removed:
        came = action.remote.md5 if isinstance(action, Download) else ""
        before = mirror.disk.trashed_from(target, stamps)
        yield _Swap(target, local.stat, now, came, tuple(file.id for file in before))


def recover_late_saves(mirror: Mirror) -> int:
    """Bring back the saves that an earlier cycle left in the trash alone.

    Returns how many could not be: they stay where they are, and are tried again.
    """
    swaps = _load(mirror)
    left = [swap for swap in swaps if not _is_settled(mirror, swap)]
    if left != swaps:
        _save(mirror, left)
    return len(left)


def _is_settled(mirror: Mirror, swap: _Swap) -> bool:
    try:
        stamps = mirror.disk.trash_stamps(swap.since)
        for file in mirror.disk.trashed_from(swap.target, stamps):
            if file.id not in swap.known and _is_late_save(mirror, swap, file):
                bring_back(mirror.disk, file.id, swap.target)
    except Interrupted:
        raise
    except FigsyncError as problem:
        told = f"a save made during a sync is in the trash only: {problem}"
        log.warning("%s: %s", shown(swap.target), told)
        return False
    return True


def _is_late_save(mirror: Mirror, swap: _Swap, file: Trashed) -> bool:
    """Tell whether a file in the trash is neither the old bytes nor the new ones."""
    path = f"{OWN_TRASH}/{file.id}"
    stat = mirror.disk.stat(path)
    if stat is None or stat.same_file(swap.stat):
        return False
    if not swap.came:
        return True
    return mirror.disk.hash(path, stop=mirror.asked_to_stop).md5 != swap.came


def bring_back(disk: Disk, trash_id: str, target: str) -> None:
    """Take a late save out of the trash: to its name if that is free, else beside it.

    Beside it, it is a conflict copy and listed until a person decides.
    """
    place = target
    if disk.stat(target) is not None:
        place = conflict_name(
            target, disk.clock.now(), lambda path: disk.stat(path) is not None
        )
    disk.trash_restore(trash_id, to=place)


def _load(mirror: Mirror) -> list[_Swap]:
    stored = json.loads(mirror.state.settings.get(SWAPS) or "[]")
    return [
        _Swap(**{**row, "stat": FileStat(*row["stat"]), "known": tuple(row["known"])})
        for row in stored
    ]


def _save(mirror: Mirror, swaps: Iterable[_Swap]) -> None:
    rows = [asdict(swap) for swap in swaps]
    text = json.dumps(rows)
    if text != (mirror.state.settings.get(SWAPS) or "[]"):
        mirror.state.settings.set(SWAPS, text)
