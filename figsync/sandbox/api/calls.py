"""What every call of the API does first and last: who, what, paging, replies."""

import json
from dataclasses import dataclass

from flask import Response, g, request

from figsync.sandbox import accounts
from figsync.sandbox.errors import Refused, wrong
from figsync.sandbox.rows import Account, Json
from figsync.sandbox.world import World

# Where the environment of a request names the sandbox it is for.
WORLD = "sandbox.world"
WINDOW = 9000
MOST_ON_ONE_PAGE = 1000
MOST_PAGES = 5000


@dataclass(frozen=True, slots=True)
class Paging:
    """Which rows of a list are wanted."""

    rows: range

    @property
    def is_beyond_window(self) -> bool:
        """Tell whether public lists and searches refuse these rows."""
        return self.rows.start >= WINDOW or self.rows.stop > WINDOW


def world() -> World:
    """Return the sandbox that the present request is for."""
    found = request.environ[WORLD]
    assert isinstance(found, World)
    return found


def reply(body: object, status: int = 200) -> Response:
    """Return *body* as JSON."""
    return Response(json.dumps(body), status, mimetype="application/json")


def empty(status: int) -> Response:
    """Return a reply without a body."""
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def located(url: str, status: int, body: object = None) -> Response:
    """Return a reply with a Location header; a 205 has an empty body."""
    response = empty(status) if body is None else reply(body, status)
    response.headers["Location"] = url
    return response


def acting_account() -> Account:
    """Return whose rights the request has: the token's, or the impersonated one's."""
    caller = _caller()
    if caller is None:
        message = "Invalid or unknown session token"
        raise Refused(world().switches.bad_token_status, message, "InvalidSessionToken")
    wanted = _impersonated()
    if wanted is None:
        g.account = caller
        return caller
    if not caller.is_admin:
        raise Refused(403, "Only administrators can impersonate", "Forbidden")
    with world().reading() as books:
        found = accounts.account(books, wanted)
    if found is None:
        raise Refused(403, "There is no such account to impersonate", "Forbidden")
    g.account = found
    return found


def admin_account() -> Account:
    """Return who asks, refusing everybody who is no administrator."""
    caller = _caller()
    if caller is None or not caller.is_admin:
        raise Refused(403, "Unauthorized request", "Forbidden")
    return caller


def json_body() -> Json:
    """Return the JSON object sent; an empty body is an empty object."""
    raw = request.get_data()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError as exc:
        raise Refused(400, "The body is not readable as JSON") from exc
    if not isinstance(body, dict):
        raise wrong("The body must be an object")
    return body


def paging(given: Json, default: int = 10) -> Paging:
    """Return the rows asked for by page and page_size, or by limit and offset."""
    by_page = [name for name in ("page", "page_size") if name in given]
    by_offset = [name for name in ("limit", "offset") if name in given]
    if by_page and by_offset:
        raise wrong("page and page_size exclude limit and offset")
    if by_offset:
        size = _between(given, "limit", range(1, MOST_ON_ONE_PAGE + 1), default)
        start = _between(given, "offset", range(MOST_PAGES + 1), 0)
    else:
        size = _between(given, "page_size", range(1, MOST_ON_ONE_PAGE + 1), default)
        start = (_between(given, "page", range(1, MOST_PAGES + 1), 1) - 1) * size
    return Paging(range(start, start + size))


def check_window(pages: Paging) -> None:
    """Refuse rows that lie beyond what one query gives."""
    if pages.is_beyond_window:
        raise Refused(400, "Max page reached. Please narrow down your search")


def query_values() -> Json:
    """Return the query, each name with its first value."""
    return dict(request.args)


def private_rows() -> range:
    """Return the rows of a private list that the query asks for."""
    pages = paging(query_values())
    if world().switches.cap_private_lists:
        check_window(pages)
    return shortened(pages.rows)


def shortened(rows: range) -> range:
    """Return *rows* without those that a list with a fault leaves out."""
    switches = world().switches
    stop = rows.stop
    if switches.short_page:
        stop = min(stop, rows.start + switches.short_page)
    if switches.cut_lists:
        stop = min(stop, switches.cut_lists)
    return range(rows.start, max(rows.start, stop))


def whole_number(value: object, name: str) -> int:
    """Return *value*, a number or its digits, as a number; else refuse it."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise wrong(f"{name} must be an integer")
    try:
        return int(value)
    except ValueError as exc:
        raise wrong(f"{name} must be an integer") from exc


def _between(given: Json, name: str, allowed: range, default: int) -> int:
    if name not in given:
        return default
    number = whole_number(given[name], name)
    if number not in allowed:
        raise wrong(f"{name} must be between {allowed.start} and {allowed.stop - 1}")
    return number


def _caller() -> Account | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "token":
        token = request.args.get("access_token", "")
    with world().reading() as books:
        caller = accounts.account_of_token(books, token.strip())
    request.environ["sandbox.account"] = caller.id if caller else 0
    return caller


def _impersonated() -> int | None:
    # Figshare reads it from the query of GET and DELETE, else from the JSON body.
    given = query_values() if request.method in ("GET", "DELETE") else json_body()
    if "impersonate" not in given:
        return None
    return whole_number(given["impersonate"], "impersonate")
