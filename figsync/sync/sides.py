"""The three states of one path, looked at now and remembered of Figshare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from figsync.errors import FigsyncError
from figsync.model import (
    FileStat,
    LocalFile,
    LocalTree,
    Mode,
    RemoteFile,
    RemoteTree,
    SyncedTree,
    Unknown,
    Where,
)
from figsync.sync.mirror import Mirror
from figsync.sync.scan import Scan
from figsync.sync.subject import Setting, Sides, Subject
from figsync.sync.survey import (
    Survey,
    records_of,
    survey_folder,
    without_unfinished,
)
from figsync.sync.twins import one_record_a_path


@dataclass(frozen=True, slots=True)
class _Trees:
    """The three trees of an item, and all records behind the remote one."""

    local: LocalTree
    remote: RemoteTree
    synced: SyncedTree
    records: tuple[RemoteFile, ...]

    def is_file(self, path: str) -> bool:
        return path in {*self.local, *self.remote, *self.synced}

    def is_folder(self, path: str) -> bool:
        trees: tuple[Iterable[str], ...] = (self.local, self.remote, self.synced)
        return not path or any(_count(tree, path) for tree in trees)


def with_sides(mirror: Mirror, survey: Survey | None, subject: Subject) -> Subject:
    """Return *subject* with the states of its file, or the counts of its folder.

    Without a *survey* nothing is looked at here: the disk is not to be trusted.
    """
    below = subject.path.partition("/")[2]
    stat = stat_of(mirror, subject.path) if survey else None
    if not below and stat is not None and stat.kind != "folder":
        why = None if stat.kind == "file" else Unknown.NOT_A_FILE
        return replace(subject, sides=Sides(LocalFile("", stat, unknown=why)))
    trees = _trees(mirror, survey, subject.setting)
    is_there = bool(subject.setting.item_id) or stat is not None
    if is_there and not trees.is_file(below) and trees.is_folder(below):
        return replace(subject, below=_counts(trees, below))
    file = trees.local.get(below)
    if file is None and stat is not None:
        file = _unscanned(below, stat)
    record = trees.remote.get(below)
    others = (r.file_id for r in trees.records if r.path == below and r != record)
    sides = Sides(file, record, trees.synced.get(below), tuple(others))
    return replace(subject, sides=sides)


def stat_of(mirror: Mirror, path: str) -> FileStat | None:
    """Return what is at *path*, None where nothing is or that can not be told."""
    try:
        return mirror.disk.stat(path)
    except FigsyncError:
        return None


def _unscanned(path: str, stat: FileStat) -> LocalFile:
    """Return a file that no scan takes up, because a rule hides it."""
    why = Unknown.IGNORED if stat.kind == "file" else Unknown.NOT_A_FILE
    return LocalFile(path, stat, unknown=why)


def _trees(mirror: Mirror, survey: Survey | None, setting: Setting) -> _Trees:
    item_id = setting.item_id
    synced = mirror.state.files.synced(item_id) if item_id else {}
    records = mirror.state.items.remote_files(item_id) if item_id else ()
    found = _scan(mirror, survey, setting.folder) if survey else None
    if found is not None and setting.mode is Mode.MIRRORED:
        believed = records_of(mirror, item_id, synced)
        records = tuple(without_unfinished(mirror, item_id, found, believed))
    local = found.tree if found else {}
    remote = one_record_a_path(records, local, synced)
    return _Trees(local, remote, synced, records)


def _scan(mirror: Mirror, survey: Survey, folder: str) -> Scan | None:
    """Return the scan that was planned with, or a look at what no plan is made for."""
    stat = stat_of(mirror, folder)
    if survey.seen is not None or stat is None or stat.kind != "folder":
        return survey.seen
    aside = Survey(survey.lens, survey.policy, None)
    look = survey_folder(mirror, aside, Where("", folder), synced={}, records=())
    (result,) = mirror.drive([look])
    if isinstance(result, FigsyncError):
        raise result
    return result


def _counts(trees: _Trees, below: str) -> tuple[int, int, int]:
    here = (path for path, file in trees.local.items() if file.unknown is None)
    return _count(here, below), _count(trees.remote, below), _count(trees.synced, below)


def _count(paths: Iterable[str], folder: str) -> int:
    inside = f"{folder}/" if folder else ""
    return sum(1 for path in paths if path.startswith(inside))
