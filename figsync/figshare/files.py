"""Files of an item: their list, their folders, one record, a deletion."""

from __future__ import annotations

from dataclasses import dataclass, replace

from figsync.errors import NotFound, Refused
from figsync.figshare.ask import DONE, JSON_COMES, Ask
from figsync.figshare.items import ItemCalls
from figsync.figshare.paging import PAGE_SIZE, Listing, Page, read_listing
from figsync.figshare.records import (
    FileRecord,
    Item,
    decode_file,
    decode_files,
)

# The record's `files` is cut there (official contract since 2025).
FILES_IN_RECORD = 10


@dataclass(frozen=True, slots=True)
class ItemFiles:
    """An item with its files, each with its folder.

    *files* is None when nobody may know them. Only when *complete* does a file that
    is not in it count as missing; when *whole* there is no sign of another one.
    """

    item: Item
    files: tuple[FileRecord, ...] | None
    complete: bool
    whole: bool = True


class FileCalls(ItemCalls):
    """What can be asked and done about the files of an item."""

    def list_files(self, item_id: str, *, confirm: bool = False) -> Listing[FileRecord]:
        """Return the files of an item, without their folders."""

        def fetch(number: int) -> Page[FileRecord]:
            return self._files_page(item_id, number)

        return read_listing(fetch, confirm=confirm)

    def read_files(
        self, item_id: str, *, expect_many: bool = False, confirm: bool = False
    ) -> ItemFiles:
        """Return record and files of an item so that the two agree.

        Below ten files the record alone is one consistent answer. Above, the list
        comes first and the record after it, so that no file is without its folder;
        with *expect_many* the record is not tried alone before. A record from before
        the list is enough if its size, and every file that it names, say that nothing
        came or went in between.
        """
        item = None if expect_many else self.read_item(item_id)
        if item is not None and (alone := _from_record(item)) is not None:
            return alone
        listing = self._list_if_allowed(item_id, confirm=confirm)
        if item is not None and listing is not None and item.size is not None:
            found = _together(item, listing.rows, listed=listing.complete)
            if found.whole:
                return found
        item = self.read_item(item_id)
        if listing is None:
            return ItemFiles(item, None, complete=False, whole=False)
        return _together(item, listing.rows, listed=listing.complete)

    def read_file(self, item_id: str, file_id: str) -> FileRecord:
        """Return a file's record, without its folder; NotFound when there is none."""
        ask = self._about_file("GET", item_id, file_id)
        return decode_file(self.call(ask).content, file_id, subject=ask.subject)

    def file_exists(self, item_id: str, file_id: str) -> bool:
        """Say whether the API knows the file; raise when it can not be told."""
        try:
            self.read_file(item_id, file_id)
        except NotFound:
            return False
        return True

    def delete_file(self, item_id: str, file_id: str) -> None:
        """Delete a file's record, whatever its status; one that is gone is fine."""
        try:
            self.call(self._about_file("DELETE", item_id, file_id, success=DONE))
        except NotFound:
            return

    def _about_file(
        self,
        method: str,
        item_id: str,
        file_id: str,
        *,
        success: frozenset[int] = JSON_COMES,
    ) -> Ask:
        return Ask(
            method=method,
            url=self.url("account", "articles", item_id, "files", file_id),
            subject=f"file {file_id} of item {item_id}",
            success=success,
        )

    def _list_if_allowed(
        self, item_id: str, *, confirm: bool
    ) -> Listing[FileRecord] | None:
        try:
            return self.list_files(item_id, confirm=confirm)
        except Refused:
            return None

    def _files_page(self, item_id: str, number: int) -> Page[FileRecord]:
        ask = Ask(
            method="GET",
            url=self.url("account", "articles", item_id, "files"),
            subject=f"the files of item {item_id}",
            query={"page": number, "page_size": PAGE_SIZE},
        )
        reply = self.call(ask)
        files = decode_files(reply.content, subject=ask.subject)
        return Page(files, reply.server_time)


def _from_record(item: Item) -> ItemFiles | None:
    """Return what the record alone tells, None when the list has to be read."""
    if item.files is None or len(item.files) >= FILES_IN_RECORD:
        return None
    found = _together(item, item.files, listed=True)
    return found if found.complete else None


def _together(item: Item, files: tuple[FileRecord, ...], *, listed: bool) -> ItemFiles:
    folders = item.folder_structure
    placed = tuple(replace(file, folder=folders.get(file.id, "")) for file in files)
    agrees = _agrees(item, placed)
    whole = agrees and (listed or item.size is not None)
    return ItemFiles(item, placed, complete=listed and agrees, whole=whole)


def _agrees(item: Item, files: tuple[FileRecord, ...]) -> bool:
    """Say whether the record knows of no file and no byte that *files* lacks."""
    ids = {file.id for file in files}
    named = {file.id for file in item.files or ()} | set(item.folder_structure)
    return named <= ids and (item.size is None or item.size in _sizes(files))


def _sizes(files: tuple[FileRecord, ...]) -> set[int]:
    """Return what an item of *files* may have as its size.

    Whether a file that is still being uploaded counts is not documented.
    """
    stored = [file for file in files if not file.is_link_only]
    complete = [file for file in stored if file.is_available]
    return {sum(max(0, file.size) for file in some) for some in (stored, complete)}
