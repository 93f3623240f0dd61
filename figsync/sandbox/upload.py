"""The upload service: sessions and their parts, no token but the one in the URL."""

import json

from flask import Blueprint, Response, request

from figsync.sandbox import files
from figsync.sandbox.api.calls import empty, world
from figsync.sandbox.blobs import read_chunks
from figsync.sandbox.errors import Refused
from figsync.sandbox.rows import File, Json
from figsync.sandbox.world import Books

routes = Blueprint("upload", __name__, url_prefix="/upload")


@routes.get("/<token>")
def read_session(token: str) -> Response:
    """Return the upload with all its parts, their offsets inclusive."""
    with world().reading() as books:
        file = _open_session(books, token)
        done = files.done_parts(books, file)
    session = {
        "token": file.token,
        "md5": file.supplied_md5,
        "size": file.size,
        "name": f"{file.id}/{file.name}",
        "status": _session_status(file),
        "parts": [_part(file, n, done) for n in range(1, file.part_count + 1)],
    }
    return Response(json.dumps(session), mimetype="application/json")


@routes.put("/<token>")
def put_without_part(token: str) -> Response:
    """Refuse bytes that name no part, as Figshare does, with a text."""
    return Response(f"Cannot PUT /upload/{token}", 404, mimetype="text/plain")


@routes.get("/<token>/<int:number>")
def read_part(token: str, number: int) -> Response:
    """Return one part of the session."""
    with world().reading() as books:
        file = _open_session(books, token)
        done = files.done_parts(books, file)
    _check_number(file, number)
    return Response(json.dumps(_part(file, number, done)), mimetype="application/json")


@routes.put("/<token>/<int:number>")
def put_part(token: str, number: int) -> Response:
    """Take the bytes of a part; only the exact length completes it."""
    with world().reading() as books:
        file = _open_session(books, token)
    _check_number(file, number)
    _check_writable(file)
    if not world().locks.take(file.id, number):
        raise _no(409)
    try:
        return _receive(file, number)
    except FileNotFoundError as exc:
        # The file was deleted while its bytes came.
        raise _no(404) from exc
    finally:
        world().locks.release(file.id, number)


@routes.delete("/<token>/<int:number>")
def reset_part(token: str, number: int) -> Response:
    """Make a part pending again, as long as the upload is not completed."""
    with world().writing() as books:
        file = _open_session(books, token)
        _check_number(file, number)
        _check_writable(file)
        if world().locks.is_held(file.id, number):
            raise _no(409)
        _forget_part(books, file, number)
    return Response("OK", mimetype="text/plain")


def _receive(file: File, number: int) -> Response:
    within = file.part_range(number)
    if request.content_length not in (None, len(within)):
        return _wrong_length()
    with world().writing() as books:
        _forget_part(books, file, number)
    came = _write(file, within)
    if came != len(within) or request.stream.read(1):
        return _wrong_length()
    with world().writing() as books:
        _open_session(books, file.token)
        books.execute("INSERT OR REPLACE INTO parts VALUES (?, ?)", (file.id, number))
        done = files.done_parts(books, file)
    world().digests.advance(file.id, _first_gap(file, done))
    return Response("OK", mimetype="text/plain")


def _write(file: File, within: range) -> int:
    chunks = read_chunks(request.stream, len(within))
    if world().switches.flip_part_byte:
        chunks = (bytes([chunk[0] ^ 1]) + chunk[1:] for chunk in chunks)
    return world().blobs.receive(file.id, within.start, chunks)


def _wrong_length() -> Response:
    # Figshare hangs until it times out; by default ours does not.
    world().clock.wait(world().switches.short_body_seconds)
    return empty(400)


def _forget_part(books: Books, file: File, number: int) -> None:
    where = "WHERE file_id = ? AND number = ?"
    if books.execute(f"DELETE FROM parts {where}", (file.id, number)).rowcount:
        world().digests.forget(file.id)


def _first_gap(file: File, done: set[int]) -> int:
    number = 1
    while number in done:
        number += 1
    return min((number - 1) * file.part_size, file.size)


def _open_session(books: Books, token: str) -> File:
    if world().switches.lose_sessions:
        raise _no(404)
    try:
        return files.of_token(books, token)
    except Refused as exc:
        raise _no(404) from exc


def _check_number(file: File, number: int) -> None:
    if not 1 <= number <= file.part_count:
        raise _no(404)


def _check_writable(file: File) -> None:
    if world().switches.abort_sessions:
        raise _no(404)
    if file.status != "created" or world().switches.lock_parts:
        raise _no(409)


def _session_status(file: File) -> str:
    if world().switches.abort_sessions:
        return "ABORTED"
    return "PENDING" if file.status == "created" else "COMPLETED"


def _part(file: File, number: int, done: set[int]) -> Json:
    within = file.part_range(number)
    is_done = number in done or file.status != "created"
    is_locked = world().locks.is_held(file.id, number) or world().switches.lock_parts
    return {
        "partNo": number,
        "startOffset": within.start,
        "endOffset": within.stop - 1,
        "status": "COMPLETE" if is_done else "PENDING",
        "locked": is_locked,
    }


def _no(status: int) -> Refused:
    return Refused(status, "")
