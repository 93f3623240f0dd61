"""Records down to the disk: proven, then put in their place in one step."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from figsync.disk import Installed, TempFile
from figsync.errors import BadBytes, FigshareProblem, FigsyncError, Stale
from figsync.figshare import Source
from figsync.model import (
    Download,
    FileStat,
    KeepBoth,
    LocalFile,
    RemoteFile,
    SyncedFile,
    Where,
)
from figsync.naming import conflict_name, original_of, shortcut
from figsync.state import KnownFile
from figsync.sync.crew import saved
from figsync.sync.mirror import Mirror
from figsync.sync.tasks import Task, do
from figsync.sync.underway import FETCHED, bring_back

COPY_CHUNK = 1 << 20
# A fresh file's time lies a little back, so that a later save always differs and
# the next scan need not read it again (a file is racy for two seconds).
BACKDATED = 3.0


Fill = Callable[[TempFile], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to put where: the record, what it replaces, and what becomes of that."""

    where: Where
    remote: RemoteFile
    replaces: LocalFile | None = None
    source: LocalFile | None = None
    keep_as: str = ""

    @property
    def target(self) -> str:
        return f"{self.where.folder}/{self.remote.path}"


def download(mirror: Mirror, action: Download) -> Task[None]:
    """Bring a record down; what it replaces goes to the trash."""
    order = order_of(action)
    yield from _place(mirror, order, lambda size: mirror.progress.moved(action, size))


def order_of(action: Download) -> Order:
    """Return what to put where for a download."""
    return Order(action.where, action.remote, action.replaces, action.source)


def keep_both(mirror: Mirror, action: KeepBoth) -> Task[None]:
    """Give the name to the record; the local bytes stay beside it as a copy."""
    where, disk = action.where, mirror.disk
    yield from do(lambda: _clear_staged(mirror, action))
    copy = conflict_name(
        f"{where.folder}/{action.path}",
        mirror.clock.now(),
        lambda path: disk.stat(path) is not None,
    )
    order = Order(where, action.remote, action.local, keep_as=copy)
    yield from _place(mirror, order, lambda size: mirror.progress.moved(action, size))


def _clear_staged(mirror: Mirror, action: KeepBoth) -> None:
    """Trash the copies that an interrupted KeepBoth left: they hold nothing else.

    The record takes a copy's name first, so that one swap gives both their place;
    where no swap is to be had, the local bytes take a second name first.
    """
    target = f"{action.where.folder}/{action.path}"
    folder, _, _ = target.rpartition("/")
    for name, stat in mirror.disk.entries(folder):
        path = f"{folder}/{name}"
        if stat is None or stat.kind != "file" or original_of(path) != target:
            continue
        for held in (action.remote, action.local):
            if held.size == stat.size:
                with suppress(Stale):
                    mirror.disk.trash(path, stat, md5=held.md5)


def _place(mirror: Mirror, order: Order, moved: Callable[[int], None]) -> Task[None]:
    """Fetch and install in the pool, then record the agreement."""

    def fill(temp: TempFile) -> None:
        _fill(mirror, order, temp, moved)

    try:
        installed = yield from do(lambda: put_in_place(mirror, order, fill))
    except BadBytes:
        mirror.state.work.add_count(FETCHED, order.remote.file_id)
        raise
    yield from saved(lambda: record_arrival(mirror, order, installed))


def record_arrival(mirror: Mirror, order: Order, installed: Installed) -> None:
    """Record what came down: counted, and agreed on."""
    if not order.remote.link:
        mirror.state.work.add_count(FETCHED, order.remote.file_id)
    mirror.state.files.add_made_folders(installed.made)
    record_agreement(mirror, order.where, order.remote, installed.stat)


def record_agreement(
    mirror: Mirror, where: Where, remote: RemoteFile, stat: FileStat
) -> None:
    """Record that both sides hold *remote*'s bytes at its path."""
    agreed = SyncedFile(remote.path, remote.file_id, remote.md5, remote.size)
    now = mirror.clock.now()
    known = KnownFile(LocalFile(remote.path, stat, remote.md5), now, now)
    mirror.state.files.save_synced(where.item_id, agreed)
    mirror.state.files.save_local(where.folder, [known])


def put_in_place(
    mirror: Mirror, order: Order, fill: Fill, unsynced: set[str] | None = None
) -> Installed:
    """Install what *fill* writes, once it is proven to be the record.

    All is on the disk then; but given *unsynced*, a new name is only when the folders
    that are added there are synced.
    """
    disk, target, remote = mirror.disk, order.target, order.remote
    if disk.stat(order.where.folder) is None:
        raise Stale(target, "its folder was moved or deleted a moment ago")
    with (
        disk.temp(f"file-{remote.file_id}", target) as temp,
        mirror.reserve.claimed(remote.size, temp, target),
    ):
        fill(temp)
        _check_proven(order, temp)
        installed = _installed(mirror, order, temp, unsynced)
    if installed.displaced_unexpected and not order.keep_as:
        bring_back(disk, installed.displaced, target)
    return installed


def _check_proven(order: Order, temp: TempFile) -> None:
    remote = order.remote
    if not remote.link and (temp.md5 != remote.md5 or temp.size != remote.size):
        raise BadBytes(order.target, "the bytes that came are not those of the record")


def _installed(
    mirror: Mirror, order: Order, temp: TempFile, unsynced: set[str] | None
) -> Installed:
    mtime = mirror.clock.now() - BACKDATED
    if order.replaces is None and unsynced is not None:
        return mirror.disk.install_new(
            temp, order.target, mtime=mtime, unsynced=unsynced
        )
    return mirror.disk.install(
        temp,
        order.target,
        expect=order.replaces.stat if order.replaces else None,
        mtime=mtime,
        keep_as=order.keep_as,
    )


def _fill(
    mirror: Mirror, order: Order, temp: TempFile, moved: Callable[[int], None]
) -> None:
    """Write the record's bytes: from an equal local file, else from Figshare."""
    remote = order.remote
    if remote.link:
        temp.write(shortcut(remote.link))
        return
    if order.source is not None and _copied(mirror, order, temp):
        return
    sink = _Sink(temp, moved)
    try:
        mirror.figshare.download(
            Source(remote.file_id, remote.download_url),
            sink,
            size=remote.size,
            md5=remote.md5,
        )
    except FigshareProblem:
        moved(-sink.size)
        raise


@dataclass(slots=True)
class _Sink:
    """Hands bytes to the temporary file and tells the progress."""

    temp: TempFile
    moved: Callable[[int], None]
    size: int = 0

    @property
    def md5(self) -> str:
        return self.temp.md5

    def __call__(self, chunk: bytes) -> None:
        self.temp.write(chunk)
        self.size += len(chunk)
        self.moved(len(chunk))


def _copied(mirror: Mirror, order: Order, temp: TempFile) -> bool:
    """Try an equal local file; False, with nothing written, if it is not equal."""
    assert order.source is not None
    path = f"{order.where.folder}/{order.source.path}"
    try:
        if mirror.disk.hash(path).md5 != order.remote.md5:
            return False
        with mirror.disk.open(path) as file:
            while chunk := file.read(COPY_CHUNK):
                temp.write(chunk)
    except FigsyncError:
        if temp.size:
            raise
        return False
    if temp.md5 != order.remote.md5:
        raise Stale(path, "it changed while it was copied")
    return True
