"""What a cycle clears away: strays of our own uploads, old trash, wrong clocks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from figsync.errors import DiskProblem, NotFound
from figsync.figshare import FileRecord
from figsync.model import Action, Adopt, Mode, Plan, Presence, Upload
from figsync.state import Transfer
from figsync.sync.finish import follows, is_excluded
from figsync.sync.mirror import Mirror
from figsync.sync.observe import View
from figsync.sync.policies import REJECTED
from figsync.sync.send import discard, find_lost
from figsync.sync.survey import Survey
from figsync.sync.tasks import Task, do, together

DAY = 24 * 3600.0
DOUBTED = "doubted"
CLOCKS = "clocks"
CLOCK_SET = "clock_set"
CLOCK_BEFORE = "clock_before"
JUMP_SECONDS = 300.0


def sweep_strays(mirror: Mirror, plan: Plan, view: View) -> Task[None]:
    """Delete the half-sent records of uploads that nobody wants any more.

    Only a record that this state began is touched, by its id or recorded intent.
    """
    held = [held for held in plan.held if isinstance(held.action, Upload)]
    rejected = {_place(one.action) for one in held if one.reason == REJECTED}
    wanted = {_place(a) for a in plan.actions if isinstance(a, Upload)}
    wanted |= {_place(one.action) for one in held} - rejected
    # Where equal bytes of somebody else are adopted, ours need not go on.
    adopted = {
        _place(action): action.remote.file_id
        for action in plan.actions
        if isinstance(action, Adopt)
    }
    known = mirror.state.items.all()
    strays = [
        transfer
        for transfer in mirror.state.work.all_transfers()
        if (transfer.item_id, transfer.path) not in wanted
        and (is_excluded(known, transfer) or _is_listed(view, transfer.item_id))
        and (
            (transfer.item_id, transfer.path) in rejected
            or _is_overtaken(mirror, adopted, transfer)
            or not _may_be_wanted(mirror, transfer)
        )
    ]
    yield from together([_sweep(mirror, transfer) for transfer in strays])


def _place(action: Action) -> tuple[str, str]:
    return action.where.item_id, action.path


def _is_overtaken(
    mirror: Mirror, adopted: Mapping[tuple[str, str], str], transfer: Transfer
) -> bool:
    """Tell whether the record of another takes the place of an upload's own, or did.

    Until it has, nothing tells which of the two an unanswered request made.
    """
    item_id, path = transfer.item_id, transfer.path
    other = adopted.get((item_id, path))
    if other is None:
        row = mirror.state.files.synced_file(item_id, path)
        if row is None or row.md5 != transfer.md5:
            return False
        other = row.file_id
    return other != transfer.file_id


def _is_listed(view: View, item_id: str) -> bool:
    item = view.items.get(item_id)
    return item is not None and item.presence is Presence.LISTED


def _sweep(mirror: Mirror, transfer: Transfer) -> Task[None]:
    """Delete one stray; a record that became available is a file like any other."""
    item_id, path = transfer.item_id, transfer.path
    if not transfer.file_id:
        transfer = yield from find_lost(mirror, transfer)
    file_id = transfer.file_id
    if not file_id:
        mirror.state.work.drop_transfer(item_id, path)
        return
    try:
        record = yield from do(lambda: mirror.figshare.read_file(item_id, file_id))
    except NotFound:
        record = None
    if record is not None and record.is_available:
        if not _is_to_finish(mirror, transfer, record):
            mirror.state.work.drop_transfer(item_id, path)
    else:
        # One that is not found may only be hidden still.
        yield from discard(mirror, transfer)


def _is_to_finish(mirror: Mirror, transfer: Transfer, record: FileRecord) -> bool:
    """Tell whether an upload is or may yet be proven: a later cycle concludes it."""
    if is_excluded(mirror.state.items.all(), transfer):
        return False
    row = mirror.state.files.synced(transfer.item_id).get(transfer.path)
    return follows(row, transfer) and record.md5 in ("", transfer.md5)


def _may_be_wanted(mirror: Mirror, transfer: Transfer) -> bool:
    """Tell whether the file is still there, only not planned this time."""
    known = mirror.state.items.find(transfer.item_id)
    if known is None or known.mode is Mode.EXCLUDED:
        return False
    row = mirror.state.files.local_file(known.folder, transfer.path)
    try:
        there = mirror.disk.stat(f"{known.folder}/{transfer.path}")
    except DiskProblem:
        return True
    if row is None or there is None or there.size != transfer.size:
        return False
    return row.md5 in ("", transfer.md5)


def expire_trash(mirror: Mirror) -> int:
    """Delete what has been in the trash for longer than configured."""
    before = outdated_before(mirror)
    return 0 if before is None else mirror.disk.trash_expire(before)


def outdated_before(mirror: Mirror) -> float | None:
    """Return the time (POSIX seconds) before which what is kept may go, if any may.

    Since the clock was last set, that much time must have passed as well.
    """
    age, now = mirror.config.deletions.trash_days * DAY, mirror.clock.now()
    if now - float(mirror.state.settings.get(CLOCK_SET) or -age) < age:
        return None
    return now - age


class _Clocks(NamedTuple):
    """What the clocks showed in one cycle; *ahead* of Figshare's, if it told."""

    wall: float
    monotonic: float
    boot_id: str
    ahead: float | None = None


def restart_grace_after_jump(mirror: Mirror, ahead: float | None = None) -> bool:
    """Begin every grace period anew if the wall clock was set since the last cycle.

    Within one boot both clocks must have run equally far; over a boot the wall
    clock must not have gone back, nor away from Figshare's, which it is *ahead* of.
    """
    clock = mirror.clock
    now = clock.now()
    clocks = _Clocks(now, clock.monotonic(), mirror.boot_id, ahead)
    stored = mirror.state.settings.get(CLOCKS)
    mirror.state.settings.set(CLOCKS, json.dumps(clocks))
    before = _Clocks(*json.loads(stored)) if stored else clocks
    if not _jumped(before, clocks):
        return False
    with mirror.state.atomic():
        mirror.state.settings.set(CLOCK_SET, str(now))
        mirror.state.settings.set(CLOCK_BEFORE, str(before.wall))
        restart_grace(mirror, mirror.state.items.all())
    return True


def restart_grace(mirror: Mirror, items: Iterable[str]) -> None:
    """Begin the grace periods of the files of some items anew."""
    work, now = mirror.state.work, mirror.clock.now()
    for item_id in items:
        scope = f"local:{item_id}"
        for name, seen in work.absences(scope).items():
            again = replace(seen, first_seen=now, sightings=1)
            work.save_absence(scope, name, again)


def remember_doubts(mirror: Mirror, survey: Survey) -> None:
    """Store which items are not trusted; for one that is again, grace begins anew.

    What was missed while a disk was away has not been missed by a person yet.
    """
    settings = mirror.state.settings
    before = set(json.loads(settings.get(DOUBTED) or "[]"))
    trusted = survey.mounts.keys() - survey.unsure.keys()
    now = (before - trusted) | survey.unsure.keys()
    if now == before:
        return
    back = before - now
    with mirror.state.atomic():
        restart_grace(mirror, back)
        settings.set(DOUBTED, json.dumps(sorted(now)))
    for place in [place for place in survey.missed_since if place[0] in back]:
        del survey.missed_since[place]


def _jumped(before: _Clocks, now: _Clocks) -> bool:
    wall = now.wall - before.wall
    if now.boot_id and now.boot_id == before.boot_id:
        return abs(wall - (now.monotonic - before.monotonic)) > JUMP_SECONDS
    if before.ahead is not None and now.ahead is not None:
        return abs(now.ahead - before.ahead) > JUMP_SECONDS
    return wall < -JUMP_SECONDS
