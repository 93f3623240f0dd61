"""Where the daemon's socket is: in a folder that only its user can enter."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from figsync.errors import DiskProblem
from figsync.naming import shown

# What Linux has room for in the address of a socket, its closing NUL aside.
LONGEST_ADDRESS = 107
SOCKET = "control"
# Where $TMPDIR is too deep for a socket, or is gone; each seat makes its own folder.
SHORT = "/tmp"  # noqa: S108


def control_place(database: Path, environ: Mapping[str, str]) -> Path:
    """Return where the socket of the daemon with this database belongs.

    That is $RUNTIME_DIRECTORY, which systemd makes, else the user's runtime folder,
    else a folder beside the database.
    """
    name = f"{_name(database)}.sock"
    # systemd names several folders with colons; the first one is ours.
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if given.startswith("/"):
        return Path(given) / name
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        return Path(runtime) / "figsync" / name
    return database.parent / "control" / name


def serves(control: str, database: Path) -> bool:
    """Tell whether a socket is that of the daemon with this database."""
    path = Path(control)
    return _name(database) in path.parent.name + path.name


def _name(database: Path) -> str:
    return hashlib.sha256(os.fsencode(database)).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Seat:
    """A socket that listens at *path*; *own_folder* was made for it alone."""

    path: Path
    sock: socket.socket
    own_folder: Path | None = None

    def leave(self) -> None:
        """Close the socket, and take its name away."""
        self.sock.close()
        with suppress(OSError):
            self.path.unlink()
        if self.own_folder is not None:
            shutil.rmtree(self.own_folder, ignore_errors=True)


def take_seat(place: Path) -> Seat:
    """Listen at *place*, or near it where that can not be; DiskProblem if nowhere.

    What a dead daemon left is replaced.  Where a living one listens, where the path
    is too long for a socket, or where the folder is not private to this user, it is
    another path: ask the seat for it.
    """
    if len(os.fsencode(place)) > LONGEST_ADDRESS or not _is_private(place.parent):
        return _elsewhere(place)
    if _is_answered(place):
        place = place.with_name(f"{place.stem}-{os.getpid()}.sock")
        if len(os.fsencode(place)) > LONGEST_ADDRESS:
            return _elsewhere(place)
    with suppress(FileNotFoundError):
        place.unlink()
    return Seat(place, _listening(place))


def _elsewhere(place: Path) -> Seat:
    folder = _temporary_folder(place)
    return Seat(folder / SOCKET, _listening(folder / SOCKET), folder)


def _temporary_folder(place: Path) -> Path:
    """Make a folder of its own for a socket, where its path is short enough."""
    prefix = f"figsync-{place.stem}-"
    with suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix=prefix))
        if len(os.fsencode(folder / SOCKET)) <= LONGEST_ADDRESS:
            return folder
        folder.rmdir()
    try:
        return Path(tempfile.mkdtemp(prefix=prefix, dir=SHORT))
    except OSError as problem:
        raise _unusable(place, problem) from problem


def _is_private(folder: Path) -> bool:
    """Make a folder that only this user can enter; False if it can not be one."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = folder.lstat()
        if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
            return False
        if stat.S_IMODE(seen.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError:
        return False
    return True


def _is_answered(place: Path) -> bool:
    """Tell whether somebody listens there already."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(os.fspath(place))
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


def _listening(place: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(os.fspath(place))
        place.chmod(0o600)
        sock.listen()
        sock.setblocking(False)
    except OSError as problem:
        sock.close()
        raise _unusable(place, problem) from problem
    return sock


def _unusable(place: Path, problem: OSError) -> DiskProblem:
    cause = f"no socket can be made there ({problem.strerror})"
    remedy = "look at the permissions of its folder"
    return DiskProblem(shown(str(place)), cause, remedy)
