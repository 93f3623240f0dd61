"""From pages to a listing, and what may be believed of what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from figsync.errors import Refused

PAGE_SIZE = 1000  # the most that Figshare gives (official contract)
LAST_PAGE = 5000  # the highest page number it takes (official contract)
# 10 is the contract's default; compatible servers may have limits of their own.
USUAL_SIZES = frozenset({10, 50, 100, 200, 500})
BEYOND_THE_WINDOW = frozenset({400, 422})


class Identified(Protocol):
    """Anything that is listed."""

    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=Identified)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """Rows, each id once; what is not in a listing that is not *complete* is unknown.

    *server_time* is Figshare's clock (POSIX seconds) when the first page was made.
    One that *is_cut* has more than Figshare ever lists.
    """

    rows: tuple[Row, ...]
    complete: bool
    server_time: float | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """The rows of one page, as they came."""

    rows: Sequence[Row]
    server_time: float | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(row.id for row in self.rows)


def read_listing(
    fetch: Callable[[int], Page[Row]], *, confirm: bool, page_size: int = PAGE_SIZE
) -> Listing[Row]:
    """Return everything *fetch* lists; *complete* only when nothing can be missing.

    With *confirm* the page after a short one is asked for as well. Whatever a page
    raises goes through, but for the end of the window that Figshare shows.
    """
    page = first = fetch(1)
    known = {row.id: row for row in first.rows}
    full = len(first.rows) if _may_be_capped(first) else page_size
    cut = False
    for number in range(2, LAST_PAGE + 1):
        looks_last = len(page.rows) != full
        if looks_last and not confirm:
            break
        following = _within_window(fetch, number)
        if following is None:
            return replace(_listing(known, False, first), is_cut=True)
        fresh = {row.id: row for row in following.rows if row.id not in known}
        if not fresh:
            complete = not following.rows and not cut
            unpaged = looks_last and set(following.ids) == set(first.ids)
            return _listing(known, complete or (unpaged and number == 2), first)
        known.update(fresh)
        cut = cut or looks_last
        page = following
    return _listing(known, False, first)


def _may_be_capped(first: Page[Row]) -> bool:
    """Say whether a first page has the look of a server's own, smaller page size."""
    return len(first.rows) in USUAL_SIZES


def _listing(known: dict[str, Row], complete: bool, first: Page[Row]) -> Listing[Row]:
    return Listing(tuple(known.values()), complete, first.server_time)


def _within_window(fetch: Callable[[int], Page[Row]], number: int) -> Page[Row] | None:
    """Return a page, None when Figshare does not go that far.

    Only the page number differs from a request that was answered, so "no" is about
    the number: "Max page reached" with 400 or 422 (official documentation).
    """
    try:
        return fetch(number)
    except Refused as problem:
        if problem.status in BEYOND_THE_WINDOW:
            return None
        raise
