"""What the state knows of files: the local tree, the synced tree, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from figsync.model import FileStat, LocalFile, Mode, SyncedFile
from figsync.state.columns import Row, to_integer
from figsync.state.connection import Connection


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A local file as the last scan saw it, without a say of its own.

    *hashed_at* and *seen_at* (when this stat was first seen) are POSIX seconds;
    hashed without an MD5 is one that was left unread for good (0.0: not yet).
    The *file* itself is what a scan of it returns while nothing changes.
    """

    file: LocalFile
    hashed_at: float
    seen_at: float

    @property
    def path(self) -> str:
        return self.file.path

    @property
    def stat(self) -> FileStat:
        return self.file.stat

    @property
    def md5(self) -> str:
        return self.file.md5


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the last scan of an item folder saw, by path.

    *rules* is the fingerprint of the ignore rules that all of it passed, "" if unknown.
    """

    files: dict[str, KnownFile]
    rules: str


class Files:
    """The rows of single files, of remembered names, and of made folders."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def local(self, folder: str) -> dict[str, KnownFile]:
        """Return what the last scan of an item folder saw, by path."""
        found = self._db.load("local_files", _known_file, "WHERE folder = ?", folder)
        return {file.path: file for file in found}

    def scanned(self, folder: str) -> Scanned:
        """Return what the last scan of an item folder saw, and under which rules."""
        rules = self._db.load("scans", _rules, "WHERE folder = ?", folder)
        return Scanned(self.local(folder), rules[0] if rules else "")

    def local_file(self, folder: str, path: str) -> KnownFile | None:
        """Return what the last scan saw of one file, None if it saw none."""
        which = "WHERE folder = ? AND path = ?"
        found = self._db.load("local_files", _known_file, which, folder, path)
        return found[0] if found else None

    def save_local(
        self,
        folder: str,
        seen: Iterable[KnownFile],
        gone: Iterable[str] = (),
        *,
        rules: str = "",
    ) -> None:
        """Store the *seen* files of a folder and drop the *gone* paths.

        With the fingerprint of *rules*, all that is stored then has passed these.
        """
        with self._db.writing():
            self._db.write_many(
                "DELETE FROM local_files WHERE folder = ? AND path = ?",
                [(folder, path) for path in gone],
            )
            self._db.save("local_files", [_local_row(folder, file) for file in seen])
            if rules:
                self._db.save("scans", [(folder, rules)])

    def folders(self) -> set[str]:
        """Return the item folders that have local files stored."""
        return {row[0] for row in self._db.rows(_ALL_FOLDERS)}

    def drop_folder(self, folder: str) -> None:
        """Drop all local files stored for a folder."""
        with self._db.writing():
            self._db.write("DELETE FROM local_files WHERE folder = ?", folder)
            self._db.write("DELETE FROM scans WHERE folder = ?", folder)

    def rename_folder(self, old: str, new: str) -> None:
        """Let *new* have the local files and the made folders stored for *old*."""
        if old == new:
            return
        moved = {path for path in self.made_folders() if _is_within(path, old)}
        files = self.local(old).values()
        with self._db.writing():
            self.drop_folder(new)
            self.drop_folder(old)
            self.save_local(new, files)
            self.drop_made_folders(moved)
            self.add_made_folders(new + path.removeprefix(old) for path in moved)

    def synced(self, item_id: str) -> dict[str, SyncedFile]:
        """Return the synced tree of an item; StateDamaged if a row was altered."""
        of_item = "WHERE item_id = ?"
        files = self._db.load("synced_files", _of_item, of_item, item_id)
        return {file.path: file for _, file in files}

    def synced_file(self, item_id: str, path: str) -> SyncedFile | None:
        """Return what was last agreed on for one path of an item, None if nothing."""
        which = "WHERE item_id = ? AND path = ?"
        found = self._db.load("synced_files", _of_item, which, item_id, path)
        return found[0][1] if found else None

    def synced_after(
        self, item_id: str, path: str, limit: int
    ) -> list[tuple[str, SyncedFile]]:
        """Return the next synced files with the ids of their items, in that order."""
        which = "WHERE (item_id, path) > (?, ?) ORDER BY item_id, path LIMIT ?"
        place = (item_id, path, max(limit, 0))
        return self._db.load("synced_files", _of_item, which, *place)

    def save_synced(self, item_id: str, file: SyncedFile) -> None:
        row = (item_id, file.path, file.file_id, file.md5, file.size)
        self._db.save("synced_files", [row])

    def drop_synced(self, item_id: str, path: str) -> None:
        sql = "DELETE FROM synced_files WHERE item_id = ? AND path = ?"
        self._db.write(sql, item_id, path)

    def synced_total(self) -> int:
        """Return how many files are synced, over all items."""
        return self._db.number("SELECT count(*) FROM synced_files")

    def synced_sizes(self) -> int:
        """Return how many bytes are synced, over all items."""
        return self._db.number("SELECT coalesce(sum(size), 0) FROM synced_files")

    def synced_counts(self) -> dict[str, int]:
        """Return how many files are synced in each item that has any."""
        sql = "SELECT item_id, count(*) FROM synced_files GROUP BY item_id"
        return {item_id: count for item_id, count in self._db.rows(sql)}

    def unsynced(self) -> list[tuple[str, str]]:
        """Return folder and path of the local files that are not what was synced.

        Files of folders that are no item yet are among them, those of excluded items
        are not.
        """
        owners = {
            folder: (item_id, mode)
            for folder, item_id, mode in self._db.rows(
                "SELECT folder, item_id, mode FROM items WHERE folder != ''"
            )
        }
        found: list[tuple[str, str]] = []
        for folder in sorted(self.folders()):
            item_id, mode = owners.get(folder, ("", ""))
            if mode != Mode.EXCLUDED:
                rows = self._db.rows(_UNSYNCED, item_id, folder)
                found += [(folder, path) for (path,) in rows]
        return found

    def copies(self, md5: str) -> list[tuple[str, SyncedFile]]:
        """Return every synced file with that MD5, with the id of its item."""
        return self._db.load("synced_files", _of_item, "WHERE md5 = ?", md5)

    def names(self, item_id: str) -> dict[str, str]:
        """Return the remembered local path for each remote path of an item."""
        pairs = self._db.load("names", _name, "WHERE item_id = ?", item_id)
        return dict(pairs)

    def save_names(self, item_id: str, local_paths: Mapping[str, str]) -> None:
        """Remember these local paths by remote path, in place of the item's others."""
        if self.names(item_id) == dict(local_paths):
            return
        with self._db.writing():
            self._db.write("DELETE FROM names WHERE item_id = ?", item_id)
            self._db.save("names", [(item_id, *pair) for pair in local_paths.items()])

    def add_name(self, item_id: str, remote_path: str, local_path: str) -> None:
        """Remember one local path more, beside the item's others."""
        self._db.save("names", [(item_id, remote_path, local_path)])

    def made_folders(self) -> set[str]:
        """Return the folders, relative to the root, that figsync itself made."""
        return set(self._db.load("made_folders", _only))

    def made_among(self, paths: Iterable[str]) -> list[str]:
        """Return those of *paths*, in their order, that figsync itself made."""
        which = "WHERE path = ?"
        rows = (self._db.load("made_folders", _only, which, path) for path in paths)
        return [path for row in rows for path in row]

    def add_made_folders(self, paths: Iterable[str]) -> None:
        self._db.save("made_folders", [(path,) for path in paths])

    def drop_made_folders(self, paths: Iterable[str]) -> None:
        sql = "DELETE FROM made_folders WHERE path = ?"
        self._db.write_many(sql, [(path,) for path in paths])


# SELECT DISTINCT would read every row; this jumps from folder to folder.
_ALL_FOLDERS = """
WITH RECURSIVE folders (folder) AS (
  SELECT min(folder) FROM local_files
  UNION ALL
  SELECT (SELECT min(folder) FROM local_files WHERE folder > folders.folder)
  FROM folders WHERE folders.folder IS NOT NULL
)
SELECT folder FROM folders WHERE folder IS NOT NULL
"""

# Folder by folder: no index leads from a folder to its item.
_UNSYNCED = """
SELECT local_files.path
FROM local_files
LEFT JOIN synced_files
  ON synced_files.item_id = ? AND synced_files.path = local_files.path
WHERE local_files.folder = ? AND local_files.md5 IS NOT synced_files.md5
"""


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _local_row(folder: str, known: KnownFile) -> Row:
    file = known.file
    return (
        folder,
        file.path,
        file.stat.size,
        to_integer(file.stat.mtime_ns),
        to_integer(file.stat.ctime_ns),
        to_integer(file.stat.inode),
        file.md5,
        float(known.hashed_at),
        float(known.seen_at),
        file.parts,
        file.part_size,
    )


def _known_file(row: Row) -> KnownFile:
    _, path, size, mtime, ctime, inode, md5, hashed_at, seen_at, parts, size_of = row
    stat = FileStat(size, int(mtime), int(ctime), int(inode))
    file = LocalFile(path, stat, md5, None, "", parts, size_of)
    return KnownFile(file, hashed_at, seen_at)


def _rules(row: Row) -> str:
    _, rules = row
    return str(rules)


def _of_item(row: Row) -> tuple[str, SyncedFile]:
    item_id, path, file_id, md5, size = row
    return item_id, SyncedFile(path, file_id, md5, size)


def _name(row: Row) -> tuple[str, str]:
    _, remote_path, local_path = row
    return remote_path, local_path


def _only(row: Row) -> str:
    (path,) = row
    return str(path)
