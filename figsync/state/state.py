"""The state database, and the ways to open it: as owner, as reader, as a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from figsync.clock import Clock, SystemClock
from figsync.errors import StateDamaged
from figsync.state import place, schema, upkeep
from figsync.state.connection import Connection, damaged
from figsync.state.decisions import Decisions
from figsync.state.files import Files
from figsync.state.history import History
from figsync.state.items import Items
from figsync.state.settings import Settings
from figsync.state.steps import Steps
from figsync.state.work import Work


class State:
    """Everything figsync remembers; a State is used by the thread that opened it.

    Every call raises DiskProblem, NoRoom or StateDamaged where SQLite fails.
    """

    def __init__(self, db: Connection, clock: Clock) -> None:
        self._db = db
        self.settings = Settings(db)
        self.items = Items(db)
        self.files = Files(db)
        self.work = Work(db, clock)
        self.decisions = Decisions(db, clock)
        self.history = History(db, clock)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        patience: float = 10.0,
        steps: Steps | None = None,
        known: bool = False,
    ) -> State:
        """Open the state as its owner, who holds the lock; make or migrate it first.

        StateDamaged if it is not sound, WrongUsage if it is a person's own file, which
        it can not be if *known* (figsync kept its state here before).  A locked
        database is waited for *patience* seconds.
        """
        place.make_missing(path, steps or Steps())
        if not (known or place.is_marked(path)):
            _refuse_foreign(path)
        with _judged(path, known), _kept(_to(path, "mode=rw", patience, steps)) as db:
            schema.check(db, clock.now())
            place.make_private(path)
            db.rows("PRAGMA journal_mode = WAL")
            _durable(db)
            schema.migrate(db)
        return cls(db, clock)

    @classmethod
    def for_requests(
        cls, path: Path, *, clock: Clock, patience: float = 10.0
    ) -> State | None:
        """Open the state of a running owner to leave requests; None if there is none.

        Nothing is checked or migrated.
        """
        if not place.is_there(path):
            return None
        with _judged(path, True), _kept(_to(path, "mode=rw", patience)) as db:
            ready = schema.is_current(db)
            _durable(db)
        if not ready:
            db.close()
            return None
        return cls(db, clock)

    @classmethod
    def read_only(
        cls, path: Path, *, clock: Clock, known: bool = False
    ) -> State | None:
        """Open the state to look at it, None until an owner made or migrated it."""
        if not place.is_there(path):
            return None
        with _judged(path, known), _kept(Connection.to(path, "mode=ro")) as db:
            schema.check_owner(db)
            ready = schema.is_current(db)
        if not ready:
            db.close()
            return None
        return cls(db, clock)

    @classmethod
    def private_copy(cls, path: Path, *, clock: Clock, known: bool = False) -> State:
        """Return a copy in memory, empty if there is no state yet, for a dry run.

        Nothing on the disk changes, neither now nor by what the copy is used for.
        """
        with _judged(path, known), _kept(place.copy_to_memory(path)) as db:
            schema.check(db, clock.now())
            schema.migrate(db)
        return cls(db, clock)

    @staticmethod
    def set_aside(
        path: Path,
        *,
        clock: Clock | None = None,
        steps: Steps | None = None,
        why: str = "damaged",
    ) -> Path:
        """Rename a database that no State has open; return its new name.

        The name tells *why* and when.
        """
        now = (clock or SystemClock()).now()
        return place.set_aside(path, now, steps or Steps(), why=why)

    @staticmethod
    def expire_aside(path: Path, before: float) -> list[str]:
        """Remove what was set aside before a POSIX time; return the names."""
        return place.expire_aside(path, before)

    def damage(self) -> list[str]:
        """Read every row and return what names those that are not what was saved."""
        return list(schema.damaged_rows(self._db))

    def check_table(self, table: str, *, stop: Callable[[], bool]) -> None:
        """Read a table and its indexes; StateDamaged unless all is as it was saved.

        Interrupted when *stop* says so.
        """
        upkeep.check_table(self._db, table, stop)

    def tidy(self) -> None:
        """Let SQLite look after its statistics and empty its log; waits for nobody."""
        upkeep.tidy(self._db)

    def close(self) -> None:
        """Close the database; closing it again is fine."""
        self._db.close()

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def atomic(self) -> AbstractContextManager[None]:
        """Make the writes inside one transaction; an exception undoes them all."""
        return self._db.writing()


def _durable(db: Connection) -> None:
    db.rows("PRAGMA synchronous = FULL")


def _to(
    path: Path, access: str, patience: float, steps: Steps | None = None
) -> Connection:
    return Connection.to(path, access, patience=patience, steps=steps)


def _refuse_foreign(path: Path) -> None:
    """Raise WrongUsage for a file of somebody else, which no byte of is changed."""
    # Any other way of opening it could empty its -wal into it.
    access = "mode=ro&immutable=1"
    with _judged(path, False), closing(Connection.to(path, access)) as db:
        schema.check_owner(db)


@contextmanager
def _judged(path: Path, known: bool) -> Iterator[None]:
    """Let damage pass only for what is figsync's own: all else is left alone."""
    try:
        if place.is_there(path) and not place.has_known_format(path):
            raise damaged(path, "the state database is damaged (its format)")
        yield
    except StateDamaged as problem:
        if known or place.is_ours(path):
            raise
        raise schema.foreign(path) from problem


@contextmanager
def _kept(db: Connection) -> Iterator[Connection]:
    """Leave *db* open, but close it if an exception ends the block."""
    try:
        yield db
    except BaseException:
        db.close()
        raise
