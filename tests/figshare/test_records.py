"""Records: gaps are fine, wrong types are named, secrets stay out."""

from __future__ import annotations

import json

import pytest

from figsync.errors import BadReply
from figsync.figshare.records import (
    NO_SIZE,
    FileRecord,
    Item,
    Part,
    decode_account,
    decode_created,
    decode_file,
    decode_files,
    decode_item,
    decode_rows,
    decode_session,
    public_record,
)

MD5 = "4114f0120c74bd83d89bb82ac365488a"


def item(**fields: object) -> Item:
    return decode_item(json.dumps({"id": 7, **fields}).encode(), "7", subject="item 7")


def a_file(**fields: object) -> FileRecord:
    body = json.dumps({"id": 1, **fields}).encode()
    return decode_file(body, "1", subject="file 1")


def complaint(body: object) -> str:
    with pytest.raises(BadReply) as caught:
        decode_rows(json.dumps(body).encode(), subject="the list")
    return str(caught.value)


def test_an_id_alone_is_a_row() -> None:
    (row,) = decode_rows(b'[{"id": 22001122, "new_field": [1]}]', subject="")

    assert (row.id, row.title, row.modified_date) == ("22001122", "", None)


def test_nulls_are_gaps() -> None:
    found = item(title=None, files=None, size=None, status=None, is_public=None)

    assert (found.title, found.files, found.size) == ("", None, None)
    assert (found.status, found.is_public) == ("", False)


def test_the_uuid_names_what_has_no_id() -> None:
    uuid = "0b9c9b9e-1f6c-4d2f-8f59-9d6a4f3b1c11"

    rows = decode_rows(json.dumps([{"id": None, "uuid": uuid}]).encode(), subject="")

    assert [row.id for row in rows] == [uuid]


@pytest.mark.parametrize("id", [1.5, 12.0, True, [1], {"a": 1}])
def test_an_id_of_a_wrong_type_is_named(id: object) -> None:
    assert "`$[0].id`" in complaint([{"id": id}])


@pytest.mark.parametrize("id", [None, "", ".", ".."])
def test_an_id_that_names_nothing_is_no_id(id: object) -> None:
    assert "`id` is missing" in complaint([{"id": id}])


def test_a_field_of_a_wrong_type_is_named() -> None:
    assert "`$[1].title`" in complaint([{"id": 1}, {"id": 2, "title": 5}])


def test_what_is_not_a_list_is_no_list() -> None:
    assert "Expected `array`" in complaint({"message": "hello"})


@pytest.mark.parametrize("body", [b"", b'[{"id": 1}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_not_json_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(BadReply):
        decode_rows(body, subject="the list")


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert decode_rows(b"\xef\xbb\xbf[]", subject="") == []


def test_the_raw_record_is_what_the_api_gave() -> None:
    given = {"id": 7, "title": "Soil", "custom_fields": [{"name": "x", "value": 1.5}]}

    assert item(**given).raw == given


def test_an_answer_about_another_item_is_not_believed() -> None:
    with pytest.raises(BadReply, match="another `id`"):
        decode_item(b'{"id": 8}', "7", subject="item 7")


def test_an_item_keeps_the_name_it_was_asked_by() -> None:
    body = b'{"id": 7, "uuid": "abc"}'

    assert decode_item(body, "abc", subject="").id == "abc"
    assert decode_item(body, "7", subject="").id == "7"


def test_folders_are_plain_paths() -> None:
    found = item(folder_structure={"1": "/a//b/", "2": "raw/2024", "3": "", "4": None})

    assert found.folder_structure == {"1": "a/b", "2": "raw/2024"}


def test_an_empty_list_of_folders_is_no_folders() -> None:
    assert item(folder_structure=[]).folder_structure == {}
    with pytest.raises(BadReply):
        item(folder_structure=["a"])


def test_a_public_version_is_assumed_when_it_is_not_stated() -> None:
    assert item(status="public").is_public
    assert item(published_date="2026-01-01T00:00:00Z").is_public
    assert not item(published_date=None, status="draft").is_public
    assert not item(is_public=False, status="public").is_public
    assert item(is_public=1).is_public


def test_missing_files_are_not_no_files() -> None:
    assert item().files is None
    assert item(files=[]).files == ()


def test_an_md5_is_lower_case_or_unknown() -> None:
    assert a_file(computed_md5=MD5.upper()).md5 == MD5
    assert a_file(computed_md5="").md5 == ""
    assert a_file(computed_md5="pending").md5 == ""


def test_a_size_that_is_not_stated_is_not_zero() -> None:
    assert a_file().size == NO_SIZE
    assert a_file(size=0).size == 0
    with pytest.raises(BadReply, match="size"):
        a_file(size=-3)


def test_a_status_that_is_not_stated_follows_from_the_md5() -> None:
    assert a_file(computed_md5=MD5).is_available
    assert a_file(is_link_only=True).is_available
    assert not a_file(computed_md5="").is_available
    assert not a_file(computed_md5=MD5, status="moving_to_final").is_available


def test_names_are_kept_as_they_are() -> None:
    name = "./app/..\\static/\u202eimg\u0000 .png"

    assert decode_files(json.dumps([{"id": 1, "name": name}]).encode(), subject="")[
        0
    ].name == (name)


def test_secrets_are_in_no_representation() -> None:
    record = a_file(upload_url="https://u/secret", upload_token="secret")

    assert "secret" not in repr(record)
    assert "secret" not in repr(item(files=[{"id": 1, "upload_token": "secret"}]))


def test_the_public_record_hides_the_uploads_and_nothing_else() -> None:
    raw = {
        "id": 7,
        "files": [{"id": 1, "upload_url": "u", "upload_token": "t", "name": "a"}, "?"],
        "title": "Soil",
    }

    hidden = public_record(raw)

    assert hidden == {
        "id": 7,
        "files": [{"id": 1, "upload_url": "", "upload_token": "", "name": "a"}, "?"],
        "title": "Soil",
    }
    assert raw["files"][0]["upload_url"] == "u"  # type: ignore[index]  # a test's JSON


@pytest.mark.parametrize("active", [0, 1, True, False, None])
def test_an_account_is_active_as_number_or_truth(active: object) -> None:
    body = json.dumps({"id": 3, "active": active, "maximum_file_size": 0}).encode()

    account = decode_account(body, subject="the account")

    assert account.active is (active is None or bool(active))
    assert (account.id, account.quota, account.maximum_file_size) == ("3", None, 0)


def test_what_was_created_is_named_by_number_body_or_header() -> None:
    def created(body: bytes, location: str = "") -> str:
        return decode_created(body, location, subject="the new item")

    assert created(b'{"entity_id": 5, "location": "https://x/v2/articles/6"}') == "5"
    assert created(b'{"location": "https://x/v2/articles/6/"}') == "6"
    assert created(b'{"location": "https://x/articles/6?a=/b"}') == "6"
    assert created(b"", "https://x/v2/articles/8") == "8"
    assert created(b'{"entity_id": null}', "/articles/9") == "9"
    for body in (b"", b"{}", b'{"location": ""}', b'{"location": "https://x/.."}'):
        with pytest.raises(BadReply):
            created(body)


def session(*parts: tuple[int, int, int], size: int | None = 10) -> bytes:
    rows = [{"partNo": n, "startOffset": s, "endOffset": e} for n, s, e in parts]
    return json.dumps({"status": "pending", "size": size, "parts": rows}).encode()


def test_parts_are_inclusive_at_both_ends_and_in_order() -> None:
    found = decode_session(session((2, 6, 9), (1, 0, 5)), subject="")

    assert found.parts == (Part(1, 0, 5), Part(2, 6, 9))
    assert [part.size for part in found.parts] == [6, 4]
    assert (found.status, found.size) == ("PENDING", 10)


@pytest.mark.parametrize(
    "body",
    [
        session((1, 0, 5), (2, 7, 9)),
        session((1, 0, 5), (2, 5, 9)),
        session((1, 0, 8)),
        session((1, 0, 10)),
        session((1, 1, 9)),
        session(),
        session((0, 0, 9)),
    ],
)
def test_parts_that_do_not_cover_the_file_are_refused(body: bytes) -> None:
    with pytest.raises(BadReply):
        decode_session(body, subject="the upload")
