"""The storage host: presigned links to bytes, and the downloader before it."""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse
from werkzeug.wsgi import wrap_file

from figsync.sandbox import accounts, embargo, files, items, links, presigned, zips
from figsync.sandbox.api.calls import query_values, world
from figsync.sandbox.errors import Refused, not_found
from figsync.sandbox.rows import Account, File, Item
from figsync.sandbox.world import Books

routes = Blueprint("storage", __name__)

# Either end may be missing: from there on, or that many bytes at the end.
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@routes.get(
    f"/{presigned.BUCKET}/<int:file_id>/<name>", provide_automatic_options=False
)
def read_bytes(file_id: int, name: str) -> Response:
    """Return the bytes behind a presigned link, or an error as XML."""
    refusal = _refusal(str(file_id), name)
    if refusal is not None:
        return refusal
    with world().reading() as books:
        file = files.get(books, file_id)
    return send_bytes(file)


@routes.get(f"/{presigned.BUCKET}/zip/<named>", provide_automatic_options=False)
def read_zip(named: str) -> Response:
    """Return the zip behind a presigned link, or an error as XML."""
    refusal = _refusal(named, "the zip")
    if refusal is not None:
        return refusal
    with world().reading() as books:
        found = files.of_ids(books, tuple(map(int, named.split("-"))))
    return send_zipped(found)


def send_zipped(found: list[File]) -> Response:
    """Return *found* as a zip, made while it is sent: nothing says how long it is."""
    habits = zips.Habits.of(world().switches)
    chunks = zips.zip_chunks(world().blobs, found, habits)
    return Response(chunks, mimetype="application/zip")


def _refusal(of: str, name: str) -> Response | None:
    """Return why a presigned link is not served, None when it is."""
    query = query_values()
    if request.headers.get("Authorization"):
        return _xml(400, "InvalidArgument", "Unsupported Authorization Type")
    if not presigned.is_signed(world(), of, query):
        return _xml(403, "SignatureDoesNotMatch", f"The link to {name} is not signed")
    if request.method == "HEAD":
        # The link is signed for GET alone.
        return _xml(403, "SignatureDoesNotMatch", "The method does not match")
    if presigned.has_expired(world(), query):
        return _xml(403, "AccessDenied", "Request has expired")
    return None


@routes.get("/files/<reference>")
def download(reference: str) -> AnyResponse:
    """Redirect to storage: public files for all, others by token or private link."""
    with world().reading() as books:
        file = files.find(books, reference)
        item = items.get(books, file.item_id)
        check_downloadable(item, file)
        if not _may_download(books, item, file):
            raise Refused(403, "Unauthorized request", "Forbidden")
    if world().switches.downloader_direct and "token" in request.args:
        chunks = world().blobs.chunks(file.id, range(file.size))
        return Response(chunks, mimetype="binary/octet-stream")
    return redirect(presigned.storage_link(world(), file), 302)


def check_downloadable(item: Item, file: File) -> None:
    """Refuse what has no bytes here, or whose bytes nobody may have."""
    if file.link or file.status != "available":
        raise not_found("file")
    if item.fields["download_disabled"] or world().switches.refuse_downloads:
        raise Refused(403, "Download is disabled for this item", "Forbidden")


def is_open_to_all(item: Item, file: File) -> bool:
    """Tell whether anybody may download the file."""
    return file.attached and not embargo.hides_files(item.fields, world().now())


def send_bytes(file: File) -> Response:
    """Return the bytes of a file, or the range of them that is asked for."""
    within = _wanted_range(file.size)
    if within is None:
        return _xml(416, "InvalidRange", "The requested range is not satisfiable")
    is_part = len(within) < file.size
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Type": "binary/octet-stream",
        "ETag": f'"{file.true_md5}"',
        "Content-Length": str(len(within)),
    }
    if is_part:
        headers["Content-Range"] = f"bytes {within.start}-{within.stop - 1}/{file.size}"
    response = Response(status=206 if is_part else 200, headers=headers)
    return _with_body(response, file, within)


def _with_body(response: Response, file: File, within: range) -> Response:
    switches = world().switches
    chunks = world().blobs.chunks(file.id, within)
    if switches.corrupt_download:
        response.response = _corrupted(chunks)
    elif switches.truncate_download or switches.break_download:
        kept = within[: len(within) // 2]
        response.response = world().blobs.chunks(file.id, kept)
        if not switches.break_download:
            response.headers["Content-Length"] = str(len(kept))
    elif len(within) < file.size:
        response.response = chunks
    else:
        blob = world().blobs.path(file.id).open("rb")
        response.response = wrap_file(request.environ, blob, 1 << 18)
        response.direct_passthrough = True
    return response


def _corrupted(chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield bytes([chunk[0] ^ 1]) + chunk[1:]


def _wanted_range(size: int) -> range | None:
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    if match is None or match.groups() == ("", ""):
        return range(size)
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    stop = min(size, int(last) + 1) if last else size
    return range(int(first), stop) if int(first) < stop else None


def _may_download(books: Books, item: Item, file: File) -> bool:
    # The header does not open private files here, only the query does.
    caller = accounts.account_of_token(books, request.args.get("token", ""))
    link = request.args.get("private_link", "")
    return (
        is_open_to_all(item, file)
        or _owns(caller, item)
        or links.opens(books, link, item.id, world().now())
    )


def _owns(caller: Account | None, item: Item) -> bool:
    return caller is not None and caller.id == item.account_id


def _xml(status: int, code: str, message: str) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    )
    return Response(text, status, mimetype="application/xml")
