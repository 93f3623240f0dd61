"""Private links: addresses that open an unpublished item to whoever has them."""

from dataclasses import dataclass
from sqlite3 import Row
from typing import Self

from figsync.sandbox.clock import parse_stamp, stamp
from figsync.sandbox.errors import Refused, wrong
from figsync.sandbox.rows import Item, Json
from figsync.sandbox.world import Books, World

DEFAULT_LIFE = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class PrivateLink:
    """A link to one item until a time."""

    id: str
    item_id: int
    token: str
    expires: float
    read_only: bool

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the link of a database row."""
        return cls(**{**dict(row), "read_only": bool(row["read_only"])})

    def as_json(self, world: World) -> Json:
        """Return the link as Figshare lists it."""
        return {
            "id": self.id,
            "is_active": self.expires > world.now(),
            "expires_date": stamp(self.expires),
            "html_location": page(world, self),
        }


def page(world: World, link: PrivateLink) -> str:
    """Return the page that the link is."""
    return f"{world.urls.site}/s/{link.token}"


def create(books: Books, item: Item, terms: Json) -> PrivateLink:
    """Make a link to *item*; without terms it lives a year."""
    link = PrivateLink(
        id=books.world.new_token(),
        item_id=item.id,
        token=books.world.new_token()[:20],
        expires=_expiry(terms, books.world.now() + DEFAULT_LIFE),
        read_only=bool(terms.get("read_only", False)),
    )
    _keep(books, link)
    return link


def of_item(books: Books, item: Item) -> list[PrivateLink]:
    """Return the links to *item*."""
    rows = books.execute(
        "SELECT * FROM private_links WHERE item_id = ? ORDER BY rowid", (item.id,)
    )
    return [PrivateLink.of(row) for row in rows]


def find(books: Books, item: Item, link_id: str) -> PrivateLink:
    """Return one link to *item*; Refused if there is none of that id."""
    for link in of_item(books, item):
        if link.id == link_id:
            return link
    raise Refused(404, "Private Link with ID not found", "EntityNotFound")


def change(books: Books, link: PrivateLink, terms: Json) -> None:
    """Give *link* another expiry."""
    expires = _expiry(terms, link.expires)
    read_only = bool(terms.get("read_only", link.read_only))
    _keep(books, PrivateLink(link.id, link.item_id, link.token, expires, read_only))


def delete(books: Books, link: PrivateLink) -> None:
    """Close *link* for good."""
    books.execute("DELETE FROM private_links WHERE id = ?", (link.id,))


def opens(books: Books, token: str, item_id: int, now: float) -> bool:
    """Tell whether *token* is that of a link to the item that is still open."""
    row = books.execute(
        "SELECT 1 FROM private_links WHERE token = ? AND item_id = ? AND expires > ?",
        (token, item_id, now),
    )
    return row.fetchone() is not None


def _expiry(terms: Json, fallback: float) -> float:
    given = terms.get("expires_date")
    if given is None:
        return fallback
    try:
        return parse_stamp(given)
    except (TypeError, ValueError) as exc:
        raise wrong("expires_date must be a date") from exc


def _keep(books: Books, link: PrivateLink) -> None:
    books.execute(
        "INSERT INTO private_links VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT(id) DO UPDATE SET expires = excluded.expires,"
        " read_only = excluded.read_only",
        (link.id, link.item_id, link.token, link.expires, link.read_only),
    )
