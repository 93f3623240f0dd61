"""What can go wrong at any boundary: death, disk errors, and other people's acts.

Boundaries are every primitive that changes the disk, every HTTP request, and every
commit of the state; each has a before and an after.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from random import Random
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from figsync.disk import Calls, Disk
from figsync.disk.problems import told
from figsync.sync.mirror import Mirror

CODES = (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EROFS, errno.EDQUOT)
# What a full disk still allows: names may change and go.
NEEDS_ROOM = ("create", "write", "mkdir", "link")
SQLITE_FULL = 13
# How often somebody saves the very file that is being moved or replaced.
TEMPTATION = 0.4


class Killed(BaseException):
    """The process is dead; nothing after this has any effect."""


class Peril:
    """Decides at each boundary of one run of figsync what happens there."""

    def __init__(self, random: Random, tell: Callable[[str], None]) -> None:
        self._random = random
        self._tell = tell
        self.left: int | None = None
        self.dead = False
        self.disk_failures = 0.0
        self.full_after: int | None = None
        self.read_only_after: int | None = None
        self.state_failures = 0.0
        self.meddling = 0.0
        self.acts_left = 3
        self.meddle: Callable[[Random], None] | None = None
        self.meddle_with: Callable[[str, Random], bool] | None = None
        self._busy = False

    def boundary(self, what: str) -> None:
        """Die here if it is time, or let somebody else act."""
        if self.dead:
            raise Killed
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.dead = True
                self._tell(f"   killed at: {what}")
                raise Killed
        self._let_others_act(what)

    def _let_others_act(self, what: str) -> None:
        if self.meddle is None or self._busy or not self.acts_left:
            return
        if self._random.random() < self.meddling:
            self._busy = True
            self.acts_left -= 1
            self._tell(f"   meanwhile, at {what}:")
            try:
                self.meddle(Random(self._random.getrandbits(64)))
            finally:
                self._busy = False

    def tempt(self, name: str) -> None:
        """Let somebody act on the very file that is being moved or replaced."""
        if self.meddle_with is None or self._busy or not self.acts_left:
            return
        if self._random.random() < max(TEMPTATION, 3 * self.meddling):
            self._busy = True
            try:
                random = Random(self._random.getrandbits(64))
                self.acts_left -= self.meddle_with(name, random)
            finally:
                self._busy = False

    def disk_error(self, call: str, name: str) -> None:
        """Raise an OSError now and then, or from some call on for good."""
        if self.full_after is not None and call in NEEDS_ROOM:
            self.full_after -= 1
            if self.full_after < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
        if self.read_only_after is not None:
            self.read_only_after -= 1
            if self.read_only_after < 0:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), name)
        if self._random.random() < self.disk_failures:
            code = self._random.choice(CODES)
            self._tell(f"   disk: {call} fails with {errno.errorcode[code]}")
            raise OSError(code, os.strerror(code), name)

    def state_error(self) -> None:
        """Raise what SQLite raises when the state's disk is full, now and then."""
        if self._random.random() < self.state_failures:
            self._tell("   disk: no room for a commit of the state")
            raise no_room()


def no_room() -> sqlite3.OperationalError:
    """Return the error of SQLite that says that its disk is full."""
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = SQLITE_FULL
    return full


class PerilousCalls(Calls):
    """The disk's primitives with a peril at each."""

    def __init__(self, peril: Peril) -> None:
        self._peril = peril

    def before(self, call: str, name: str) -> None:
        self._peril.boundary(f"before {call}")
        if call in ("exchange", "rename", "rename_new", "link"):
            self._peril.tempt(name)
        self._peril.disk_error(call, name)

    def after(self, call: str, name: str) -> None:  # noqa: ARG002
        self._peril.boundary(f"after {call}")


class PerilousWire(BaseAdapter):
    """Another adapter with a peril before and after each request; *witness* sees it."""

    def __init__(
        self, inner: BaseAdapter, peril: Peril, witness: Callable[[str, str], None]
    ) -> None:
        super().__init__()
        self._inner = inner
        self._peril = peril
        self._witness = witness

    def send(self, request: PreparedRequest, **options: Any) -> Response:  # type: ignore[override]  # whatever requests passes
        what = f"{request.method} {request.path_url.partition('?')[0]}"
        self._peril.boundary(f"before {what}")
        self._witness(request.method or "", request.path_url.partition("?")[0])
        response = self._inner.send(request, **options)
        self._peril.boundary(f"after {what}")
        return response

    def close(self) -> None:
        self._inner.close()


def perilous(
    adapters: Mapping[str, BaseAdapter],
    peril: Peril,
    witness: Callable[[str, str], None],
) -> dict[str, Any]:
    """Return the adapters with a peril on each, and one who sees what is asked."""
    return {
        prefix: PerilousWire(one, peril, witness) for prefix, one in adapters.items()
    }


class PerilousConnection:
    """A database connection with a peril at each commit.

    It stands in for sqlite3's own, which has no hook that could stop a commit.
    """

    def __init__(self, inner: sqlite3.Connection, peril: Peril) -> None:
        self._inner = inner
        self._peril = peril

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:  # as sqlite3's
        if self._peril.dead:
            raise Killed
        if sql != "COMMIT":
            return self._inner.execute(sql, values)
        self._peril.boundary("before a commit")
        self._peril.state_error()
        cursor = self._inner.execute(sql)
        self._peril.boundary("after a commit")
        return cursor

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:  # as sqlite3's
        if self._peril.dead:
            raise Killed
        return self._inner.executemany(sql, rows)

    def __getattr__(self, name: str) -> Any:  # everything else is the inner one's
        return getattr(self._inner, name)


def endanger_state(mirror: Mirror, peril: Peril) -> None:
    """Put a peril at each commit of a mirror's state."""
    db: Any = mirror.state._db  # the only way to the connection
    db.raw = PerilousConnection(db.raw, peril)


class _HiddenDisk(Disk):
    """A disk of which some files and folders can not be read, as by permissions."""

    hidden: Collection[str] = ()

    @contextmanager
    def folder(self, path: str, made: list[str] | None = None) -> Iterator[int]:
        for name in self.hidden:
            is_below = f"{path}/".startswith(f"{name}/")
            if is_below and (self.root / name).is_dir():
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        with super().folder(path, made) as opened:
            yield opened

    def open(self, path: str) -> FileIO:
        if path in self.hidden and (self.root / path).exists():
            with told(path):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return super().open(path)


def hidden_from(disk: Disk, hidden: Collection[str]) -> Disk:
    """Return *disk* without a way into the *hidden* paths.

    It stands in for permissions, which do not bind root, who runs many a CI.
    """
    blind = _HiddenDisk(disk.root, clock=disk.clock, calls=disk.calls)
    blind.hidden = hidden
    blind.identity()
    return blind
