"""Renames that lose nothing: a new name taken, two files swapped, also on poor disks.

Linux can refuse to replace and can swap in one instant (`renameat2`);
NFS has only hard links, exFAT not even those.
"""

from __future__ import annotations

import errno
import os
from io import FileIO

from figsync.disk.calls import LACKING, Calls
from figsync.disk.problems import stale
from figsync.disk.values import CHUNK, READ, Place, look
from figsync.errors import Stale
from figsync.model import FileStat

_NO_LINKS = LACKING | {errno.EPERM, errno.EMLINK}


def take_name(calls: Calls, old: Place, new: Place) -> None:
    """Rename to a new name; FileExistsError, and nothing changed, when it is taken."""
    try:
        calls.rename_new(old, new)
    except OSError as error:
        if error.errno not in LACKING:
            raise
        _take_name_by_link(calls, old, new)


def _take_name_by_link(calls: Calls, old: Place, new: Place) -> None:
    try:
        calls.link(old, new)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Folders have no hard links either: looking first is the best that is left.
        if look(new) is not None:
            raise FileExistsError(errno.EEXIST, "taken", new.name) from error
        calls.rename(old, new)
    else:
        calls.unlink(old)


def swap(
    calls: Calls, staged: Place, target: Place, *, spare: Place
) -> FileStat | None:
    """Put *staged* at *target*, what was there at *staged*; return what came out.

    At no instant is *target* without a file. *spare* is a free name.
    When it fails, *target* is as it was and the new bytes are at *spare*.
    """
    try:
        calls.exchange(staged, target)
    except OSError as error:
        calls.rename(staged, spare)
        if error.errno not in LACKING:
            raise
        return _swap_by_link(calls, staged, target, spare)
    return look(staged)


def _swap_by_link(calls: Calls, staged: Place, target: Place, spare: Place) -> FileStat:
    seen = look(target)
    if seen is None:
        raise FileNotFoundError(errno.ENOENT, "gone", target.name)
    _duplicate(calls, target, staged, spare=spare)
    try:
        now = look(target)
        if now is None or not now.same_file(seen):
            raise stale(target.name)
        calls.rename(spare, target)
    except (OSError, Stale):
        calls.unlink(staged)
        raise
    return now


def _duplicate(calls: Calls, file: Place, copy: Place, *, spare: Place) -> None:
    """Give *file* a second name, or its bytes where the disk knows no second names.

    The bytes are written beside *spare* first: no name ever holds half of them.
    """
    try:
        calls.link(file, copy)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        beside = Place(spare.folder, f"{spare.name}-copy")
        _copy(calls, file, beside)
        try:
            take_name(calls, beside, copy)
        except OSError:
            calls.unlink(beside)
            raise


def _copy(calls: Calls, file: Place, copy: Place) -> None:
    with FileIO(os.open(file.name, READ, dir_fd=file.folder)) as source:
        sink = calls.create(copy)
        try:
            while chunk := source.read(CHUNK):
                calls.write(sink, chunk, name=copy.name)
            calls.sync(sink, name=copy.name)
        except OSError:
            calls.unlink(copy)
            raise
        finally:
            os.close(sink)
