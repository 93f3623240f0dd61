"""Downloads: the API's way, the downloader's, storage links and zips."""

import io
import zipfile

import pytest

from figsync.sandbox import Sandbox
from tests.sandbox.client import TOKEN, Client

CONTENT = bytes(range(256)) * 8


@pytest.fixture
def file(box: Sandbox, item: int) -> int:
    return box.web.add_file(item, "a b/ä.bin", CONTENT, folder="raw")


def link_of(client: Client, file: int) -> str:
    reply = client.call("GET", f"/file/download/{file}", allow_redirects=False)
    assert reply.status_code == 302
    return reply.headers["Location"]


def test_the_api_redirects_to_a_presigned_link_elsewhere(client, box, file):
    link = link_of(client, file)

    assert link.startswith(f"{box.urls.storage}/pfigshare-u-files/{file}/")
    assert client.plain.get(link).content == CONTENT


def test_following_the_redirect_leaves_the_token_behind(client, box, file):
    assert client.get(f"/file/download/{file}").content == CONTENT

    assert not box.log.find("storage")[0].has_authorization


def test_storage_refuses_the_token_as_xml(client, file):
    reply = client.call("GET", link_of(client, file))

    assert reply.status_code == 400
    assert "<Code>InvalidArgument</Code>" in reply.text
    assert reply.headers["Content-Type"].startswith("application/xml")


def test_a_link_expires_after_ten_seconds(client, clock, file):
    link = link_of(client, file)

    clock.time += 9
    assert client.plain.get(link).status_code == 200
    clock.time += 2
    expired = client.plain.get(link)

    assert expired.status_code == 403
    assert "Request has expired" in expired.text


def test_a_link_is_signed_for_one_file_and_for_get(client, box, item, file):
    link = link_of(client, file)
    other = box.web.add_file(item, "b", b"2")

    assert client.plain.get(link.replace(str(file), str(other))).status_code == 403
    assert client.plain.head(link).status_code == 403


@pytest.mark.parametrize(
    ("asked", "within"),
    [
        ("bytes=0-9", range(10)),
        ("bytes=2000-", range(2000, 2048)),
        ("bytes=-5", range(2043, 2048)),
        ("bytes=2047-9999", range(2047, 2048)),
    ],
)
def test_storage_sends_ranges(client, file, asked, within):
    reply = client.plain.get(link_of(client, file), headers={"Range": asked})

    assert reply.status_code == 206
    assert reply.content == CONTENT[within.start : within.stop]
    expected = f"bytes {within.start}-{within.stop - 1}/{len(CONTENT)}"
    assert reply.headers["Content-Range"] == expected


def test_a_range_beyond_the_end_is_416(client, file):
    reply = client.plain.get(link_of(client, file), headers={"Range": "bytes=5000-"})

    assert reply.status_code == 416


def test_the_downloader_wants_the_token_in_the_query(client, box, item, file):
    url = client.get(f"/account/articles/{item}/files/{file}").json()["download_url"]

    assert url == f"{box.urls.storage}/files/{file}"
    assert client.plain.get(url).status_code == 403
    assert client.call("GET", url).status_code == 403
    assert client.plain.get(url, params={"token": TOKEN}).content == CONTENT


def test_the_downloader_may_send_the_bytes_itself(client, box, file):
    box.switches.downloader_direct = True

    reply = client.plain.get(
        f"{box.urls.storage}/files/{file}", params={"token": TOKEN}
    )

    assert reply.history == []
    assert reply.content == CONTENT
    assert "Content-Length" not in reply.headers


def test_a_private_file_is_nobody_elses(client, box, file):
    box.add_account("other")

    assert client.plain.get(f"{box.urls.api}/file/download/{file}").status_code == 403
    assert Client(box, "other").get(f"/file/download/{file}").status_code == 404


def test_a_public_file_is_everybodys(client, box, item, file):
    box.web.publish(item)

    assert client.plain.get(f"{box.urls.api}/file/download/{file}").content == CONTENT
    assert client.plain.get(f"{box.urls.storage}/files/{file}").content == CONTENT


def test_files_without_bytes_can_not_be_downloaded(client, box, item):
    link = box.web.add_link(item, "https://example.org/x")
    started = client.initiate(item, b"1")["id"]

    assert client.get(f"/file/download/{link}").status_code == 404
    assert client.get(f"/file/download/{started}").status_code == 404
    assert client.get("/file/download/1").status_code == 404


def test_a_disabled_download_is_refused(client, item, file):
    client.put(f"/account/articles/{item}", {"download_disabled": True})

    assert client.get(f"/file/download/{file}").status_code == 403
    assert client.get(f"/account/articles/{item}/download").status_code == 403


def names_and_bytes(reply):
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_has_all_files_in_their_folders(client, box, item):
    box.web.add_files(
        item, {"a": b"1", "raw/b": b"2", "raw/x/c": b"3", "rawer/d": b"4"}
    )
    box.web.add_link(item, "https://example.org/x")
    path = f"/account/articles/{item}/download"

    everything = names_and_bytes(client.get(path))
    only_raw = names_and_bytes(client.get(path, folder_path="/raw"))

    assert everything == {"a": b"1", "raw/b": b"2", "raw/x/c": b"3", "rawer/d": b"4"}
    assert only_raw == {"raw/b": b"2", "raw/x/c": b"3"}


def test_a_zip_keeps_both_twins_of_a_name(client, box, item):
    box.web.add_file(item, "a", b"1")
    second = box.web.add_file(item, "a", b"2")

    reply = client.get(f"/account/articles/{item}/download")

    assert names_and_bytes(reply) == {"a": b"1", f"a ({second})": b"2"}


def test_public_zips_show_their_version(client, box, item):
    box.web.add_file(item, "a", b"1")
    box.web.publish(item)
    box.web.add_file(item, "b", b"2")
    box.web.publish(item)

    latest = client.get(f"/articles/{item}/download")
    first = client.get(f"/articles/{item}/versions/1/download")

    assert names_and_bytes(latest).keys() == {"a", "b"}
    assert names_and_bytes(first).keys() == {"a"}
