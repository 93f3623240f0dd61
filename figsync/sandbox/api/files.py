"""The calls for the files of an account's own items, and their download."""

from flask import Blueprint, Response

from figsync.sandbox import files, items, records
from figsync.sandbox.api.calls import (
    empty,
    json_body,
    located,
    private_rows,
    reply,
    whole_number,
    world,
)
from figsync.sandbox.api.items import own_item
from figsync.sandbox.errors import not_found, wrong
from figsync.sandbox.files import NewFile
from figsync.sandbox.rows import File, Item, Json
from figsync.sandbox.world import Books

routes = Blueprint("files", __name__, url_prefix="/v2/account/articles")


@routes.get("/<reference>/files")
def list_files(reference: str) -> Response:
    """Return a page of the files of the draft, oldest first."""
    item, rows = own_item(reference), private_rows()
    with world().reading() as books:
        found = files.of_draft(books, item.id, rows)
    return reply(records.file_rows(world(), found, is_private=True))


@routes.post("/<reference>/files")
def initiate_file(reference: str) -> Response:
    """Begin an upload, or add a link."""
    item, new = own_item(reference), _parse_new_file(json_body())
    with world().writing() as books:
        files.check_room(books, item, new)
        file = files.initiate(books, item, new)
        _touch_item(books, item)
    url = file_url(item, file)
    return located(url, 201, {"location": url})


@routes.get("/<reference>/files/<file_reference>")
def read_file(reference: str, file_reference: str) -> Response:
    """Return a file's record; just initiated it may be missing for an instant."""
    item = own_item(reference)
    with world().reading() as books:
        file = files.find_in(books, item, file_reference)
    if file.hidden_reads:
        with world().writing() as books:
            books.update("files", file.id, hidden_reads=file.hidden_reads - 1)
        raise not_found("file")
    return reply(records.file_rows(world(), [file], is_private=True)[0])


@routes.post("/<reference>/files/<file_reference>")
def complete_file(reference: str, file_reference: str) -> Response:
    """End an upload; its check begins."""
    item = own_item(reference)
    with world().reading() as books:
        file = files.find_in(books, item, file_reference)
        if file.status != "created":
            return empty(202)
        files.check_parts(books, file)
    # The rest of a big file takes a while to hash: nobody shall wait for that.
    md5 = world().digests.finish(file.id, file.size)
    with world().writing() as books:
        files.complete(books, files.find_in(books, item, file_reference), md5)
    return empty(202)


@routes.delete("/<reference>/files/<file_reference>")
def delete_file(reference: str, file_reference: str) -> Response:
    """Take a file out of the draft, in whatever state it is."""
    item = own_item(reference)
    with world().writing() as books:
        files.delete(books, files.find_in(books, item, file_reference))
        _drop_file_embargo(books, item)
        _touch_item(books, item)
    return empty(204)


def file_url(item: Item, file: File) -> str:
    """Return where the owner reads a file's record."""
    return f"{records.item_url(world(), item)}/files/{world().reference(file)}"


def _touch_item(books: Books, item: Item) -> None:
    # Whether Figshare does this is not proven, so it is a switch.
    if world().switches.files_touch_item:
        items.touch(books, items.get(books, item.id))


def _drop_file_embargo(books: Books, item: Item) -> None:
    terms = item.fields["embargo"]
    if (
        terms
        and terms["type"] == "file"
        and not files.of_draft(books, item.id, range(1))
    ):
        items.edit(books, items.get(books, item.id), {"embargo": None})


def _parse_new_file(body: Json) -> NewFile:
    if "link" in body:
        return files.link_to(_text(body, "link"))
    if "name" not in body or "size" not in body:
        raise wrong("name and size are required")
    return NewFile(
        name=_text(body, "name"),
        size=whole_number(body["size"], "size"),
        md5=_text(body, "md5").lower(),
        folder=_text(body, "folder_path"),
    )


def _text(body: Json, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise wrong(f"{name} must be a string")
    return value
