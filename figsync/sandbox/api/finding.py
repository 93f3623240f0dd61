"""Filters, order and cursors of public lists and of searches."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass

from figsync.sandbox import accounts, files
from figsync.sandbox.api.calls import whole_number, world
from figsync.sandbox.clock import parse_stamp
from figsync.sandbox.errors import Refused, wrong
from figsync.sandbox.rows import Item, Json
from figsync.sandbox.search import Searchable, parse_query

Key = Callable[[Item], float]
Test = Callable[[Item], bool]

ORDERS: dict[str, Key] = {
    "created_date": lambda item: item.created,
    "published_date": lambda item: item.published or 0.0,
    "modified_date": lambda item: item.modified,
    # Nobody looks at a sandbox: all items are equally popular.
    "views": lambda _: 0.0,
    "shares": lambda _: 0.0,
    "downloads": lambda _: 0.0,
    "cites": lambda _: 0.0,
}


@dataclass(frozen=True, slots=True)
class Listed:
    """Which rows are wanted, in which order by default, and after which cursor."""

    rows: range
    order: str
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The rows, and the cursor by which the next ones can be asked for."""

    items: list[Item]
    cursor: str


def find_rows(entries: list[Item], wanted: Json, listed: Listed) -> Found:
    """Return the wanted rows of *entries*; keys that are unknown are ignored."""
    key = _order(wanted, listed.order)
    is_descending = _is_descending(wanted)
    tests = [make(wanted[name]) for name, make in _FILTERS.items() if name in wanted]
    found = _search(entries, wanted)
    fitting = [item for item in found if all(test(item) for test in tests)]
    fitting.sort(key=lambda item: (key(item), item.id), reverse=is_descending)
    rows = listed.rows
    if listed.cursor:
        fitting = _after(fitting, key, _read_cursor(listed.cursor), is_descending)
        rows = range(len(rows))
    page = fitting[rows.start : rows.stop]
    return Found(page, _cursor(key(page[-1]), page[-1].id) if page else "")


def _order(wanted: Json, default: str) -> Key:
    name = wanted.get("order", default)
    if name not in ORDERS:
        raise Refused(400, "Invalid value received for order")
    return ORDERS[name]


def _is_descending(wanted: Json) -> bool:
    direction = wanted.get("order_direction", "desc")
    if direction not in ("asc", "desc"):
        raise Refused(400, "Invalid value received for order_direction")
    return bool(direction == "desc")


def _since(time_of: Key) -> Callable[[object], Test]:
    def make(value: object) -> Test:
        if not isinstance(value, str):
            raise wrong("Dates are strings")
        try:
            limit = parse_stamp(value)
        except ValueError as exc:
            raise wrong(f"{value!r} is not a date") from exc
        return lambda item: time_of(item) > limit

    return make


def _equal(field: str) -> Callable[[object], Test]:
    return lambda value: lambda item: bool(item.fields[field] == value)


def _equal_number(field: str) -> Callable[[object], Test]:
    return lambda value: _equal(field)(whole_number(value, field))


def _of_institution(value: object) -> Test:
    is_ours = whole_number(value, "institution") == 1
    return lambda _: is_ours


def _has_doi(value: object) -> Test:
    # A DOI is found with and without its version.
    return lambda item: (
        value in (item.fields["doi"], f"{item.fields['doi']}.v{item.version}")
    )


_FILTERS: dict[str, Callable[[object], Test]] = {
    "published_since": _since(lambda item: item.published or 0.0),
    "modified_since": _since(lambda item: item.modified),
    "item_type": _equal_number("defined_type"),
    "group": _equal_number("group_id"),
    "institution": _of_institution,
    "doi": _has_doi,
    "handle": _equal("handle"),
    "resource_doi": _equal("resource_doi"),
}


def _search(entries: list[Item], wanted: Json) -> list[Item]:
    text = wanted.get("search_for", "")
    if not isinstance(text, str):
        raise wrong("search_for must be a string")
    if not text:
        return entries
    if len(text) < 3:
        raise wrong("search_for must have at least 3 characters")
    test = parse_query(text)
    return [item for item in entries if test(_searchable(item))]


def _searchable(item: Item) -> Searchable:
    with world().reading() as books:
        names = [file.name for file in files.of_draft(books, item.id)]
        people = accounts.authors(books, item.fields["authors"])
    authors = [one.full_name for one in people]
    return Searchable(item, names=names, authors=authors)


def _cursor(value: float, item_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([value, item_id]).encode()).decode()


def _read_cursor(text: str) -> tuple[float, int]:
    try:
        value, item_id = json.loads(base64.urlsafe_b64decode(text))
        return float(value), int(item_id)
    except (ValueError, TypeError) as exc:
        raise Refused(400, "Invalid value received for X-Cursor") from exc


def _after(
    fitting: list[Item],
    key: Key,
    cursor: tuple[float, int],
    is_descending: bool,
) -> list[Item]:
    if is_descending:
        return [item for item in fitting if (key(item), item.id) < cursor]
    return [item for item in fitting if (key(item), item.id) > cursor]
