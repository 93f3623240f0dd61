"""Which local files Figshare can not take, kept from one cycle to the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

NO_ROOM = "no room for it"


@dataclass(frozen=True, slots=True)
class NotUploadable:
    """A local file that Figshare can not take, and why."""

    folder: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class AccountRoom:
    """What an account takes: bytes in all that are free, and bytes of one file."""

    free_quota: int | None = None
    max_file_size: int | None = None


@dataclass(slots=True)
class LeftOutSoFar:
    """What all cycles left out; *is_whole* once one of them looked at everything."""

    is_whole: bool = False
    room: AccountRoom = AccountRoom()
    _by_folder: dict[str, list[NotUploadable]] = field(default_factory=dict)

    def add(
        self,
        found: Iterable[NotUploadable],
        standing: Collection[str],
        only: Collection[str],
    ) -> None:
        """Put what a cycle *found* in the place of what was known of these folders.

        *standing* are the folders that are there; with names in *only*, no others
        were looked at.
        """
        before = self._by_folder if only else {}
        after = defaultdict(list)
        for folder in before.keys() - {*only}:
            # What is in no folder is for cycles over everything.
            if folder in standing or not folder:
                after[folder] = before[folder]
        for note in found:
            after[note.folder].append(note)
        self._by_folder = after
        self.is_whole = self.is_whole or not only

    def all(self) -> list[NotUploadable]:
        return [n for _, notes in sorted(self._by_folder.items()) for n in notes]

    def fitting_now(self, room: AccountRoom) -> set[str]:
        """Return the folders of which more may go up, now that this is the room."""
        is_other, self.room = room != self.room, room
        return set(self._by_folder) if is_other else set()
