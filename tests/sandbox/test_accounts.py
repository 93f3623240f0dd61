"""Tokens, other people's things, impersonation, quota, vocabularies."""

import pytest

from figsync.sandbox import Sandbox
from tests.sandbox.client import TOKEN, Client


@pytest.mark.parametrize("status", [403, 401])
@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_a_good_token_nothing_of_an_account_is_seen(box, status, token):
    box.switches.bad_token_status = status

    reply = Client(box, token).get("/account")

    assert reply.status_code == status
    assert reply.json()["message"]


def test_the_token_may_be_in_the_query_and_the_scheme_is_any_case(box):
    stranger = Client(box, "")

    in_query = stranger.get("/account", access_token=TOKEN)
    capital = stranger.call(
        "GET", "/account", headers={"Authorization": f"Token {TOKEN}"}
    )
    bearer = stranger.call(
        "GET", "/account", headers={"Authorization": f"Bearer {TOKEN}"}
    )

    assert (in_query.status_code, capital.status_code) == (200, 200)
    assert bearer.status_code == 403


@pytest.mark.parametrize("status", [404, 403])
def test_somebody_elses_item_is_refused(box, item, status):
    box.add_account("other")
    box.switches.foreign_item_status = status
    other = Client(box, "other")

    assert other.get(f"/account/articles/{item}").status_code == status
    assert other.delete(f"/account/articles/{item}").status_code == status
    assert other.get("/account/articles").json() == []


def test_an_administrator_acts_for_another_account(box, item):
    box.add_account("boss", admin=True)
    boss, owner = Client(box, "boss"), box.web.account_id

    listed = boss.get("/account/articles", impersonate=owner).json()
    body = {"title": "Made for you", "impersonate": owner}
    made = boss.post("/account/articles", body).json()["entity_id"]
    edited = boss.put(f"/account/articles/{made}", {"tags": [], "impersonate": owner})
    deleted = boss.delete(f"/account/articles/{item}", impersonate=owner)

    assert [row["id"] for row in listed] == [item]
    assert (edited.status_code, deleted.status_code) == (205, 204)
    assert box.web.item_ids() == [made]
    assert boss.get("/account/articles").json() == []


def test_nobody_else_impersonates(box, client):
    other = box.add_account("other")

    assert client.get("/account", impersonate=other).status_code == 403
    assert client.get("/account", impersonate="x").status_code == 422


def test_an_administrator_sees_the_accounts_of_the_institution(box, client, item):
    box.add_account("boss", admin=True)
    boss = Client(box, "boss")
    boss.get("/account/institution/articles")

    rows = boss.get("/account/institution/accounts").json()
    items = boss.get("/account/institution/articles").json()

    assert [row["id"] for row in rows][0] == box.web.account_id
    assert [row["id"] for row in items] == [item]
    assert client.get("/account/institution/accounts").status_code == 403


def test_the_quota_counts_private_and_public_bytes(client: Client, box: Sandbox, item):
    box.web.add_file(item, "a", b"123")
    box.web.publish(item)
    box.web.add_file(item, "b", b"45")

    account = client.get("/account").json()

    assert account["used_quota"] == 5
    assert account["used_quota_public"] == 3
    assert account["used_quota_private"] == 2
    assert account["maximum_file_size"] == 0
    assert account["quota"] == 20_000_000_000
    assert account["active"] is True


def test_active_is_a_number_where_figshare_still_says_so(client, box):
    box.switches.active_as_int = True

    assert client.get("/account").json()["active"] == 1


@pytest.mark.parametrize("status", [400, 403, 422])
def test_what_does_not_fit_is_refused_at_initiation(client, box, item, status):
    def refusals(**switches):
        box.switches.update(switches)
        reply = client.post(
            f"/account/articles/{item}/files", {"name": "a", "size": 100}
        )
        return reply.status_code

    box.switches.room_refusal_status = status
    box.web.add_file(item, "there", b"1")

    assert refusals(quota=100) == status
    assert refusals(quota=101) == 201
    assert refusals(quota=0, maximum_file_size=99) == status
    assert refusals(maximum_file_size=100, files_per_item=2) == status
    assert refusals(files_per_item=3) == 201


def test_vocabularies_are_open(client, box):
    for path in ("/licenses", "/categories", "/item_types"):
        assert client.plain.get(box.urls.api + path).status_code == 200
    everything = client.get("/account/categories").json()
    leaves = client.get("/categories").json()
    assert len(everything) > len(leaves)
    assert all(row["is_selectable"] for row in leaves)
    assert client.get("/account/licenses").json()[0]["value"] == 1


def test_unknown_calls_are_json_errors(client):
    assert client.get("/account/nonsense").json()["code"] == "NotFound"
    assert client.put("/account").status_code == 405


def test_authors_are_found_by_name(client, box, item):
    box.web.edit_item(item, authors=[{"name": "Bo Ek", "orcid_id": "0000-1"}])

    found = client.post("/account/authors/search", {"search": "bo e"}).json()

    assert [one["full_name"] for one in found] == ["Bo Ek"]
    assert client.get(f"/account/authors/{found[0]['id']}").status_code == 200
    assert client.get("/account/authors/1").status_code == 404
