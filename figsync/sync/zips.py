"""Many small files of an item in one request: fetched as a zip, proven one by one.

A zip vouches for nothing.  Each file out of it is held against the record's size and
MD5 and takes its place as any download does; what a zip lacks, and all of it when none
is to be had, is left to single downloads.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import partial

from figsync.disk import Installed, Scratch, TempFile
from figsync.errors import (
    BadBytes,
    DiskProblem,
    FigshareProblem,
    FigsyncError,
    Interrupted,
    Resting,
    Stale,
    TokenRefused,
    TooMany,
)
from figsync.figshare import Service
from figsync.model import Action, Download, Outcome, Where
from figsync.naming import shown
from figsync.sync import arriving, underway
from figsync.sync.archive import Archive
from figsync.sync.fetch import order_of, put_in_place, record_arrival
from figsync.sync.mirror import Mirror
from figsync.sync.packing import Package, packages, worth_of_a_request
from figsync.sync.record import Recorder
from figsync.sync.tasks import Task, all_of, do

# So much is installed by one job and recorded by one commit.
FILES_AT_ONCE = 32
BYTES_AT_ONCE = 8 << 20
# Two processes that ended in a zip of a file may be chance; then it comes alone.
CRASHES = 2
# These are about all downloads, and say nothing of zips.
_OF_ALL = (Resting, TokenRefused, TooMany)

log = logging.getLogger(__name__)

_Result = Installed | FigsyncError


def bring_zipped(
    mirror: Mirror, recorder: Recorder, actions: Sequence[Download]
) -> Task[tuple[list[Outcome], list[Action]]]:
    """Bring down what is cheaper in zips; return how that ended, and what is left.

    All *actions* are of one item.
    """
    outcomes: list[Outcome] = []
    for package in _chosen(mirror, recorder, actions):
        some = [a for a in actions if a.remote.file_id in package.wanted]
        with mirror.state.atomic():
            underway.begin(mirror, some)
            arriving.note(mirror, some)
        ended = yield from _bring(mirror, recorder, package, some)
        with mirror.state.atomic():
            underway.end(mirror, some, ended)
            arriving.cross_out(mirror, ended)
        outcomes += ended
    over = {outcome.action.key for outcome in outcomes}
    return outcomes, [action for action in actions if action.key not in over]


def _chosen(
    mirror: Mirror, recorder: Recorder, actions: Sequence[Download]
) -> Iterator[Package]:
    """Yield the zips that are worth it, each while nothing speaks against it."""
    wanted = {a.remote.file_id for a in actions if _may_be_zipped(mirror, a)}
    if len(wanted) < 2:
        return
    item_id = actions[0].where.item_id
    records = mirror.state.items.remote_files(item_id)
    worth = worth_of_a_request(mirror.config.transfer.requests_per_second)
    for package in packages(records, wanted, worth=worth):
        if not _is_hopeless(mirror, recorder, actions[0], package):
            yield package


def _may_be_zipped(mirror: Mirror, action: Download) -> bool:
    """Tell whether a file may come in a zip: not after one that brought it wrong."""
    remote, work = action.remote, mirror.state.work
    if remote.link or action.source is not None or not remote.md5:
        return False
    return (
        work.count(underway.FETCHED, remote.file_id) == 0
        and work.count(underway.BEGUN, remote.file_id) < CRASHES
    )


def _is_hopeless(
    mirror: Mirror, recorder: Recorder, action: Action, package: Package
) -> bool:
    """Tell whether a zip is not to be tried now; single downloads say why not."""
    try:
        recorder.check_hosts(action)
        spare = mirror.reserve.spare()
    except FigsyncError:
        return True
    # For a time both are there, the zip and what came out of it.
    if spare is not None and spare < 2 * package.most:
        return True
    # A trial decides on all downloads, and zips may be what fails.
    rests = mirror.figshare.hosts.rests()
    if any(rest.host.service is Service.DOWNLOADS for rest in rests):
        return True
    now = mirror.clock.monotonic()
    return mirror.zip_trouble.avoids(action.where.item_id, now)


def _bring(
    mirror: Mirror, recorder: Recorder, package: Package, actions: Sequence[Download]
) -> Task[list[Outcome]]:
    """Fetch one zip and install what it holds; what it lacks is not in the outcomes."""
    where, now = actions[0].where, mirror.clock.monotonic()
    try:
        scratch = mirror.disk.scratch(f"zip-{where.item_id}", where.folder)
    except DiskProblem:
        return []
    try:
        archive = yield from _archive(mirror, where, package, scratch)
        if archive is None:
            return []
        ended = yield from all_of(
            [_install(mirror, recorder, archive, some) for some in _bunches(actions)]
        )
    finally:
        scratch.close()
    outcomes = [outcome for some in ended for outcome in some]
    if len(outcomes) < len(actions):
        log.debug("The zip of %s lacks files", shown(where.folder))
        mirror.zip_trouble.failed(where.item_id, now)
    else:
        mirror.zip_trouble.worked()
    return outcomes


def _archive(
    mirror: Mirror, where: Where, package: Package, scratch: Scratch
) -> Task[Archive | None]:
    """Fetch a zip in the pool; None, and remembered, when it is not to be had."""
    try:
        return (yield from do(lambda: _fetched(mirror, where, package, scratch)))
    except (FigshareProblem, DiskProblem, Stale) as problem:
        log.debug("No zip of %s: %s", shown(where.folder), problem)
        if isinstance(problem, FigshareProblem) and not isinstance(problem, _OF_ALL):
            now = mirror.clock.monotonic()
            mirror.zip_trouble.failed(where.item_id, now)
        return None


def _fetched(
    mirror: Mirror, where: Where, package: Package, scratch: Scratch
) -> Archive:
    """Return a zip, come whole or not at all; runs in the pool."""
    subject = f"the zip of item {where.item_id}"
    # Others failed while this one waited for its turn.
    if mirror.zip_trouble.avoids(where.item_id, mirror.clock.monotonic()):
        raise Stale(subject, "zips are not to be had")
    with mirror.reserve.claimed(package.most, scratch, subject):
        mirror.figshare.download_zip(
            where.item_id, scratch, folder=package.folder, most=package.most
        )
    return Archive(scratch.file, subject, package.folder)


def _bunches(actions: Sequence[Download]) -> Iterator[list[Download]]:
    some: list[Download] = []
    size = 0
    for action in actions:
        if some and (len(some) == FILES_AT_ONCE or size + action.size > BYTES_AT_ONCE):
            yield some
            some, size = [], 0
        some.append(action)
        size += action.size
    if some:
        yield some


def _install(
    mirror: Mirror, recorder: Recorder, archive: Archive, actions: list[Download]
) -> Task[list[Outcome]]:
    """Install some files in the pool and record those that came, all at once."""
    results = yield from do(partial(_put_all, mirror, archive, actions))
    pairs = list(zip(actions, results, strict=True))
    try:
        with mirror.state.atomic():
            for action, result in pairs:
                _record(mirror, action, result)
    except FigsyncError as problem:
        return [recorder.ended(action, problem) for action in actions]
    with mirror.state.atomic():
        return [
            recorder.ended(action, None if isinstance(result, Installed) else result)
            for action, result in pairs
            if not isinstance(result, BadBytes)
        ]


def _record(mirror: Mirror, action: Download, result: _Result) -> None:
    match result:
        case Installed():
            record_arrival(mirror, order_of(action), result)
        case BadBytes():
            mirror.state.work.add_count(underway.FETCHED, action.remote.file_id)
        case _:
            return


def _put_all(
    mirror: Mirror, archive: Archive, actions: Sequence[Download]
) -> list[_Result]:
    """Put files out of a zip in their places; each fails for itself."""
    unsynced: set[str] = set()
    results = [_put(mirror, archive, action, unsynced) for action in actions]
    lost = {folder: _unsyncable(mirror, folder) for folder in unsynced}
    return [
        lost.get(order_of(action).target.rpartition("/")[0]) or result
        if isinstance(result, Installed)
        else result
        for action, result in zip(actions, results, strict=True)
    ]


def _unsyncable(mirror: Mirror, folder: str) -> FigsyncError | None:
    try:
        mirror.disk.sync_folder(folder)
    except Interrupted:
        raise
    except FigsyncError as problem:
        return problem
    return None


def _put(
    mirror: Mirror, archive: Archive, action: Download, unsynced: set[str]
) -> _Result:
    def fill(temp: TempFile) -> None:
        temp.write(content)
        mirror.progress.moved(action, len(content))

    try:
        content = archive.content(action.remote)
        return put_in_place(mirror, order_of(action), fill, unsynced)
    except Interrupted:
        raise
    except FigsyncError as problem:
        return problem
