"""One process per mirror: the lock lies in the mirror, where all of them meet."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from figsync.clock import Clock
from figsync.disk import Disk
from figsync.errors import DiskProblem, FigsyncError, MirrorOwned
from figsync.naming import shown

if TYPE_CHECKING:
    from filelock import FileLock

OWNER = "owner.json"
# Locks of other hosts may not show on a network drive, but their heartbeat does.
HEARTBEAT_SECONDS = 600.0
DAEMON = "daemon"
# Tells its own word from that of others: hosts change their names, and in containers
# every process is the first.
_KEY = secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Owner:
    """The living process that owns a mirror; a daemon can be asked at *control*.

    *pid* is 0 where another host owns it, *control* the path of a socket or "".
    """

    pid: int
    is_daemon: bool = False
    control: str = ""


@contextmanager
def locked(disk: Disk, clock: Clock, *, control: str = "") -> Iterator[None]:
    """Own the mirror for a while; MirrorOwned at once if another process does.

    The lock dies with its process, so a dead process's lock is no obstacle.
    With *control* the owner is a daemon that can be asked there.
    """
    root = shown(str(disk.root))
    # Who only looks whether somebody owns it does without the library.
    filelock = import_module("filelock")
    lock: FileLock = filelock.FileLock(disk.own_path("lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as busy:
        raise MirrorOwned(root, _said(disk), _REMEDY) from busy
    except OSError as problem:
        cause = f"its lock can not be taken ({problem.strerror})"
        raise DiskProblem(root, cause, "look at the permissions of .figsync") from None
    try:
        _refuse_other_host(disk, clock, root)
        _say(disk, clock, {"role": DAEMON, "control": control} if control else {})
        with _resigning(disk):
            yield
    finally:
        lock.release()


@contextmanager
def _resigning(disk: Disk) -> Iterator[None]:
    """Say at the end, whether good or bad, that nobody owns the mirror."""
    try:
        yield
    except Exception:
        with suppress(FigsyncError):
            _resign(disk)
        raise
    _resign(disk)


def _resign(disk: Disk) -> None:
    if _is_own(_owner(disk)):
        disk.write_own(OWNER, b"{}")


def _is_own(said: Mapping[str, object]) -> bool:
    return said.get("key") == _KEY


_REMEDY = "wait until it is done, or stop it"


def beat(disk: Disk, clock: Clock) -> None:
    """Say that this process, the owner, is alive, for other hosts on a network drive.

    What it said of itself when it took the lock stays said.  MirrorOwned if another
    one says that now: locks are lost while a computer sleeps, and none is held on a
    copy that took the place of the root.
    """
    said = _owner(disk)
    if said and not _is_own(said):
        raise MirrorOwned(shown(str(disk.root)), _said(disk), _REMEDY)
    kept = ("role", "control")
    _say(disk, clock, {key: said[key] for key in kept if key in said})


def _say(disk: Disk, clock: Clock, more: dict[str, object]) -> None:
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "at": clock.now()}
    disk.write_own(OWNER, json.dumps(owner | {"key": _KEY} | more).encode())


def is_owned(disk: Disk, clock: Clock) -> bool:
    """Tell whether a living process owns the mirror, as far as its word goes."""
    return living_owner(disk, clock) is not None


def living_owner(disk: Disk, clock: Clock) -> Owner | None:
    """Return the living process that says it owns the mirror, None if there is none.

    The lock itself is left alone: asking for it could turn away who wants it.  What
    can not be read says nothing.
    """
    try:
        owner = _owner(disk) if disk.own_path(OWNER).is_file() else {}
    except (OSError, FigsyncError):
        return None
    pid, at = owner.get("pid"), owner.get("at")
    if not isinstance(pid, int) or not isinstance(at, int | float):
        return None
    if owner.get("host") != socket.gethostname():
        return Owner(0) if 0 <= clock.now() - at < HEARTBEAT_SECONDS else None
    control = owner.get("control")
    is_daemon = owner.get("role") == DAEMON
    found = Owner(pid, is_daemon, control if isinstance(control, str) else "")
    return found if _is_alive(pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _refuse_other_host(disk: Disk, clock: Clock, root: str) -> None:
    owner = _owner(disk)
    host, at = owner.get("host"), owner.get("at")
    if not host or host == socket.gethostname() or not isinstance(at, int | float):
        return
    if 0 <= clock.now() - at < HEARTBEAT_SECONDS:
        raise MirrorOwned(root, _said(disk), _REMEDY)


def _owner(disk: Disk) -> dict[str, object]:
    try:
        owner = json.loads(disk.read_own(OWNER) or b"{}")
    except ValueError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _said(disk: Disk) -> str:
    owner = _owner(disk)
    if not owner.get("pid"):
        return "another figsync works on this mirror"
    return f"another figsync (process {owner['pid']} on {owner['host']}) works on it"
