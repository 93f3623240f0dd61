"""The owner at work without HTTP, and the administrative calls."""

from time import perf_counter

import pytest
import requests

from figsync.sandbox import NewFile, Refused, Sandbox
from tests.sandbox.client import Client, md5_of


def test_what_is_done_on_the_web_is_seen_by_the_api(client: Client, box: Sandbox):
    item = box.web.create_item("Soil cores", description="Drilled", tags=["soil"])
    file = box.web.add_file(item, "a.csv", b"1,2", folder="raw")

    record = client.get(f"/account/articles/{item}").json()

    assert (record["description"], record["tags"]) == ("Drilled", ["soil"])
    assert record["files"][0]["id"] == file
    assert record["files"][0]["status"] == "available"
    assert record["files"][0]["computed_md5"] == md5_of(b"1,2")
    assert client.get(f"/file/download/{file}").content == b"1,2"


def test_replacing_a_file_gives_it_another_id(box, item):
    old = box.web.add_file(item, "a.csv", b"1,2", folder="raw")

    new = box.web.replace_file(old, b"3,4")

    assert new != old
    assert box.web.tree(item) == {"raw/a.csv": b"3,4"}


def test_every_edit_raises_the_modified_date(box, clock, item):
    def date():
        return box.web.item(item)["modified_date"]

    dates = [date()]
    edits = [
        lambda: box.web.edit_item(item, description="x"),
        lambda: box.web.add_file(item, "a", b"1"),
        lambda: box.web.add_link(item, "https://example.org/x"),
        lambda: box.web.delete_file(box.web.files(item)[0].id),
    ]
    for edit in edits:
        clock.time += 10
        edit()
        dates.append(date())

    assert dates == sorted(set(dates))


def test_an_md5_may_come_late(box, clock, item):
    file = box.web.add_file(item, "a", b"1", md5_delay=60)
    early = box.web.computed_md5(file)

    clock.time += 61

    assert (early, box.web.computed_md5(file)) == ("", md5_of(b"1"))


def test_somebody_elses_upload_stays_half_done(client, box, item):
    file = box.web.start_upload(item, NewFile("half.bin", 10))

    assert box.web.files(item)[0].id == file
    row = client.get(f"/account/articles/{item}/files").json()[0]
    assert row["status"] == "created"


def test_wrong_edits_are_refused_as_by_the_api(box, item):
    with pytest.raises(Refused):
        box.web.edit_item(item, title="x")
    box.web.add_file(item, "a", b"1")
    box.web.publish(item)
    with pytest.raises(Refused):
        box.web.delete_item(item)


def test_big_accounts_are_made_quickly(box):
    began = perf_counter()

    items = [box.web.create_item(f"Item {n}") for n in range(500)]
    box.web.add_files(items[0], {f"d/{n}": b"1" for n in range(500)})

    # Generous: it says a large account is a matter of seconds, on any machine.
    assert perf_counter() - began < 10
    assert len(box.web.item_ids()) == 500


@pytest.fixture
def admin(box: Sandbox):
    session = requests.Session()
    box.mount(session)

    def call(method: str, path: str, **options):
        return session.request(method, f"{box.urls.admin}{path}", **options)

    return call


def test_switches_are_read_and_set_over_http(admin, box):
    assert admin("GET", "/switches").json()["html_403"] is False

    reply = admin("PUT", "/switches", json={"html_403": True, "api_latency": 1})

    assert reply.json()["html_403"] is True
    assert box.switches.html_403
    assert admin("PUT", "/switches", json={"html": 1}).status_code == 422


def test_faults_are_added_and_cleared_over_http(admin, client):
    fault = {"path": "/account$", "status": 418, "times": 2, "headers": [["X", "y"]]}

    assert admin("POST", "/faults", json=fault).status_code == 201
    assert client.get("/account").status_code == 418
    assert admin("GET", "/faults").json()[0]["left"] == 1
    assert admin("POST", "/faults", json={"colour": 1}).status_code == 422
    assert admin("DELETE", "/faults").status_code == 204
    assert client.get("/account").status_code == 200


def test_the_log_is_read_and_cleared_over_http(admin, client):
    client.get("/account")

    assert [row["path"] for row in admin("GET", "/log").json()] == ["/v2/account"]
    assert admin("GET", "/counters").json()["api"]["requests"] == 1
    assert admin("DELETE", "/log").status_code == 204
    assert admin("GET", "/log").json() == []


def test_the_clock_is_advanced_over_http(admin, box):
    before = box.clock.now()

    assert admin("POST", "/clock", json={"advance": 5}).json()["now"] == before + 5
    assert admin("POST", "/clock", json={"advance": -5}).status_code == 422


def test_accounts_are_added_over_http(admin, box):
    made = admin("POST", "/accounts", json={"token": "boss", "admin": True}).json()

    item = admin("POST", f"/items?account={made['id']}", json={"title": "Of the boss"})

    assert admin("GET", f"/items?account={made['id']}").json() == [item.json()["id"]]
    assert box.web.item_ids() == []
    assert Client(box, "boss").get("/account/institution/accounts").status_code == 200


def test_the_owners_work_is_done_over_http(admin, box):
    item = admin("POST", "/items", json={"title": "Soil cores"}).json()["id"]
    query = {"name": "a.csv", "folder": "raw"}
    file = admin("POST", f"/items/{item}/files", params=query, data=b"1,2").json()["id"]
    newer = admin("PUT", f"/files/{file}", data=b"3,4").json()["id"]
    admin("POST", f"/items/{item}/links", json={"link": "https://example.org/x"})
    assert admin("PATCH", f"/items/{item}", json={"tags": ["a"]}).status_code == 205

    paths = [row["path"] for row in admin("GET", f"/items/{item}/files").json()]
    assert paths == ["raw/a.csv", "x"]
    assert admin("GET", f"/files/{newer}/content").content == b"3,4"
    assert admin("GET", f"/items/{item}").json()["tags"] == ["a"]
    assert admin("DELETE", f"/files/{newer}").status_code == 204
    assert admin("POST", f"/items/{item}/publish").status_code == 204
    assert admin("DELETE", f"/items/{item}").status_code == 400
    assert box.web.tree(item) == {}


def test_administration_is_neither_logged_nor_faulty(admin, box):
    box.switches.html_403 = True

    assert admin("GET", "/switches").status_code == 200
    assert box.log.entries() == ()
