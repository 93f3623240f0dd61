"""The job that reads a share of the synced files again, round after round.

It finds what no scan can: bytes that changed while size and times stayed.  It writes
nothing of that into the local tree, so that it is never taken for an edit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from figsync.disk import Hashed
from figsync.errors import DiskProblem, FigsyncError, Stale
from figsync.model import Mode, SyncedFile, SyncedItem
from figsync.naming import shown, size_text
from figsync.state import KnownFile, State
from figsync.sync.differences import ABOUT, REPAIRS, Kind, Mend
from figsync.sync.mirror import Mirror
from figsync.sync.root import check_root
from figsync.sync.rot import NEVER_SENT, Rotten, read_rot, store_rot
from figsync.sync.tasks import Task, together

ROUND = "verify"
# After so much the daemon looks after other things before it goes on.
SLICE_BYTES = 2 << 30
SLICE_SECONDS = 20.0
BATCH = 64
AT_ONCE = 2  # it has no hurry, and the disk has other users
CHANGED = ABOUT[Kind.CHANGED].told
REMEDY = f"`figsync verify --repair` {REPAIRS[Mend.DISAGREE]}"
ENOUGH = 1e-9

log = logging.getLogger(__name__)


class Round(msgspec.Struct):
    """How far verifying came: the last file it read, and what it still has to.

    *left* is the share of the mirror that the portion begun lacks; below zero it was
    exceeded by a large file, and the next portion is smaller.  *ended* is when all
    files had been read last (POSIX seconds).
    """

    item_id: str = ""
    path: str = ""
    left: float = 0.0
    files: int = 0
    size: int = 0
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One synced file, as it was when it was hashed last."""

    item: SyncedItem
    row: SyncedFile
    known: KnownFile

    @property
    def key(self) -> tuple[str, str]:
        return self.item.item_id, self.row.path

    @property
    def full_path(self) -> str:
        return f"{self.item.folder}/{self.row.path}"


def read_round(state: State) -> Round:
    """Return how far verifying came."""
    try:
        return msgspec.json.decode(state.settings.get(ROUND) or "{}", type=Round)
    except msgspec.MsgspecError:
        return Round()


def is_unfinished(state: State) -> bool:
    """Tell whether the portion begun is not read to its end yet."""
    return read_round(state).left > ENOUGH


def run(mirror: Mirror) -> str:
    """Read some of the files again, those first that were not for the longest time.

    A portion is `verify_percent` of all files and bytes.  After two gigabytes or
    twenty seconds it returns "" in its middle, and the next call goes on there.
    NeedsPerson unless the root is the one it was.
    """
    check_root(mirror)
    progress = read_round(mirror.state)
    if progress.left <= ENOUGH:
        progress.left += mirror.config.schedule.verify_percent / 100
        progress.files = progress.size = 0
        _store(mirror.state, progress)
        _look_at_known(mirror)
    _slice(mirror, progress)
    if progress.left > ENOUGH:
        return ""
    return _told(mirror.state, progress)


def _told(state: State, progress: Round) -> str:
    if not progress.files:
        return ""
    found = len(read_rot(state))
    files = "1 file" if progress.files == 1 else f"{progress.files:,} files"
    rest = (
        f"{found:,} changed by themselves, see `figsync status`" if found else "sound"
    )
    return f"Read {files} again ({size_text(progress.size)}): {rest}"


def _slice(mirror: Mirror, progress: Round) -> None:
    """Read until the portion, the slice or the round ends."""
    state, clock = mirror.state, mirror.clock
    cost, items = _cost(state), state.items.all()
    began, size = clock.monotonic(), progress.size
    while progress.left > ENOUGH:
        rows = state.files.synced_after(progress.item_id, progress.path, BATCH)
        batch = _within(progress.left, rows, cost)
        if batch:
            _read(mirror, _to_read(mirror, items, batch), progress)
            progress.item_id, progress.path = batch[-1][0], batch[-1][1].path
        else:
            _end_round(progress, clock.now())
        progress.left -= sum(cost(row) for _, row in batch)
        _store(state, progress)
        tired = clock.monotonic() - began >= SLICE_SECONDS
        if tired or progress.size - size >= SLICE_BYTES:
            return


def _end_round(progress: Round, now: float) -> None:
    """Begin anew, with the next portion unless this one has read nothing yet."""
    if progress.files or not progress.item_id:
        progress.left = min(0.0, progress.left)
    progress.item_id = progress.path = ""
    progress.ended = now


def _cost(state: State) -> Callable[[SyncedFile], float]:
    """Return what share of the mirror a file is: half by count, half by size."""
    files, size = state.files.synced_total(), state.files.synced_sizes()

    def cost(row: SyncedFile) -> float:
        by_count = 1 / max(files, 1)
        return (by_count + row.size / size) / 2 if size else by_count

    return cost


Rows = Sequence[tuple[str, SyncedFile]]


def _within(left: float, batch: Rows, cost: Callable[[SyncedFile], float]) -> Rows:
    """Return the first files of a batch that fill what is left; one at least."""
    size = 0
    for count, (_, row) in enumerate(batch, start=1):
        left -= cost(row)
        size += row.size
        if left <= ENOUGH or size >= SLICE_BYTES:
            return batch[:count]
    return batch


def _read(mirror: Mirror, readings: Sequence[_Reading], progress: Round) -> None:
    """Read files, and remember and tell what changed."""
    known = {one.key: one for one in read_rot(mirror.state)}
    found = {one.key: one for one in _changed(mirror, readings)}
    for key, one in found.items():
        if key in known:
            found[key] = msgspec.structs.replace(one, since=known[key].since)
        else:
            place = f"{one.folder}/{shown(one.path)}"
            log.warning("%s: %s; %s", place, one.reason, REMEDY)
    sound = {one.key for one in readings} - found.keys()
    left = {key: one for key, one in known.items() if key not in sound}
    store_rot(mirror.state, (left | found).values())
    progress.files += len(readings)
    progress.size += sum(one.row.size for one in readings)


def _look_at_known(mirror: Mirror) -> None:
    """Forget what was found before where somebody has saved the file since."""
    looks = (_looked_at(mirror, one) for one in read_rot(mirror.state))
    store_rot(mirror.state, [one for one in looks if one is not None])


def _looked_at(mirror: Mirror, one: Rotten) -> Rotten | None:
    try:
        return _as_it_is(mirror, one)
    except DiskProblem:
        return one


def _as_it_is(mirror: Mirror, one: Rotten) -> Rotten | None:
    """Return a finding as it is to be remembered now, None if it is over."""
    files, item = mirror.state.files, mirror.state.items.find(one.item_id)
    stat = mirror.disk.stat(f"{item.folder}/{one.path}") if item else None
    if item is None or stat is None:
        row = files.synced(one.item_id).get(one.path)
        is_open = row is not None or _is_held(mirror.state, one)
        return msgspec.structs.replace(one, is_gone=True) if is_open else None
    if stat.mtime_ns != one.mtime_ns:
        return None
    # One that only got other permissions is as rotten as it was.
    known = files.local_file(item.folder, one.path)
    is_read = stat.ctime_ns != one.ctime_ns and known and known.stat == stat
    if is_read and known and known.md5 != one.md5:
        return None
    return msgspec.structs.replace(one, is_gone=False)


def _is_held(state: State, one: Rotten) -> bool:
    """Tell whether its bytes wait at another place for somebody's decision."""
    held = ((row.key.md5, row.reason) for row in state.decisions.held())
    return (one.md5, NEVER_SENT) in held


def _to_read(
    mirror: Mirror, items: Mapping[str, SyncedItem], batch: Rows
) -> list[_Reading]:
    """Return those files that look as they did when they were hashed and synced."""
    readings = []
    for item_id, row in batch:
        item = items.get(item_id)
        if item is None or item.mode is not Mode.MIRRORED:
            continue
        known = mirror.state.files.local_file(item.folder, row.path)
        if known is not None and known.md5 == row.md5:
            one = _Reading(item, row, known)
            if _looks_unchanged(mirror, one):
                readings.append(one)
    return readings


def _looks_unchanged(mirror: Mirror, one: _Reading) -> bool:
    try:
        return mirror.disk.stat(one.full_path) == one.known.stat
    except FigsyncError:
        return False


def _changed(mirror: Mirror, readings: Sequence[_Reading]) -> list[Rotten]:
    """Read files and return those whose bytes are others, or can not be read."""
    tasks = [_check(mirror, one) for one in readings]
    found: list[Rotten] = []
    for result in mirror.drive(tasks, at_once=AT_ONCE):
        if isinstance(result, FigsyncError):
            raise result
        if result is not None:
            found.append(result)
    return found


def _check(mirror: Mirror, one: _Reading) -> Task[Rotten | None]:
    (result,) = yield from together([_hash_job(mirror, one.full_path)])
    if isinstance(result, Stale) or not _looks_unchanged(mirror, one):
        return None
    if isinstance(result, DiskProblem):
        return _rotten(mirror, one, result.cause)
    if not isinstance(result, Hashed):
        raise result
    if result.md5 == one.known.md5 or result.stat != one.known.stat:
        return None
    return _rotten(mirror, one, CHANGED, md5=result.md5)


def _hash_job(mirror: Mirror, path: str) -> Callable[[], Hashed]:
    return lambda: mirror.disk.hash(path, stop=lambda: mirror.clock.wait(0))


def _rotten(mirror: Mirror, one: _Reading, reason: str, *, md5: str = "") -> Rotten:
    return Rotten(
        one.item.item_id,
        shown(one.item.folder),
        one.row.path,
        reason,
        mirror.clock.now(),
        md5,
        one.known.stat.mtime_ns,
        one.known.stat.ctime_ns,
    )


def _store(state: State, progress: Round) -> None:
    state.settings.set(ROUND, msgspec.json.encode(progress).decode())
