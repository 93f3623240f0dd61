"""Disk, state and Figshare, looked at afresh and compared; nothing is changed.

Every file is read, and every list fetched, whatever earlier syncs remember.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from figsync.disk import Hashed
from figsync.errors import FigshareProblem, FigsyncError, NotFound, Stale
from figsync.figshare import FileRecord, ItemFiles
from figsync.model import (
    LocalFile,
    Mode,
    RemoteFile,
    SyncedItem,
    Unknown,
    Where,
)
from figsync.naming import folder_name, shown
from figsync.sync.bind import check_account
from figsync.sync.claims import record_id
from figsync.sync.compare import Memory, Sides, differences
from figsync.sync.differences import Difference, Kind
from figsync.sync.look import as_remote_file, local_paths
from figsync.sync.mirror import Mirror
from figsync.sync.root import (
    RootView,
    check_root,
    look_at_root,
)
from figsync.sync.scan import scan
from figsync.sync.tasks import Task, do, together
from figsync.sync.twins import one_record_a_path
from figsync.sync.walk import Lens, Walk, walk_folder

TEMP = ".figsync/tmp"
HASH_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Question:
    """What to verify: all folders or *only* these, and whether Figshare is asked."""

    only: frozenset[str] = frozenset()
    remote: bool = False


@dataclass(slots=True)
class Findings:
    """What a verification read, and every difference it found."""

    differences: list[Difference] = field(default_factory=list)
    not_found: list[str] = field(default_factory=list)
    items: int = 0
    files: int = 0
    size: int = 0


def verify(mirror: Mirror, question: Question, *, is_owned: bool) -> Findings:
    """Read everything again and return where the sides disagree.

    NeedsPerson for a wrong root or account, FigshareProblem when the account can not
    be listed.  With another owner at work, what that one is writing is no difference.
    """
    check_root(mirror)
    findings = Findings()
    (result,) = mirror.drive([_verify(mirror, question, findings)])
    if isinstance(result, FigsyncError):
        raise result
    if not is_owned and not question.only:
        findings.differences += _strays(mirror)
    return findings


def _strays(mirror: Mirror) -> Iterator[Difference]:
    for entry in mirror.disk.entries(TEMP):
        yield Difference(Kind.STRAY, Where("", TEMP), entry.name)


def _verify(mirror: Mirror, question: Question, findings: Findings) -> Task[None]:
    listed: dict[str, str] = {}
    is_all = True
    if question.remote:
        listed, is_all = yield from _listed(mirror, findings)
    root = look_at_root(mirror)
    known = mirror.state.items.all()
    folders = _folders(root, known)
    names = {*root.folders, *known, *listed}
    names |= {item.folder for item in known.values()}
    findings.not_found = sorted(question.only - names)
    for item_id, item in sorted(known.items(), key=lambda pair: pair[1].folder):
        if _is_asked(question, item_id, item.folder, folders.get(item_id, "")):
            found = _Item(mirror, findings, item, folders.get(item_id, ""))
            is_listed = item_id in listed or not is_all
            yield from found.verify(question, is_listed=is_listed)
    if not question.only:
        findings.differences += _strangers(root, known, folders.values(), listed)


def _is_asked(question: Question, *names: str) -> bool:
    return not question.only or any(name in question.only for name in names)


def _listed(mirror: Mirror, findings: Findings) -> Task[tuple[dict[str, str], bool]]:
    """Return the titles of the account's items by id, and whether these are all."""
    yield from check_account(mirror)
    listing = yield from do(lambda: mirror.figshare.list_items(confirm=True))
    if not listing.complete:
        findings.differences.append(Difference(Kind.INCOMPLETE, Where("", "")))
    return {row.id: row.title for row in listing.rows}, listing.complete


def _folders(root: RootView, known: Mapping[str, SyncedItem]) -> dict[str, str]:
    """Return where each known item stands now, by the record in the folder.

    Of several that name one item, as copies do, the folder that the state knows.
    """
    claims: dict[str, str] = {}
    for name, folder in sorted(root.folders.items()):
        item = known.get(folder.record_id)
        if item is not None and (item.item_id not in claims or item.folder == name):
            claims[item.item_id] = name
    return claims


def _strangers(
    root: RootView,
    known: dict[str, SyncedItem],
    claimed: Collection[str],
    listed: dict[str, str],
) -> Iterator[Difference]:
    """Yield the folders and items that belong to nothing the state knows."""
    places = {*claimed, *(item.folder for item in known.values())}
    for name in sorted(root.folders.keys() - places):
        yield Difference(Kind.NEW_FOLDER, Where("", name))
    for name in sorted(root.loose):
        yield Difference(Kind.NEW, Where("", ""), name)
    for item_id in sorted(listed.keys() - known.keys()):
        yield Difference(Kind.ITEM_NEW, Where(item_id, folder_name(listed[item_id])))


@dataclass(slots=True)
class _Item:
    """One item of the state, on its way through the comparison."""

    mirror: Mirror
    findings: Findings
    item: SyncedItem
    claimed: str

    def verify(self, question: Question, *, is_listed: bool) -> Task[None]:
        """Add every difference of this item to the findings."""
        item = self.item
        if item.mode is Mode.EXCLUDED:
            return
        self.findings.items += 1
        folder = self._folder()
        where = Where(item.item_id, folder or item.folder)
        if folder:
            self._look_at_folder(where)
        else:
            self._add(Kind.NO_FOLDER, where)
        found = None
        if question.remote and item.mode is not Mode.ORPHANED:
            found = yield from self._ask(where)
            if found is not None and not is_listed:
                self._add(Kind.INCOMPLETE, where)
        if folder and item.mode is not Mode.ORPHANED:
            yield from self._compare(where, found)

    def _folder(self) -> str:
        """Return where the item stands: a record tells it, else the name."""
        if self.claimed or not self.item.folder:
            return self.claimed
        stat = self.mirror.disk.stat(self.item.folder)
        is_there = stat is not None and stat.kind == "folder"
        return self.item.folder if is_there else ""

    def _add(self, kind: Kind, where: Where, path: str = "", detail: str = "") -> None:
        found = Difference(kind, where, path, detail)
        self.findings.differences.append(found)

    def _look_at_folder(self, where: Where) -> None:
        if where.folder != self.item.folder:
            self._add(Kind.RENAMED, where, detail=f"it was {shown(self.item.folder)}")
        kept = self.mirror.state.items.record(where.item_id)
        try:
            record = self.mirror.disk.read_record(where.folder)
        except FigsyncError as problem:
            self._add(Kind.UNREADABLE, where, detail=str(problem))
            return
        kind = _of_item_record(record, kept, where.item_id)
        if kind is not None:
            found = Difference(
                kind, where, is_safe=bool(kept) and self._is_whole(where)
            )
            self.findings.differences.append(found)

    def _is_whole(self, where: Where) -> bool:
        """Tell whether no synced file is missing: else it may be a lost mount."""
        synced = self.mirror.state.files.synced(where.item_id)
        stats = (self.mirror.disk.stat(f"{where.folder}/{path}") for path in synced)
        return all(stat is not None for stat in stats)

    def _ask(self, where: Where) -> Task[ItemFiles | None]:
        """Return what Figshare says of the item now, None if it can not be told."""
        figshare, item_id = self.mirror.figshare, where.item_id
        try:
            found = yield from do(lambda: figshare.read_files(item_id, confirm=True))
        except NotFound:
            self._add(Kind.ITEM_GONE, where)
            return None
        except FigshareProblem as problem:
            self._add(Kind.ITEM_UNREAD, where, detail=problem.cause)
            return None
        if found.files is None or not found.complete:
            self._add(Kind.INCOMPLETE, where)
            return None
        return found

    def _compare(self, where: Where, found: ItemFiles | None) -> Task[None]:
        state = self.mirror.state
        synced = state.files.synced(where.item_id)
        known = state.files.local(self.item.folder)
        local = yield from _read(self.mirror, where.folder, expected=synced)
        self.findings.files += len(local)
        self.findings.size += sum(file.size for file in local.values())
        memory = {path: Memory(row.stat, row.md5) for path, row in known.items()}
        sides = Sides(where, local, memory, synced)
        if found is not None and self.item.mode is Mode.MIRRORED:
            records = _records(self.mirror, where.item_id, found.files or ())
            sides = replace(
                sides,
                remote=one_record_a_path(records, local, synced),
                by_id={record.file_id: record for record in records},
            )
        self.findings.differences += differences(sides)


def _of_item_record(record: bytes | None, kept: bytes, item_id: str) -> Kind | None:
    """Name what is the matter with the record that a folder holds."""
    named = record_id(record)
    if record is None:
        return Kind.NO_RECORD
    if named not in ("", item_id):
        return Kind.FOREIGN_RECORD
    if not named or (kept and not _is_same(record, kept)):
        return Kind.OTHER_RECORD
    return None


def _is_same(record: bytes, kept: bytes) -> bool:
    try:
        return record == kept or bool(json.loads(record) == json.loads(kept))
    except ValueError:
        return False


def _records(
    mirror: Mirror, item_id: str, files: Collection[FileRecord]
) -> list[RemoteFile]:
    paths = local_paths(mirror, item_id, files)
    return [as_remote_file(record, paths[record.id]) for record in files]


def _read(
    mirror: Mirror, folder: str, *, expected: Collection[str]
) -> Task[dict[str, LocalFile]]:
    """Read every file of an item folder, whatever is remembered of it."""
    lens = Lens(mirror.disk, mirror.rules, mirror.clock.now(), 0.0, 0)
    walk = walk_folder(lens, folder)
    tree = scan(lens, walk, {}, expected=expected).tree
    paths = [path for path, file in tree.items() if path in walk.stats]
    for start in range(0, len(paths), HASH_AT_ONCE):
        some = paths[start : start + HASH_AT_ONCE]
        jobs = [_hash_job(mirror, f"{folder}/{path}") for path in some]
        results = yield from together(jobs)
        for path, result in zip(some, results, strict=True):
            tree[path] = _as_read(tree[path], result)
    return _with_closed(tree, walk)


def _hash_job(mirror: Mirror, path: str) -> Callable[[], Hashed]:
    return lambda: mirror.disk.hash(path, stop=lambda: mirror.clock.wait(0))


def _as_read(file: LocalFile, result: object) -> LocalFile:
    if isinstance(result, Hashed):
        return LocalFile(file.path, result.stat, result.md5)
    why = Unknown.NOT_SETTLED if isinstance(result, Stale) else Unknown.UNREADABLE
    return replace(file, unknown=why)


def _with_closed(tree: dict[str, LocalFile], walk: Walk) -> dict[str, LocalFile]:
    """Add the sub-folders that could not be looked into, for people to know."""
    nothing = next(iter(walk.stats.values()), None)
    for path, why in walk.closed.items():
        if path not in tree and path and nothing is not None:
            tree[path] = LocalFile(path, nothing, unknown=why)
    return tree
