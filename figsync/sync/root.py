"""The mirror root: what stands in it, and whether it may be trusted today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from figsync.disk import Disk, Entry
from figsync.errors import (
    DiskProblem,
    FigsyncError,
    NeedsPerson,
    Stale,
    WrongUsage,
)
from figsync.model import FileStat, LocalFolder
from figsync.naming import IGNORE_FILE, IgnoreRules, is_root_name_ignored, shown
from figsync.sync.claims import Claims, load_claims
from figsync.sync.rules import mirror_rules
from figsync.sync.walk import RECORD_FOLDER

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.sync.mirror import Mirror

MARKER_ID = "mirror_id"
# An emptied root is an accident only where there was something to lose.
EMPTIED_FILES = 2
ROOT_ACKNOWLEDGED = "root_acknowledged"
ROOT_MOUNTED = "root_mounted"
UNMOUNTED = "a disk was mounted there and is not now; nothing was changed"
MOUNT_IT = "mount it, or run `figsync approve --scope` if the mirror is to be here"


@dataclass(slots=True)
class RootView:
    """The direct content of the root: item folders, loose files, everything else.

    *names* are all names that are taken there, those of no concern included; the
    empty folders that an interrupted sync made are free.
    """

    folders: dict[str, LocalFolder] = field(default_factory=dict)
    loose: dict[str, FileStat] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    claims: Claims | None = None


def look_at_root(mirror: Mirror, names: Collection[str] | None = None) -> RootView:
    """Return what stands in the root; raises DiskProblem if it can not be listed.

    With *names* nothing else is looked at.
    """
    view = RootView()
    if mirror.dry_run and not mirror.disk.root.exists():
        return view
    for entry in mirror.disk.entries(""):
        if names is not None and entry.name not in names:
            continue
        view.names.add(entry.name)
        _sort_in(mirror, view, entry)
    view.claims = load_claims(mirror, list(view.folders))
    for folder in view.folders.values():
        view.folders[folder.name] = _claiming(mirror, view.claims, folder)
    without = {name for name, folder in view.folders.items() if not folder.record_id}
    view.names -= {name for name in without if is_half_made(mirror, name)}
    return view


def is_half_made(mirror: Mirror, folder: str) -> bool:
    """Tell whether figsync made *folder*, and was interrupted before it was used."""
    is_own = mirror.state.files.made_among([folder])
    return bool(is_own) and not holds_anything(mirror, folder)


def _sort_in(mirror: Mirror, view: RootView, entry: Entry) -> None:
    name, stat = entry
    is_folder = stat is not None and stat.kind == "folder"
    if is_root_name_ignored(name) or mirror.rules.ignored(name, is_folder):
        return
    if stat is None:
        view.others.append(name)
    elif stat.kind == "folder":
        view.folders[name] = LocalFolder(name, stat.inode)
    elif stat.kind == "file" and name != IGNORE_FILE:
        view.loose[name] = stat
    else:
        view.others.append(name)


def _claiming(mirror: Mirror, claims: Claims, folder: LocalFolder) -> LocalFolder:
    """Return *folder* with what its record claims."""
    name, inode = folder.name, folder.inode
    try:
        return LocalFolder(name, inode, record_id=claims.of(mirror, name))
    except (DiskProblem, Stale):
        return LocalFolder(name, inode, unreadable=True)


def check_root(mirror: Mirror, *, may_be_empty: bool = False) -> None:
    """Raise NeedsPerson unless the root is the one the state knows, with its files.

    It *may be empty* where all that is to be done is to bring files back.
    """
    expected = mirror.state.settings.get(MARKER_ID)
    if mirror.dry_run and not expected and not mirror.disk.root.exists():
        return
    check_marker(mirror.disk, expected)
    mirror.rules = mirror_rules(mirror.config, mirror.disk)
    if expected:
        _check_mounted(mirror, shown(str(mirror.disk.root)))
    if expected and not may_be_empty:
        _check_not_emptied(mirror, shown(str(mirror.disk.root)))


def check_marker(disk: Disk, expected: str) -> None:
    """Raise NeedsPerson unless the root bears the *expected* marker ("": any).

    Only the marker decides: device numbers change between boots.
    """
    root = shown(str(disk.root))
    try:
        disk.identity()
        marker = disk.read_marker()
    except FigsyncError as problem:
        if not expected:
            raise WrongUsage(root, problem.cause, problem.remedy) from problem
        cause = f"{problem.cause}; nothing was changed on either side"
        raise NeedsPerson(root, cause, _MOUNT) from problem
    if expected and marker is None:
        cause = "its marker is missing: this is not the folder figsync knows"
        raise NeedsPerson(root, cause, _MOUNT)
    if expected and marker is not None and marker.get(MARKER_ID) != expected:
        cause = "its marker is another one: this is not the folder figsync knows"
        raise NeedsPerson(root, cause, _MOUNT)


_MOUNT = (
    "mount or move the right folder back, or start over with another"
    " [state] database if you mean this folder"
)


def _check_mounted(mirror: Mirror, root: str) -> None:
    """Raise NeedsPerson if a disk was mounted at the root, and is not any more.

    What stands below it may be an older copy, with the same marker.
    """
    settings, is_mount = mirror.state.settings, mirror.disk.identity().is_mount
    was_mount = settings.get(ROOT_MOUNTED) == "yes"
    if was_mount and not is_mount and not settings.get(ROOT_ACKNOWLEDGED):
        raise NeedsPerson(root, UNMOUNTED, MOUNT_IT)
    if was_mount != is_mount:
        settings.set(ROOT_MOUNTED, "yes" if is_mount else "no")


def _check_not_emptied(mirror: Mirror, root: str) -> None:
    settings = mirror.state.settings
    had = mirror.state.files.synced_total()
    if had < EMPTIED_FILES:
        return
    is_acknowledged = bool(settings.get(ROOT_ACKNOWLEDGED))
    if _holds_files(mirror) or look_at_root(mirror).loose:
        # What a person acknowledged is this emptiness, not the next one.
        if is_acknowledged:
            settings.drop(ROOT_ACKNOWLEDGED)
        return
    if is_acknowledged:
        return
    cause = f"it is empty, but {had} files were in it; nothing was deleted"
    remedy = (
        "bring the files back, or run `figsync approve --scope` if you emptied it"
        " yourself"
    )
    raise NeedsPerson(root, cause, remedy)


def _holds_files(mirror: Mirror) -> bool:
    """Tell whether a folder of the root holds files, those of new rules included.

    A rule that hides every file from today on has emptied nothing.
    """
    usual = IgnoreRules(())
    return any(
        holds_anything(mirror, name, usual)
        for name, stat in mirror.disk.entries("")
        if stat is not None and stat.kind == "folder" and not is_root_name_ignored(name)
    )


def holds_anything(
    mirror: Mirror, folder: str, rules: IgnoreRules | None = None
) -> bool:
    """Tell whether anything but folders is below *folder*, what is ignored aside.

    Ignored is what *rules* say, or else the mirror's.  A folder that can not be
    read may hold something.
    """
    rules = rules or mirror.rules
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            entries = mirror.disk.entries(here)
        except (DiskProblem, Stale):
            return True
        for name, stat in entries:
            is_folder = stat is not None and stat.kind == "folder"
            path = f"{here}/{name}"
            if name == RECORD_FOLDER or rules.ignored(path, is_folder):
                continue
            if not is_folder:
                return True
            pending.append(path)
    return False
