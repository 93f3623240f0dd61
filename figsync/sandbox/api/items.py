"""The calls for an account's own items."""

from flask import Blueprint, Response

from figsync.sandbox import embargo, fields, files, items, publishing, records
from figsync.sandbox.api.calls import (
    acting_account,
    admin_account,
    empty,
    json_body,
    located,
    private_rows,
    reply,
    world,
)
from figsync.sandbox.errors import wrong
from figsync.sandbox.rows import Item, Json

routes = Blueprint("items", __name__, url_prefix="/v2/account/articles")


@routes.get("")
def list_items() -> Response:
    """Return a page of the account's items, newest first."""
    owner, rows = acting_account(), private_rows()
    with world().reading() as books:
        found = items.listed(books, owner.id, rows)
    return reply([records.light(world(), item, is_private=True) for item in found])


@routes.post("")
def create_item() -> Response:
    """Make a draft."""
    owner, body = acting_account(), json_body()
    with world().writing() as books:
        parsed = fields.parse_new_item(books, body, owner.author_id)
        item = items.create(books, owner, parsed)
    url = records.item_url(world(), item)
    created: Json = {"location": url, "warnings": []}
    if not world().switches.uuid_ids:
        created["entity_id"] = item.id
    return located(url, 201, created)


@routes.get("/<reference>")
def read_item(reference: str) -> Response:
    """Return the draft, or the editable copy of a public item."""
    item = own_item(reference)
    with world().reading() as books:
        shown = records.Shown(item, files.of_draft(books, item.id), is_private=True)
        return reply(records.complete(books, shown))


@routes.put("/<reference>")
@routes.patch("/<reference>")
def edit_item(reference: str) -> Response:
    """Change the fields that are present in the body."""
    item, body = own_item(reference), json_body()
    with world().writing() as books:
        item = items.get(books, item.id)
        parsed = fields.parse_fields(books, body)
        items.edit(books, item, parsed)
    return located(records.item_url(world(), item), 205)


@routes.delete("/<reference>")
def delete_item(reference: str) -> Response:
    """Delete a draft."""
    item = own_item(reference)
    with world().writing() as books:
        items.delete(books, items.get(books, item.id))
    return empty(204)


@routes.post("/<reference>/publish")
def publish_item(reference: str) -> Response:
    """Publish the draft; the public sees it a little later."""
    item = own_item(reference)
    with world().writing() as books:
        publishing.publish(books, items.get(books, item.id))
    url = records.public_url(world(), item)
    return located(url, 201, {"location": url})


@routes.post("/<reference>/unpublish")
def unpublish_item(reference: str) -> Response:
    """Make a public item a draft again, as an administrator only."""
    admin_account()
    body = json_body()
    if not 5 <= len(str(body.get("reason", ""))) <= 500:
        raise wrong("reason must have 5 to 500 characters")
    item = own_item(reference)
    with world().writing() as books:
        publishing.unpublish(books, items.get(books, item.id))
    return empty(204)


@routes.post("/<reference>/reserve_doi")
def reserve_doi(reference: str) -> Response:
    """Give the item a DOI before it is published."""
    item = own_item(reference)
    doi = item.fields["doi"] or f"{publishing.DOI_PREFIX}.{item.id}"
    return _reserved(item, {"doi": doi})


@routes.post("/<reference>/reserve_handle")
def reserve_handle(reference: str) -> Response:
    """Give the item a handle before it is published."""
    item = own_item(reference)
    handle = item.fields["handle"] or f"11184/figshare.{item.id}"
    return _reserved(item, {"handle": handle})


@routes.get("/<reference>/embargo")
def read_embargo(reference: str) -> Response:
    """Return the embargo of an item."""
    return reply(embargo.embargo_fields(own_item(reference).fields, world().now()))


@routes.put("/<reference>/embargo")
def set_embargo(reference: str) -> Response:
    """Set, change or lift the embargo of an item."""
    item = own_item(reference)
    with world().reading() as books:
        has_files = bool(files.of_draft(books, item.id, range(1)))
    terms = embargo.parse_embargo(json_body(), has_files=has_files)
    _set_embargo(item, terms)
    return located(records.item_url(world(), item), 205)


@routes.delete("/<reference>/embargo")
def lift_embargo(reference: str) -> Response:
    """Lift the embargo of an item."""
    _set_embargo(own_item(reference), None)
    return empty(204)


@routes.get("/<reference>/confidentiality")
def read_confidentiality(reference: str) -> Response:
    """Return whether an item is confidential, and why."""
    reason = own_item(reference).fields["confidential"]
    return reply({"is_confidential": reason is not None, "reason": reason or ""})


@routes.put("/<reference>/confidentiality")
def set_confidentiality(reference: str) -> Response:
    """Make an item confidential."""
    item, reason = own_item(reference), json_body().get("reason")
    if not isinstance(reason, str):
        raise wrong("reason must be a string")
    _edit(item, {"confidential": reason})
    return located(records.item_url(world(), item), 205)


@routes.delete("/<reference>/confidentiality")
def lift_confidentiality(reference: str) -> Response:
    """Make an item no longer confidential."""
    _edit(own_item(reference), {"confidential": None})
    return empty(204)


def own_item(reference: str) -> Item:
    """Return an item of the account; a publication that was waiting may happen."""
    owner = acting_account()
    with world().reading() as books:
        item = items.find_own(books, owner, reference)
    publishing.settle(world(), item.id)
    with world().reading() as books:
        return items.get(books, item.id)


def _edit(item: Item, changes: Json) -> None:
    with world().writing() as books:
        items.edit(books, items.get(books, item.id), changes)


def _reserved(item: Item, reserved: Json) -> Response:
    _edit(item, reserved)
    return reply(reserved)


def _set_embargo(item: Item, terms: Json | None) -> None:
    with world().writing() as books:
        kept = items.edit(books, items.get(books, item.id), {"embargo": terms})
        publishing.embargo_changed(books, kept)
