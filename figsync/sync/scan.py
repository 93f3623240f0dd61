"""A folder of the mirror into a tree, hashing only what looks changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from figsync.disk import Disk, Hashed
from figsync.errors import DiskProblem, Stale
from figsync.model import FileStat, LocalFile, SyncedTree, Unknown
from figsync.naming import (
    IGNORE_FILE,
    IgnoreRules,
    is_conflict_copy,
    uploadable_name,
)
from figsync.state import KnownFile
from figsync.sync.room import Newcomer, Room, refusals
from figsync.sync.rules import with_folder_rules
from figsync.sync.tasks import Task, together

RECORD_FOLDER = ".figshare"
STATE_FOLDER = ".figsync"
# A save within the clock's grain of a hashing could go unseen (promise 9).
RACY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Lens:
    """How a scan looks: the disk, the rules, the time, and when a file is still.

    *reading* is how many bytes it may read of a folder, the smallest files first;
    None is all.  What is left unread has no MD5 yet.
    """

    disk: Disk
    rules: IgnoreRules
    now: float
    settle: float
    part_size: int
    reading: int | None = None


@dataclass(slots=True)
class Walk:
    """What one pass over a folder saw, nothing read yet.

    *closed* are sub-folders that could not be looked into, or are no folders; on
    *mounts* another disk is mounted ("" is the item folder itself).
    """

    folder: str
    stats: dict[str, FileStat] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)
    closed: dict[str, Unknown] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    mounts: set[str] = field(default_factory=set)
    rules: IgnoreRules | None = None

    @property
    def conflicts(self) -> list[str]:
        copies = Unknown.CONFLICT_COPY
        return sorted(path for path, why in self.unknown.items() if why is copies)


@dataclass(slots=True)
class Scan:
    """One item folder as seen now: the tree, and what the state should remember."""

    walk: Walk
    tree: dict[str, LocalFile]
    seen: dict[str, KnownFile]
    gone: list[str]

    @property
    def is_still(self) -> bool:
        """Tell whether nothing in the folder is being changed or unreadable."""
        moving = (Unknown.NOT_SETTLED, Unknown.UNREADABLE)
        seen = [file.unknown for file in self.tree.values()]
        return not any(why in moving for why in (*seen, *self.walk.closed.values()))


def walk_folder(lens: Lens, folder: str) -> Walk:
    """List everything below an item folder in one pass, following no link."""
    walk = Walk(folder)
    rules = lens.rules
    devices: dict[str, int] = {}
    root = 0
    pending = [""]
    while pending:
        below = pending.pop()
        place = f"{folder}/{below}".rstrip("/")
        try:
            root = root or lens.disk.device("")
            entries, devices[below] = lens.disk.contents(place)
            if any(entry.name == IGNORE_FILE for entry in entries):
                rules = with_folder_rules(lens.disk, rules, place)
        except (Stale, DiskProblem):
            # Without its rules a folder could show what nobody is to see.
            walk.closed[below] = Unknown.UNREADABLE
            continue
        prefix = f"{below}/" if below else ""
        for name, stat in entries:
            if name not in (RECORD_FOLDER, STATE_FOLDER):
                _sort_in(walk, rules, prefix + name, stat, pending)
    walk.rules = rules
    walk.mounts = _mounts(devices, root)
    return walk


def own_rules(lens: Lens, walk: Walk) -> str:
    """Return a short text that changes with the rules in the folder, "" for none."""
    rules = walk.rules
    return "" if rules is None or rules is lens.rules else rules.fingerprint


def _mounts(devices: Mapping[str, int], root: int) -> set[str]:
    """Return the folders that are on another device than the one they stand in."""
    above = {path: path.rpartition("/")[0] for path in devices}
    return {
        path
        for path, device in devices.items()
        if device != (devices[above[path]] if path else root)
    }


def _sort_in(
    walk: Walk,
    rules: IgnoreRules,
    path: str,
    stat: FileStat | None,
    pending: list[str],
) -> None:
    """Put one name where it belongs: a file, a folder to enter, or no say."""
    is_folder = stat is not None and stat.kind == "folder"
    if rules.ignored(f"{walk.folder}/{path}", is_folder):
        return
    if stat is None:
        walk.unknown[path] = Unknown.UNREADABLE
        walk.closed[path] = Unknown.UNREADABLE
    elif is_folder:
        walk.folders.add(path)
        pending.append(path)
    elif stat.kind != "file":
        walk.unknown[path] = Unknown.NOT_A_FILE
        walk.closed[path] = Unknown.NOT_A_FILE
    elif is_conflict_copy(path):
        walk.unknown[path] = Unknown.CONFLICT_COPY
    else:
        walk.stats[path] = stat


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
    tree: dict[str, LocalFile] = {}
    seen: dict[str, KnownFile] = {}
    for path, stat in walk.stats.items():
        row = _remembered(lens, path, stat, known.get(path))
        seen[path] = row
        still = bool(row.md5) or _is_still(lens, row)
        tree[path] = _local_file(row, None if still else Unknown.NOT_SETTLED)
    for path, reason in walk.unknown.items():
        tree[path] = LocalFile(path, _NOTHING, unknown=reason)
    for path in expected:
        if path not in tree and (why := _hidden(walk, path)):
            tree[path] = LocalFile(path, _NOTHING, unknown=why)
    return Scan(walk, tree, seen, sorted(known.keys() - walk.stats.keys()))


_NOTHING = FileStat(0, 0, 0, 0)


def _remembered(
    lens: Lens, path: str, stat: FileStat, row: KnownFile | None
) -> KnownFile:
    """Return what is known of a file with this very stat, MD5 included if it holds."""
    if row is None or row.stat != stat:
        return KnownFile(path, stat, "", 0.0, lens.now, b"", 0)
    if _is_racy(row):
        return replace(row, md5="", hashed_at=0.0, parts=b"")
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


def _local_file(row: KnownFile, unknown: Unknown | None) -> LocalFile:
    return LocalFile(
        row.path,
        row.stat,
        row.md5,
        unknown,
        parts=row.parts,
        part_size=row.part_size,
    )


def is_closed(walk: Walk, path: str) -> bool:
    """Tell whether nobody could look at *path* or a folder above it."""
    return _closed(walk, path) is not None


def _closed(walk: Walk, path: str) -> Unknown | None:
    for closed, why in walk.closed.items():
        if not closed or path == closed or path.startswith(f"{closed}/"):
            return why
    return None


def _hidden(walk: Walk, path: str) -> Unknown | None:
    if why := _closed(walk, path):
        return why
    rules = walk.rules
    if rules is not None and rules.ignored(f"{walk.folder}/{path}", False):
        return Unknown.IGNORED
    return None


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
        for file in found.tree.values()
        if _must_be_sent(file, synced, remote_md5s)
    ]
    for path, reason in refusals(newcomers, room).items():
        found.tree[path] = replace(found.tree[path], refusal=reason)
    rest = [file.path for file in _unhashed(found) if not file.refusal]
    yield from _hash(lens, found, rest)
    for file in found.tree.values():
        row = found.seen.get(file.path)
        left = file.refusal or file.unknown is Unknown.UNREADABLE
        if left and row is not None and not (row.md5 or row.hashed_at):
            found.seen[file.path] = replace(row, hashed_at=lens.now)


def _must_be_sent(
    file: LocalFile, synced: SyncedTree, remote_md5s: Mapping[int, set[str]]
) -> bool:
    if file.unknown is not None:
        return False
    agreed = synced.get(file.path)
    if agreed is not None and agreed.md5 == file.md5:
        return False
    is_there = bool(file.md5) and file.md5 in remote_md5s.get(file.size, ())
    # No record can stand for a name that Figshare can not give back.
    return not is_there or uploadable_name(file.path) is not None


def _unhashed(found: Scan) -> list[LocalFile]:
    return [f for f in found.tree.values() if f.unknown is None and not f.md5]


def _hash(lens: Lens, found: Scan, paths: Iterable[str]) -> Task[None]:
    """Read files side by side; one that changes meanwhile is not settled."""
    wanted = _affordable(lens, found, paths)
    if not wanted:
        return
    results = yield from together(
        [_hash_job(lens, f"{found.walk.folder}/{path}") for path in wanted]
    )
    for path, result in zip(wanted, results, strict=True):
        file = found.tree[path]
        if isinstance(result, Hashed):
            row = _hashed_row(lens, found.seen[path], result)
            found.seen[path] = row
            found.tree[path] = replace(_local_file(row, None), refusal=file.refusal)
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
        left -= found.tree[path].size
        if left >= 0:
            wanted.append(path)
        else:
            found.tree[path] = replace(found.tree[path], unknown=Unknown.NOT_HASHED)
    return wanted


def _hash_job(lens: Lens, path: str) -> Callable[[], Hashed]:
    disk = lens.disk
    return lambda: disk.hash(path, lens.part_size, stop=lambda: disk.clock.wait(0))


def _hashed_row(lens: Lens, row: KnownFile, hashed: Hashed) -> KnownFile:
    return KnownFile(
        row.path,
        hashed.stat,
        hashed.md5,
        lens.now,
        row.seen_at,
        hashed.parts,
        hashed.part_size,
    )
