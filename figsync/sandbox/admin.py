"""The administrative calls that only the sandbox has, under `/_admin`."""

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache

from flask import Blueprint, Flask, Response, request

from figsync.sandbox import accounts
from figsync.sandbox.api.calls import empty, json_body, reply, world
from figsync.sandbox.errors import Refused, wrong
from figsync.sandbox.faults import Fault
from figsync.sandbox.rows import Json
from figsync.sandbox.web import Web

# Where the environment of a request has the owners at work.
WEB = "sandbox.web"

routes = Blueprint("admin", __name__, url_prefix="/_admin")


@cache
def admin_app() -> Flask:
    """Return the application of the administrative calls."""
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(routes)
    app.register_error_handler(Refused, _refusal)
    return app


@routes.get("/switches")
def read_switches() -> Response:
    """Return every switch."""
    return reply(world().switches.as_json())


@routes.route("/switches", methods=["PUT", "PATCH", "POST"])
def set_switches() -> Response:
    """Set the switches that are sent, and return all."""
    world().switches.update(json_body())
    return read_switches()


@routes.get("/faults")
def list_faults() -> Response:
    """Return the faults still to come, each with how often it will happen."""
    waiting = world().faults.waiting()
    return reply([asdict(fault) | {"left": left} for fault, left in waiting])


@routes.post("/faults")
def add_fault() -> Response:
    """Let the next matching requests fail."""
    body = json_body()
    try:
        pairs = tuple((name, value) for name, value in body.pop("headers", ()))
        fault = Fault(**body, headers=pairs)
    except (TypeError, ValueError) as exc:
        raise wrong(f"This is no fault: {exc}") from exc
    world().faults.add(fault)
    return reply(asdict(fault), 201)


@routes.delete("/faults")
def clear_faults() -> Response:
    """Let nothing fail any more."""
    world().faults.clear()
    return empty(204)


@routes.get("/log")
def read_log() -> Response:
    """Return all requests."""
    return reply([entry.as_json() for entry in world().log.entries()])


@routes.delete("/log")
def clear_log() -> Response:
    """Forget all requests."""
    world().log.clear()
    return empty(204)


@routes.get("/counters")
def read_counters() -> Response:
    """Return requests and bytes per service."""
    return reply(world().log.counters())


@routes.post("/clock")
def advance_clock() -> Response:
    """Let `advance` seconds pass at once, and return the time."""
    seconds = json_body().get("advance", 0)
    if not isinstance(seconds, (int, float)) or seconds < 0:
        raise wrong("advance must be a number of seconds")
    world().clock.advance(seconds)
    return reply({"now": world().now()})


@routes.post("/accounts")
def add_account() -> Response:
    """Make an account."""
    body = json_body()
    token, is_admin = str(body.get("token", "")), bool(body.get("admin"))
    if not token:
        raise wrong("token is required")
    account_id = accounts.add_account(world(), token, is_admin=is_admin)
    return reply({"id": account_id}, 201)


@routes.get("/items")
def list_items() -> Response:
    """Return the ids of an account's items."""
    return reply(_web().item_ids())


@routes.post("/items")
def create_item() -> Response:
    """Make a draft as its owner would on the web."""
    return reply({"id": _web().create_item(**_written("title"))}, 201)


@routes.get("/items/<int:item_id>")
def read_item(item_id: int) -> Response:
    """Return the private record of an item."""
    return reply(_web().item(item_id))


@routes.patch("/items/<int:item_id>")
def edit_item(item_id: int) -> Response:
    """Edit an item as its owner would on the web."""
    _web().edit_item(item_id, **_written())
    return empty(205)


@routes.delete("/items/<int:item_id>")
def delete_item(item_id: int) -> Response:
    """Delete a draft as its owner would on the web."""
    _web().delete_item(item_id)
    return empty(204)


@routes.post("/items/<int:item_id>/publish")
def publish_item(item_id: int) -> Response:
    """Publish an item at once, filling in what publication demands."""
    _web().publish(item_id)
    return empty(204)


@routes.get("/items/<int:item_id>/files")
def list_files(item_id: int) -> Response:
    """Return the files of the draft."""
    found = _web().files(item_id)
    return reply([asdict(file) | {"path": file.path} for file in found])


@routes.post("/items/<int:item_id>/files")
def add_file(item_id: int) -> Response:
    """Add the body as a file, `name` and `folder` being in the query."""
    name, folder = request.args.get("name", ""), request.args.get("folder", "")
    if not name:
        raise wrong("name is required")
    content = request.get_data()
    return reply({"id": _web().add_file(item_id, name, content, folder=folder)}, 201)


@routes.post("/items/<int:item_id>/links")
def add_link(item_id: int) -> Response:
    """Add a file that is a link."""
    return reply({"id": _web().add_link(item_id, str(_written("link")["link"]))}, 201)


@routes.get("/files/<int:file_id>/content")
def read_content(file_id: int) -> Response:
    """Return the bytes of a file."""
    return Response(_web().content(file_id), mimetype="application/octet-stream")


@routes.put("/files/<int:file_id>")
def replace_file(file_id: int) -> Response:
    """Put the body in the place of a file."""
    return reply({"id": _web().replace_file(file_id, request.get_data())}, 201)


@routes.delete("/files/<int:file_id>")
def delete_file(file_id: int) -> Response:
    """Take a file out of its item."""
    _web().delete_file(file_id)
    return empty(204)


def _web() -> Web:
    """Return the owner at work: the query's `account`, or the first one."""
    web: Callable[[int], Web] = request.environ[WEB]
    return web(int(request.args.get("account", 0)))


def _written(*needed: str) -> Json:
    body = json_body()
    for name in needed:
        if name not in body:
            raise wrong(f"{name} is required")
    return body


def _refusal(refusal: Refused) -> Response:
    body = {"message": refusal.message, "code": refusal.code}
    return Response(json.dumps(body), refusal.status, mimetype="application/json")
