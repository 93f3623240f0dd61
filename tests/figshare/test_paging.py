"""From pages to a listing: nothing twice, and complete only when it is proven."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from figsync.errors import FigshareProblem, Refused, Unreachable
from figsync.figshare.paging import Page, read_listing


@dataclass(frozen=True)
class Thing:
    id: str


class Paged:
    """Pages of three, each a word of one-letter ids; an error is raised."""

    def __init__(self, *pages: str | FigshareProblem) -> None:
        self.pages = pages
        self.asked = 0

    def __call__(self, number: int) -> Page[Thing]:
        self.asked += 1
        page = self.pages[min(number, len(self.pages)) - 1]
        if isinstance(page, FigshareProblem):
            raise page
        return Page([Thing(id) for id in page], 5.0)

    def listing(self, *, confirm: bool) -> tuple[str, bool]:
        found = read_listing(self, confirm=confirm, page_size=3)
        return "".join(row.id for row in found.rows), found.complete


def test_a_short_page_ends_a_listing_for_additions_only() -> None:
    paged = Paged("abc", "de", "")

    assert paged.listing(confirm=False) == ("abcde", False)
    assert paged.asked == 2


def test_an_empty_page_after_a_short_one_proves_completeness() -> None:
    paged = Paged("abc", "de", "")

    assert paged.listing(confirm=True) == ("abcde", True)
    assert paged.asked == 3


def test_an_empty_page_after_a_full_one_proves_it_without_asking_more() -> None:
    paged = Paged("abc", "")

    assert paged.listing(confirm=False) == ("abc", True)
    assert paged.asked == 2


def test_an_empty_account_is_only_believed_when_confirmed() -> None:
    assert Paged("", "").listing(confirm=False) == ("", False)
    assert Paged("", "").listing(confirm=True) == ("", True)


def test_rows_after_a_page_that_was_cut_are_kept_but_prove_nothing() -> None:
    paged = Paged("ab", "def", "g", "")

    assert paged.listing(confirm=True) == ("abdefg", False)


def test_rows_after_an_empty_page_are_kept_but_prove_nothing() -> None:
    assert Paged("", "abc", "").listing(confirm=True) == ("abc", False)


def test_rows_that_shift_between_pages_are_listed_once() -> None:
    paged = Paged("abc", "cde", "ef", "")

    assert paged.listing(confirm=True) == ("abcdef", True)


def test_a_server_that_does_not_page_is_understood() -> None:
    assert Paged("abcde").listing(confirm=True) == ("abcde", True)
    assert Paged("ab").listing(confirm=True) == ("ab", True)


def test_a_page_longer_than_asked_for_ends_a_listing_for_additions() -> None:
    paged = Paged("abcde")

    assert paged.listing(confirm=False) == ("abcde", False)
    assert paged.asked == 1


def test_a_full_page_that_comes_again_may_hide_others() -> None:
    assert Paged("abc").listing(confirm=True) == ("abc", False)
    assert Paged("abc").listing(confirm=False) == ("abc", False)


def test_the_last_page_for_ever_ends_the_listing_unproven() -> None:
    paged = Paged("abc", "def")

    assert paged.listing(confirm=True) == ("abcdef", False)
    assert paged.asked == 3


@pytest.mark.parametrize("status", [400, 422])
def test_the_end_of_the_window_leaves_the_listing_unproven(status: int) -> None:
    window = Refused("", "Max page reached", status=status)

    assert Paged("abc", "def", window).listing(confirm=True) == ("abcdef", False)


def test_a_page_that_fails_is_never_a_shorter_listing() -> None:
    for problem in (Unreachable("", "", status=500), Refused("", "", status=403)):
        with pytest.raises(type(problem)):
            Paged("abc", problem).listing(confirm=False)


def test_a_refused_first_page_is_an_error_and_no_window() -> None:
    with pytest.raises(Refused):
        Paged(Refused("", "", status=422)).listing(confirm=False)


def test_a_listing_is_as_old_as_its_first_page() -> None:
    clock = iter([10.0, 20.0])
    rows = iter(["abc", ""])

    found = read_listing(
        lambda _: Page([Thing(id) for id in next(rows)], next(clock)),
        confirm=True,
        page_size=3,
    )

    assert found.server_time == 10.0


def test_a_server_with_smaller_pages_than_asked_for_is_read_to_the_end() -> None:
    rows = [chr(number) for number in range(0x4E00, 0x4E00 + 25)]
    pages = ["".join(rows[start : start + 10]) for start in (0, 10, 20, 30)]

    found = read_listing(Paged(*pages), confirm=False)
    assert (len(found.rows), found.complete) == (25, False)

    found = read_listing(Paged(*pages), confirm=True)
    assert (len(found.rows), found.complete) == (25, True)


def test_ten_rows_that_come_again_may_hide_others() -> None:
    found = read_listing(Paged("abcdefghij"), confirm=True)

    assert (len(found.rows), found.complete) == (10, False)
