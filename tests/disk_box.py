"""A real folder with a Disk on it, and disks that fail, lack something or die."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from figsync.disk import Calls, Disk
from figsync.model import FileStat

NOON = 1_795_190_400.0  # 2026-11-20 16:00:00 UTC


class StillClock:
    """A clock that stands until a test moves it."""

    def __init__(self, now: float = NOON) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += seconds
        return False


class Killed(BaseException):
    """The process is dead; nothing after this changes the disk."""


class Poor(Calls):
    """A file system that lacks some calls."""

    def __init__(self, *lacking: str) -> None:
        self.lacking = frozenset(lacking)

    def before(self, call: str, name: str) -> None:
        if call in self.lacking:
            raise OSError(errno.ENOSYS, "lacking", name)


class Dying(Poor):
    """Dies before (even *step*) or after (odd) one of its calls; *died* says so."""

    def __init__(self, step: int, *lacking: str) -> None:
        super().__init__(*lacking)
        self.left = step
        self.died = False

    def before(self, call: str, name: str) -> None:
        self._step()
        super().before(call, name)

    def after(self, call: str, name: str) -> None:  # noqa: ARG002
        self._step()

    def _step(self) -> None:
        if self.died or self.left == 0:
            self.died = True
            raise Killed
        self.left -= 1


class Failing(Poor):
    """Refuses one call with an error, the *nth* it is asked, counted from 0."""

    def __init__(self, nth: int, code: int, *lacking: str) -> None:
        super().__init__(*lacking)
        self.left = nth
        self.code = code
        self.failed = False

    def before(self, call: str, name: str) -> None:
        super().before(call, name)
        self.left -= 1
        if self.left == -1:
            self.failed = True
            raise OSError(self.code, os.strerror(self.code), name)


class Small(Calls):
    """A disk with so many bytes free, fewer with each one that is written.

    *least* is the least that ever was free; *asked* how often somebody wanted to know.
    """

    def __init__(self, free: int) -> None:
        self.free = self.least = free
        self.asked = 0

    def free_bytes(self, folder: int) -> int:
        del folder
        self.asked += 1
        return self.free

    def write(self, file: int, chunk: bytes, *, name: str) -> None:
        super().write(file, chunk, name=name)
        self.free -= len(chunk)
        self.least = min(self.least, self.free)


class Meddling(Calls):
    """Does something of its own right before the first call of one kind."""

    def __init__(self, call: str, act: Callable[[], object]) -> None:
        self.call = call
        self.act: Callable[[], object] | None = act

    def before(self, call: str, name: str) -> None:  # noqa: ARG002
        if call == self.call and self.act is not None:
            act, self.act = self.act, None
            act()


def a_disk(root: Path, calls: Calls | None = None, **files: str) -> Disk:
    """Return a prepared disk; *files* are put into the folder `Item`."""
    root.mkdir(exist_ok=True)
    Disk(root, clock=StillClock()).prepare()
    disk = Disk(root, clock=StillClock(), calls=calls)
    for name, content in files.items():
        put(root, f"Item/{name}", content)
    return disk


def put(root: Path, path: str, content: str) -> None:
    """Write a file as a user would."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def seen(disk: Disk, path: str) -> FileStat:
    """Return the stat of a file that is there."""
    stat = disk.stat(path)
    assert stat is not None
    return stat


def in_trash(disk: Disk) -> list[tuple[str, str]]:
    """Return path and content of what is in the trash."""
    trash = disk.own_path("trash")
    return [(f.path, (trash / f.id).read_text()) for f in disk.trash_list()]


def in_temp(disk: Disk) -> list[str]:
    """Return the names in figsync's temporary folder."""
    return [path.name for path in disk.own_path("tmp").iterdir()]
