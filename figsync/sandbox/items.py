"""Items: made, found, edited, deleted."""

import json

from figsync.sandbox import files, index
from figsync.sandbox.errors import Refused, not_found
from figsync.sandbox.rows import Account, Item, Json
from figsync.sandbox.world import Books


def blank_fields(title: str, author_id: int) -> Json:
    """Return the fields of a fresh draft: its owner is an author already."""
    return {
        "title": title,
        "description": "",
        "tags": [],
        "references": [],
        "related_materials": [],
        "categories": [],
        "authors": [author_id],
        "license": 1,
        "defined_type": 3,
        "custom_fields": {},
        "funding": None,
        "funding_list": [],
        "timeline": {},
        "is_metadata_record": False,
        "metadata_reason": "",
        "download_disabled": False,
        "group_id": None,
        "doi": "",
        "handle": "",
        "resource_doi": None,
        "resource_title": None,
        "embargo": None,
        "confidential": None,
        "curation_status": "",
    }


def create(books: Books, owner: Account, fields: Json) -> Item:
    """Make a draft whose *fields* have at least a title."""
    complete = blank_fields(fields["title"], owner.author_id) | fields
    now = books.world.now()
    item_id = books.insert(
        "items",
        uuid=books.world.new_uuid(),
        account_id=owner.id,
        fields=json.dumps(complete),
        version=0,
        created=now,
        modified=now,
        published=None,
    )
    item = get(books, item_id)
    index.changed(books, item)
    return item


def get(books: Books, item_id: int) -> Item:
    """Return the item with that id, which is known to exist."""
    row = books.execute("SELECT * FROM items WHERE id = ?", (item_id,)).fetchone()
    if row is None:
        raise not_found("article")
    return Item.of(row)


def find(books: Books, reference: str) -> Item:
    """Return the item of an id or UUID; Refused if there is none."""
    rows = books.execute(
        "SELECT * FROM items WHERE id = ? OR uuid = ?", (_number(reference), reference)
    )
    row = rows.fetchone()
    if row is None:
        raise not_found("article")
    return Item.of(row)


def find_own(books: Books, owner: Account, reference: str) -> Item:
    """Return an item of *owner*; somebody else's is refused."""
    item = find(books, reference)
    if item.account_id == owner.id:
        return item
    if books.world.switches.foreign_item_status == 404:
        raise not_found("article")
    raise Refused(403, "You do not have permission to access this article", "Forbidden")


def listed(books: Books, account_id: int, rows: range) -> list[Item]:
    """Return the account's items in these *rows* of its list, newest first."""
    found = books.execute(
        "SELECT * FROM items WHERE account_id = ?"
        " ORDER BY created DESC, id DESC LIMIT ? OFFSET ?",
        (account_id, len(rows), rows.start),
    )
    return [Item.of(row) for row in found]


def edit(books: Books, item: Item, fields: Json) -> Item:
    """Change the draft's *fields*, leaving the others, and return the new item."""
    return touch(books, item.showing(fields=item.fields | fields))


def touch(books: Books, item: Item) -> Item:
    """Keep *item* as the draft, modified now."""
    touched = item.showing(modified=books.world.now())
    books.update(
        "items",
        item.id,
        fields=json.dumps(touched.fields),
        modified=touched.modified,
    )
    index.changed(books, touched)
    return touched


def delete(books: Books, item: Item) -> None:
    """Delete a draft with all its files; a public item is refused."""
    if item.is_public:
        raise Refused(400, "Cannot delete a public article")
    for file in files.of_item(books, item.id):
        files.remove(books, file)
    for table in ("publications", "versions", "private_links"):
        books.execute(f"DELETE FROM {table} WHERE item_id = ?", (item.id,))
    books.execute("DELETE FROM items WHERE id = ?", (item.id,))
    index.gone(books, item)


def _number(reference: str) -> int:
    return int(reference) if reference.isascii() and reference.isdigit() else -1
