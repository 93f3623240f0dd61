"""New folders are read while Figshare is asked: nobody waits for one, then the other.

What is read is remembered as by any scan; the one that follows finds it known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from figsync.errors import Interrupted
from figsync.model import Where
from figsync.sync.bind import ACCOUNT_ID
from figsync.sync.fitting import free_quota
from figsync.sync.mirror import Mirror
from figsync.sync.remembered import remembered_account
from figsync.sync.root import look_at_root
from figsync.sync.scan import OPENING
from figsync.sync.survey import Survey, policy_of, survey_folder
from figsync.sync.tasks import Task, pause, together
from figsync.sync.walk import Lens

T = TypeVar("T")

# Who has to be told that Figshare can not be reached does not wait for long, and the
# next question goes out in time.
MOST_BYTES = 512 << 20
MOST_SECONDS = 0.25


def with_reading_ahead(
    mirror: Mirror, asking: Task[T], lens: Lens, among: Collection[str] | None
) -> Task[T]:
    """Return what *asking* returns, and read new folders of the root beside it.

    Those are folders *among* some names; None is all.  What goes wrong with them is
    met again by the scan.
    """
    if not mirror.state.settings.get(ACCOUNT_ID):
        # Nothing tells yet which files are too large for the account.
        return (yield from asking)
    is_over = False

    def asks() -> Task[T]:
        nonlocal is_over
        try:
            return (yield from asking)
        finally:
            is_over = True

    reading = _read_new(mirror, lens, among, lambda: is_over)
    answer, _ = yield from together([asks(), reading])
    if isinstance(answer, BaseException):
        raise answer
    return answer  # type: ignore[no-any-return]  # what *asking* returned


def _read_new(
    mirror: Mirror,
    lens: Lens,
    among: Collection[str] | None,
    is_over: Callable[[], bool],
) -> Task[None]:
    # The first question goes out before anything is looked at here.
    yield from pause(0)
    lens = replace(lens, reading=MOST_BYTES)
    survey = Survey(lens, policy_of(mirror), free_quota(remembered_account(mirror)))
    for folder in _new_folders(mirror, among):
        if is_over() or not survey.lens.reading:
            return
        yield from _read(mirror, survey, folder)


def _read(mirror: Mirror, survey: Survey, folder: str) -> Task[None]:
    """Read a folder, unless it takes long to look through, as far as may be still."""
    where, clock = Where("", folder), mirror.clock
    end = clock.monotonic() + MOST_SECONDS
    survey.lens = replace(
        survey.lens, stop=lambda: mirror.asked_to_stop() or clock.monotonic() > end
    )
    try:
        found = yield from survey_folder(mirror, survey, where, synced={}, records=())
    except Interrupted:
        # If somebody asked to stop, whoever drives this task knows it too.
        return
    files = (found.tree[path] for path in found.open)
    read = sum(file.size + OPENING for file in files if file.md5)
    left = max(0, (survey.lens.reading or 0) - read)
    survey.lens = replace(survey.lens, reading=left)


def _new_folders(mirror: Mirror, among: Collection[str] | None) -> list[str]:
    """Return the folders of the root that are no item's yet, by name or by record."""
    if among is not None and not among:
        return []
    known = {item.folder for item in mirror.state.items.all().values()} - {""}
    names = {entry.name for entry in mirror.disk.entries("")}
    new = names - known if among is None else names.intersection(among) - known
    if not new:
        return []
    folders = look_at_root(mirror, new).folders.values()
    return [f.name for f in folders if not (f.record_id or f.unreadable)]
