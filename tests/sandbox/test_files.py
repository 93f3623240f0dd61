"""Files: initiated, sent in parts, completed, checked, deleted."""

import os
from threading import Event, Thread

import pytest

from figsync.sandbox import Sandbox
from tests.sandbox.client import PART, Client, FrozenClock, md5_of

CONTENT = bytes(range(256)) * 10


def test_an_upload_ends_with_the_md5_of_its_bytes(client, box, item):
    file = client.upload(item, CONTENT, folder_path="/raw/2024")

    assert file["status"] == "available"
    assert file["computed_md5"] == md5_of(CONTENT)
    assert file["upload_url"] == ""
    assert file["upload_token"] != ""
    assert box.web.content(file["id"]) == CONTENT


def test_the_folder_is_seen_in_the_items_record_only(client, item):
    file = client.upload(item, CONTENT, folder_path="/raw/2024")

    record = client.get(f"/account/articles/{item}").json()

    assert record["folder_structure"] == {str(file["id"]): "raw/2024"}
    assert "folder_path" not in file


def test_a_new_record_is_created_and_has_no_md5_of_its_own(client, item):
    file = client.initiate(item, CONTENT)

    assert file["status"] == "created"
    assert file["computed_md5"] == ""
    assert file["supplied_md5"] == md5_of(CONTENT)
    assert file["mimetype"] == "undefined"


def test_a_completed_file_becomes_available_by_being_looked_at(client, item):
    file = client.initiate(item, CONTENT)
    client.put_parts(file, CONTENT)

    client.complete(item, file)

    seen = [client.file(item, file) for _ in range(3)]
    assert [one["status"] for one in seen] == [
        "ic_checking",
        "moving_to_final",
        "available",
    ]
    assert [one["computed_md5"] != "" for one in seen] == [False, True, True]


def test_a_completed_file_becomes_available_by_waiting(client, box, clock, item):
    box.switches.status_reads = 0
    box.switches.status_seconds = 10
    file = client.initiate(item, CONTENT)
    client.put_parts(file, CONTENT)
    client.complete(item, file)

    seen = []
    for _ in range(4):
        seen.append(client.file(item, file)["status"])
        clock.time += 7

    assert seen == ["ic_checking", "ic_checking", "moving_to_final", "available"]


def test_a_session_tells_the_parts_with_inclusive_offsets(client, item):
    file = client.initiate(item, CONTENT)

    session = client.plain.get(file["upload_url"]).json()

    assert session["status"] == "PENDING"
    assert session["name"] == f"{file['id']}/a.bin"
    assert [
        (p["partNo"], p["startOffset"], p["endOffset"]) for p in session["parts"]
    ] == [
        (1, 0, PART - 1),
        (2, PART, 2 * PART - 1),
        (3, 2 * PART, len(CONTENT) - 1),
    ]
    assert {part["status"] for part in session["parts"]} == {"PENDING"}


def test_parts_may_come_in_any_order(client, item):
    file = client.initiate(item, CONTENT)

    for number in (3, 1, 2):
        start = (number - 1) * PART
        client.put_part(file, number, CONTENT[start : start + PART])
    client.complete(item, file)

    assert [client.file(item, file) for _ in range(2)][1]["computed_md5"] == md5_of(
        CONTENT
    )


def test_completing_without_all_parts_is_refused(client, item):
    file = client.initiate(item, CONTENT)
    client.put_part(file, 1, CONTENT[:PART])

    assert client.complete(item, file).status_code == 400
    assert client.file(item, file)["status"] == "created"


def test_completing_twice_is_harmless(client, item):
    file = client.upload(item, CONTENT)

    assert client.complete(item, file).status_code == 202
    assert client.file(item, file)["status"] == "available"


@pytest.mark.parametrize("length", [PART - 1, PART + 1, 0])
def test_a_part_of_the_wrong_length_is_never_complete(client, item, length):
    file = client.initiate(item, CONTENT)

    reply = client.put_part(file, 1, CONTENT[:length])

    assert reply.status_code == 400
    session = client.plain.get(file["upload_url"]).json()
    assert session["parts"][0]["status"] == "PENDING"


def test_a_stream_that_ends_early_is_never_complete(client, item):
    file = client.initiate(item, CONTENT)

    reply = client.plain.put(f"{file['upload_url']}/1", data=iter([CONTENT[:10]]))

    assert reply.status_code == 400
    session = client.plain.get(file["upload_url"]).json()
    assert session["parts"][0]["status"] == "PENDING"


def test_a_short_body_hangs_if_so_switched(client, box, clock, item):
    box.switches.short_body_seconds = 60
    file = client.initiate(item, CONTENT)

    client.put_part(file, 1, b"short")

    assert clock.waits == [60]


@pytest.mark.parametrize("path", ["/4", "/0"])
def test_parts_that_do_not_exist_are_404_and_empty(client, item, path):
    file = client.initiate(item, CONTENT)

    reply = client.plain.put(file["upload_url"] + path, data=b"x")

    assert (reply.status_code, reply.content) == (404, b"")


def test_bytes_without_a_part_number_are_refused_with_a_text(client, item):
    file = client.initiate(item, CONTENT)

    reply = client.plain.put(file["upload_url"], data=CONTENT)

    assert reply.status_code == 404
    assert reply.text.startswith("Cannot PUT /upload/")


def test_a_part_can_be_reset_and_sent_again(client, item):
    file = client.initiate(item, CONTENT)
    client.put_part(file, 1, b"x" * PART)

    assert client.plain.delete(f"{file['upload_url']}/1").status_code == 200
    part = client.plain.get(f"{file['upload_url']}/1").json()
    assert part["status"] == "PENDING"

    client.put_parts(file, CONTENT)
    client.complete(item, file)
    assert [client.file(item, file) for _ in range(3)][2]["status"] == "available"


def test_bytes_sent_over_others_count(client, item):
    file = client.initiate(item, CONTENT)
    client.put_part(file, 1, b"x" * PART)

    client.put_parts(file, CONTENT)
    client.complete(item, file)

    assert [client.file(item, file) for _ in range(3)][2]["status"] == "available"


def test_a_completed_upload_takes_no_more_parts(client, item):
    file = client.initiate(item, CONTENT)
    client.put_parts(file, CONTENT)
    client.complete(item, file)

    assert client.put_part(file, 1, CONTENT[:PART]).status_code == 409
    assert client.plain.delete(f"{file['upload_url']}/1").status_code == 409
    assert client.plain.get(file["upload_url"]).json()["status"] == "COMPLETED"


def test_a_part_being_written_is_locked(client: Client, item: int):
    file = client.initiate(item, CONTENT)
    begun, go_on = Event(), Event()

    def slowly():
        yield CONTENT[: PART // 2]
        begun.set()
        go_on.wait(10)
        yield CONTENT[PART // 2 : PART]

    replies = []
    writer = Thread(
        target=lambda: replies.append(
            client.plain.put(f"{file['upload_url']}/1", data=slowly())
        )
    )
    writer.start()
    begun.wait(10)
    other = Client(client.box)
    locked = other.put_part(file, 1, CONTENT[:PART])
    session = other.plain.get(file["upload_url"]).json()
    go_on.set()
    writer.join()

    assert (locked.status_code, locked.content) == (409, b"")
    assert session["parts"][0]["locked"]
    assert replies[0].status_code == 200


def test_wrong_content_fails_the_integrity_check(client, item):
    file = client.initiate(item, CONTENT, md5=md5_of(b"other"))
    client.put_parts(file, CONTENT)
    client.complete(item, file)

    assert [client.file(item, file) for _ in range(2)][1]["status"] == "ic_failure"


def test_without_a_supplied_md5_nothing_is_compared(client, item):
    file = client.upload(item, CONTENT, md5="")

    assert file["status"] == "available"
    assert file["supplied_md5"] == ""


def test_an_empty_file_is_refused(client, item):
    reply = client.post(f"/account/articles/{item}/files", {"name": "empty", "size": 0})

    assert reply.status_code == 400


@pytest.mark.parametrize("body", [{}, {"name": "a"}, {"name": 5, "size": 1}])
def test_a_file_without_name_or_size_is_refused(client, item, body):
    assert client.post(f"/account/articles/{item}/files", body).status_code == 422


def test_names_are_kept_verbatim(client, item):
    for name in ("./app/static/a.png", "../x", "naïve 名.txt", "a" * 300, "\x01\n"):
        assert client.initiate(item, b"1", name=name)["name"] == name


def test_duplicate_names_make_two_files(client, box, item):
    first = client.upload(item, b"1")
    second = client.upload(item, b"1")

    assert first["id"] != second["id"]
    assert len(box.web.files(item)) == 2


def test_the_list_of_files_is_paged_and_the_record_stops_at_ten(client, box, item):
    added = box.web.add_files(item, {f"{n}.txt": b"1" for n in range(25)})
    path = f"/account/articles/{item}/files"

    assert len(client.get(path).json()) == 10
    everything = client.get(path, page_size=1000).json()
    assert [row["id"] for row in everything] == added
    assert len(client.get(f"/account/articles/{item}").json()["files"]) == 10


def test_files_and_sizes_add_up_in_the_record(client, box, item):
    box.web.add_files(item, {"a": b"123", "b/c": b"45"})

    record = client.get(f"/account/articles/{item}").json()

    assert record["size"] == 5
    assert list(record["folder_structure"].values()) == ["b"]


def test_deleting_works_in_any_state(client, box, item):
    file = client.initiate(item, CONTENT)
    path = f"/account/articles/{item}/files/{file['id']}"

    assert client.delete(path).status_code == 204

    assert client.get(path).status_code == 404
    assert client.plain.get(file["upload_url"]).status_code == 404
    assert box.web.files(item) == []


def test_a_file_of_another_item_is_not_found(client, box, item):
    other = box.web.create_item("Other")
    file = box.web.add_file(other, "a", b"1")

    assert client.get(f"/account/articles/{item}/files/{file}").status_code == 404
    assert client.delete(f"/account/articles/{item}/files/{file}").status_code == 404


def test_a_link_is_a_file_without_bytes(client, item):
    url = "https://example.org/data/set.zip"

    reply = client.post(f"/account/articles/{item}/files", {"link": url})
    record = client.get(reply.json()["location"]).json()

    assert reply.status_code == 201
    assert record["is_link_only"]
    assert record["download_url"] == url
    assert record["upload_url"] == record["upload_token"] == ""
    assert record["name"] == "set.zip"
    assert client.get(f"/account/articles/{item}").json()["has_linked_file"]


def test_an_upload_goes_on_after_a_restart(client, box, clock, tmp_path, item):
    file = client.initiate(item, CONTENT)
    client.put_part(file, 2, CONTENT[PART : 2 * PART])
    box.close()

    again = Client(Sandbox(tmp_path / "box", part_size=77, clock=clock))
    session = again.plain.get(file["upload_url"]).json()
    done = [part["status"] for part in session["parts"]]
    for number in (1, 3):
        start = (number - 1) * PART
        again.put_part(file, number, CONTENT[start : start + PART])
    again.complete(item, file)

    assert done == ["PENDING", "COMPLETE", "PENDING"]
    assert [again.file(item, file) for _ in range(3)][2]["status"] == "available"


def test_many_parts_at_once_give_the_right_md5(client: Client, item: int):
    content = os.urandom(64 * PART)
    file = client.initiate(item, content)

    def send(numbers: range) -> None:
        mine = Client(client.box)
        for number in numbers:
            start = (number - 1) * PART
            mine.put_part(file, number, content[start : start + PART])

    senders = [Thread(target=send, args=(range(n, 65, 4),)) for n in range(1, 5)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    client.complete(item, file)

    assert [client.file(item, file) for _ in range(3)][2]["computed_md5"] == md5_of(
        content
    )


def test_files_raise_the_items_date_unless_switched_off(
    client: Client, box: Sandbox, clock: FrozenClock, item: int
):
    before = box.web.item(item)["modified_date"]
    clock.time += 60
    client.upload(item, b"1")
    raised = box.web.item(item)["modified_date"]
    box.switches.files_touch_item = False
    clock.time += 60
    client.upload(item, b"2")

    assert raised > before
    assert box.web.item(item)["modified_date"] == raised
