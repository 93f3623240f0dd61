"""What must hold: nothing lost ever, both sides equal in the end, then silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from figsync.model import Download, Mode, SyncedFile, SyncedItem
from figsync.naming import IgnoreRules, is_conflict_copy
from figsync.sandbox.rows import File
from figsync.sync.loop import Report
from tests.simulation.local import LOOSE
from tests.simulation.places import Machine, walk
from tests.simulation.values import Lost, Values, label
from tests.simulation.web import Owner

# The owner's links all lead to the same place.
LINK = "far.url"
# What may wait for good: the reasons say why it is no failure to converge.
LASTING = (
    "the item has a linked file",
    "a person rejected it",
    "its item was deleted on Figshare, and a new draft of it was rejected",
)


@dataclass(frozen=True, slots=True)
class _Here:
    """One item as its computer sees it; *waiting* are paths and ids excused."""

    known: SyncedItem
    rows: Mapping[str, SyncedFile]
    tree: Mapping[str, bytes]
    waiting: Collection[str]


class Oracle:
    """Looks at all places of one history and complains."""

    def __init__(
        self, outside: Path, owner: Owner, machines: list[Machine], values: Values
    ) -> None:
        self.outside = outside
        self.owner = owner
        self.machines = machines
        self.values = values
        self._outside = _everything(outside)
        self._agreed: dict[str, dict[str, str]] = {}
        self._left: dict[str, set[tuple[str, str]]] = {}

    def check_always(self) -> None:
        """Raise Lost if a value or a half file is, or anything outside was touched."""
        places: list[Iterable[bytes]] = [self.owner.contents()]
        for machine in self.machines:
            self._note_agreed(machine)
            tree = machine.tree()
            self.values.note_back(machine.name, tree)
            trashed = [content for _, content in machine.trash()]
            places += [tree.values(), trashed, machine.kept_aside()]
            for path, content in tree.items():
                self._check_whole(machine, path, content)
        self.values.check(*places)
        if _everything(self.outside) != self._outside:
            raise Lost("something outside the mirror was changed")

    def _note_agreed(self, machine: Machine) -> None:
        """Note which records lost the path that they were agreed on for."""
        before, now = self._agreed.get(machine.name, {}), machine.agreed()
        for file_id, path in before.items():
            beside = f"(#{file_id})"
            if beside not in path and beside in now.get(file_id, beside):
                self._left.setdefault(file_id, set()).add((machine.name, path))
        self._agreed[machine.name] = now

    def _check_whole(self, machine: Machine, path: str, content: bytes) -> None:
        known = content in self.values.ever or not content
        if not known and not content.startswith(b"[InternetShortcut]"):
            raise Lost(f"{machine.name}/{path} holds bytes that nobody wrote")

    def records_below(self, machine: Machine, folder: str) -> set[int]:
        """Return the records that what was unmounted at a folder was agreed with.

        They are those of its item, if the state knows that item at this folder: one
        that a person moved there since is another that was lost, to all appearances.
        What a person already let go, by approving its deletion, is not among them.
        """
        web = self.owner.web
        there = [f for i in web.item_ids() for f in web.files(i)]
        agreed = machine.agreed(lambda i: i == (machine.unmounted(), folder)).keys()
        agreed -= machine.let_go().keys()
        return {f.id for f in there if agreed & {str(f.id), f.uuid}}

    def check_kept(self, records: Collection[int]) -> None:
        """Raise Lost if one of the records is gone from Figshare."""
        web = self.owner.web
        there = {f.id for i in web.item_ids() for f in web.files(i)}
        if lost := set(records) - there:
            raise Lost(f"the records {sorted(lost)} were deleted without a reason")

    def check_converged(self, machine: Machine, report: Report) -> None:
        """Raise Lost unless the computer and the account hold the same."""
        state = machine.state()
        assert state is not None
        # What stands behind a symlink is unknown, and stays as it is for good.
        links = {path for path, kind in walk(machine.root) if kind == "other"}
        waiting = _waiting(report) | self._in_flight(machine) | links
        tree = machine.tree()
        with state:
            known = state.items.all()
            mirrored = {i: k for i, k in known.items() if k.mode is Mode.MIRRORED}
            excluded = {i for i, k in known.items() if k.mode is Mode.EXCLUDED}
            remote = {self._id_of(item): item for item in self.owner.web.item_ids()}
            if mirrored.keys() != remote.keys() - excluded:
                here, there = sorted(mirrored), sorted(remote.keys() - excluded)
                raise Lost(f"mirrored are the items {here}, there are {there}")
            for item_id, synced in mirrored.items():
                rows = state.files.synced(item_id)
                place = _Here(synced, rows, tree, waiting)
                self._check_item(place, remote[item_id])
            agreed = {
                f"{k.folder}/{p}"
                for i, k in known.items()
                for p in state.files.synced(i)
            }
        _check_local(tree, agreed | waiting)

    def check_in_sight(self) -> None:
        """Raise Lost if a value that nobody wanted gone is in the trash alone."""
        places: list[Iterable[bytes]] = [self.owner.contents()]
        for machine in self.machines:
            # A loose file takes the place of the one that was filed before it, edits
            # of a linked file are undone, and who writes what both sides had before
            # has changed nothing.
            replaced = [
                content
                for name, content in machine.trash()
                if name in {*LOOSE, LINK} or content in self.values.repeated
            ]
            places += [machine.tree().values(), replaced]
        self.values.check(*places)

    def _in_flight(self, machine: Machine) -> set[str]:
        """Return the paths at which somebody else has begun an upload."""
        state = machine.state()
        assert state is not None
        with state:
            folders = {i: k.folder for i, k in state.items.all().items()}
        return {
            f"{folders[self._id_of(item)]}/{file.path}"
            for item in self.owner.web.item_ids()
            if self._id_of(item) in folders
            for file in self.owner.web.files(item)
            if file.id in self.owner.started
        }

    def _id_of(self, item: int) -> str:
        record = self.owner.web.item(item)
        return str(record["id"] or record["uuid"])

    def _check_item(self, here: _Here, item: int) -> None:
        uuids = self.owner.box.switches.uuid_ids
        files = {f.uuid if uuids else str(f.id): f for f in self.owner.web.files(item)}
        for path, row in here.rows.items():
            where = f"{here.known.folder}/{path}"
            if where in here.waiting or here.tree.get(where) == b"":
                continue
            if row.file_id not in files:
                raise Lost(f"{where} is synced with #{row.file_id}, which is gone")
            content = _content(self.owner, files[row.file_id])
            if here.tree.get(where) != content:
                raise Lost(f"{where} does not hold what #{row.file_id} holds")
        self._check_records(here, files)

    def _check_records(self, here: _Here, files: dict[str, File]) -> None:
        folder = here.known.folder
        agreed = {row.file_id for row in here.rows.values()}
        # Twins of equal MD5 show once: they wait with the one that shows.
        shows = agreed | set(here.waiting)
        shown = {(f.path, f.true_md5) for i, f in files.items() if i in shows}
        self._check_twins(here.known, files)
        for file_id, file in files.items():
            if {file_id, f"{folder}/{file.path}"} & set(here.waiting):
                continue
            if file.id in self.owner.started:
                continue
            if file.status != "available":
                raise Lost(f"{folder}: #{file_id} is left {file.status}")
            is_shown = (file.path, file.true_md5) in shown
            if not (file_id in agreed or is_shown or _has_its_name(here, file, files)):
                raise Lost(f"{folder}: #{file_id} ({file.path}) is not here")

    def _check_twins(self, known: SyncedItem, files: dict[str, File]) -> None:
        """Raise Lost if a path has records that no person wanted side by side.

        Two that were written at the same time, neither seen by the other's writer,
        are both kept; so is what was sent and overtaken before it was agreed on.
        """
        paths: dict[str, list[File]] = {}
        for file in files.values():
            if file.id not in self.owner.started and not file.link:
                paths.setdefault(file.path, []).append(file)
        for path, twins in paths.items():
            meant = (twins[0].item_id, path) in self.owner.twins
            stale = [f for f in twins if self._is_superseded(f)]
            if len(twins) > 1 and not meant and (stale or _equal(twins)):
                raise Lost(f"{known.folder}: {len(twins)} records are {path}")

    def _is_superseded(self, file: File) -> bool:
        """Tell whether a record was once agreed on, then left for another one.

        That follows from a person's act at that very path; who saw off a copy of
        the bytes at another place did away with that copy.
        """
        content = self.owner.web.content(file.id)
        left = (self._left.get(name, set()) for name in (str(file.id), file.uuid))
        was_left = any((*at, content) in self.values.taken for at in set().union(*left))
        return was_left and content not in self.values.open


def _check_local(tree: Mapping[str, bytes], excused: Collection[str]) -> None:
    """Raise Lost if a file that could be on Figshare is not."""
    rules = IgnoreRules()
    for path, content in tree.items():
        outside = "/" not in path or path.startswith(".") or is_conflict_copy(path)
        if outside or not content or rules.ignored(path, False):
            continue
        if not {path, f"{path.partition('/')[0]}/"} & set(excused):
            raise Lost(f"{path} ({label(content)}) did not get to Figshare")


def _has_its_name(here: _Here, file: File, files: Mapping[str, File]) -> bool:
    """Tell whether equal bytes were sent from the name that this record shows under.

    A computer that lost its state takes what it once showed beside a name for a file
    of its own.
    """
    return any(
        f"(#{file.id})" in path
        and row.file_id in files
        and files[row.file_id].true_md5 == file.true_md5
        for path, row in here.rows.items()
    )


def _equal(files: list[File]) -> bool:
    return len({file.true_md5 for file in files}) < len(files)


def _lasts(reason: str) -> bool:
    """Tell whether something may wait for good, or for what waits for good."""
    return reason.startswith(LASTING) or reason.endswith(LASTING)


def _waiting(report: Report) -> set[str]:
    """Return the paths, and the ids of records, that may differ for good."""
    actions = [h.action for h in report.held if _lasts(h.reason)]
    paths = {f"{action.where.folder}/{action.path}" for action in actions}
    return paths | {a.remote.file_id for a in actions if isinstance(a, Download)}


def _content(owner: Owner, file: File) -> bytes:
    if not file.link:
        return owner.web.content(file.id)
    return f"[InternetShortcut]\r\nURL={file.link}\r\n".encode()


def _everything(folder: Path) -> dict[str, bytes]:
    return {
        path: (folder / path).read_bytes() if kind == "file" else b""
        for path, kind in walk(folder)
    }
