"""Errors of the operating system, told as a file, a cause and a next step."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from figsync.errors import DiskProblem, NoRoom, Stale

_ASK = "check its permissions and who owns it"
_NETWORK = "check that the network folder is mounted and answers"

_CAUSES: Mapping[int, tuple[str, str]] = {
    errno.EACCES: ("permission denied", _ASK),
    errno.EPERM: ("the system does not permit it", _ASK),
    errno.EROFS: ("the disk is read-only", "mount it writable"),
    errno.EIO: ("the disk reports an input/output error", "check the disk's health"),
    errno.ENOENT: ("it is not there any more", "the next sync looks again"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "rename that file"),
    errno.EISDIR: ("a folder stands where a file is needed", "rename that folder"),
    errno.ENAMETOOLONG: ("the name is too long for this disk", "shorten it"),
    errno.EFBIG: ("the file is too large for this disk", "use another file system"),
    errno.EMFILE: ("too many files are open", "raise the limit: ulimit -n"),
    errno.EXDEV: (
        "it lies on another disk than the mirror root",
        "keep the whole mirror on one disk",
    ),
    errno.EBUSY: ("something else is using it", "close what uses it"),
    errno.ESTALE: ("the network folder was lost", _NETWORK),
    errno.ENOTCONN: ("the network folder is not connected", _NETWORK),
    errno.ETIMEDOUT: ("the network folder does not answer", _NETWORK),
}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def printable(path: str) -> str:
    """Return *path* on one line, whatever characters are in it."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in path
    )


def problem(path: str, error: OSError) -> DiskProblem:
    """Return what to raise for *error* at *path*."""
    if error.errno in _FULL:
        return NoRoom(printable(path), "no room is left on the disk", "free some space")
    code = error.errno or 0
    cause, remedy = _CAUSES.get(code, (os.strerror(code), "look at the disk"))
    return DiskProblem(printable(path), cause, remedy)


def stale(path: str, cause: str = "it changed since it was looked at") -> Stale:
    """Return what to raise when *path* is not what the plan saw."""
    return Stale(printable(path), cause, "the next sync decides anew")


def linked(path: str) -> DiskProblem:
    """Return what to raise when a symbolic link stands where a folder is needed."""
    cause = "it is a symbolic link, which figsync never follows"
    return DiskProblem(printable(path), cause, "put a folder in its place")


@contextmanager
def denied(path: str) -> Iterator[None]:
    """Translate a permission that is missing beneath into a DiskProblem of *path*."""
    try:
        yield
    except PermissionError as error:
        raise problem(path, error) from error


@contextmanager
def told(path: str) -> Iterator[None]:
    """Translate every error of the operating system beneath into a DiskProblem."""
    try:
        yield
    except OSError as error:
        raise problem(path, error) from error
