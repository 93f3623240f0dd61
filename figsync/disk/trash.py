"""The trash: where every byte goes that a sync removes, and the way back.

`.figsync/trash/<UTC time>/<path in the mirror>`; a trash id is `<UTC time>/<path>`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import PurePosixPath

from figsync.disk.problems import denied, printable, stale, told
from figsync.disk.reader import Reader, never
from figsync.disk.renames import take_name
from figsync.disk.tree import TRASH, refuse_own
from figsync.disk.values import Place, Trashed, look
from figsync.errors import DiskProblem, WrongUsage
from figsync.model import FileStat

_STAMP = "%Y%m%dT%H%M%SZ"
_LONGEST_NAME = 255
_MOST = 10_000


class Trash(Reader):
    """A tree with a trash."""

    def trash(
        self,
        path: str,
        expect: FileStat,
        *,
        md5: str | None = None,
        stop: Callable[[], bool] = never,
    ) -> str:
        """Move a file to the trash and return its trash id, "" if it is gone already.

        Stale, and nothing changed, when it is not *expect*, or when *md5* is given
        and its bytes are others; Interrupted when *stop* says so while they are read.
        """
        refuse_own(path)
        if self.stat(path) is None:
            return ""
        with told(path):
            try:
                with self.at(path) as place:
                    if md5 is not None and self.hash(path, stop=stop).md5 != md5:
                        raise stale(path)
                    return self._trash(place, path, expect)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise stale(path) from error

    def _trash(self, place: Place, path: str, expect: FileStat) -> str:
        if look(place) != expect:
            raise stale(path)
        trashed = self.put_in_trash(place, path)
        with self.at(f"{TRASH}/{trashed}") as there:
            moved = look(there)
            # A save made after the last look is not what was to be trashed.
            if moved is None or not moved.same_file(expect):
                self.take(there, place, path)
                raise stale(path)
            self.calls.sync_folder(there.folder)
        self.calls.sync_folder(place.folder)
        return trashed

    def put_in_trash(self, place: Place, path: str) -> str:
        """Move *place* to the trash as *path*, whatever it is; return its trash id."""
        now = datetime.fromtimestamp(self.clock.now(), UTC).strftime(_STAMP)
        for number in range(1, _MOST):
            stamp = now if number == 1 else f"{now}-{number}"
            try:
                with ExitStack() as stack:
                    with denied(str(self.root / TRASH)):
                        spot = self.at(f"{TRASH}/{stamp}/{path}", [])
                        there = stack.enter_context(spot)
                    take_name(self.calls, place, there)
                    return f"{stamp}/{path}"
            except (FileExistsError, NotADirectoryError):
                continue
        raise _full(path)

    def take(self, old: Place, new: Place, path: str) -> None:
        """Rename *old* to *new*, which is *path*; Stale when that name is taken."""
        try:
            take_name(self.calls, old, new)
        except FileExistsError as error:
            raise stale(path, "something else has this name by now") from error

    def trash_list(self) -> list[Trashed]:
        """Return every file in the trash, oldest first."""
        with told(TRASH):
            return [
                file
                for stamp, when in self._stamps()
                for file in self._trashed(stamp, "", when)
            ]

    def trash_stamps(self, when: float) -> list[str]:
        """Return under which times something came into the trash at *when* or later.

        POSIX, and to the second: the trash keeps no finer time.  Oldest first.
        """
        with told(TRASH):
            return [stamp for stamp, then in self._stamps() if then >= int(when)]

    def trashed_from(self, path: str, stamps: Iterable[str]) -> list[Trashed]:
        """Return the files that came into the trash from *path* under these times."""
        found = []
        with told(path):
            for stamp in stamps:
                seen = self.stat(f"{TRASH}/{stamp}/{path}")
                when = _when(stamp)
                if when is not None and seen is not None and seen.kind == "file":
                    found.append(Trashed(f"{stamp}/{path}", path, when, seen.size))
        return found

    def trash_restore(self, id_or_path: str, to: str | None = None) -> str:
        """Move a file out of the trash and return the path it has now.

        A path means its newest file, the trash id of a folder all that is in it.
        Nothing is overwritten: where *to*, or else the old path, is taken, the name
        gets "(restored)".
        """
        file = self._find(id_or_path)
        wanted = to or file.path
        refuse_own(wanted)
        with told(wanted), self.at(f"{TRASH}/{file.id}") as old:
            path = self._restore(old, wanted)
            self.calls.sync_folder(old.folder)
        self._prune(file.id.rpartition("/")[0])
        return path

    def trash_expire(self, before: float) -> int:
        """Remove for good what got there before *before*, POSIX; return how many."""
        removed = 0
        with told(TRASH):
            for stamp, when in self._stamps():
                if when < before:
                    removed += self._remove(f"{TRASH}/{stamp}")
        return removed

    def _stamps(self) -> list[tuple[str, float]]:
        known = []
        for name, seen in self.entries(TRASH):
            when = _when(name)
            if when is not None and seen is not None and seen.kind == "folder":
                known.append((when, _number(name), name))
        return [(name, when) for when, _, name in sorted(known)]

    def _trashed(self, stamp: str, folder: str, when: float) -> Iterator[Trashed]:
        here = f"{stamp}/{folder}".rstrip("/")
        for name, seen in sorted(self.entries(f"{TRASH}/{here}")):
            path = f"{folder}/{name}".lstrip("/")
            if seen is not None and seen.kind == "folder":
                yield from self._trashed(stamp, path, when)
            else:
                size = 0 if seen is None else seen.size
                yield Trashed(f"{stamp}/{path}", path, when, size)

    def _find(self, id_or_path: str) -> Trashed:
        for file in reversed(self.trash_list()):
            if id_or_path in (file.id, file.path):
                return file
        stamp, _, path = id_or_path.partition("/")
        when = _when(stamp) if path else None
        there = None if when is None else self.stat(f"{TRASH}/{id_or_path}")
        if when is not None and there is not None and there.kind == "folder":
            return Trashed(id_or_path, path, when, 0)
        cause = "it is not in the trash"
        raise WrongUsage(printable(id_or_path), cause, "see: figsync trash list")

    def _restore(self, old: Place, wanted: str) -> str:
        parent, _, name = wanted.rpartition("/")
        with self.folder(parent, []) as folder:
            for number in range(_MOST):
                new = Place(folder, _restored(name, number))
                try:
                    take_name(self.calls, old, new)
                except FileExistsError:
                    continue
                self.calls.sync_folder(folder)
                return f"{parent}/{new.name}".lstrip("/")
        raise _full(wanted)

    def _prune(self, folder: str) -> None:
        while folder:
            try:
                with self.at(f"{TRASH}/{folder}") as place:
                    self.calls.rmdir(place)
            except OSError:
                return
            folder = folder.rpartition("/")[0]

    def _remove(self, folder: str) -> int:
        removed = 0
        for name, seen in self.entries(folder):
            if seen is not None and seen.kind == "folder":
                removed += self._remove(f"{folder}/{name}")
            else:
                with self.at(f"{folder}/{name}") as place:
                    self.calls.unlink(place)
                removed += 1
        with self.at(folder) as place:
            self.calls.rmdir(place)
        return removed


def _full(path: str) -> DiskProblem:
    cause = "no free name was found for it"
    return DiskProblem(printable(path), cause, "look into .figsync/trash")


def _when(stamp: str) -> float | None:
    try:
        then = datetime.strptime(stamp.partition("-")[0], _STAMP)
    except ValueError:
        return None
    return then.replace(tzinfo=UTC).timestamp()


def _number(stamp: str) -> int:
    number = stamp.partition("-")[2]
    return int(number) if number.isdecimal() else 1


def _restored(name: str, number: int) -> str:
    if number == 0:
        return name
    suffix = " (restored)" if number == 1 else f" (restored {number})"
    extension = PurePosixPath(name).suffix
    room = _LONGEST_NAME - len(os.fsencode(suffix + extension))
    stem = os.fsencode(name.removesuffix(extension))[:room]
    return stem.decode(errors="ignore") + suffix + extension
