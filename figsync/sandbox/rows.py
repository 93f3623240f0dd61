"""What the sandbox keeps: accounts, authors, items, files, versions."""

import json
from dataclasses import asdict, dataclass, replace
from sqlite3 import Row
from typing import Any, Self

Json = dict[str, Any]  # a JSON object: any value may be inside
Listing = list[Json]

PROCESSING = ("ic_checking", "moving_to_final")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a token."""

    id: int
    author_id: int
    token: str
    first_name: str
    last_name: str
    email: str
    is_admin: bool
    created: float

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the account of a database row."""
        return cls(**{**dict(row), "is_admin": bool(row["is_admin"])})


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody named as an author of items."""

    id: int
    full_name: str
    first_name: str
    last_name: str
    orcid_id: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the author of a database row."""
        return cls(**dict(row))


@dataclass(frozen=True, slots=True)
class Item:
    """An item, as its owner sees it (the draft) or as one version shows it."""

    id: int
    uuid: str
    account_id: int
    fields: Json
    version: int
    created: float
    modified: float
    published: float | None

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the item of a database row."""
        return cls(**{**dict(row), "fields": json.loads(row["fields"])})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the item that `to_json` wrote."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """Return the whole item as text."""
        return json.dumps(asdict(self))

    @property
    def is_public(self) -> bool:
        """Tell whether a version of it was ever published and is visible."""
        return self.published is not None

    def showing(self, **values: Any) -> Self:  # any field, with its new value
        """Return this item with other *values*."""
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class File:
    """A file of an item; `true_md5` is what was found in the bytes received."""

    id: int
    uuid: str
    item_id: int
    name: str
    folder: str
    size: int
    link: str
    supplied_md5: str
    true_md5: str
    status: str
    token: str
    part_size: int
    stage_at: float
    md5_at: float
    reads: int
    hidden_reads: int
    in_draft: bool
    attached: bool

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the file of a database row."""
        flags = {name: bool(row[name]) for name in ("in_draft", "attached")}
        return cls(**{**dict(row), **flags})

    @property
    def path(self) -> str:
        """Return folder and name."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def part_count(self) -> int:
        """Return in how many parts it is uploaded."""
        return -(-self.size // self.part_size)

    def part_range(self, number: int) -> range:
        """Return the offsets of part *number*, counted from 1."""
        start = (number - 1) * self.part_size
        return range(start, min(start + self.part_size, self.size))


@dataclass(frozen=True, slots=True)
class Version:
    """What one publication of an item shows."""

    item_id: int
    version: int
    fields: Json
    files: tuple[int, ...]
    published: float
    modified: float

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the version of a database row."""
        values = {name: row[name] for name in cls.__slots__}
        values["fields"] = json.loads(row["fields"])
        values["files"] = tuple(json.loads(row["files"]))
        return cls(**values)
