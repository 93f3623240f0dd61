"""The calls for the authors, categories and private links of an item."""

from flask import Blueprint, Response

from figsync.sandbox import accounts, fields, items, links, records, vocabulary
from figsync.sandbox.api.calls import (
    empty,
    json_body,
    located,
    private_rows,
    reply,
    world,
)
from figsync.sandbox.api.items import own_item
from figsync.sandbox.errors import Refused, wrong
from figsync.sandbox.rows import Item, Json
from figsync.sandbox.world import Books

routes = Blueprint("people", __name__, url_prefix="/v2/account/articles/<reference>")


@routes.get("/authors")
def list_authors(reference: str) -> Response:
    """Return the authors of an item."""
    item = own_item(reference)
    with world().reading() as books:
        found = accounts.authors(books, item.fields["authors"])
    return reply([records.author(one) for one in found])


@routes.put("/authors")
def replace_authors(reference: str) -> Response:
    """Make the authors sent the only ones."""
    return _change_authors(own_item(reference), keep=False)


@routes.post("/authors")
def add_authors(reference: str) -> Response:
    """Append the authors sent."""
    return _change_authors(own_item(reference), keep=True)


@routes.delete("/authors/<int:author_id>")
def delete_author(reference: str, author_id: int) -> Response:
    """Take an author from an item."""
    return _without(own_item(reference), "authors", author_id)


@routes.get("/categories")
def list_item_categories(reference: str) -> Response:
    """Return the categories of an item."""
    found = map(vocabulary.category, own_item(reference).fields["categories"])
    return reply([one.as_json() for one in found if one])


@routes.put("/categories")
def replace_categories(reference: str) -> Response:
    """Make the categories sent the only ones."""
    return _change_categories(own_item(reference), keep=False)


@routes.post("/categories")
def add_categories(reference: str) -> Response:
    """Append the categories sent."""
    return _change_categories(own_item(reference), keep=True)


@routes.delete("/categories/<int:category_id>")
def delete_category(reference: str, category_id: int) -> Response:
    """Take a category from an item."""
    return _without(own_item(reference), "categories", category_id)


@routes.get("/private_links")
def list_links(reference: str) -> Response:
    """Return the private links to an item."""
    item, rows = own_item(reference), private_rows()
    with world().reading() as books:
        found = links.of_item(books, item)[rows.start : rows.stop]
    return reply([link.as_json(world()) for link in found])


@routes.post("/private_links")
def create_link(reference: str) -> Response:
    """Make a private link to an item."""
    item = own_item(reference)
    with world().writing() as books:
        link = links.create(books, item, json_body())
    url = f"{records.item_url(world(), item)}/private_links/{link.id}"
    created = {
        "location": url,
        "html_location": links.page(world(), link),
        "token": link.token,
    }
    return located(url, 201, created)


@routes.put("/private_links/<link_id>")
def change_link(reference: str, link_id: str) -> Response:
    """Give a private link another expiry."""
    item = own_item(reference)
    with world().writing() as books:
        links.change(books, links.find(books, item, link_id), json_body())
    url = f"{records.item_url(world(), item)}/private_links/{link_id}"
    return located(url, 205)


@routes.delete("/private_links/<link_id>")
def delete_link(reference: str, link_id: str) -> Response:
    """Close a private link."""
    item = own_item(reference)
    with world().writing() as books:
        links.delete(books, links.find(books, item, link_id))
    return empty(204)


def _change_authors(item: Item, *, keep: bool) -> Response:
    body = _with(json_body(), "authors")
    with world().writing() as books:
        present = items.get(books, item.id)
        ids = fields.parse_authors(books, body["authors"])
        _set(books, present, {"authors": ids}, keep=keep)
    return located(f"{records.item_url(world(), item)}/authors", 205)


def _change_categories(item: Item, *, keep: bool) -> Response:
    body = _with(json_body(), "categories")
    ids = fields.parse_categories(world(), body["categories"])
    with world().writing() as books:
        _set(books, items.get(books, item.id), {"categories": ids}, keep=keep)
    return located(f"{records.item_url(world(), item)}/categories", 205)


def _set(books: Books, item: Item, given: dict[str, list[int]], *, keep: bool) -> None:
    changes = {
        name: list(dict.fromkeys([*(item.fields[name] if keep else ()), *ids]))
        for name, ids in given.items()
    }
    items.edit(books, item, changes)


def _without(item: Item, name: str, gone: int) -> Response:
    with world().writing() as books:
        present = items.get(books, item.id)
        if gone not in present.fields[name]:
            raise Refused(404, f"{name} has no ID {gone}", "EntityNotFound")
        left = [one for one in present.fields[name] if one != gone]
        items.edit(books, present, {name: left})
    return empty(204)


def _with(body: Json, name: str) -> Json:
    if name not in body:
        raise wrong(f"{name} is required")
    return body
