"""The account into the state, asking only for what may have changed.

What is observed is stored: the planner reads it from there.  An item that could
not be read is unknown for this cycle; only a proven absence is an absence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from figsync.config import NewItems
from figsync.errors import FigshareProblem, FigsyncError, NotFound, Refused, Resting
from figsync.figshare import Account, ItemRow, Listing
from figsync.model import Mode, Presence, RemoteItem, SyncedItem
from figsync.state import Absence, Observed
from figsync.sync.hints import DATE_GRAIN, Hints, note_head, safe_date, search_hints
from figsync.sync.learning import (
    dateless_rows,
    learn_about_dates,
    learn_from_surprises,
)
from figsync.sync.look import MANY_FILES, look_at_item
from figsync.sync.mirror import Mirror
from figsync.sync.rotation import (
    DATES_TELL,
    due_for_refresh,
    next_in_turn,
    share,
)
from figsync.sync.tasks import Task, do, pause, together

ITEMS = "items"
# So few items without dates are read as soon as a search would be made for them.
FEW = 10
FEW_BLIND = 100
LOOK_AT_ONCE = 256
BEYOND, BEYOND_AT = "beyond", "beyond_at"
BEYOND_SECONDS = 10.0
# So many items are read twice sooner than waited for.
READ_TWICE = 3


@dataclass(slots=True)
class View:
    """What Figshare said in one cycle.

    *problems* are the items that could not be read and why; *read* those whose
    record was fetched now; *again* tells that an absence waits to be confirmed by
    another listing; *ahead* is how far this computer's clock is before Figshare's.
    """

    account: Account
    items: dict[str, RemoteItem] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    problems: dict[str, FigshareProblem] = field(default_factory=dict)
    again: bool = False
    ahead: float | None = None


def observe(mirror: Mirror, account: Account) -> Task[View]:
    """List the account, read what may have changed, store it, and return the view."""
    view = View(account)
    known = mirror.state.items.all()
    observed = mirror.state.items.observed()
    listing = yield from do(lambda: mirror.figshare.list_items())
    if (server_time := mirror.figshare.server_time()) is not None:
        view.ahead = mirror.clock.now() - server_time
    if _missing(known, listing) and not listing.is_cut:
        listing = yield from do(lambda: mirror.figshare.list_items(confirm=True))
    rows = {row.id: row for row in listing.rows}
    missing = {i: _remembered(observed.get(i), i) for i in _missing(known, listing)}
    # What is listed again was never gone: two sightings must follow each other.
    mirror.state.work.keep_absences(ITEMS, missing)
    yield from _settle_missing(mirror, view, missing, complete=listing.complete)
    learn_about_dates(mirror, rows, observed)
    dateless = dateless_rows(mirror, rows) - mirror.fresh.keys()
    hints = yield from _hints(mirror, dateless)
    wanted = _to_read(rows, known, observed, hints.ids, mirror.fresh)
    yield from _read_all(mirror, view, [rows[i] for i in wanted])
    yield from note_head(mirror, hints, view.read, listing.server_time)
    listed = {item_id: seen for item_id, seen in observed.items() if item_id in rows}
    refreshed = due_for_refresh(mirror, listed, dateless, wanted)
    beyond = _beyond(mirror, missing, hints.ids) if listing.is_cut else []
    with mirror.figshare.yielding():
        due = [rows[item_id] for item_id in refreshed] + beyond
        yield from _read_all(mirror, view, due)
    _forget_unreachable(view, beyond)
    after = mirror.state.items.observed() if view.read else observed
    learn_from_surprises(mirror, view.read, observed, after)
    _keep_bare(mirror, view, after)
    mirror.fresh |= {i: rows[i].modified_date or "" for i in view.read & rows.keys()}
    _describe(mirror, view, _shown(rows, view, beyond), after)
    return view


def _keep_bare(mirror: Mirror, view: View, after: Mapping[str, Observed]) -> None:
    """Keep of the items made a moment ago those that were seen to hold no file."""
    mirror.bare = {
        item_id: began
        for item_id, began in mirror.bare.items()
        if item_id in view.read
        and (seen := after.get(item_id)) is not None
        and seen.read_at
        and not seen.file_count
    }
    mirror.made.clear()


def _forget_unreachable(view: View, beyond: Collection[ItemRow]) -> None:
    """No list shows whether these are gone: unknown they are in any case."""
    for row in beyond:
        if isinstance(view.problems.get(row.id), NotFound):
            del view.problems[row.id]


def _shown(
    rows: dict[str, ItemRow], view: View, beyond: Collection[ItemRow]
) -> dict[str, ItemRow]:
    """Return what was listed, and what answered though no list reaches it."""
    return rows | {row.id: row for row in beyond if row.id in view.read}


def _missing(known: dict[str, SyncedItem], listing: Listing[ItemRow]) -> set[str]:
    present = {row.id for row in listing.rows}
    mirrored = (i for i, item in known.items() if item.mode is not Mode.ORPHANED)
    return {item_id for item_id in mirrored if item_id not in present}


def _settle_missing(
    mirror: Mirror, view: View, missing: dict[str, RemoteItem], *, complete: bool
) -> Task[None]:
    """Note which items are gone: two listings apart, and a direct 404 each time."""
    view.items.update(missing)
    if not complete:
        return
    work = mirror.state.work
    before = work.absences(ITEMS)
    names = sorted(missing)
    answers = yield from together([_exists(mirror, item_id) for item_id in names])
    absent = [i for i, exists in zip(names, answers, strict=True) if exists is False]
    for item_id in absent:
        seen = before.get(item_id, Absence(mirror.clock.now(), 0))
        seen = Absence(seen.first_seen, seen.sightings + 1)
        work.save_absence(ITEMS, item_id, seen)
        if seen.sightings > 1:
            view.items[item_id] = replace(missing[item_id], presence=Presence.GONE)
        else:
            view.again = True
    work.keep_absences(ITEMS, absent)


def _exists(mirror: Mirror, item_id: str) -> Task[bool | None]:
    """Ask directly; None when Figshare gives no clear answer."""
    try:
        return (yield from do(lambda: mirror.figshare.item_exists(item_id)))
    except FigshareProblem:
        return None


def look_up_claims(mirror: Mirror, view: View, claimed: Collection[str]) -> Task[None]:
    """Add to *view*, as unknown, the items that only folders name and that exist.

    A list that was cut short must not make the record of a folder a foreign one.
    """
    names = sorted(set(claimed) - view.items.keys())
    answers = yield from together([_may_be_ours(mirror, name) for name in names])
    for item_id, may_be_ours in zip(names, answers, strict=True):
        if may_be_ours:
            view.items[item_id] = _remembered(None, item_id)


def _may_be_ours(mirror: Mirror, item_id: str) -> Task[bool]:
    """Ask directly; Figshare answers 403 or 404 for what belongs to somebody else."""
    try:
        return (yield from do(lambda: mirror.figshare.item_exists(item_id)))
    except Refused:
        return False
    except FigshareProblem:
        return True


def _remembered(seen: Observed | None, item_id: str) -> RemoteItem:
    if seen is None:
        return RemoteItem(item_id, "", Presence.UNKNOWN)
    public, count = seen.is_public, seen.file_count
    return RemoteItem(item_id, seen.title, Presence.UNKNOWN, public, count)


def _hints(mirror: Mirror, dateless: set[str]) -> Task[Hints]:
    """Return the ids that may have been modified, of rows without dates.

    Few are read without asking, and so are more where dates do not tell of files.
    """
    tells = mirror.state.settings.get(DATES_TELL) != "no"
    if len(dateless) <= (FEW if tells else FEW_BLIND):
        return Hints(frozenset(dateless))
    if not tells:
        return Hints()
    return (yield from search_hints(mirror))


def _to_read(
    rows: dict[str, ItemRow],
    known: dict[str, SyncedItem],
    observed: dict[str, Observed],
    hinted: Collection[str],
    fresh: Mapping[str, str],
) -> list[str]:
    """Return the listed items whose record differs from the stored one, or may.

    What was read in this sync under the date that its row still has, is *fresh*: a
    change made in that same second is for the next sync, as if made after this one.
    """
    wanted: list[str] = []
    for item_id, row in rows.items():
        if item_id in known and known[item_id].mode is Mode.EXCLUDED:
            continue
        seen = observed.get(item_id)
        unread = seen is None or not seen.read_at or item_id in hinted
        if unread or (_has_new_date(row, seen) and not _has_date_of(row, fresh)):
            wanted.append(item_id)
    return wanted


def _has_new_date(row: ItemRow, seen: Observed | None) -> bool:
    date = row.modified_date
    return bool(date) and seen is not None and date != seen.row_date


def _has_date_of(row: ItemRow, fresh: Mapping[str, str]) -> bool:
    return row.modified_date == fresh.get(row.id)


def _beyond(
    mirror: Mirror, missing: dict[str, RemoteItem], hinted: Collection[str]
) -> list[ItemRow]:
    """Return those that no list reaches, and whose turn it is to be asked for.

    What is not asked for stays unknown; it is never gone.
    """
    first = [item_id for item_id in missing if item_id in hinted]
    count = share(mirror, BEYOND_AT, BEYOND_SECONDS, most=len(missing))
    later = next_in_turn(mirror, BEYOND, missing.keys() - set(first), count)
    return [ItemRow(item_id, missing[item_id].title) for item_id in first + later]


def _read_all(mirror: Mirror, view: View, rows: list[ItemRow]) -> Task[None]:
    """Read items; those modified a moment ago last, when their dates can be trusted.

    Each of many would have to be read a second time otherwise.
    """
    now = mirror.figshare.server_time()
    new = [row for row in rows if row.modified_date and not safe_date(row, now)]
    ids = {row.id for row in new}
    old = [row for row in rows if row.id not in ids]
    yield from _read_some(mirror, view, old)
    now = mirror.figshare.server_time()
    if now is not None and len(new) > READ_TWICE:
        yield from pause(DATE_GRAIN)
        now += DATE_GRAIN
    yield from _read_some(mirror, view, new, now=now)


def _read_some(
    mirror: Mirror, view: View, rows: list[ItemRow], *, now: float | None = None
) -> Task[None]:
    if not rows:
        return
    known = mirror.state.items.all()
    seen = mirror.state.items.observed().values()
    many = {item.item_id for item in seen if item.file_count >= MANY_FILES}
    for start in range(0, len(rows), LOOK_AT_ONCE):
        some = rows[start : start + LOOK_AT_ONCE]
        began = mirror.clock.monotonic()
        at = max((t for t in (now, mirror.figshare.server_time()) if t), default=None)
        tasks = [
            look_at_item(
                mirror,
                row,
                date=safe_date(row, at),
                record_only=_record_only(mirror, known.get(row.id)),
                many=row.id in many,
            )
            for row in some
        ]
        results = yield from together(tasks)
        for row, result in zip(some, results, strict=True):
            _note(view, row.id, result)
        mirror.bare |= dict.fromkeys(
            mirror.made.intersection(r.id for r in some), began
        )


def _note(view: View, item_id: str, result: object) -> None:
    if not isinstance(result, FigsyncError):
        view.read.add(item_id)
        return
    if not isinstance(result, FigshareProblem):
        raise result
    view.problems[item_id] = result
    if isinstance(result, Resting):
        raise result


def _record_only(mirror: Mirror, known: SyncedItem | None) -> bool:
    if known is None:
        return mirror.config.mirror.new_items is NewItems.METADATA
    return known.mode is Mode.METADATA


def _describe(
    mirror: Mirror,
    view: View,
    rows: dict[str, ItemRow],
    observed: dict[str, Observed],
) -> None:
    """Add the listed items to the view; those that could not be read are unknown."""
    for item_id, row in rows.items():
        seen = observed.get(item_id)
        unread = item_id in view.problems or seen is None
        view.items[item_id] = RemoteItem(
            item_id,
            seen.title if seen and not unread else row.title,
            Presence.UNKNOWN if unread else Presence.LISTED,
            seen.is_public if seen else bool(row.published_date),
            seen.file_count if seen else 0,
        )
    for item_id in observed.keys() - view.items.keys():
        mirror.state.items.forget_observation(item_id)
