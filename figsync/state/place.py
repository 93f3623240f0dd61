"""The database as files on the disk: making it, copying it, setting it aside."""

from __future__ import annotations

import errno
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from figsync.errors import DiskProblem, NoRoom
from figsync.state.connection import Connection, translated
from figsync.state.steps import Steps

APPLICATION = b"figs"  # for file(1), and for telling whose file it is
_MAGIC = b"SQLite format 3\0"
_HEADER, _MARK = 100, 68  # bytes of SQLite's header, and where the mark is in it
_FORMATS = slice(18, 20)
_TABLE = b"CREATE TABLE synced_files"
_STAMP = "%Y-%m-%dT%H%M%SZ"
_ASIDE = re.compile(
    r"\.(?:damaged|before-rebuild)-(\d{4}-[01]\d-[0-3]\dT[0-2]\d[0-5]\d[0-5]\dZ)(?:-\d+)?"
    r"(?:-wal|-shm)?"
)


def make_missing(path: Path, steps: Steps) -> None:
    """Make an empty file only its owner can read, and its folder, where missing."""
    with _disk_problems(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not is_there(path):
            steps.before("make")
            path.touch(mode=0o600, exist_ok=False)
            steps.after("make")


def make_private(path: Path) -> None:
    """Let only the owner of the file read it."""
    with _disk_problems(path):
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def is_marked(path: Path) -> bool:
    """Tell whether the file bears the mark that only figsync's databases have."""
    with _disk_problems(path), path.open("rb") as file:
        return file.read(_HEADER)[_MARK : _MARK + len(APPLICATION)] == APPLICATION


def is_there(path: Path) -> bool:
    """Say whether there is a file; DiskProblem if something else is in its place."""
    with _disk_problems(path):
        if path.exists() and not path.is_file():
            remedy = "name another file as `database` in the section [state]"
            raise DiskProblem(str(path), "it is not an ordinary file", remedy)
        return path.exists()


def has_known_format(path: Path) -> bool:
    """Tell whether SQLite will read and write the file, if it is a database at all.

    A format number that it does not know makes it take the file for a read-only one.
    """
    with _disk_problems(path), path.open("rb") as file:
        head = file.read(_HEADER)
    is_database = len(head) == _HEADER and head.startswith(_MAGIC)
    return not is_database or set(head[_FORMATS]) <= {1, 2}


def is_ours(path: Path) -> bool:
    """Tell whether a file that SQLite can not read was a state of figsync once.

    Its bytes decide: the mark of the application, a table's name (in the log beside
    it, too), or that nothing is in it but a beginning or zeros.  A person's own file
    is not to be taken for one.
    """
    wal = _beside(path, "-wal")
    with _disk_problems(path), path.open("rb") as file:
        head = file.read(_HEADER)
        if len(head) < _HEADER and _MAGIC.startswith(head[: len(_MAGIC)]):
            return True
        if is_marked(path) or _holds_table(path):
            return True
        return _is_zero(file) or (wal.is_file() and _holds_table(wal))


def _holds_table(path: Path) -> bool:
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            if _TABLE in before + chunk:
                return True
            before = chunk[-len(_TABLE) :]
    return False


def _is_zero(file: BinaryIO) -> bool:
    file.seek(0)
    while chunk := file.read(1 << 20):
        if chunk.strip(b"\0"):
            return False
    return True


def copy_to_memory(path: Path) -> Connection:
    """Return a copy of the database that lives in memory, empty if there is none.

    Neither the file nor its folder, `-wal` and `-shm` change.
    """
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if is_there(path):
            _fill(copy, path)
    except BaseException:
        copy.close()
        raise
    return Connection(copy, path)


def _fill(copy: sqlite3.Connection, path: Path) -> None:
    wal, shm = _beside(path, "-wal"), _beside(path, "-shm")
    if not wal.exists():
        # Any other way of opening it would make the two files.
        _back_up(path, "mode=ro&immutable=1", copy)
    elif shm.exists():
        _back_up(path, "mode=ro&readonly_shm=1", copy)
    else:
        with _disk_problems(path), TemporaryDirectory() as folder:
            twin = Path(folder) / "state.db"
            shutil.copyfile(path, twin)
            shutil.copyfile(wal, _beside(twin, "-wal"))
            _back_up(twin, "mode=rw", copy)


def _back_up(path: Path, access: str, copy: sqlite3.Connection) -> None:
    source = Connection.to(path, access)
    try:
        with translated(path):
            source.raw.backup(copy)
    finally:
        source.close()


def set_aside(path: Path, now: float, steps: Steps, *, why: str) -> Path:
    """Rename the database and what belongs to it; return its new name."""
    stamp = datetime.fromtimestamp(now, UTC).strftime(_STAMP)
    with _disk_problems(path):
        aside = _free_name(path, f".{why}-{stamp}")
        # The database goes first: beside a new one, SQLite drops an old -wal.
        for part in ("", "-wal", "-shm"):
            if _beside(path, part).exists():
                steps.before("set aside")
                _beside(path, part).rename(_beside(aside, part))
                steps.after("set aside")
    return aside


def expire_aside(path: Path, before: float) -> list[str]:
    """Remove the databases set aside before a POSIX time; return their names."""
    removed = []
    with _disk_problems(path):
        for found in sorted(path.parent.iterdir()):
            when = _set_aside_at(path, found)
            if when is not None and when < before and found.is_file():
                found.unlink()
                removed.append(found.name)
    return [name for name in removed if not name.endswith(("-wal", "-shm"))]


def _set_aside_at(path: Path, found: Path) -> float | None:
    """Return when a file was set aside, POSIX; None if it never was."""
    name = _ASIDE.fullmatch(found.name.removeprefix(path.name))
    if name is None or not found.name.startswith(path.name):
        return None
    try:
        return datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _free_name(path: Path, ending: str) -> Path:
    name, number = _beside(path, ending), 1
    while name.exists():
        number += 1
        name = _beside(path, f"{ending}-{number}")
    return name


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


@contextmanager
def _disk_problems(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        cause = exc.strerror or str(exc)
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom(str(path), cause, "free some space") from exc
        remedy = "give your user write permission for the file and its folder"
        raise DiskProblem(str(path), f"the state database: {cause}", remedy) from exc
