"""What stands in an item folder, in one pass, nothing read yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from figsync.disk import Disk
from figsync.errors import DiskProblem, Interrupted, Stale
from figsync.model import FileStat, Unknown
from figsync.naming import IGNORE_FILE, IgnoreRules, is_conflict_copy
from figsync.state import KnownFile, Scanned
from figsync.sync.rules import with_folder_rules

RECORD_FOLDER = ".figshare"
STATE_FOLDER = ".figsync"
CONFLICT = "(conflict "
_NONE = Scanned({}, "")


def never() -> bool:
    """Tell whether to stop: nobody asks for it."""
    return False


@dataclass(frozen=True, slots=True)
class Lens:
    """How a scan looks: the disk, the rules, the time, and when a file is still.

    *reading* is how many bytes it may read of a folder, the smallest files first;
    None is all.  What is left unread has no MD5 yet.  *stop* is asked again and
    again, and ends a long look by Interrupted.
    """

    disk: Disk
    rules: IgnoreRules
    now: float
    settle: float
    part_size: int
    reading: int | None = None
    stop: Callable[[], bool] = never


@dataclass(slots=True)
class Walk:
    """What one pass over a folder saw, nothing read yet.

    *same* are the files that are as the last scan knew them, *stats* all others.
    *closed* are sub-folders that could not be looked into, or are no folders; on
    *mounts* another disk is mounted ("" is the item folder itself).  All was seen by
    the time it *ended_at* (POSIX seconds).
    """

    folder: str
    rules: IgnoreRules
    same: dict[str, KnownFile] = field(default_factory=dict)
    stats: dict[str, FileStat] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)
    closed: dict[str, Unknown] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    mounts: set[str] = field(default_factory=set)
    ended_at: float = 0.0

    @property
    def conflicts(self) -> list[str]:
        copies = Unknown.CONFLICT_COPY
        return sorted(path for path, why in self.unknown.items() if why is copies)


def walk_folder(lens: Lens, folder: str, before: Scanned = _NONE) -> Walk:
    """List everything below an item folder in one pass, following no link.

    What the last scan, *before*, let pass under the rules that still hold is not
    matched against them again.
    """
    if before.files and before.rules:
        walk = _walked(lens, folder, before.files)
        if walk.rules.fingerprint == before.rules:
            return walk
    return _walked(lens, folder, {})


def own_rules(lens: Lens, walk: Walk) -> str:
    """Return a short text that changes with the rules in the folder, "" for none."""
    return "" if walk.rules is lens.rules else walk.rules.fingerprint


def is_closed(walk: Walk, path: str) -> bool:
    """Tell whether nobody could look at *path* or a folder above it."""
    return closed(walk, path) is not None


def closed(walk: Walk, path: str) -> Unknown | None:
    """Return why nobody could look at *path*, None if it could be looked at."""
    for shut, why in walk.closed.items():
        if not shut or path == shut or path.startswith(f"{shut}/"):
            return why
    return None


def hidden(walk: Walk, path: str) -> Unknown | None:
    """Return why *path* may be there although it was not seen, None if it is not."""
    if why := closed(walk, path):
        return why
    is_ignored = walk.rules.ignored(f"{walk.folder}/{path}", False)
    return Unknown.IGNORED if is_ignored else None


def _walked(lens: Lens, folder: str, known: Mapping[str, KnownFile]) -> Walk:
    """Walk a folder, the files that are as *known* under the same rules as ever."""
    walk = Walk(folder, lens.rules)
    devices: dict[str, int] = {}
    root = 0
    pending = [""]
    while pending:
        below = pending.pop()
        if lens.stop():
            raise Interrupted("", "stopped while looking through folders")
        place = f"{folder}/{below}".rstrip("/")
        prefix = f"{below}/" if below else ""
        try:
            root = root or lens.disk.device("")
            same, others, devices[below] = lens.disk.news(
                place, known, below=prefix, stop=lens.stop
            )
            if any(entry.name == IGNORE_FILE for entry in others) or (
                prefix + IGNORE_FILE in same
            ):
                walk.rules = with_folder_rules(lens.disk, walk.rules, place)
        except (Stale, DiskProblem):
            # Without its rules a folder could show what nobody is to see.
            walk.closed[below] = Unknown.UNREADABLE
            continue
        for path in [path for path in same if CONFLICT in path]:
            # A record can have the name of one, and be stored by its download.
            if is_conflict_copy(path):
                del same[path]
                walk.unknown[path] = Unknown.CONFLICT_COPY
        walk.same.update(same)
        for name, stat in others:
            if name not in (RECORD_FOLDER, STATE_FOLDER):
                _sort_in(walk, prefix + name, stat, pending)
    walk.mounts = _mounts(devices, root)
    walk.ended_at = lens.disk.clock.now()
    return walk


def _mounts(devices: Mapping[str, int], root: int) -> set[str]:
    """Return the folders that are on another device than the one they stand in."""
    above = {path: path.rpartition("/")[0] for path in devices}
    return {
        path
        for path, device in devices.items()
        if device != (devices[above[path]] if path else root)
    }


def _sort_in(walk: Walk, path: str, stat: FileStat | None, pending: list[str]) -> None:
    """Put one name where it belongs: a file, a folder to enter, or no say."""
    is_folder = stat is not None and stat.kind == "folder"
    if walk.rules.ignored(f"{walk.folder}/{path}", is_folder):
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
