"""What the state knows of items: the folder of each, and what Figshare last said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from figsync.model import Mode, RemoteFile, SyncedItem, Unknown
from figsync.state.columns import Row, from_ids, to_ids, to_integer
from figsync.state.connection import Connection


@dataclass(frozen=True, slots=True)
class Observed:
    """An item as Figshare last described it.

    *row_date* is the modified date of the list row that was seen before the record
    was read, "" if unknown; *read_at* is when it was read (POSIX seconds, 0 never).
    """

    item_id: str
    title: str
    row_date: str
    read_at: float
    is_public: bool
    file_count: int
    size: int
    created_date: str
    writable_note: str = ""
    downloadable_note: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """What is known of an item's public version: which files were seen in it.

    *changed* tells that the draft has other files.
    """

    version: int
    file_ids: frozenset[str]
    changed: bool


_ABOUT_AN_ITEM = ("items", "synced_files", "names", "transfers")
_OBSERVATIONS = ("remote_items", "remote_files", "records", "publications")

# What is no text, or no JSON, has no date.
_MODIFIED = """
SELECT item_id, json_extract(record, '$.modified_date') FROM records
WHERE typeof(record) = 'text' AND json_valid(record)
"""


class Items:
    """Synced items, and the observations of remote ones."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._loaded: tuple[object, dict[str, SyncedItem]] = (None, {})

    def all(self) -> dict[str, SyncedItem]:
        """Return the synced items by item id; StateDamaged if a row was altered."""
        # A cycle asks several times, and there may be thousands.
        before, items = self._loaded
        now = self._db.version("items")
        if before != now:
            found = self._db.load("items", _synced_item)
            items = {item.item_id: item for item in found}
            # What a transaction wrote may be undone.
            if not self._db.is_writing:
                self._loaded = now, items
        return dict(items)

    def find(self, item_id: str) -> SyncedItem | None:
        """Return one synced item, None if there is none; StateDamaged as `all`."""
        found = self._db.load("items", _synced_item, "WHERE item_id = ?", item_id)
        return found[0] if found else None

    def save(self, item: SyncedItem) -> None:
        row = (
            item.item_id,
            item.folder,
            to_integer(item.inode),
            item.title,
            item.mode.value,
            item.named_by_user,
        )
        self._db.save("items", [row])

    def drop(self, item_id: str) -> None:
        """Forget the item and all that is stored about it, history aside."""
        with self._db.writing():
            for table in _ABOUT_AN_ITEM:
                self._db.write(f"DELETE FROM {table} WHERE item_id = ?", item_id)
            self.forget_observation(item_id)
            self._db.write(
                "DELETE FROM absences WHERE (scope = 'items' AND name = ?)"
                " OR substr(scope, instr(scope, ':') + 1) = ?",
                item_id,
                item_id,
            )

    def observed(self) -> dict[str, Observed]:
        """Return the observed items by item id."""
        found = self._db.load("remote_items", _observed)
        return {observed.item_id: observed for observed in found}

    def observed_ids(self) -> frozenset[str]:
        """Return the ids of the observed items."""
        rows = self._db.rows("SELECT item_id FROM remote_items")
        return frozenset(item_id for (item_id,) in rows)

    def observe(
        self,
        observed: Observed,
        record: bytes | None,
        files: Sequence[RemoteFile] | None,
    ) -> None:
        """Store what Figshare said of an item, its *record* and its complete *files*.

        None keeps what is stored; upload secrets in the record are blanked already.
        """
        with self._db.writing():
            self._db.save("remote_items", [_observed_row(observed)])
            if record is not None:
                self._db.save("records", [(observed.item_id, _readable(record))])
            if files is not None:
                self._save_remote_files(observed.item_id, files)

    def invalidate(self, item_id: str) -> None:
        """Have the item read again in the next cycle: figsync is changing it."""
        of_item = "WHERE item_id = ?"
        seen = self._db.load("remote_items", _observed, of_item, item_id)
        unread = [_observed_row(replace(row, read_at=0.0)) for row in seen]
        self._db.save("remote_items", unread)

    def forget_observation(self, item_id: str) -> None:
        """Drop what Figshare said of the item: its record is to be read again."""
        with self._db.writing():
            for table in _OBSERVATIONS:
                self._db.write(f"DELETE FROM {table} WHERE item_id = ?", item_id)

    def record(self, item_id: str) -> bytes:
        """Return the record, byte for byte as it was given, or b""."""
        found = self._db.load("records", _record, "WHERE item_id = ?", item_id)
        return found[0] if found else b""

    def modified_dates(self) -> dict[str, str]:
        """Return the `modified_date` of each record that states one."""
        told = self._db.rows(_MODIFIED)
        return {item_id: date for item_id, date in told if isinstance(date, str)}

    def remote_files(self, item_id: str) -> tuple[RemoteFile, ...]:
        """Return the records last observed in the item, ordered by path."""
        which = "WHERE item_id = ? ORDER BY path, file_id"
        return tuple(self._db.load("remote_files", _remote_file, which, item_id))

    def publication(self, item_id: str) -> Publication | None:
        """Return what is known of the item's public version, None if nothing."""
        which = "WHERE item_id = ?"
        found = self._db.load("publications", _publication, which, item_id)
        return found[0][1] if found else None

    def save_publication(self, item_id: str, known: Publication | None) -> None:
        if known is None:
            self._db.write("DELETE FROM publications WHERE item_id = ?", item_id)
            return
        row = item_id, known.version, to_ids(known.file_ids), int(known.changed)
        self._db.save("publications", [row])

    def changed_since_publication(self) -> list[str]:
        """Return the ids of the public items whose draft has other files."""
        found = self._db.load("publications", _publication)
        return [item_id for item_id, known in found if known.changed]

    def _save_remote_files(self, item_id: str, files: Sequence[RemoteFile]) -> None:
        self._db.write("DELETE FROM remote_files WHERE item_id = ?", item_id)
        self._db.save("remote_files", [_remote_row(item_id, file) for file in files])


def _synced_item(row: Row) -> SyncedItem:
    item_id, folder, inode, title, mode, named = row
    return SyncedItem(item_id, folder, int(inode), title, Mode(mode), bool(named))


def _publication(row: Row) -> tuple[str, Publication]:
    item_id, version, file_ids, changed = row
    return item_id, Publication(version, from_ids(file_ids), bool(changed))


def _observed_row(seen: Observed) -> Row:
    return (
        seen.item_id,
        seen.title,
        seen.row_date,
        float(seen.read_at),
        seen.is_public,
        seen.file_count,
        seen.size,
        seen.created_date,
        seen.writable_note,
        seen.downloadable_note,
    )


def _observed(row: Row) -> Observed:
    item_id, title, row_date, read_at, is_public, *rest = row
    return Observed(item_id, title, row_date, read_at, bool(is_public), *rest)


def _record(row: Row) -> bytes:
    _, record = row
    return record.encode() if isinstance(record, str) else bytes(record)


def _readable(record: bytes) -> str | bytes:
    # Text is what a person can read, and json_extract() query, in a browser.
    try:
        return record.decode()
    except UnicodeDecodeError:
        return record


def _remote_row(item_id: str, file: RemoteFile) -> Row:
    # The name of an Unknown is stored: its sentence may be reworded.
    return (
        item_id,
        file.path,
        file.file_id,
        file.size,
        file.md5,
        file.folder,
        file.name,
        file.unknown.name if file.unknown else "",
        file.link,
        file.download_url,
    )


def _remote_file(row: Row) -> RemoteFile:
    _, path, file_id, size, md5, folder, name, unknown, link, download_url = row
    return RemoteFile(
        path,
        file_id,
        size,
        md5,
        folder,
        name,
        Unknown[unknown] if unknown else None,
        link,
        download_url,
    )
