"""Whether the dates of an account's list tell of changed files: found out by and by."""

from __future__ import annotations

from collections.abc import Set as Ids

from figsync.figshare import ItemRow
from figsync.state import Observed
from figsync.sync.mirror import Mirror
from figsync.sync.rotation import DATES_TELL


def learn_about_dates(
    mirror: Mirror, rows: dict[str, ItemRow], observed: dict[str, Observed]
) -> None:
    """Find out, from our own changes, whether dates tell of changed files.

    That a change of files raises `modified_date` is not documented.
    """
    for item_id in mirror.changed & rows.keys() & observed.keys():
        before, date = observed[item_id].row_date, rows[item_id].modified_date
        if before and date:
            told = "yes" if date != before else "no"
            mirror.state.settings.set(DATES_TELL, told)
    for item_id in mirror.changed:
        mirror.fresh.pop(item_id, None)
    mirror.changed.clear()


def learn_from_surprises(
    mirror: Mirror,
    read: Ids[str],
    before: dict[str, Observed],
    after: dict[str, Observed],
) -> None:
    """Note it if an item that was at rest has other files now under the same date."""
    for item_id in read & before.keys() & after.keys():
        old, new = before[item_id], after[item_id]
        same_date = bool(old.row_date) and old.row_date == new.row_date
        differs = (old.file_count, old.size) != (new.file_count, new.size)
        if old.read_at and same_date and differs:
            mirror.state.settings.set(DATES_TELL, "no")


def dateless_rows(mirror: Mirror, rows: dict[str, ItemRow]) -> set[str]:
    """Return the items whose row can not tell whether they changed."""
    if mirror.state.settings.get(DATES_TELL) == "no":
        return set(rows)
    return {item_id for item_id, row in rows.items() if not row.modified_date}
