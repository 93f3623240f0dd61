"""The three services as WSGI applications, each behind its gate."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from figsync.sandbox import admin, storage, upload
from figsync.sandbox.api import account, files, items, people, public
from figsync.sandbox.api.calls import WORLD, empty, world
from figsync.sandbox.errors import Refused
from figsync.sandbox.gate import Gate
from figsync.sandbox.web import Web
from figsync.sandbox.world import World

_API = (account.routes, items.routes, files.routes, people.routes, public.routes)


def build_services(
    shared: World, web: Callable[[int], Web]
) -> dict[str, WSGIApplication]:
    """Return the applications of the API, of the uploads and of the storage.

    The API's has the administrative calls too, outside of the gate.
    """
    gate = Gate(shared, "api", api_app().wsgi_app)
    services: dict[str, WSGIApplication] = {
        "api": _with_admin(gate, admin.admin_app().wsgi_app),
        "upload": Gate(shared, "upload", _upload_app().wsgi_app),
        "storage": Gate(shared, "storage", _storage_app().wsgi_app),
    }
    things = {WORLD: shared, admin.WEB: web}
    return {name: _knowing(app, things) for name, app in services.items()}


# Compiling its routes is the slowest part of a sandbox, and the same for all.
@cache
def api_app() -> Flask:
    """Return the application of the API without its gate."""
    api = _application(*_API)
    api.register_error_handler(Refused, _json_refusal)
    api.register_error_handler(HTTPException, _json_http_error)
    api.after_request(_tag)
    return api


@cache
def _upload_app() -> Flask:
    app = _application(upload.routes)
    app.register_error_handler(Refused, _empty_refusal)
    app.register_error_handler(HTTPException, _no_route)
    return app


@cache
def _storage_app() -> Flask:
    app = _application(storage.routes)
    app.register_error_handler(Refused, _json_refusal)
    return app


def _application(*blueprints: Blueprint) -> Flask:
    app = Flask(__name__, static_folder=None)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


def _knowing(app: WSGIApplication, things: Mapping[str, object]) -> WSGIApplication:
    """Return *app* with *things* added to the environment of each request."""

    def called(
        environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        return app({**environ, **things}, start_response)

    return called


def _with_admin(
    gate: WSGIApplication, administration: WSGIApplication
) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_admin = environ["PATH_INFO"].startswith("/_admin/")
        chosen = administration if is_admin else gate
        return chosen(environ, start_response)

    return app


def _json_refusal(refusal: Refused) -> Response:
    body = {"message": refusal.message, "code": refusal.code, "data": None}
    return Response(json.dumps(body), refusal.status, mimetype="application/json")


def _json_http_error(error: HTTPException) -> Response:
    code = (error.name or "").replace(" ", "")
    return _json_refusal(Refused(error.code or 500, error.description or "", code))


def _empty_refusal(refusal: Refused) -> Response:
    return empty(refusal.status)


def _no_route(_: HTTPException) -> Response:
    # The upload service is another program, and says so in another way.
    text = f"Cannot {request.method} {request.path}"
    return Response(text, 404, mimetype="text/plain")


def _tag(response: Response) -> Response:
    """Give replies to GET an ETag if that is switched on, and answer 304 to it."""
    is_read = request.method == "GET" and response.status_code == 200
    if is_read and response.is_json and world().switches.etags:
        digest = hashlib.md5(response.get_data(), usedforsecurity=False).hexdigest()
        response.set_etag(digest)
        response.make_conditional(request)
    return response
