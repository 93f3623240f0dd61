"""Every switch and fault does what its name says, and nothing when it is off."""

import pytest
import requests

from figsync.sandbox import Fault, Refused, Sandbox
from tests.sandbox.client import Client, md5_of

CONTENT = bytes(range(256)) * 10


@pytest.fixture
def file(box: Sandbox, item: int) -> int:
    return box.web.add_file(item, "a.bin", CONTENT)


def test_a_fault_happens_as_often_as_asked_and_then_no_more(client, box):
    box.fail_next(Fault("api", "GET", r"/account$", status=503, times=2))

    seen = [client.get("/account").status_code for _ in range(3)]
    assert client.get("/licenses").status_code == 200
    assert seen == [503, 503, 200]


@pytest.mark.parametrize(
    ("kind", "media", "start"),
    [
        ("json", "application/json", "{"),
        ("html", "text/html", "<html>"),
        ("xml", "application/xml", "<Error>"),
        ("empty", "text/plain", ""),
    ],
)
def test_a_fault_has_the_body_asked_for(client, box, kind, media, start):
    headers = (("Retry-After", "7"),)
    box.fail_next(Fault(status=429, kind=kind, headers=headers))

    reply = client.get("/account")

    assert reply.headers["Content-Type"] == media
    assert reply.headers["Retry-After"] == "7"
    assert reply.text.startswith(start)


def test_a_slow_fault_waits_by_the_clock(client, box, clock):
    box.fail_next(Fault(seconds=30))

    client.get("/account")

    assert clock.waits == [30]


def test_a_broken_connection_has_no_reply(client, box):
    box.fail_next(Fault(kind="break"))

    with pytest.raises(requests.ConnectionError):
        client.get("/account")

    assert box.log.entries()[-1].status == 0


@pytest.mark.parametrize("kind", ["json", "break"])
def test_a_lost_reply_to_create_has_its_effect(client, box, kind):
    box.fail_next(Fault.lost_create(kind=kind))

    try:
        status = client.post("/account/articles", {"title": "Once"}).status_code
    except requests.ConnectionError:
        status = 500

    assert status == 500
    assert len(box.web.item_ids()) == 1


def test_a_lost_reply_to_initiate_has_its_effect(client, box, item):
    box.fail_next(Fault.lost_initiate())

    reply = client.post(f"/account/articles/{item}/files", {"name": "a", "size": 1})

    assert reply.status_code == 500
    assert [file.name for file in box.web.files(item)] == ["a"]


def test_faults_can_be_called_off(client, box):
    box.fail_next(Fault(times=9))

    box.world.faults.clear()

    assert client.get("/account").status_code == 200


def test_latency_is_waited_per_service(client, box, clock):
    box.switches.api_latency = 0.04

    client.get("/account")
    client.plain.get(f"{box.urls.upload}/upload/x")

    assert clock.waits == [0.04]


@pytest.mark.parametrize("retry_after", [0, 3])
def test_above_the_rate_the_answer_is_429(client, box, clock, retry_after):
    box.switches.rate_limit = 2
    box.switches.retry_after = retry_after

    replies = [client.get("/account") for _ in range(3)]
    clock.time += 1

    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert ("Retry-After" in replies[2].headers) == bool(retry_after)
    assert client.get("/account").status_code == 200


def test_a_gateway_forbids_in_html(client, box):
    box.switches.html_403 = True

    reply = client.get("/account")

    assert reply.status_code == 403
    assert reply.headers["Content-Type"].startswith("text/html")


def test_bodies_can_be_empty(client, box):
    box.switches.empty_body = True

    reply = client.get("/account/articles")

    assert (reply.status_code, reply.content) == (200, b"")


def test_a_short_page_hides_rows_though_more_follow(client, box):
    made = [box.web.create_item(f"Item {n}") for n in range(25)]
    box.switches.short_page = 3

    pages = [client.get("/account/articles", page=page).json() for page in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [3, 3, 3, 0]
    assert pages[1][0]["id"] == made[14]


def test_a_cut_list_ends_early_on_every_page(client, box, item):
    box.web.add_files(item, {f"{n}": b"1" for n in range(25)})
    box.switches.cut_lists = 15
    path = f"/account/articles/{item}/files"

    assert len(client.get(path, page_size=1000).json()) == 15
    assert [len(client.get(path, page=n).json()) for n in (1, 2, 3)] == [10, 5, 0]


def test_light_rows_may_lack_their_dates(client, box, item):
    box.switches.light_dates = False

    row = client.get("/account/articles").json()[0]

    assert "modified_date" not in row
    assert "modified_date" in client.get(f"/account/articles/{item}").json()


def test_records_may_lack_their_files(client, box, item, file):
    box.switches.record_files = False

    assert "files" not in client.get(f"/account/articles/{item}").json()
    assert len(client.get(f"/account/articles/{item}/files").json()) == 1
    assert file


def test_ids_may_be_uuids(client, box):
    box.switches.uuid_ids = True

    made = client.post("/account/articles", {"title": "Soil cores"})
    row = client.get("/account/articles").json()[0]
    place = made.json()["location"]

    assert "entity_id" not in made.json()
    assert row["id"] is None
    assert place.endswith(row["uuid"])
    url = client.post(f"{place}/files", {"name": "a", "size": 1, "folder_path": "/d"})
    record = client.get(url.json()["location"]).json()
    assert record["id"] is None
    assert url.json()["location"].endswith(record["uuid"])
    assert client.get(place).json()["folder_structure"] == {record["uuid"]: "d"}
    assert client.delete(place).status_code == 204


def test_etags_are_sent_and_answered_if_switched_on(client, box):
    assert "ETag" not in client.get("/account").headers
    box.switches.etags = True

    tag = client.get("/account").headers["ETag"]
    again = client.call("GET", "/account", headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


def test_a_fresh_file_may_be_missing_for_an_instant(client, box, item):
    box.switches.initiate_404 = 2
    new = {"name": "a", "size": 1}
    url = client.post(f"/account/articles/{item}/files", new).json()["location"]

    assert [client.get(url).status_code for _ in range(3)] == [404, 404, 200]


def test_a_file_may_hang_before_its_end_with_the_right_md5(client, box, clock, item):
    box.switches.stuck_moving = True
    file = client.upload(item, CONTENT)
    clock.time += 3600

    assert client.file(item, file)["status"] == "moving_to_final"
    assert client.file(item, file)["computed_md5"] == md5_of(CONTENT)
    box.switches.stuck_moving = False
    assert client.file(item, file)["status"] == "available"


def test_the_md5_may_be_late_or_never_come(client, box, clock, item):
    box.switches.md5_delay = 60
    file = client.upload(item, CONTENT)
    early = client.file(item, file)["computed_md5"]
    clock.time += 61
    late = client.file(item, file)["computed_md5"]
    box.switches.md5_never = True

    assert (early, late) == ("", md5_of(CONTENT))
    assert client.file(item, file)["computed_md5"] == ""
    assert client.file(item, file)["status"] == "available"


def test_folders_may_be_forgotten(client, box, item):
    box.switches.keep_folders = False
    client.upload(item, CONTENT, folder_path="/raw")

    assert client.get(f"/account/articles/{item}").json()["folder_structure"] == {}


def test_parts_may_be_locked(client, box, item):
    file = client.initiate(item, CONTENT)
    box.switches.lock_parts = True

    assert client.put_part(file, 1, CONTENT[:1000]).status_code == 409
    assert client.plain.get(file["upload_url"]).json()["parts"][0]["locked"]


def test_a_flipped_byte_fails_the_check(client, box, item):
    file = client.initiate(item, CONTENT)
    box.switches.flip_part_byte = True
    client.put_parts(file, CONTENT)
    client.complete(item, file)

    assert [client.file(item, file) for _ in range(2)][1]["status"] == "ic_failure"


def test_sessions_may_be_aborted_or_lost(client, box, item):
    file = client.initiate(item, CONTENT)
    box.switches.abort_sessions = True
    aborted = client.plain.get(file["upload_url"]).json()["status"]
    refused = client.put_part(file, 1, CONTENT[:1000]).status_code
    box.switches.abort_sessions = False
    box.switches.lose_sessions = True

    assert (aborted, refused) == ("ABORTED", 404)
    assert client.plain.get(file["upload_url"]).status_code == 404


def test_downloads_may_be_corrupt_or_short(client, box, file):
    box.switches.corrupt_download = True
    corrupt = client.get(f"/file/download/{file}").content
    box.switches.corrupt_download = False
    box.switches.truncate_download = True
    short = client.get(f"/file/download/{file}").content
    box.switches.truncate_download = False

    assert corrupt != CONTENT
    assert len(corrupt) == len(CONTENT)
    assert short == CONTENT[: len(CONTENT) // 2]
    assert client.get(f"/file/download/{file}").content == CONTENT


def test_downloads_may_break_off(client, box, file):
    box.switches.break_download = True

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get(f"/file/download/{file}")


def test_links_may_be_born_expired(client, box, file):
    box.switches.expired_links = True

    assert client.get(f"/file/download/{file}").status_code == 403


@pytest.mark.parametrize("status", [202, 403])
def test_a_firewall_stands_before_downloads_only(client, box, item, file, status):
    box.switches.waf_downloads = status
    paths = (
        f"/file/download/{file}",
        f"{box.urls.storage}/files/{file}",
        f"/account/articles/{item}/download",
    )

    replies = [client.get(path) for path in paths]

    assert {reply.status_code for reply in replies} == {status}
    assert replies[0].headers["Content-Type"].startswith("text/html")
    if status == 202:
        assert replies[0].content == b""
        assert replies[0].headers["x-amzn-waf-action"] == "challenge"
    assert client.get(f"/account/articles/{item}/files/{file}").status_code == 200


def test_downloads_may_be_refused(client, box, file):
    box.switches.refuse_downloads = True

    assert client.get(f"/file/download/{file}").status_code == 403


@pytest.mark.parametrize(
    "values", [{"no_such": 1}, {"rate_limit": "2"}, {"html_403": 1}, {"quota": True}]
)
def test_a_switch_that_does_not_exist_or_fit_is_refused(box, values):
    before = box.switches.as_json()

    with pytest.raises(Refused):
        box.switches.update({"short_page": 3} | values)

    assert box.switches.as_json() == before


def test_the_log_tells_mutations_from_reads(client: Client, box: Sandbox, item: int):
    client.get("/account")
    client.post("/account/articles/search", {})
    client.put(f"/account/articles/{item}", {"tags": []})

    mutations = box.log.mutations()
    assert [entry.method for entry in mutations] == ["PUT"]
    assert mutations[0].has_authorization
    assert mutations[0].account == box.web.account_id
    assert mutations[0].bytes_in > 0
    assert box.log.count("api", "GET", path="/account$", status=200) == 1
    assert box.log.counters()["api"]["requests"] == 3
    box.log.clear()
    assert box.log.entries() == ()


def test_a_delay_that_was_whole_seconds_may_be_a_fraction_later(box):
    box.switches.update({"api_latency": 2})

    box.switches.update({"api_latency": 0.04})

    assert box.switches.api_latency == 0.04
