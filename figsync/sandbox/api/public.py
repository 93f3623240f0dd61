"""The calls that anybody may make: public items, their versions and files."""

from flask import Blueprint, Response, request

from figsync.sandbox import (
    embargo,
    files,
    index,
    items,
    presigned,
    publishing,
    records,
    zips,
)
from figsync.sandbox.api.calls import (
    check_window,
    json_body,
    paging,
    query_values,
    reply,
    shortened,
    world,
)
from figsync.sandbox.api.finding import Listed, find_rows
from figsync.sandbox.errors import Refused
from figsync.sandbox.rows import File, Item, Json
from figsync.sandbox.rows import Version as ItemVersion
from figsync.sandbox.storage import send_zipped

routes = Blueprint("public", __name__, url_prefix="/v2/articles")


@routes.get("")
def list_public() -> Response:
    """Return a page of the public items."""
    return _found(query_values(), "published_date")


@routes.post("/search")
def search_public() -> Response:
    """Return the public items that a search finds."""
    return _found(query_values() | json_body(), "created_date")


@routes.get("/<reference>")
def read_public(reference: str) -> Response:
    """Return the latest version of a public item."""
    return reply(_record(*_version(reference)))


@routes.get("/<reference>/versions")
def list_versions(reference: str) -> Response:
    """Return the versions of a public item."""
    item, _ = _version(reference)
    url = records.public_url(world(), item)
    with world().reading() as books:
        known = publishing.versions(books, item.id)
    rows = [
        {"version": one.version, "url": f"{url}/versions/{one.version}"}
        for one in known
    ]
    return reply(rows)


@routes.get("/<reference>/versions/<int:number>")
def read_version(reference: str, number: int) -> Response:
    """Return one version of a public item."""
    return reply(_record(*_version(reference, number)))


@routes.get("/<reference>/files")
def list_public_files(reference: str) -> Response:
    """Return a page of the latest version's files."""
    return _file_page(*_version(reference))


@routes.get("/<reference>/versions/<int:number>/files")
def list_version_files(reference: str, number: int) -> Response:
    """Return a page of one version's files."""
    return _file_page(*_version(reference, number))


@routes.get("/<reference>/files/<file_reference>")
def read_public_file(reference: str, file_reference: str) -> Response:
    """Return the record of one file of the latest version."""
    item, version = _version(reference)
    for file in _visible_files(item, version):
        if file_reference in (str(file.id), file.uuid):
            return reply(records.public_file(world(), file))
    raise Refused(404, "File not found", "EntityNotFound")


@routes.get("/<reference>/versions/<int:number>/embargo")
def read_version_embargo(reference: str, number: int) -> Response:
    """Return the embargo of one version."""
    _, version = _version(reference, number)
    return reply(embargo.embargo_fields(version.fields, world().now()))


@routes.get("/<reference>/versions/<int:number>/confidentiality")
def read_version_confidentiality(reference: str, number: int) -> Response:
    """Return whether one version is confidential, and why."""
    reason = _version(reference, number)[1].fields["confidential"]
    return reply({"is_confidential": reason is not None, "reason": reason or ""})


@routes.get("/<reference>/download")
def download_public(reference: str) -> Response:
    """Return the latest version's files as a zip."""
    return _zip(*_version(reference))


@routes.get("/<reference>/versions/<int:number>/download")
def download_version(reference: str, number: int) -> Response:
    """Return one version's files as a zip."""
    return _zip(*_version(reference, number))


def send_zip(found: list[File]) -> Response:
    """Return the files of the query's `folder_path`, or all, as a zip."""
    folder = files.tidy_folder(request.args.get("folder_path", ""))
    ready = [file for file in found if file.status == "available" and not file.link]
    inside = zips.inside(ready, folder)
    if world().switches.zip_by_storage:
        link = presigned.zip_link(world(), [file.id for file in inside])
        return Response(status=302, headers={"Location": link})
    return send_zipped(inside)


def _found(wanted: Json, order: str) -> Response:
    pages = paging(wanted)
    cursor = request.headers.get("X-Cursor", "")
    if not cursor:
        check_window(pages)
    entries = index.entries(world(), index.PUBLIC)
    listed = find_rows(entries, wanted, Listed(shortened(pages.rows), order, cursor))
    response = reply(
        [
            records.light(world(), item, is_private=False) | {"project_id": None}
            if request.method == "POST"
            else records.light(world(), item, is_private=False)
            for item in listed.items
        ]
    )
    if listed.cursor:
        response.headers["X-Cursor"] = listed.cursor
    return response


def _version(reference: str, number: int | None = None) -> tuple[Item, ItemVersion]:
    with world().reading() as books:
        item = items.find(books, reference)
    publishing.settle(world(), item.id)
    with world().reading() as books:
        version = publishing.version(books, item.id, number)
    return records.of_version(item, version), version


def _record(item: Item, version: ItemVersion) -> Json:
    with world().reading() as books:
        found = files.of_ids(books, version.files)
        shown = records.Shown(item, found, is_private=False)
        return records.complete(books, shown)


def _visible_files(item: Item, version: ItemVersion) -> list[File]:
    if embargo.hides_files(item.fields, world().now()):
        return []
    with world().reading() as books:
        return files.of_ids(books, version.files)


def _file_page(item: Item, version: ItemVersion) -> Response:
    pages = paging(query_values())
    window = shortened(pages.rows)
    found = _visible_files(item, version)[window.start : window.stop]
    return reply(records.file_rows(world(), found, is_private=False))


def _zip(item: Item, version: ItemVersion) -> Response:
    if item.fields["download_disabled"] or world().switches.refuse_downloads:
        raise Refused(403, "Download is disabled for this item", "Forbidden")
    return send_zip(_visible_files(item, version))
