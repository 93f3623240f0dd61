"""A folder of the mirror into a tree, hashing only what looks changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from figsync.disk import Hashed
from figsync.errors import Stale
from figsync.model import FileStat, LocalFile, SyncedTree, Unknown
from figsync.naming import uploadable_name
from figsync.state import KnownFile
from figsync.sync.room import Newcomer, Room, refusals
from figsync.sync.tasks import Job, Task, together, weighed
from figsync.sync.walk import Lens, Walk, hidden

# A save within the clock's grain of a hashing could go unseen (promise 9).
RACY_SECONDS = 2.0
# To open a file costs as much as to read so many bytes.
OPENING = 64 << 10


@dataclass(slots=True)
class Scan:
    """One item folder as seen now: the tree, and what the state should remember.

    *open* are the files that may have to be read; all others are as they were.
    """

    walk: Walk
    tree: dict[str, LocalFile]
    seen: dict[str, KnownFile]
    gone: list[str]
    open: list[str]

    @property
    def is_still(self) -> bool:
        """Tell whether nothing in the folder is being changed or unreadable."""
        moving = (Unknown.NOT_SETTLED, Unknown.UNREADABLE)
        seen = [file.unknown for file in self.tree.values()]
        return not any(why in moving for why in (*seen, *self.walk.closed.values()))


def scan(
    lens: Lens,
    walk: Walk,
    known: Mapping[str, KnownFile],
    *,
    expected: Collection[str],
) -> Scan:
    """Return the tree of a walked folder; files that look changed have no MD5 yet.

    *expected* are the paths that the merge base or Figshare know: those that an
    ignore rule or a closed folder hides are unknown, never gone.
    """
    tree, seen = dict[str, LocalFile](), dict(walk.same)
    doubtful = {path: known.get(path) for path in walk.stats}
    # What is new was seen when the walk ended, at the latest.
    now = max(lens.now, walk.ended_at)
    for path, row in walk.same.items():
        file = row.file
        # As `_is_racy` says, without its call: a million files pass here.
        if file.md5 and row.hashed_at - file.stat.mtime_ns / 1e9 >= RACY_SECONDS:
            tree[path] = file
        else:
            doubtful[path] = row
    for path, before in doubtful.items():
        stat = walk.stats.get(path) or walk.same[path].stat
        row = seen[path] = _remembered(path, stat, before, now=now)
        still = bool(row.md5) or _is_still(lens, row)
        tree[path] = row.file if still else _as(row.file, Unknown.NOT_SETTLED)
    for path, reason in walk.unknown.items():
        tree[path] = LocalFile(path, _NOTHING, unknown=reason)
    for path in set(expected).difference(tree):
        if why := hidden(walk, path):
            tree[path] = LocalFile(path, _NOTHING, unknown=why)
    gone = [] if len(walk.same) == len(known) else sorted(known.keys() - seen.keys())
    return Scan(walk, tree, seen, gone, list(doubtful))


_NOTHING = FileStat(0, 0, 0, 0)


def _as(file: LocalFile, unknown: Unknown) -> LocalFile:
    return replace(file, unknown=unknown)


def _remembered(
    path: str, stat: FileStat, row: KnownFile | None, *, now: float
) -> KnownFile:
    """Return what is known of a file with this very stat, MD5 included if it holds."""
    if row is None or row.stat != stat:
        return KnownFile(LocalFile(path, stat), 0.0, now)
    if _is_racy(row):
        unread = replace(row.file, md5="", parts=b"")
        return KnownFile(unread, 0.0, row.seen_at)
    return row


def _is_racy(row: KnownFile) -> bool:
    return bool(row.md5) and row.hashed_at - row.stat.mtime_ns / 1e9 < RACY_SECONDS


def is_remembered(stat: FileStat, row: KnownFile) -> bool:
    """Tell whether a scan of a file with this *stat* would find nothing new.

    Without MD5 it is one that was looked at and had to be left alone.
    """
    return row.stat == stat and bool(row.hashed_at) and not _is_racy(row)


def _is_still(lens: Lens, row: KnownFile) -> bool:
    """Tell whether a file is settled: old enough, or unchanged between two looks."""
    quiet = lens.now - last_change(row.stat, lens.now) >= lens.settle
    watched = lens.now - row.seen_at
    return quiet or (watched > 0 and watched >= lens.settle)


def last_change(stat: FileStat, now: float) -> float:
    """Return when a file was changed, by its mtime unless that is still to come."""
    mtime, ctime = stat.mtime_ns / 1e9, stat.ctime_ns / 1e9
    return ctime if mtime > now else max(mtime, ctime)


def complete(
    lens: Lens,
    found: Scan,
    synced: SyncedTree,
    *,
    remote_md5s: Mapping[int, set[str]],
    room: Room,
) -> Task[None]:
    """Hash what has to be hashed, and note what Figshare can not take.

    *remote_md5s* are the MD5s of the item's records by size: a file whose size is
    there is read first, because it may not have to be sent at all.
    """
    twins = [f.path for f in _unhashed(found) if f.size in remote_md5s and f.size]
    yield from _hash(lens, found, twins)
    newcomers = [
        Newcomer(file.path, file.size, replaces=file.path in synced)
        for path, file in found.tree.items()
        if ((agreed := synced.get(path)) is None or agreed.md5 != file.md5)
        and _must_be_sent(file, remote_md5s)
    ]
    for path, reason in refusals(newcomers, room).items():
        found.tree[path] = replace(found.tree[path], refusal=reason)
    rest = [file.path for file in _unhashed(found) if not file.refusal]
    yield from _hash(lens, found, rest)
    for path in found.open:
        file, row = found.tree[path], found.seen[path]
        left = file.refusal or file.unknown is Unknown.UNREADABLE
        if left and not (row.md5 or row.hashed_at):
            found.seen[path] = replace(row, hashed_at=lens.now)


def _must_be_sent(file: LocalFile, remote_md5s: Mapping[int, set[str]]) -> bool:
    """Tell whether a file that is not what was agreed on has to go to Figshare."""
    if file.unknown is not None:
        return False
    is_there = bool(file.md5) and file.md5 in remote_md5s.get(file.size, ())
    # No record can stand for a name that Figshare can not give back.
    return not is_there or uploadable_name(file.path) is not None


def _unhashed(found: Scan) -> list[LocalFile]:
    files = (found.tree[path] for path in found.open)
    return [file for file in files if file.unknown is None and not file.md5]


def _hash(lens: Lens, found: Scan, paths: Iterable[str]) -> Task[None]:
    """Read files side by side; one that changes meanwhile is not settled."""
    wanted = _affordable(lens, found, paths)
    if not wanted:
        return
    results = yield from together(
        [_hash_job(lens, found.walk.folder, found.tree[path]) for path in wanted]
    )
    for path, result in zip(wanted, results, strict=True):
        file = found.tree[path]
        if isinstance(result, Hashed):
            row = _hashed_row(lens, found.seen[path], result)
            found.seen[path] = row
            found.tree[path] = replace(row.file, refusal=file.refusal)
        else:
            stale = isinstance(result, Stale)
            why = Unknown.NOT_SETTLED if stale else Unknown.UNREADABLE
            found.tree[path] = replace(file, unknown=why)


def _affordable(lens: Lens, found: Scan, paths: Iterable[str]) -> list[str]:
    """Return the files that may be read; the others stay without an MD5."""
    if lens.reading is None:
        return list(paths)
    wanted: list[str] = []
    left = lens.reading
    for path in sorted(paths, key=lambda path: found.tree[path].size):
        left -= found.tree[path].size + OPENING
        if left >= 0:
            wanted.append(path)
        else:
            found.tree[path] = replace(found.tree[path], unknown=Unknown.NOT_HASHED)
    return wanted


def _hash_job(lens: Lens, folder: str, file: LocalFile) -> Job:
    disk, path = lens.disk, f"{folder}/{file.path}"
    stop = partial(disk.clock.wait, 0)
    return weighed(partial(disk.hash, path, lens.part_size, stop=stop), file.size)


def _hashed_row(lens: Lens, row: KnownFile, hashed: Hashed) -> KnownFile:
    parts, part_size = hashed.parts, hashed.part_size
    file = LocalFile(
        row.path, hashed.stat, hashed.md5, parts=parts, part_size=part_size
    )
    return KnownFile(file, lens.now, row.seen_at)
