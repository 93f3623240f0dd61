"""Which files come together as zips: what costs least, in bytes and requests (pure).

A request counts as the bytes that could come in the time that it takes from the
budget.  What is above 8 MiB comes alone: a zip that breaks begins again from nothing,
and one file that breaks costs no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from figsync.model import RemoteFile

LARGEST_FILE = 8 << 20
LARGEST_ZIP = 64 << 20
# What a line brings in a second, by a low estimate, and what a request takes where
# nothing but the way there and back limits their number.
BYTES_A_SECOND = 1 << 20
ROUND_TRIP = 0.1
# Folders below this depth are not told apart: names from outside may nest at will.
DEEPEST = 16
# A zip says of each file twice its name, a little about it, and packs at a loss.
SAID_OF_ALL = 64 << 10
SAID_OF_EACH = 512
LOSS = 1000


@dataclass(frozen=True, slots=True)
class Package:
    """A zip worth its bytes: of *folder* and below it, "" being the whole item.

    *wanted* are the ids of the records that it is fetched for, *most* is the number of
    bytes that it may have at most.
    """

    folder: str
    wanted: frozenset[str]
    most: int


def worth_of_a_request(per_second: float) -> int:
    """Return how many bytes one request more is worth; 0 a second is no limit."""
    seconds = max(ROUND_TRIP, 1 / per_second) if per_second else ROUND_TRIP
    return int(BYTES_A_SECOND * seconds)


def packages(
    records: Iterable[RemoteFile], wanted: Collection[str], *, worth: int
) -> list[Package]:
    """Return by which zips to fetch the *wanted* ids among all *records* of an item.

    What is in none of them is cheaper alone.  *worth* is that of a request, in bytes.
    """
    top = _Folder("")
    for record in records:
        if not record.link:
            _folder_of(top, record).records.append(record)
    return list(_Cost.of(top, frozenset(wanted), worth).packages)


@dataclass(slots=True)
class _Folder:
    """A folder of an item with the records that are directly in it."""

    path: str
    records: list[RemoteFile] = field(default_factory=list)
    folders: dict[str, _Folder] = field(default_factory=dict)

    def all_records(self) -> Iterator[RemoteFile]:
        yield from self.records
        for inner in self.folders.values():
            yield from inner.all_records()


def _folder_of(top: _Folder, record: RemoteFile) -> _Folder:
    here = top
    for name in [part for part in record.folder.split("/") if part][:DEEPEST]:
        path = f"{here.path}/{name}".lstrip("/")
        here = here.folders.setdefault(name, _Folder(path))
    return here


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a folder's wanted files cost at least, in bytes, and by which zips."""

    bytes: int = 0
    packages: tuple[Package, ...] = ()

    @classmethod
    def of(cls, folder: _Folder, wanted: frozenset[str], worth: int) -> _Cost:
        own = [r for r in folder.records if r.file_id in wanted]
        inner = [cls.of(each, wanted, worth) for each in folder.folders.values()]
        apart = cls(
            sum(worth + max(0, record.size) for record in own)
            + sum(cost.bytes for cost in inner),
            tuple(package for cost in inner for package in cost.packages),
        )
        together = _as_one(folder, wanted, worth)
        if together is None or together.bytes > apart.bytes:
            return apart
        return together


def _as_one(folder: _Folder, wanted: frozenset[str], worth: int) -> _Cost | None:
    """Return what one zip of a folder costs, None if that is not to be had."""
    records = list(folder.all_records())
    size = sum(record.size for record in records)
    ours = [record for record in records if record.file_id in wanted]
    small = frozenset(r.file_id for r in ours if 0 < r.size <= LARGEST_FILE)
    if len(small) < 2 or size > LARGEST_ZIP or any(r.size < 0 for r in records):
        return None
    alone = sum(worth + r.size for r in ours if r.file_id not in small)
    package = Package(folder.path, small, _most(records, size))
    return _Cost(worth + size + alone, (package,))


def _most(records: Collection[RemoteFile], size: int) -> int:
    names = sum(len(f"{r.folder}/{r.name}".encode(errors="replace")) for r in records)
    said = SAID_OF_ALL + len(records) * SAID_OF_EACH + 4 * names
    return size + size // LOSS + said
