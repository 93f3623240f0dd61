"""Items: made, listed, read, edited, deleted."""

import pytest

from figsync.sandbox import Sandbox
from tests.sandbox.client import Client, FrozenClock


def ids(reply):
    return [row["id"] for row in reply.json()]


def test_creating_answers_201_with_the_place_of_the_draft(client):
    reply = client.post("/account/articles", {"title": "Soil cores"})

    assert reply.status_code == 201
    assert reply.json()["location"] == reply.headers["Location"]
    assert reply.json()["location"].endswith(f"/{reply.json()['entity_id']}")
    assert reply.json()["warnings"] == []


def test_a_fresh_draft_looks_as_figshare_makes_it(client, box):
    client.post("/account/articles", {"title": "Soil cores"})

    record = box.web.item(box.web.item_ids()[0])

    assert record["status"] == "draft"
    assert record["version"] == 0
    assert record["size"] == 0
    assert record["published_date"] is None
    assert record["timeline"] == {}
    assert record["doi"] == record["thumb"] == ""
    assert record["defined_type_name"] == "dataset"
    assert record["license"]["name"] == "CC BY 4.0"
    assert [author["full_name"] for author in record["authors"]] == ["Ada Sandbox"]
    assert record["files"] == []
    assert record["folder_structure"] == {}


def test_a_list_has_ten_rows_unless_more_are_asked_for(client, box):
    made = [box.web.create_item(f"Item {number}") for number in range(25)]
    newest_first = made[::-1]

    assert ids(client.get("/account/articles")) == newest_first[:10]
    assert ids(client.get("/account/articles", page=3)) == newest_first[20:]
    assert ids(client.get("/account/articles", page_size=1000)) == newest_first
    assert ids(client.get("/account/articles", limit=5, offset=5)) == newest_first[5:10]
    assert ids(client.get("/account/articles", page=4)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"page": 1, "limit": 10},
        {"page_size": 10, "offset": 0},
        {"page": 0},
        {"page_size": 1001},
        {"page": "two"},
    ],
)
def test_paging_that_makes_no_sense_is_refused(client, query):
    assert client.get("/account/articles", **query).status_code == 422


@pytest.mark.usefixtures("item")
def test_light_rows_tell_neither_status_nor_size_nor_files(client):
    row = client.get("/account/articles").json()[0]

    assert not {"status", "is_public", "size", "files", "version"} & row.keys()
    assert row["url"] == row["url_private_api"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_edit_changes_only_the_keys_that_are_present(client, box, item, method):
    box.web.edit_item(item, description="Drilled", tags=["soil"])

    reply = client.call(method, f"/account/articles/{item}", json={"title": "Cores"})

    assert reply.status_code == 205
    assert reply.content == b""
    assert reply.headers["Location"].endswith(f"/account/articles/{item}")
    record = box.web.item(item)
    assert record["title"] == "Cores"
    assert (record["description"], record["tags"]) == ("Drilled", ["soil"])


def test_an_edit_raises_the_modified_date(client: Client, clock: FrozenClock, item):
    before = client.get(f"/account/articles/{item}").json()

    clock.time += 60
    client.put(f"/account/articles/{item}", {"description": "Drilled"})

    after = client.get(f"/account/articles/{item}").json()
    assert after["modified_date"] > before["modified_date"]
    assert after["created_date"] == before["created_date"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"title": "ab"}, 400),
        ({"title": 7}, 422),
        ({"title": "abc", "tags": "soil"}, 422),
        ({"title": "abc", "license": "CC0"}, 422),
        ({"title": "abc", "license": 99}, 404),
        ({"title": "abc", "defined_type": "paper"}, 422),
        ({"title": "abc", "authors": [{"name": "Bo", "email": "b@x"}]}, 422),
        ({"title": "abc", "authors": [{"id": 5}]}, 400),
        ({"title": "abc", "categories": [5]}, 404),
        ({"title": "abc", "categories": [24130]}, 400),
        ({"title": "abc", "resource_doi": "10.1/x"}, 422),
        (["title"], 422),
    ],
)
def test_a_wrong_body_is_refused_and_makes_nothing(client, box, body, status):
    reply = client.post("/account/articles", body)

    assert reply.status_code == status
    assert {"message", "code"} <= reply.json().keys()
    assert box.web.item_ids() == []


def test_a_body_that_is_not_json_is_refused(client):
    reply = client.call("POST", "/account/articles", data=b"{title")

    assert reply.status_code == 400


def test_unknown_keys_are_ignored(client):
    reply = client.post("/account/articles", {"title": "Soil cores", "colour": "brown"})

    assert reply.status_code == 201


def test_a_category_with_children_is_refused_in_words_that_can_be_matched(
    client: Client, box: Sandbox, item: int
):
    box.switches.category_refusal_status = 404

    reply = client.put(f"/account/articles/{item}", {"categories": [24130]})

    assert reply.status_code == 404
    assert "Not allowed to set category" in reply.json()["message"]


def test_authors_given_by_name_are_made(client, box, item):
    client.post(f"/account/articles/{item}/authors", {"authors": [{"name": "Bo Ek"}]})

    names = [one["full_name"] for one in box.web.item(item)["authors"]]
    assert names == ["Ada Sandbox", "Bo Ek"]


def test_authors_can_be_replaced_and_taken_away(client, box, item):
    path = f"/account/articles/{item}/authors"
    owner = client.get(path).json()[0]

    assert client.put(path, {"authors": [{"name": "Bo Ek"}]}).status_code == 205
    assert client.delete(f"{path}/{owner['id']}").status_code == 404
    other = client.get(path).json()[0]
    assert client.delete(f"{path}/{other['id']}").status_code == 204

    assert box.web.item(item)["authors"] == []


def test_categories_are_appended_replaced_and_taken_away(client, box, item):
    path = f"/account/articles/{item}/categories"

    assert client.post(path, {"categories": [24163]}).status_code == 205
    assert client.post(path, {"categories": [24133, 24163]}).status_code == 205
    assert [one["id"] for one in client.get(path).json()] == [24163, 24133]
    assert client.put(path, {"categories": [29173]}).status_code == 205
    assert client.delete(f"{path}/29173").status_code == 204

    assert box.web.item(item)["categories"] == []


def test_a_draft_is_deleted_with_all_it_had(client, box, item):
    file = box.web.add_file(item, "a.txt", b"1")

    assert client.delete(f"/account/articles/{item}").status_code == 204

    assert client.get(f"/account/articles/{item}").status_code == 404
    assert client.delete(f"/account/articles/{item}").status_code == 404
    assert not box.world.blobs.path(file).exists()


def test_an_unknown_item_is_not_found_in_figshares_words(client):
    reply = client.get("/account/articles/1")

    assert reply.status_code == 404
    assert reply.json()["message"] == "Entity not found: article"
    assert reply.json()["code"] == "EntityNotFound"


def test_every_reply_carries_the_date_of_the_sandboxs_clock(client, clock):
    before = client.get("/account").headers["Date"]

    clock.time += 86_400

    assert client.get("/account").headers["Date"] != before


def test_reserving_a_doi_keeps_it(client, box, item):
    reply = client.post(f"/account/articles/{item}/reserve_doi")

    assert reply.json() == {"doi": f"10.6084/m9.figshare.{item}"}
    assert box.web.item(item)["doi"] == reply.json()["doi"]


def test_scripts_are_cleaned_out_of_descriptions(client, box, item):
    text = "<p>Drilled</p><script>alert(1)</script>"

    client.put(f"/account/articles/{item}", {"description": text})

    assert box.web.item(item)["description"] == "<p>Drilled</p>"
