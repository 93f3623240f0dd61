"""One process per mirror: the lock lies in the mirror, where all of them meet."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from figsync.clock import Clock
from figsync.disk import Disk
from figsync.errors import DiskProblem, FigsyncError, MirrorOwned
from figsync.naming import shown

OWNER = "owner.json"
# Locks of other hosts may not show on a network drive, but their heartbeat does.
HEARTBEAT_SECONDS = 600.0


@contextmanager
def locked(disk: Disk, clock: Clock) -> Iterator[None]:
    """Own the mirror for a while; MirrorOwned at once if another process does.

    The lock dies with its process, so a dead process's lock is no obstacle.
    """
    root = shown(str(disk.root))
    lock = FileLock(disk.own_path("lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout as busy:
        raise MirrorOwned(root, _said(disk), _REMEDY) from busy
    except OSError as problem:
        cause = f"its lock can not be taken ({problem.strerror})"
        raise DiskProblem(root, cause, "look at the permissions of .figsync") from None
    try:
        _refuse_other_host(disk, clock, root)
        beat(disk, clock)
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
            disk.write_own(OWNER, b"{}")
        raise
    disk.write_own(OWNER, b"{}")


_REMEDY = "wait until it is done, or stop it"


def beat(disk: Disk, clock: Clock) -> None:
    """Say that this process is alive, for other hosts on a network drive."""
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "at": clock.now()}
    disk.write_own(OWNER, json.dumps(owner).encode())


def is_owned(disk: Disk, clock: Clock) -> bool:
    """Tell whether a living process owns the mirror, as far as its word goes.

    The lock itself is left alone: asking for it could turn away who wants it.
    """
    return bool(_living_owner(disk, clock))


def owner_here(disk: Disk, clock: Clock) -> int | None:
    """Return the living process of this host that owns the mirror, None without one.

    Its word is taken, as in `is_owned`.
    """
    owner = _living_owner(disk, clock)
    pid = owner.get("pid")
    is_here = owner.get("host") == socket.gethostname()
    return pid if is_here and isinstance(pid, int) else None


def _living_owner(disk: Disk, clock: Clock) -> dict[str, object]:
    """Return what the owner said of itself, {} if there is none that lives."""
    if not disk.own_path(OWNER).is_file():
        return {}
    owner = _owner(disk)
    pid, at = owner.get("pid"), owner.get("at")
    if not isinstance(pid, int) or not isinstance(at, int | float):
        return {}
    if owner.get("host") != socket.gethostname():
        is_fresh = 0 <= clock.now() - at < HEARTBEAT_SECONDS
        return owner if is_fresh else {}
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return {}
    except PermissionError:
        return owner
    return owner


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
