"""The calls about accounts, private searches, downloads, and vocabularies."""

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from figsync.sandbox import (
    accounts,
    files,
    index,
    items,
    presigned,
    records,
    vocabulary,
)
from figsync.sandbox.api.calls import (
    acting_account,
    admin_account,
    check_window,
    json_body,
    paging,
    private_rows,
    query_values,
    reply,
    shortened,
    world,
)
from figsync.sandbox.api.finding import Listed, find_rows
from figsync.sandbox.api.items import own_item
from figsync.sandbox.api.public import send_zip
from figsync.sandbox.errors import Refused, not_found
from figsync.sandbox.rows import Listing
from figsync.sandbox.storage import check_downloadable, is_open_to_all

routes = Blueprint("account", __name__, url_prefix="/v2")


@routes.get("/account")
def read_account() -> Response:
    """Return whose token it is, and the quota."""
    owner = acting_account()
    with world().reading() as books:
        return reply(records.account(books, owner))


@routes.post("/account/articles/search")
def search_items() -> Response:
    """Return the account's items that a search finds, from an index that lags."""
    owner, wanted = acting_account(), query_values() | json_body()
    pages = paging(wanted)
    cursor = request.headers.get("X-Cursor", "")
    if not cursor:
        check_window(pages)
    entries = index.entries(world(), index.PRIVATE, owner.id)
    listed = Listed(shortened(pages.rows), "created_date", cursor)
    found = find_rows(entries, wanted, listed)
    rows: Listing = [
        records.light(world(), item, is_private=True) | {"project_id": None}
        for item in found.items
    ]
    response = reply(rows)
    if found.cursor:
        response.headers["X-Cursor"] = found.cursor
    return response


@routes.get("/account/articles/<reference>/download")
def download_item(reference: str) -> Response:
    """Return the files of the account's own item as a zip."""
    item = own_item(reference)
    if item.fields["download_disabled"] or world().switches.refuse_downloads:
        raise Refused(403, "Download is disabled for this item", "Forbidden")
    with world().reading() as books:
        return send_zip(files.of_draft(books, item.id))


@routes.get("/file/download/<reference>")
def download_file(reference: str) -> AnyResponse:
    """Redirect to the bytes of a file that is public or the account's own."""
    with world().reading() as books:
        file = files.find(books, reference)
        item = items.get(books, file.item_id)
    if not is_open_to_all(item, file) and acting_account().id != item.account_id:
        raise not_found("file")
    check_downloadable(item, file)
    return redirect(presigned.storage_link(world(), file), 302)


@routes.get("/account/licenses")
def list_own_licenses() -> Response:
    """Return the licences that the account may use."""
    acting_account()
    return reply(vocabulary.LICENSES)


@routes.get("/licenses")
def list_licenses() -> Response:
    """Return the licences."""
    return reply(vocabulary.LICENSES)


@routes.get("/account/categories")
def list_own_categories() -> Response:
    """Return the categories that the account may use, with their parents."""
    acting_account()
    return reply([one.as_row() for one in vocabulary.CATEGORIES])


@routes.get("/categories")
def list_categories() -> Response:
    """Return the categories that can be chosen."""
    leaves = (one for one in vocabulary.CATEGORIES if not one.has_children)
    return reply([one.as_row() for one in leaves])


@routes.get("/item_types")
def list_item_types() -> Response:
    """Return the types an item can have."""
    return reply(vocabulary.item_type_rows())


@routes.post("/account/authors/search")
def search_authors() -> Response:
    """Return the authors whose name contains the words searched for."""
    acting_account()
    words = str(json_body().get("search", ""))
    with world().reading() as books:
        found = accounts.search_authors(books, words)
    return reply([records.author_card(one) for one in found])


@routes.get("/account/authors/<int:author_id>")
def read_author(author_id: int) -> Response:
    """Return one author."""
    acting_account()
    with world().reading() as books:
        found = accounts.authors(books, [author_id])
    if not found:
        raise not_found("author")
    return reply(records.author_card(found[0]))


@routes.get("/account/institution")
def read_institution() -> Response:
    """Return the institution of the account."""
    acting_account()
    return reply({"id": 1, "name": "Sandbox", "domain": "sandbox.invalid"})


@routes.get("/account/institution/accounts")
def list_accounts() -> Response:
    """Return the accounts that an administrator may impersonate."""
    admin_account()
    rows = private_rows()
    with world().reading() as books:
        found = accounts.all_accounts(books)[rows.start : rows.stop]
        return reply([records.short_account(books, one) for one in found])


@routes.get("/account/institution/articles")
def list_institution_items() -> Response:
    """Return the items of all accounts, for an administrator."""
    admin_account()
    wanted = query_values()
    entries = index.entries(world(), index.PRIVATE)
    listed = Listed(private_rows(), "published_date")
    found = find_rows(entries, wanted, listed)
    return reply([records.light(world(), one, is_private=True) for one in found.items])
