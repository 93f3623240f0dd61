"""Publication, versions, embargo, private links, lists and searches."""

import pytest

from figsync.sandbox import Sandbox
from figsync.sandbox.clock import stamp
from tests.sandbox.client import Client, FrozenClock

DAY = 86_400


@pytest.fixture
def ready(box: Sandbox) -> int:
    """An item that has all that publication demands."""
    item = box.web.create_item(
        "Soil cores", description="Drilled", tags=["soil"], categories=[24163]
    )
    box.web.add_file(item, "a.csv", b"1,2")
    return item


def versions(client, item):
    reply = client.get(f"/articles/{item}/versions")
    return [row["version"] for row in reply.json()]


def test_a_publication_names_what_is_missing(client, item):
    reply = client.post(f"/account/articles/{item}/publish")

    assert reply.status_code == 400
    assert reply.json()["message"] == (
        "Missing mandatory field for publication - categories, tags, description, files"
    )


def test_a_publication_is_visible_a_little_later(client, ready):
    reply = client.post(f"/account/articles/{ready}/publish")
    public = [client.get(f"/articles/{ready}").status_code for _ in range(2)]

    assert reply.status_code == 201
    assert reply.json()["location"] == reply.headers["Location"]
    assert public == [404, 200]
    assert client.get(f"/account/articles/{ready}").json()["is_public"]


def test_a_publication_is_visible_when_its_time_has_come(client, box, clock, ready):
    box.switches.publish_reads = 0
    box.switches.publish_seconds = 30
    client.post(f"/account/articles/{ready}/publish")

    assert client.get(f"/articles/{ready}").status_code == 404
    clock.time += 31
    assert client.get(f"/articles/{ready}").status_code == 200


def test_a_draft_has_no_public_record(client, ready):
    reply = client.get(f"/articles/{ready}")

    assert reply.status_code == 404
    assert reply.json()["message"] == "Entity not found: article"


def test_edits_stay_private_until_the_next_publication(client, box, ready):
    box.web.publish(ready)

    client.put(f"/account/articles/{ready}", {"title": "Cores, corrected"})
    box.web.add_file(ready, "b.csv", b"3,4")

    public = client.get(f"/articles/{ready}").json()
    private = client.get(f"/account/articles/{ready}").json()
    assert public["title"] == "Soil cores"
    assert [file["name"] for file in public["files"]] == ["a.csv"]
    assert private["title"] == "Cores, corrected"
    attached = [file["is_attached_to_public_version"] for file in private["files"]]
    assert attached == [True, False]


def test_public_files_have_no_upload_fields(client, box, ready):
    box.web.publish(ready)

    file = client.get(f"/articles/{ready}/files").json()[0]

    assert not {"status", "upload_url", "upload_token"} & file.keys()


def test_changed_files_make_a_new_version_and_changed_words_do_not(client, box, ready):
    box.web.publish(ready)
    box.web.edit_item(ready, description="Drilled in spring")
    box.web.publish(ready)
    after_words = versions(client, ready)
    box.web.add_file(ready, "b.csv", b"3,4")
    box.web.publish(ready)

    assert after_words == [1]
    assert versions(client, ready) == [1, 2]
    assert len(client.get(f"/articles/{ready}/versions/1/files").json()) == 1
    assert len(client.get(f"/articles/{ready}/versions/2/files").json()) == 2
    assert client.get(f"/articles/{ready}/versions/3").status_code == 404


def test_only_the_public_doi_has_the_version(client, box, clock, ready):
    box.web.publish(ready)
    clock.time += 1

    doi = client.get(f"/articles/{ready}").json()["doi"]

    assert doi == f"10.6084/m9.figshare.{ready}.v1"
    assert client.get(f"/account/articles/{ready}").json()["doi"] + ".v1" == doi
    assert [row["id"] for row in client.get("/articles", doi=doi).json()] == [ready]


def test_a_public_item_can_not_be_deleted(client, box, ready):
    box.web.publish(ready)

    reply = client.delete(f"/account/articles/{ready}")

    assert reply.status_code == 400
    assert reply.json()["message"] == "Cannot delete a public article"


def test_a_deleted_file_stays_in_the_public_version(client, box, ready):
    box.web.publish(ready)
    file = box.web.files(ready)[0]

    client.delete(f"/account/articles/{ready}/files/{file.id}")

    assert client.get(f"/account/articles/{ready}/files").json() == []
    assert client.get(f"/articles/{ready}/files/{file.id}").status_code == 200
    assert client.plain.get(f"{box.urls.api}/file/download/{file.id}").content == (
        b"1,2"
    )


def test_a_group_with_review_keeps_the_item_private(client, box, ready):
    box.switches.review_publications = True

    reply = client.post(f"/account/articles/{ready}/publish")

    record = client.get(f"/account/articles/{ready}").json()
    assert reply.status_code == 201
    assert (record["is_public"], record["curation_status"]) == (False, "pending")


def test_only_an_administrator_unpublishes(client, box, ready):
    box.web.publish(ready)
    box.add_account("boss", admin=True)
    path = f"/account/articles/{ready}/unpublish"
    body = {"reason": "A mistake", "impersonate": box.web.account_id}

    assert client.post(path, {"reason": "A mistake"}).status_code == 403
    assert Client(box, "boss").post(path, body | {"reason": "No"}).status_code == 422
    assert Client(box, "boss").post(path, body).status_code == 204

    assert client.get(f"/articles/{ready}").status_code == 404
    assert client.delete(f"/account/articles/{ready}").status_code == 204


def test_an_embargoed_item_is_published_when_the_embargo_ends(
    client: Client, clock: FrozenClock, ready: int
):
    body = {
        "is_embargoed": True,
        "embargo_date": stamp(clock.time + 10 * DAY),
        "embargo_type": "article",
    }
    reply = client.put(f"/account/articles/{ready}/embargo", body)
    client.post(f"/account/articles/{ready}/publish")
    during = [client.get(f"/articles/{ready}").status_code for _ in range(3)]
    clock.time += 11 * DAY

    assert reply.status_code == 205
    assert during == [404] * 3
    assert client.get(f"/articles/{ready}").status_code == 200


def test_lifting_the_embargo_publishes_what_waited(client, ready):
    body = {"is_embargoed": True, "embargo_date": "0", "embargo_type": "article"}
    client.put(f"/account/articles/{ready}/embargo", body)
    client.post(f"/account/articles/{ready}/publish")

    assert client.delete(f"/account/articles/{ready}/embargo").status_code == 204

    public = [client.get(f"/articles/{ready}").status_code for _ in range(2)]
    assert public == [404, 200]


def test_a_file_embargo_hides_the_files_from_the_public(client, box, ready):
    body = {"is_embargoed": True, "embargo_date": "0", "embargo_type": "file"}
    client.put(f"/account/articles/{ready}/embargo", body)
    box.web.publish(ready)
    file = box.web.files(ready)[0]

    record = client.get(f"/articles/{ready}").json()

    assert "files" not in record
    assert record["embargo_date"] == "0"
    assert client.get(f"/articles/{ready}/files").json() == []
    nobody = client.plain.get(f"{box.urls.api}/file/download/{file.id}")
    assert nobody.status_code == 403
    assert client.get(f"/file/download/{file.id}").content == b"1,2"


def test_a_file_embargo_needs_a_file_and_goes_with_the_last(client, box, item):
    path = f"/account/articles/{item}/embargo"
    body = {"is_embargoed": True, "embargo_date": "2030-01-01", "embargo_type": "file"}
    without = client.put(path, body).status_code
    file = box.web.add_file(item, "a", b"1")
    client.put(path, body)
    while_there = client.get(path).json()["is_embargoed"]

    client.delete(f"/account/articles/{item}/files/{file}")

    assert (without, while_there) == (400, True)
    assert not client.get(path).json()["is_embargoed"]


@pytest.mark.parametrize(
    "body",
    [
        {"is_embargoed": "yes"},
        {"is_embargoed": True, "embargo_type": "all", "embargo_date": "2030-01-01"},
        {"is_embargoed": True, "embargo_type": "article", "embargo_date": "soon"},
        {"is_embargoed": True, "embargo_type": "article"},
    ],
)
def test_embargo_terms_that_make_no_sense_are_refused(client, item, body):
    assert client.put(f"/account/articles/{item}/embargo", body).status_code == 422


def test_a_confidential_item_says_why(client, item):
    path = f"/account/articles/{item}/confidentiality"

    assert client.put(path, {"reason": "Names of patients"}).status_code == 205
    assert client.get(path).json() == {
        "is_confidential": True,
        "reason": "Names of patients",
    }
    assert client.delete(path).status_code == 204
    assert client.get(path).json() == {"is_confidential": False, "reason": ""}


def test_a_private_link_opens_the_files_until_it_expires(client, box, clock, ready):
    file = box.web.files(ready)[0].id
    path = f"/account/articles/{ready}/private_links"
    made = client.post(path, {"expires_date": stamp(clock.time + DAY)})
    link = f"{box.urls.storage}/files/{file}?private_link={made.json()['token']}"

    assert made.status_code == 201
    assert client.plain.get(link).content == b"1,2"
    clock.time += 2 * DAY
    assert client.plain.get(link).status_code == 403
    assert not client.get(path).json()[0]["is_active"]


def test_a_private_link_is_changed_and_closed(client, ready):
    path = f"/account/articles/{ready}/private_links"
    client.post(path)
    link = client.get(path).json()[0]

    changed = client.put(f"{path}/{link['id']}", {"expires_date": "2031-01-01"})
    expires = client.get(path).json()[0]["expires_date"]

    assert changed.status_code == 205
    assert expires == "2031-01-01T00:00:00Z"
    assert client.delete(f"{path}/{link['id']}").status_code == 204
    assert client.delete(f"{path}/{link['id']}").status_code == 404
    assert client.get(path).json() == []


def test_the_search_index_lags_behind_the_list(client, item):
    listed = client.get("/account/articles").json()
    found = [client.post("/account/articles/search", {}).json() for _ in range(2)]

    assert [row["id"] for row in listed] == [item]
    assert [len(rows) for rows in found] == [0, 1]
    assert found[1][0]["project_id"] is None


def test_the_search_index_catches_up_with_time(client, box, clock):
    box.switches.search_reads = 0
    box.switches.search_seconds = 20
    item = box.web.create_item("Soil cores")
    path = "/account/articles/search"

    early = client.post(path, {}).json()
    clock.time += 21
    on_time = client.post(path, {}).json()
    box.web.delete_item(item)
    deleted = client.post(path, {}).json()
    clock.time += 21

    assert (len(early), len(on_time), len(deleted)) == (0, 1, 1)
    assert client.post(path, {}).json() == []


@pytest.fixture
def library(box: Sandbox, clock: FrozenClock) -> dict[str, int]:
    """Three public items, each a day older than the next, all indexed."""
    made = {}
    for title, tags, name in (
        ("Soil cores of 2024", ["soil"], "a.csv"),
        ("Leaf images", ["leaf", "image"], "b.png"),
        ("Soil images", ["soil", "image"], "c.png"),
    ):
        made[title] = box.web.create_item(title, tags=tags)
        box.web.add_file(made[title], name, b"1")
        box.web.publish(made[title])
        clock.time += DAY
    return made


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("soil AND images", ["Soil images"]),
        ("cores leaf", ["Leaf images", "Soil cores of 2024"]),
        ("images NOT soil", ["Soil images", "Leaf images"]),
        ("images AND NOT soil", ["Leaf images"]),
        ("(cores OR leaf) AND images", ["Leaf images"]),
        ('"soil cores"', ["Soil cores of 2024"]),
        (":tag: image AND :title: soil", ["Soil images"]),
        (":extension: csv", ["Soil cores of 2024"]),
        (":author: Ada AND :item_type: dataset AND :title: leaf", ["Leaf images"]),
        (":published_after: 2040-01-01", []),
    ],
)
def test_searches_find_what_they_ask_for(client, library, words, titles):
    rows = client.post("/articles/search", {"search_for": words}).json()

    assert [row["title"] for row in rows] == titles
    assert {row["id"] for row in rows} <= set(library.values())


@pytest.mark.usefixtures("library")
def test_public_lists_are_ordered_and_filtered(client, clock):
    def titles(**query):
        return [row["title"] for row in client.get("/articles", **query).json()]

    since = stamp(clock.time - 1.5 * DAY)
    assert titles()[0] == "Soil images"
    assert (
        titles(order="created_date", order_direction="asc")[0] == "Soil cores of 2024"
    )
    assert titles(published_since=since) == ["Soil images"]
    assert titles(modified_since=since[:10]) == ["Soil images"]
    assert titles(item_type=9) == []
    assert len(titles(modified_date=since)) == 3, "unknown keys are ignored"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"order": "size"}, 400),
        ({"order_direction": "up"}, 400),
        ({"modified_since": "yesterday"}, 422),
        ({"page": 2, "offset": 1}, 422),
        ({"page": 10, "page_size": 1000}, 400),
        ({"page": 901}, 400),
    ],
)
def test_list_queries_that_make_no_sense_are_refused(client, query, status):
    assert client.get("/articles", **query).status_code == status
    assert client.post("/articles/search", query).status_code == status


def test_the_end_of_the_window_is_told_in_figshares_words(client):
    reply = client.post("/account/articles/search", {"page": 10, "page_size": 1000})

    assert reply.status_code == 400
    assert reply.json()["message"] == (
        "Max page reached. Please narrow down your search"
    )


def test_private_lists_have_no_window_unless_switched_on(client, box):
    query = {"page": 10, "page_size": 1000}
    without = client.get("/account/articles", **query).status_code

    box.switches.cap_private_lists = True

    assert without == 200
    assert client.get("/account/articles", **query).status_code == 400


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_cursor_goes_through_a_list_without_doubles(client, library, method):
    path = "/articles" if method == "GET" else "/articles/search"
    headers, seen = {}, []
    for _ in library:
        reply = client.call(method, path, params={"limit": 1}, headers=headers)
        headers = {"X-Cursor": reply.headers["X-Cursor"]}
        seen += [row["id"] for row in reply.json()]
    after_the_last = client.call(method, path, headers=headers)

    assert sorted(seen) == sorted(library.values())
    assert after_the_last.json() == []
    assert client.get("/articles").headers["X-Cursor"]
    bad = client.call(method, path, headers={"X-Cursor": "?"})
    assert bad.status_code == 400
