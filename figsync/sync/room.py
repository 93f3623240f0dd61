"""Which files Figshare can not take, found before a byte is read (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from figsync.naming import uploadable_name


@dataclass(frozen=True, slots=True)
class Room:
    """What the account and the item still have room for.

    *max_file_size* and *free_quota* are bytes, None where nothing is stated;
    *files_in_item* counts the records that the item has already.  The uploads of the
    paths in *begun* have their room.
    """

    max_file_size: int | None = None
    free_quota: int | None = None
    files_per_item: int = 500
    files_in_item: int = 0
    is_new_item: bool = False
    begun: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A local file that would have to be sent; *replaces*: in place of another."""

    path: str
    size: int
    replaces: bool = False


def refusals(newcomers: Iterable[Newcomer], room: Room) -> dict[str, str]:
    """Return why each file that can not be sent is not, by path.

    Figshare refuses empty files (observed by several clients).  A new folder that
    exceeds the files of an item is refused whole, later files one by one.  Whether
    old and new fit at once is decided where the whole plan is known (replacing.py).
    """
    refused: dict[str, str] = {}
    possible: list[Newcomer] = []
    for file in sorted(newcomers, key=lambda file: file.path):
        reason = _own_reason(file, room)
        if reason:
            refused[file.path] = reason
        else:
            possible.append(file)
    refused.update(_crowded(possible, room))
    refused.update(_over_quota((f for f in possible if f.path not in refused), room))
    return refused


def never_taken(path: str, size: int) -> str:
    """Return why Figshare takes no such file at all, "" if it does."""
    if size == 0:
        return (
            "it is empty, and Figshare does not take empty files;"
            " it goes up once something is in it"
        )
    name = uploadable_name(path)
    return f"{name}; rename it" if name else ""


def _own_reason(file: Newcomer, room: Room) -> str:
    if reason := never_taken(file.path, file.size):
        return reason
    if room.max_file_size and file.size > room.max_file_size:
        return (
            f"it is larger than the {room.max_file_size} bytes Figshare takes;"
            " split it, or ask Figshare for a higher limit"
        )
    return ""


def _crowded(files: list[Newcomer], room: Room) -> dict[str, str]:
    limit = room.files_per_item
    fresh = [file for file in files if not file.replaces]
    if room.is_new_item and len(fresh) > limit:
        reason = (
            f"its folder holds {len(fresh)} files, an item takes {limit};"
            " split the folder"
        )
        return {file.path: reason for file in fresh}
    free = max(0, limit - room.files_in_item)
    reason = (
        f"its item is full: an item takes {limit} files;"
        " put it into another folder of the mirror"
    )
    return {file.path: reason for file in fresh[free:]}


def _over_quota(files: Iterable[Newcomer], room: Room) -> Iterator[tuple[str, str]]:
    left = room.free_quota
    for file in files:
        if left is None:
            return
        if file.replaces or file.path in room.begun:
            continue
        if file.size > left:
            yield (
                file.path,
                f"the account has room for {left} bytes more;"
                " delete something there, or ask Figshare for more",
            )
        else:
            left -= file.size
