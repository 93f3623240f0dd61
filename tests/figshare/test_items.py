"""Items: listing, searching, reading, creating, deleting."""

from __future__ import annotations

import pytest

from figsync.errors import BadReply, Blocked, NotFound, Refused, Unreachable
from tests.figshare.world import (
    Give,
    Got,
    figshare_saying,
    gives,
    in_turn,
    page,
    serving,
    talking,
)

GONE = gives({"message": "Entity not found: article", "code": "EntityNotFound"}, 404)


def account_of(count: int) -> object:
    """Answer lists as Figshare does: ten rows unless asked for more."""

    def script(got: Got) -> Give:
        size = int(got.query.get("page_size", 10))
        first = (int(got.query.get("page", 1)) - 1) * size
        rows = [{"id": n, "title": f"Item {n}"} for n in range(count, 0, -1)]
        return gives(rows[first : first + size], Date="Thu, 01 Jan 1970 00:00:09 GMT")

    return script


def test_two_and_a_half_thousand_items_are_listed_once_each() -> None:
    with serving(account_of(2500)) as server, talking(server) as figshare:  # type: ignore[arg-type]  # a script
        listing = figshare.list_items(confirm=True)

        assert len({row.id for row in listing.rows}) == len(listing.rows) == 2500
        assert listing.complete
        assert listing.server_time == 9.0
        assert len(server.got) == 4


def test_the_cheap_listing_asks_for_no_page_too_many() -> None:
    with serving(account_of(7)) as server, talking(server) as figshare:  # type: ignore[arg-type]  # a script
        listing = figshare.list_items()

        assert (len(listing.rows), listing.complete) == (7, False)
        assert len(server.got) == 1


def test_a_failing_page_fails_the_listing() -> None:
    full = gives([{"id": n} for n in range(1000)])
    with figshare_saying(full, Give(500)) as (figshare, _), pytest.raises(Unreachable):
        figshare.list_items()


def test_a_search_says_what_it_wants() -> None:
    with figshare_saying(gives([{"id": 1}])) as (figshare, server):
        rows = figshare.search_items(modified_since="2026-11-20", page_size=50)

        assert [row.id for row in rows] == ["1"]
        assert server.asked == ["POST /v2/account/articles/search"]
        assert server.got[0].json == {
            "order": "modified_date",
            "order_direction": "desc",
            "modified_since": "2026-11-20",
            "page": 1,
            "page_size": 50,
        }


def test_a_created_item_is_named_by_its_location() -> None:
    location = "https://api.figshare.com/v2/account/articles/77"
    for answer in (
        gives({"location": location}, 201),
        Give(201, b"", {"Location": location}),
        gives({"entity_id": 77, "location": "x"}, 201),
    ):
        with figshare_saying(answer) as (figshare, server):
            assert figshare.create_item("Soil cores") == "77"
            assert server.got[0].json == {"title": "Soil cores"}


def test_a_title_that_is_not_text_is_refused_before_it_is_sent() -> None:
    with figshare_saying(Give()) as (figshare, server):
        with pytest.raises(Refused):
            figshare.create_item("bad \udcff")

        assert server.got == []


def test_a_refused_title_is_told_in_the_servers_words() -> None:
    short = gives({"message": "Title is too short", "code": "BadRequest"}, 400)
    with (
        figshare_saying(short) as (figshare, _),
        pytest.raises(Refused, match="Title is too short"),
    ):
        figshare.create_item("ab")


def test_deleting_what_is_gone_is_success() -> None:
    with figshare_saying(GONE) as (figshare, _):
        figshare.delete_item("7")
        figshare.delete_file("7", "1")


def test_a_deletion_whose_answer_was_lost_is_success() -> None:
    with figshare_saying(None, GONE) as (figshare, server):
        figshare.delete_item("7")

        assert server.asked == ["DELETE /v2/account/articles/7"] * 2


def test_a_public_item_is_not_deleted() -> None:
    public = gives({"message": "Cannot delete a public article"}, 400)
    with (
        figshare_saying(public) as (figshare, _),
        pytest.raises(Refused, match="public"),
    ):
        figshare.delete_item("7")


def test_only_the_apis_own_404_is_absence() -> None:
    with figshare_saying(GONE) as (figshare, _):
        assert not figshare.item_exists("7")
        assert not figshare.file_exists("7", "1")
    with figshare_saying(gives({"id": 7})) as (figshare, _):
        assert figshare.item_exists("7")
        assert figshare.file_exists("1", "7")
    for answer, error in (
        (page(404), Blocked),
        (Give(404), BadReply),
        (gives({"message": "no"}, 403), Refused),
        (Give(404, b'{"message": "Entity not f', length=99), Unreachable),
    ):
        with figshare_saying(answer) as (figshare, _):
            with pytest.raises(error):
                figshare.item_exists("7")
            with pytest.raises(error):
                figshare.delete_item("7")


def test_an_item_that_is_gone_is_not_found() -> None:
    with figshare_saying(GONE) as (figshare, _), pytest.raises(NotFound):
        figshare.read_item("7")


def test_an_id_can_not_lead_elsewhere() -> None:
    with figshare_saying(GONE) as (figshare, server):
        figshare.delete_item("../token?x=1")

        assert server.asked == ["DELETE /v2/account/articles/..%2Ftoken%3Fx%3D1"]


def test_an_interrupted_page_is_asked_for_again() -> None:
    answers = in_turn(Give(500), gives([{"id": 1}]), gives([]))
    with serving(answers) as server, talking(server) as figshare:
        assert figshare.list_items(confirm=True).complete
