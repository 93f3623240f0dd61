"""What all parts of one sandbox share."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from sqlite3 import Connection, Cursor

from figsync.sandbox.blobs import Blobs, Digests, PartLocks
from figsync.sandbox.clock import ShiftedClock
from figsync.sandbox.faults import Faults
from figsync.sandbox.log import RequestLog
from figsync.sandbox.rows import File, Item
from figsync.sandbox.store import Store
from figsync.sandbox.switches import Switches


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the services are; `api` ends in the version."""

    api: str
    upload: str
    storage: str
    admin: str

    @classmethod
    def at(cls, api: str, upload: str, storage: str) -> "Urls":
        """Return the addresses for three roots without a final slash."""
        return cls(f"{api}/v2", upload, storage, f"{api}/_admin")

    @property
    def site(self) -> str:
        """Return the root of the pages for people."""
        return self.api.removesuffix("/v2")


NOWHERE = Urls.at(
    "http://api.sandbox.invalid",
    "http://upload.sandbox.invalid",
    "http://storage.sandbox.invalid",
)


@dataclass(slots=True)
class World:
    """One Figshare of our own: what it keeps and how it behaves."""

    store: Store
    blobs: Blobs
    clock: ShiftedClock
    random: Random
    part_size: int
    secret: str
    urls: Urls = NOWHERE
    switches: Switches = field(default_factory=Switches)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    locks: PartLocks = field(default_factory=PartLocks)
    digests: Digests = field(init=False)

    def __post_init__(self) -> None:
        self.digests = Digests(self.blobs)

    def now(self) -> float:
        """Return the sandbox's time."""
        return self.clock.now()

    def new_token(self) -> str:
        """Return an unguessable word."""
        return f"{self.random.getrandbits(256):064x}"

    def new_uuid(self) -> str:
        """Return a fresh UUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def reference(self, thing: Item | File) -> str:
        """Return the name of an item or file in URLs."""
        return thing.uuid if self.switches.uuid_ids else str(thing.id)

    @contextmanager
    def reading(self) -> Iterator["Books"]:
        """Open the books; each statement sees what is committed."""
        with self.store.reading() as db:
            yield Books(self, db)

    @contextmanager
    def writing(self) -> Iterator["Books"]:
        """Open the books for a change: all of it is kept, or nothing."""
        with self.store.writing() as db:
            yield Books(self, db)


@dataclass(frozen=True, slots=True)
class Books:
    """What a world has written down, open for one piece of work."""

    world: World
    db: Connection

    def execute(self, sql: str, values: Sequence[object] = ()) -> Cursor:
        """Run one statement."""
        return self.db.execute(sql, values)

    def insert(self, table: str, **values: object) -> int:
        """Insert a row and return its id."""
        marks = ", ".join("?" * len(values))
        names = ", ".join(values)
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        return int(self.db.execute(sql, tuple(values.values())).lastrowid or 0)

    def update(self, table: str, row_id: int, **values: object) -> None:
        """Change columns of the row with *row_id*."""
        names = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE {table} SET {names} WHERE id = ?"
        self.db.execute(sql, (*values.values(), row_id))
