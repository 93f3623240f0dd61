"""An account's owner at work on the web pages, without HTTP: for tests and demos."""

from collections.abc import Mapping
from typing import Any

from figsync.sandbox import accounts, fields, files, items, publishing, records
from figsync.sandbox.files import NewFile
from figsync.sandbox.progress import shown_md5
from figsync.sandbox.rows import Account, File, Item, Json
from figsync.sandbox.world import Books, World


class Web:
    """What the owner of one account can do; everything happens at once.

    Like real edits these raise the item's `modified_date`, and searches lag.
    """

    def __init__(self, world: World, account_id: int) -> None:
        self._world = world
        self.account_id = account_id

    def create_item(self, title: str, **written: Any) -> int:  # as in the API's body
        """Make a draft with the fields *written* and return its id."""
        body = {"title": title} | written
        with self._world.writing() as books:
            owner = self._owner(books)
            parsed = fields.parse_new_item(books, body, owner.author_id)
            return items.create(books, owner, parsed).id

    def edit_item(self, item_id: int, **written: Any) -> None:  # as in the API's body
        """Change the fields *written*."""
        with self._world.writing() as books:
            parsed = fields.parse_fields(books, written)
            items.edit(books, items.get(books, item_id), parsed)

    def delete_item(self, item_id: int) -> None:
        """Delete a draft; Refused for a public item."""
        with self._world.writing() as books:
            items.delete(books, items.get(books, item_id))

    def add_file(
        self,
        item_id: int,
        name: str,
        content: bytes,
        *,
        folder: str = "",
        md5_delay: float = 0.0,
    ) -> int:
        """Add a file that is available at once; its MD5 shows after *md5_delay*."""
        new = NewFile(name, len(content), folder=folder)
        with self._world.writing() as books:
            item = items.get(books, item_id)
            file_id = _add(books, item, new, content)
            books.update("files", file_id, md5_at=self._world.now() + md5_delay)
            items.touch(books, item)
        return file_id

    def add_files(self, item_id: int, contents: Mapping[str, bytes]) -> list[int]:
        """Add many files at once, each at its path, and return their ids."""
        with self._world.writing() as books:
            item = items.get(books, item_id)
            ids = [
                _add(books, item, _at(path, content), content)
                for path, content in contents.items()
            ]
            items.touch(books, item)
        return ids

    def start_upload(self, item_id: int, new: NewFile) -> int:
        """Begin an upload as another client would, and leave it there."""
        with self._world.writing() as books:
            item = items.get(books, item_id)
            file = files.initiate(books, item, new)
            items.touch(books, item)
        return file.id

    def add_link(self, item_id: int, url: str) -> int:
        """Add a file that is a link to somewhere else."""
        return self.start_upload(item_id, files.link_to(url))

    def delete_file(self, file_id: int) -> None:
        """Take a file out of its item."""
        with self._world.writing() as books:
            file = files.get(books, file_id)
            files.delete(books, file)
            items.touch(books, items.get(books, file.item_id))

    def replace_file(self, file_id: int, content: bytes) -> int:
        """Put other bytes in the place of a file and return the new id."""
        with self._world.writing() as books:
            old = files.get(books, file_id)
            item = items.get(books, old.item_id)
            new = NewFile(old.name, len(content), folder=old.folder)
            new_id = _add(books, item, new, content)
            files.delete(books, old)
            items.touch(books, item)
        return new_id

    def publish(self, item_id: int) -> None:
        """Publish an item at once, filling in what publication demands."""
        with self._world.writing() as books:
            item = items.get(books, item_id)
            given = {"description": item.fields["title"], "tags": ["sandbox"]}
            given["categories"] = [24163]
            missing = {k: v for k, v in given.items() if not item.fields[k]}
            if missing:
                item = items.edit(books, item, missing)
            publishing.publish_now(books, item)

    def item(self, item_id: int) -> Json:
        """Return the private record of an item."""
        with self._world.reading() as books:
            item = items.get(books, item_id)
            shown = records.Shown(item, files.of_draft(books, item_id), is_private=True)
            return records.complete(books, shown)

    def item_ids(self) -> list[int]:
        """Return the ids of the account's items, newest first."""
        with self._world.reading() as books:
            owned = items.listed(books, self.account_id, range(1 << 31))
        return [item.id for item in owned]

    def files(self, item_id: int) -> list[File]:
        """Return the files of the draft, oldest first."""
        with self._world.reading() as books:
            return files.of_draft(books, item_id)

    def tree(self, item_id: int) -> dict[str, bytes]:
        """Return path and content of every available file of the draft."""
        return {
            file.path: self.content(file.id)
            for file in self.files(item_id)
            if file.status == "available" and not file.link
        }

    def content(self, file_id: int) -> bytes:
        """Return the bytes of a file."""
        return self._world.blobs.path(file_id).read_bytes()

    def computed_md5(self, file_id: int) -> str:
        """Return the MD5 that the file's record shows now."""
        with self._world.reading() as books:
            return shown_md5(self._world, files.get(books, file_id))

    def _owner(self, books: Books) -> Account:
        owner = accounts.account(books, self.account_id)
        assert owner is not None
        return owner


def _at(path: str, content: bytes) -> NewFile:
    folder, _, name = path.rpartition("/")
    return NewFile(name, len(content), folder=folder)


def _add(books: Books, item: Item, new: NewFile, content: bytes) -> int:
    file = files.initiate(books, item, new)
    files.arrive(books, file, content)
    return file.id
