"""Replacements where old and new hardly fit at once (pure).

A replacement needs room for both: bytes in the account, a place in its item.  Where
that is tight they go one at a time, each old record deleted once its successor is
proven.  One that does not even fit alone is held; approving lets its old record go
first.  Figshare tells no limit of files; one that an item exceeds is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from figsync.model import Action, ActionKey, DeleteFirst, Held, Plan, Upload
from figsync.sync.policies import REJECTED

UNLIMITED = 1 << 62
APPROVING = (
    "; approving deletes the old version on Figshare before the new one is sent,"
    " once a copy of it is in the trash here"
)


@dataclass(frozen=True, slots=True)
class Space:
    """What there is room for now.

    *free* is bytes, None where nothing is stated; *files* counts each item's records.
    The uploads in *begun*, by item and path, have their room already.
    """

    free: int | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    files_per_item: int = 500
    begun: Collection[tuple[str, str]] = ()
    rejected: Collection[ActionKey] = ()


@dataclass(frozen=True, slots=True)
class Fit:
    """A plan whose uploads find room, and those that can not, with the reason."""

    plan: Plan
    lacking: tuple[tuple[Upload, str], ...] = ()


def fit(plan: Plan, space: Space) -> Fit:
    """Return *plan* with replacements put in turn or held where room is tight."""
    uploads = [action for action in plan.actions if isinstance(action, Upload)]
    room = _Room(space, uploads)
    if not room.is_tight:
        return Fit(plan)
    words = {id(u): room.place(u) for u in sorted(uploads, key=room.turn)}
    todo: list[Action] = []
    held = list(plan.held)
    lacking: list[tuple[Upload, str]] = []
    for action in plan.actions:
        word = words.get(id(action), action)
        if isinstance(word, Held):
            held.append(word)
        elif isinstance(word, str):
            assert isinstance(action, Upload)
            lacking.append((action, word))
        else:
            todo.append(word)
    return Fit(Plan(tuple(todo), tuple(held)), tuple(lacking))


class _Room:
    """What is left, upload by upload, in the order in which they are carried out."""

    def __init__(self, space: Space, uploads: list[Upload]) -> None:
        self._space = space
        self._left = UNLIMITED if space.free is None else space.free
        fresh = [upload for upload in uploads if not self._is_begun(upload)]
        wanted = Counter(upload.where.item_id for upload in fresh)
        self._places = {item_id: self._free_places(item_id) for item_id in wanted}
        full = {i for i, count in wanted.items() if count > self._places[i]}
        short = sum(upload.size for upload in fresh) > self._left
        self._tight_items = {
            upload.where.item_id
            for upload in uploads
            if upload.replaces and (short or upload.where.item_id in full)
        }
        self.is_tight = short or bool(self._tight_items)

    def turn(self, upload: Upload) -> tuple[bool, str, bool, bool, str]:
        """Return the order: tight items one by one, their replacements before all."""
        item_id = upload.where.item_id
        is_tight = item_id in self._tight_items
        first = not self._is_begun(upload)
        return not is_tight, item_id, not upload.replaces, first, upload.path

    def place(self, upload: Upload) -> Upload | Held | str:
        """Return the upload as it can go, what holds it, or why it can not go."""
        if upload.replaces is None or upload.where.item_id not in self._tight_items:
            return self._place_new(upload)
        frees = 0 if upload.where.is_public else upload.replaces.size
        if self._is_begun(upload):
            self._left += frees
        elif self._has_place(upload) and upload.size <= self._left:
            self._left += frees - upload.size
        elif upload.size <= self._left + frees:
            return self._hold(upload)
        else:
            return self._short()
        return replace(upload, alone=True)

    def _place_new(self, upload: Upload) -> Upload | str:
        if self._is_begun(upload):
            return upload
        if upload.size > self._left:
            return self._short()
        self._left -= upload.size
        return upload

    def _hold(self, upload: Upload) -> Held:
        action = DeleteFirst(upload.where, upload.local, upload.replaces, alone=True)
        if action.key in self._space.rejected:
            return Held(action, REJECTED, listed=True)
        return Held(action, self._reason(upload) + APPROVING)

    def _reason(self, upload: Upload) -> str:
        if upload.size > self._left:
            return (
                f"old and new version do not fit at once: the new one has"
                f" {upload.size:,} bytes and the account has room for {self._left:,}"
            )
        limit = self._space.files_per_item
        return f"its item is full: old and new version are more than {limit:,} files"

    def _short(self) -> str:
        return f"the account has room for {max(0, self._left):,} bytes more"

    def _is_begun(self, upload: Upload) -> bool:
        return (upload.where.item_id, upload.path) in self._space.begun

    def _has_place(self, upload: Upload) -> bool:
        return self._places[upload.where.item_id] > 0

    def _free_places(self, item_id: str) -> int:
        free = self._space.files_per_item - self._space.files.get(item_id, 0)
        return UNLIMITED if free < 0 else free
