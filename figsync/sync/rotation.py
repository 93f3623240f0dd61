"""The full pass: every record is read again in the end, a share of them at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping

from figsync.state import Observed
from figsync.sync.mirror import Mirror

PASS_SECONDS = 7 * 24 * 3600.0
# Small accounts go round sooner, as long as nothing tells of changed files.
UNSURE_SECONDS = 3600.0
SLOWEST = 72.0  # seconds for each record
# Where no date tells of changed files, a tenth of the usual budget goes into it.
BLIND = 10.0
MOST_AT_ONCE = 60
LONGEST = 24 * 3600.0
ROTATED = "rotated_at"
DATES_TELL = "dates_tell_of_files"


def due_for_refresh(
    mirror: Mirror,
    observed: Mapping[str, Observed],
    dateless: Collection[str],
    wanted: Iterable[str],
) -> list[str]:
    """Return the share of the full pass that is due: the longest unread first.

    Whether every change raises `modified_date` is not proven.
    """
    now, known = mirror.clock.now(), set(wanted)
    told = mirror.state.settings.get(DATES_TELL)
    early = now - UNSURE_SECONDS
    late = now - (PASS_SECONDS if told == "yes" else UNSURE_SECONDS)
    due = [
        (seen.read_at, item_id)
        for item_id, seen in observed.items()
        if seen.read_at <= (early if item_id in dateless else late)
        and item_id not in known
    ]
    spacing = BLIND if told == "no" else seconds_each(len(observed))
    count = share(mirror, ROTATED, spacing, most=len(due))
    return [item_id for _, item_id in sorted(due)[:count]]


def seconds_each(items: int) -> float:
    """Return how often one of so many records is read, for a whole pass in its time."""
    return min(SLOWEST, PASS_SECONDS / max(1, items))


def share(mirror: Mirror, name: str, spacing: float, *, most: int) -> int:
    """Return how many are due since the last share of this *name*, one a *spacing*.

    It follows from the time that passed, however many cycles there were.  Somebody who
    waits for this cycle does not wait for more than can be asked at once.
    """
    settings, now = mirror.state.settings, mirror.clock.now()
    last = posix_number(settings.get(name))
    if last is None or last > now:
        settings.set(name, str(now))
        return 0
    # A long rest makes no flood.
    passed = min(now - last, LONGEST)
    most = min(most, MOST_AT_ONCE, mirror.figshare.spare_requests)
    count = min(int(passed / spacing), most)
    if count:
        settings.set(name, str(now - passed + count * spacing))
    return count


def posix_number(text: str) -> float | None:
    """Return a stored number, None if there is none."""
    try:
        return float(text)
    except ValueError:
        return None


def next_in_turn(
    mirror: Mirror, name: str, ids: Collection[str], count: int
) -> list[str]:
    """Return the ids that come after those of the last time, round and round."""
    if not count or not ids:
        return []
    settings, ordered = mirror.state.settings, sorted(ids)
    start = bisect_right(ordered, settings.get(name))
    chosen = (ordered[start:] + ordered[:start])[:count]
    settings.set(name, chosen[-1])
    return chosen
