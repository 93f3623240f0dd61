"""Files of items: initiated, completed, checked, deleted."""

import json
from dataclasses import dataclass
from posixpath import normpath
from sqlite3 import Row
from urllib.parse import urlsplit

from figsync.sandbox.accounts import used_quota
from figsync.sandbox.errors import Refused, not_found
from figsync.sandbox.rows import PROCESSING, File, Item
from figsync.sandbox.world import Books


@dataclass(frozen=True, slots=True)
class NewFile:
    """What the initiator of an upload says about the file."""

    name: str
    size: int
    md5: str = ""
    folder: str = ""
    link: str = ""


def link_to(url: str) -> NewFile:
    """Return a file that is only a link, named after the last piece of *url*."""
    parts = urlsplit(url)
    return NewFile(
        parts.path.rstrip("/").rpartition("/")[2] or parts.netloc, 0, link=url
    )


def tidy_folder(path: str) -> str:
    """Return *path* as folder structures show it: no slash at either end."""
    return "" if not path.strip("/") else normpath(path).strip("/")


def check_room(books: Books, item: Item, new: NewFile) -> None:
    """Refuse an upload that is empty, too big, or one too many."""
    if new.link:
        return
    switches = books.world.switches
    status = switches.room_refusal_status
    if new.size < 1:
        raise Refused(400, "File size must be greater than 0")
    if 0 < switches.maximum_file_size < new.size:
        raise Refused(status, "File size exceeds the maximum file size", "FileTooLarge")
    if (
        switches.quota
        and sum(used_quota(books, item.account_id)) + new.size > switches.quota
    ):
        raise Refused(status, "Not enough free space in your quota", "QuotaExceeded")
    count = books.execute(
        "SELECT count(*) FROM files WHERE item_id = ? AND in_draft", (item.id,)
    ).fetchone()[0]
    if 0 < switches.files_per_item <= count:
        raise Refused(status, "Maximum number of files reached", "TooManyFiles")


def initiate(books: Books, item: Item, new: NewFile) -> File:
    """Make the record of a file that is going to be uploaded, or that is a link."""
    file_id = _insert(books, item, new)
    if not new.link:
        books.world.blobs.reserve(file_id, new.size)
    return get(books, file_id)


def get(books: Books, file_id: int) -> File:
    """Return the file with that id, which is known to exist."""
    row = books.execute("SELECT * FROM files WHERE id = ?", (file_id,)).fetchone()
    if row is None:
        raise not_found("file")
    return File.of(row)


def find(books: Books, reference: str) -> File:
    """Return the file of an id or UUID; Refused if there is none."""
    number = int(reference) if reference.isascii() and reference.isdigit() else -1
    rows = books.execute(
        "SELECT * FROM files WHERE id = ? OR uuid = ?", (number, reference)
    )
    return _one(rows.fetchone())


def find_in(books: Books, item: Item, reference: str) -> File:
    """Return a file of the item's draft; Refused if it has none of that id."""
    file = find(books, reference)
    if file.item_id != item.id or not file.in_draft:
        raise not_found("file")
    return file


def of_token(books: Books, token: str) -> File:
    """Return the file of an upload token; Refused if there is none."""
    return _one(
        books.execute("SELECT * FROM files WHERE token = ?", (token,)).fetchone()
    )


def of_draft(books: Books, item_id: int, rows: range | None = None) -> list[File]:
    """Return the files of a draft, or these *rows* of their list, oldest first."""
    window = rows if rows is not None else range(1 << 31)
    found = books.execute(
        "SELECT * FROM files WHERE item_id = ? AND in_draft ORDER BY id"
        " LIMIT ? OFFSET ?",
        (item_id, len(window), window.start),
    )
    return [File.of(row) for row in found]


def of_item(books: Books, item_id: int) -> list[File]:
    """Return all files of an item, those that only old versions show included."""
    rows = books.execute("SELECT * FROM files WHERE item_id = ?", (item_id,))
    return [File.of(row) for row in rows]


def of_ids(books: Books, ids: tuple[int, ...]) -> list[File]:
    """Return the files with those ids, oldest first."""
    found = books.execute(
        "SELECT * FROM files WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        (json.dumps(ids),),
    )
    return [File.of(row) for row in found]


def done_parts(books: Books, file: File) -> set[int]:
    """Return the numbers of the parts that are complete."""
    rows = books.execute("SELECT number FROM parts WHERE file_id = ?", (file.id,))
    return {row["number"] for row in rows}


def check_parts(books: Books, file: File) -> None:
    """Refuse an upload of which a part is missing."""
    if len(done_parts(books, file)) < file.part_count:
        raise Refused(400, "The upload is not complete: parts are missing")


def complete(books: Books, file: File, md5: str) -> None:
    """Begin the check of an uploaded file whose bytes have this *md5*."""
    if file.status != "created":
        return
    check_parts(books, file)
    now = books.world.now()
    books.update(
        "files",
        file.id,
        status=PROCESSING[0],
        true_md5=md5,
        stage_at=now,
        md5_at=now + books.world.switches.md5_delay,
        reads=0,
    )
    books.execute("DELETE FROM parts WHERE file_id = ?", (file.id,))


def arrive(books: Books, file: File, content: bytes) -> None:
    """Make the file available at once with *content*, as if it had been uploaded."""
    books.world.blobs.write(file.id, content)
    md5 = books.world.digests.finish(file.id, file.size)
    books.update("files", file.id, status="available", true_md5=md5, supplied_md5=md5)


def delete(books: Books, file: File) -> None:
    """Take a file out of the draft; its bytes stay while a version shows it."""
    if file.attached:
        books.update("files", file.id, in_draft=False)
        return
    remove(books, file)


def remove(books: Books, file: File) -> None:
    """Forget a file and its bytes."""
    books.execute("DELETE FROM files WHERE id = ?", (file.id,))
    books.execute("DELETE FROM parts WHERE file_id = ?", (file.id,))
    books.world.digests.forget(file.id)
    books.world.blobs.remove(file.id)


def _one(row: Row | None) -> File:
    if row is None:
        raise not_found("file")
    return File.of(row)


def _insert(books: Books, item: Item, new: NewFile) -> int:
    now, switches = books.world.now(), books.world.switches
    return books.insert(
        "files",
        uuid=books.world.new_uuid(),
        item_id=item.id,
        name=new.name,
        folder=tidy_folder(new.folder) if switches.keep_folders else "",
        size=new.size,
        link=new.link,
        supplied_md5=new.md5,
        true_md5="",
        status="available" if new.link else "created",
        token=books.world.new_token(),
        part_size=books.world.part_size,
        stage_at=now,
        md5_at=now,
        reads=0,
        hidden_reads=switches.initiate_404,
        in_draft=True,
        attached=False,
    )
