"""The search index, which lags behind what it indexes."""

from dataclasses import dataclass

from figsync.sandbox.rows import Item
from figsync.sandbox.world import Books, World

PRIVATE, PUBLIC = "private", "public"
NOT_BY_READS = -1


@dataclass(frozen=True, slots=True)
class Change:
    """What the index is going to show of an item; None is nothing."""

    scope: str
    item_id: int
    account_id: int
    shown: str | None


def changed(books: Books, item: Item) -> None:
    """Let searches of the owner find *item* as it is now, after a while."""
    text = item.to_json()
    _schedule(books, Change(PRIVATE, item.id, item.account_id, text))


def published(books: Books, item: Item) -> None:
    """Let public lists and searches find *item*, after a while."""
    _schedule(books, Change(PUBLIC, item.id, item.account_id, item.to_json()))


def gone(books: Books, item: Item) -> None:
    """Let no search find *item* any more, after a while."""
    for scope in (PRIVATE, PUBLIC):
        _schedule(books, Change(scope, item.id, item.account_id, None))


def unpublished(books: Books, item: Item) -> None:
    """Let no public search find *item* any more, after a while."""
    _schedule(books, Change(PUBLIC, item.id, item.account_id, None))


def entries(world: World, scope: str, account_id: int = 0) -> list[Item]:
    """Return what the index shows now; a private scope needs the account."""
    now = world.now()
    with world.reading() as books:
        waits = books.execute("SELECT 1 FROM search WHERE due IS NOT NULL").fetchone()
    if waits:
        with world.writing() as books:
            _apply_due(books, now)
    with world.reading() as books:
        rows = books.execute(
            "SELECT shown FROM search WHERE scope = ? AND shown IS NOT NULL"
            " AND ? IN (0, account_id)",
            (scope, account_id),
        )
        found = [Item.from_json(row["shown"]) for row in rows]
    if waits:
        with world.writing() as books:
            _count_look(books)
    return found


def _schedule(books: Books, change: Change) -> None:
    now, switches = books.world.now(), books.world.switches
    _apply_due(books, now, (change.scope, change.item_id))
    # A change that still waits keeps its due time, so steady edits can't starve it.
    books.execute(
        "INSERT INTO search VALUES (?, ?, ?, NULL, ?, ?, ?)"
        " ON CONFLICT(scope, item_id) DO UPDATE SET pending = excluded.pending,"
        " due = coalesce(due, excluded.due),"
        " reads_left = CASE WHEN due IS NULL THEN excluded.reads_left"
        " ELSE reads_left END",
        (
            change.item_id,
            change.scope,
            change.account_id,
            change.shown,
            now + switches.search_seconds,
            switches.search_reads or NOT_BY_READS,
        ),
    )


def _apply_due(books: Books, now: float, one: tuple[str, int] | None = None) -> None:
    which = "" if one is None else " AND scope = ? AND item_id = ?"
    books.execute(
        "UPDATE search SET shown = pending, pending = NULL, due = NULL"
        f" WHERE due IS NOT NULL AND (due <= ? OR reads_left = 0){which}",
        (now, *(one or ())),
    )


def _count_look(books: Books) -> None:
    books.execute(
        "UPDATE search SET reads_left = reads_left - 1"
        " WHERE due IS NOT NULL AND reads_left > 0"
    )
