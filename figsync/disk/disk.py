"""`Disk`: the mirror on the disk, with figsync's own folder and the items' records."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR

from figsync.disk.calls import LACKING
from figsync.disk.installer import Installer
from figsync.disk.problems import printable, stale, told
from figsync.disk.reader import FOLDERS_AT_ONCE, never, open_regular
from figsync.disk.renames import take_name
from figsync.disk.tree import OWN, RECORD_FOLDER, TEMP, TRASH, refuse_own
from figsync.disk.values import Place, Probe, look
from figsync.errors import DiskProblem, Interrupted
from figsync.model import FileStat

_LARGEST_RECORD = 16 << 20
_MARKER = "marker.json"
_RECORD = "record.json"
_COMPOSED = "\u00e9"
_DECOMPOSED = "e\u0301"


class Disk(Installer):
    """The mirror root and all that figsync may do in it."""

    def prepare(self) -> None:
        """Make figsync's own folder in the root, which only its owner can enter."""
        with told(OWN):
            with self.folder("") as root:
                self._make_missing(Place(root, OWN), 0o700)
            with self.folder(OWN) as here:
                for folder in (TEMP, TRASH):
                    self._make_missing(Place(here, folder.rpartition("/")[2]), 0o700)

    def _make_missing(self, place: Place, mode: int = 0o777) -> None:
        if look(place) is None:
            self.calls.mkdir(place, mode)
            self.calls.sync_folder(place.folder)

    def clear_temp(self) -> int:
        """Remove what an earlier process left half written; only the lock's owner may.

        No person's byte is ever there: what is replaced goes to the trash directly.
        """
        removed = 0
        with told(TEMP):
            for name, seen in self.entries(TEMP):
                with self.at(f"{TEMP}/{name}") as place:
                    if seen is not None and seen.kind == "folder":
                        self.calls.rmdir(place)
                    else:
                        self.calls.unlink(place)
                removed += 1
        return removed

    def own_path(self, name: str) -> Path:
        """Return where *name* is in figsync's own folder: for the lock."""
        return self.root / OWN / name

    def read_own(self, name: str) -> bytes | None:
        """Return a file of figsync's own folder, None if it is not there."""
        return self._read(f"{OWN}/{name}")

    def write_own(self, name: str, content: bytes) -> None:
        """Write a file of figsync's own folder whole."""
        self._write(f"{OWN}/{name}", content)

    def remove_own(self, name: str) -> None:
        """Remove a file of figsync's own folder; it may be gone already."""
        path = f"{OWN}/{name}"
        with told(path), self.at(path) as place, suppress(FileNotFoundError):
            self.calls.unlink(place)

    def read_marker(self) -> dict[str, object] | None:
        """Return what `write_marker` wrote, None if there is no marker.

        A damaged marker is a DiskProblem, never None.
        """
        content = self.read_own(_MARKER)
        if content is None:
            return None
        try:
            marker = json.loads(content)
        except ValueError:
            marker = None
        if isinstance(marker, dict):
            return marker
        remedy = "put back the file from a backup"
        raise DiskProblem(f"{OWN}/{_MARKER}", "the marker is damaged", remedy)

    def write_marker(self, marker: dict[str, object]) -> None:
        """Write the marker that says whose mirror this is."""
        self.write_own(_MARKER, json.dumps(marker, indent=2).encode() + b"\n")

    def read_record(self, folder: str) -> bytes | None:
        """Return the item's record in *folder*, None if there is none.

        DiskProblem when it is above 16 MiB or no file.
        """
        return self._read(_record(folder))

    def record_stats(
        self, folders: Iterable[str], *, stop: Callable[[], bool] = never
    ) -> dict[str, FileStat]:
        """Return what the file system says of the records in *folders* of the root.

        They are folders: one that is a link is followed.  A record that is no file,
        or that can not be looked at, is not among them.
        DiskProblem when the root can not be; Interrupted when *stop* says so.
        """
        found: dict[str, FileStat] = {}
        with told(str(self.root)), self.folder("") as root:
            for number, folder in enumerate(folders, start=1):
                if not number % FOLDERS_AT_ONCE and stop():
                    raise Interrupted("", "stopped while looking into folders")
                seen = _look_at_record(Place(root, folder))
                if seen is not None and seen.kind == "file":
                    found[folder] = seen
        return found

    def write_record(self, folder: str, content: bytes) -> bool:
        """Write the item's record if it differs; return whether it did.

        Stale when *folder* is gone: a record alone never brings a folder back.
        """
        refuse_own(folder)
        if self.read_record(folder) == content:
            return False
        with told(folder):
            try:
                with self.folder(folder) as here:
                    self._make_missing(Place(here, RECORD_FOLDER))
            except (FileNotFoundError, NotADirectoryError) as error:
                raise stale(folder, "this folder is gone") from error
        self._write(_record(folder), content)
        return True

    def set_aside_record(self, folder: str) -> str:
        """Move the item's record to the trash; return its trash id, "" if none."""
        path = _record(folder)
        seen = self.stat(path)
        if seen is None:
            return ""
        trashed = self.trash(path, seen)
        self.remove_empty_folders([f"{folder}/{RECORD_FOLDER}"])
        return trashed

    def _read(self, path: str) -> bytes | None:
        with told(path):
            try:
                with self.at(path) as place, open_regular(place, path) as file:
                    content = file.read(_LARGEST_RECORD + 1)
            except (FileNotFoundError, NotADirectoryError):
                return None
        if len(content) > _LARGEST_RECORD:
            raise DiskProblem(printable(path), "it is far too large", "remove it")
        return content

    def _write(self, path: str, content: bytes) -> None:
        # What is figsync's own is found by nobody who is not told the whole path.
        name = str(self.root / path) if path.startswith(f"{OWN}/") else path
        with told(name), self.temp("own", name) as temp, self.at(path) as place:
            temp.write(content)
            temp.finish()
            self.calls.rename(temp.place, place)
            temp.installed()
            self.calls.sync_folder(place.folder)

    def probe(self) -> Probe:
        """Try what this file system can do, in figsync's own folder."""
        with told(TEMP):
            return Probe(
                case_sensitive=not self._same("case", "CASE"),
                normalises=self._same(_COMPOSED, _DECOMPOSED),
                can_exchange=self._can(self.calls.exchange),
                can_noreplace=self._can(self.calls.rename_new),
            )

    def _same(self, suffix: str, other: str) -> bool:
        """Return whether two names that end so are one name to the file system."""
        with self.temp("probe") as temp:
            folder, name = temp.place
            named = Place(folder, f"{name}-{suffix}")
            take_name(self.calls, temp.place, named)
            found = look(Place(folder, f"{name}-{other}")) is not None
            take_name(self.calls, named, temp.place)
        return found

    def _can(self, rename: Callable[[Place, Place], None]) -> bool:
        with self.temp("probe") as one, self.temp("probe") as other:
            try:
                rename(one.place, other.place)
            except FileExistsError:
                return True
            except OSError as error:
                if error.errno not in LACKING:
                    raise
                return False
        return True


def _record(folder: str) -> str:
    return f"{folder}/{RECORD_FOLDER}/{_RECORD}"


def _look_at_record(place: Place) -> FileStat | None:
    """Return what is at the record of a folder, no link followed; None in doubt."""
    own = f"{place.name}/{RECORD_FOLDER}"
    try:
        inside = os.stat(own, dir_fd=place.folder, follow_symlinks=False)
        if not S_ISDIR(inside.st_mode):
            return None
        return look(Place(place.folder, f"{own}/{_RECORD}"))
    except OSError:
        return None
