"""What a search says was modified, for items whose rows in lists have no dates.

The search index lags and is a hint only (observed by figshare-rs): once a day it is
read a day further back, and the full pass covers what it never shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import msgspec

from figsync.errors import BadReply, NotFound, Refused
from figsync.figshare import ItemRow
from figsync.sync.mirror import Mirror
from figsync.sync.tasks import Task, do

HEAD = "search_head"
SEARCH_PAGE = 1000
SEARCH_PAGES = 9
PROBED = 100
ENOUGH = 10  # rows in order, behind all others, for an order to be believed
DATE_GRAIN = 2.0
SECOND = 1.0
DAY = 24 * 3600.0
NO_SEARCH = (BadReply, NotFound, Refused)


class Filter(Enum):
    """What a server makes of `modified_since`, which none of them states."""

    UNKNOWN = "unknown"
    AFTER = "after"  # it shows what was modified after the date
    FROM = "from"  # it shows what bears the very date as well
    COARSE = "coarse"  # it shows what is older too: a grain of days, or no filter


FINE = frozenset({Filter.AFTER, Filter.FROM})


class Head(msgspec.Struct):
    """Up to where searches were read: the newest date known, and when it was (POSIX).

    *date* is of a record that Figshare gave, or its clock where records have none.
    """

    date: float = 0.0
    overlap: float = 0.0
    filter: Filter = Filter.UNKNOWN


@dataclass(frozen=True, slots=True)
class Hints:
    """The ids that may have changed, in doubt too many.

    Those *of_search* have a head to be noted, and with them what was *known* of dates.
    """

    ids: frozenset[str] = frozenset()
    known: Mapping[str, float] = field(default_factory=dict)
    of_search: bool = False


def posix(text: str | None) -> float | None:
    """Return the POSIX seconds of a date of Figshare, UTC where it has no zone."""
    try:
        date = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def search_hints(mirror: Mirror) -> Task[Hints]:
    """Return which items a search says were modified since the last time.

    It is read down to the newest date known, once a day a day further back.
    """
    head, now = read_head(mirror), mirror.clock.now()
    if not head.date:
        # Nothing was read so far: whatever there is will be.
        return Hints(of_search=True)
    is_overlap = not 0 <= now - head.overlap < DAY
    since = head.date - (DAY if is_overlap else 0.0)
    rows, is_read = yield from _search(mirror, head, since)
    known = record_dates(mirror) if rows else {}
    if is_overlap and is_read:
        head.overlap = now
        _store(mirror, head)
    precise = head.filter in FINE and not is_overlap
    ids = {row.id for row in rows} if precise else moved(rows, known)
    if head.filter in FINE:
        # These are shown as newer than what is known of them.
        ids |= {row.id for row in rows if known.get(row.id, 0.0) < since - SECOND}
    return Hints(frozenset(ids - mirror.fresh.keys()), known, of_search=True)


def moved(rows: Sequence[ItemRow], known: Mapping[str, float]) -> set[str]:
    """Return the items that a descending search shows elsewhere than was expected.

    What was modified again while it was the newest already is where it was before, so
    the first row always counts.  Rows that have dates of their own say it themselves.
    Rows in no order at all say nothing of the items that are known.
    """
    dated = {row.id: date for row in rows if (date := posix(row.modified_date))}
    told = {i for i, date in dated.items() if date > known.get(i, 0.0)}
    rest = [row.id for row in rows if row.id not in dated]
    strangers = {item_id for item_id in rest if item_id not in known}
    placed = [item_id for item_id in rest if item_id in known]
    out, behind = _before_newer(placed, known)
    if behind < min(ENOUGH, len(placed) // 4):
        return told | strangers
    return told | strangers | out | set(rest[:1])


def _before_newer(
    ids: Sequence[str], known: Mapping[str, float]
) -> tuple[set[str], int]:
    """Return those that stand before newer ones, and how many follow the last of them.

    What was not modified is in the order of its dates, behind all that was.
    """
    newest = float("-inf")
    out: set[str] = set()
    behind = 0
    for number, item_id in enumerate(reversed(ids)):
        if known[item_id] < newest:
            out.add(item_id)
        elif not out:
            behind = number + 1
        newest = max(newest, known[item_id])
    return out, behind


def _search(
    mirror: Mirror, head: Head, since: float
) -> Task[tuple[list[ItemRow], bool]]:
    """Return the rows down to a date, and whether the search could be read."""
    if head.filter is Filter.FROM:
        since += SECOND
    rows: list[ItemRow] = []
    for page in range(1, SEARCH_PAGES + 1):
        try:
            batch = yield from _page(mirror, since, page, SEARCH_PAGE)
        except NO_SEARCH:
            return rows, False
        rows += batch
        if len(batch) < SEARCH_PAGE or _reaches(mirror, head, batch, since):
            break
    return rows, True


def _reaches(
    mirror: Mirror, head: Head, batch: Sequence[ItemRow], since: float
) -> bool:
    """Tell whether a page of a server without a fine filter goes far enough back."""
    if head.filter in FINE:
        return False
    known = record_dates(mirror)
    tail = [known[row.id] for row in batch[-3:] if row.id in known]
    return bool(tail) and max(tail) < since


def _page(mirror: Mirror, since: float, page: int, size: int) -> Task[list[ItemRow]]:
    text = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return do(
        lambda: mirror.figshare.search_items(
            modified_since=text, page=page, page_size=size
        )
    )


def note_head(
    mirror: Mirror, hints: Hints, read: Iterable[str], server_time: float | None
) -> Task[None]:
    """Remember up to where was read, once all that was hinted at is read or is due.

    The first time, and when the filter seems to be another one than it was, one
    search more finds out what the server makes of it.
    """
    head, now = read_head(mirror), mirror.clock.now()
    read = set(read)
    if not hints.of_search or (head.date and not read | hints.ids):
        return
    for item_id in hints.ids - read:
        mirror.state.items.invalidate(item_id)
    known = record_dates(mirror)
    limit = (server_time or now) - DATE_GRAIN
    # Later changes could bear a date as fresh as this.
    newest = max((d for d in known.values() if d <= limit), default=None)
    head.date = max(head.date, limit if newest is None else newest)
    head.overlap = head.overlap or now
    vain = [i for i in hints.ids & read if known.get(i) == hints.known.get(i, 0.0)]
    if head.filter is Filter.UNKNOWN or len(vain) > PROBED:
        head.filter = yield from _probed(mirror, head, known)
    _store(mirror, head)


def _probed(mirror: Mirror, head: Head, known: Mapping[str, float]) -> Task[Filter]:
    """Find out what a search shows of items of which none is newer than the date."""
    try:
        rows = yield from _page(mirror, head.date, 1, PROBED)
    except NO_SEARCH:
        return Filter.UNKNOWN
    dates = [known[row.id] for row in rows if row.id in known]
    if any(date < head.date for date in dates):
        return Filter.COARSE
    return Filter.FROM if head.date in dates else Filter.AFTER


def record_dates(mirror: Mirror) -> dict[str, float]:
    """Return when items were modified (POSIX), as their records said."""
    told = mirror.state.items.modified_dates()
    dates = {item_id: posix(text) for item_id, text in told.items()}
    return {item_id: date for item_id, date in dates.items() if date is not None}


def read_head(mirror: Mirror) -> Head:
    try:
        return msgspec.json.decode(mirror.state.settings.get(HEAD) or "{}", type=Head)
    except msgspec.MsgspecError:
        return Head()


def _store(mirror: Mirror, head: Head) -> None:
    mirror.state.settings.set(HEAD, msgspec.json.encode(head).decode())


def safe_date(row: ItemRow, server_time: float | None) -> str:
    """Return the row's date if no change after *server_time* could bear it, else "".

    Dates have a grain of a second (observed), so a change made right after the item
    was read could look like one made before it.
    """
    text = row.modified_date or ""
    if not text or server_time is None:
        return text
    date = posix(text)
    return "" if date and date > server_time - DATE_GRAIN else text
