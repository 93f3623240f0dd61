"""The sandbox on real sockets, as a process, and after a restart."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from figsync.sandbox import Fault, Sandbox
from tests.sandbox.client import TOKEN, md5_of

CONTENT = os.urandom(3_000_000)


@pytest.fixture
def served(tmp_path):
    box = Sandbox(tmp_path / "box", part_size=1_000_000)
    with box.serve():
        yield box
    box.close()


@pytest.fixture
def session():
    with requests.Session() as session:
        session.headers["Authorization"] = f"token {TOKEN}"
        yield session


def upload(session, item_url, content):
    new = {"name": "a.bin", "size": len(content), "md5": md5_of(content)}
    place = session.post(f"{item_url}/files", json=new).json()["location"]
    url = session.get(place).json()["upload_url"]
    for part in session.get(url).json()["parts"]:
        body = content[part["startOffset"] : part["endOffset"] + 1]
        assert session.put(f"{url}/{part['partNo']}", data=body).status_code == 200
    assert session.post(place).status_code == 202
    return [session.get(place).json() for _ in range(3)][2]


def test_the_round_trip_goes_over_three_ports(served, session):
    urls = served.urls
    item = session.post(f"{urls.api}/account/articles", json={"title": "Soil"})

    file = upload(session, item.headers["Location"], CONTENT)
    back = session.get(f"{urls.api}/file/download/{file['id']}").content

    assert file["status"] == "available"
    assert back == CONTENT
    ports = {
        url.split(":")[2].split("/")[0] for url in (urls.api, urls.upload, urls.storage)
    }
    assert len(ports) == 3
    assert {entry.service for entry in served.log.entries()} == {
        "api",
        "upload",
        "storage",
    }


def test_ports_and_contents_survive_a_restart(tmp_path):
    first = Sandbox(tmp_path / "box")
    item = first.web.create_item("Soil cores")
    file = first.web.add_file(item, "a", b"1")
    with first.serve() as before:
        pass
    first.close()

    second = Sandbox(tmp_path / "box")
    with second.serve() as after:
        assert after == before
        assert second.web.item_ids() == [item]
        assert second.web.content(file) == b"1"
    second.close()


def test_a_port_that_is_taken_is_replaced(tmp_path):
    box = Sandbox(tmp_path / "box")
    with box.serve() as first:
        pass
    taken = int(first.storage.rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()
        with box.serve() as second:
            assert second.api == first.api
            assert second.storage != first.storage
    box.close()


def test_another_token_is_a_new_token_of_the_same_account(tmp_path):
    first = Sandbox(tmp_path / "box", token="old")
    item = first.web.create_item("Soil cores")

    second = Sandbox(tmp_path / "box", token="new")

    assert second.web.item_ids() == [item]


def test_a_connection_breaks_on_purpose(served, session):
    served.fail_next(Fault(kind="break"))

    with pytest.raises(requests.ConnectionError):
        session.get(f"{served.urls.api}/account")

    assert session.get(f"{served.urls.api}/account").status_code == 200


def test_a_download_breaks_off_on_purpose(served, session):
    item = served.web.create_item("Soil cores")
    file = served.web.add_file(item, "a", CONTENT)
    served.switches.break_download = True

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{served.urls.api}/file/download/{file}")


def test_a_client_that_hangs_up_leaves_the_part_pending(served, session):
    place = f"{served.urls.api}/account/articles"
    item = session.post(place, json={"title": "Soil cores"}).headers["Location"]
    new = {"name": "a", "size": 1000}
    file = session.get(session.post(f"{item}/files", json=new).json()["location"])
    url = file.json()["upload_url"]
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")

    with socket.create_connection((name, int(port))) as line:
        line.sendall(
            f"PUT /{path}/1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n"
            "half of it".encode()
        )

    assert session.get(url).json()["parts"][0]["status"] == "PENDING"
    assert session.put(f"{url}/1", data=b"x" * 1000).status_code == 200


def start(*arguments):
    code = (
        "import sys; from pathlib import Path;"
        "from figsync.sandbox.serve import run_sandbox;"
        "data = Path(sys.argv[1]) if sys.argv[1:] else None;"
        "sys.exit(run_sandbox(data=data, token='t', part_size=5))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_is_in_one_line_and_ends_politely(tmp_path, number):
    process = start(str(tmp_path / "box"))
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    headers = {"Authorization": f"token {ready['token']}"}
    alive = requests.get(f"{ready['api_url']}/account", headers=headers, timeout=10)
    process.send_signal(number)
    rest, _ = process.communicate(timeout=10)

    assert ready["api_url"].endswith("/v2")
    assert {"upload_url", "storage_url", "admin_url"} <= ready.keys()
    assert alive.status_code == 200
    assert (process.returncode, rest) == (0, "")


def test_without_a_folder_nothing_is_left(tmp_path):
    process = start()
    assert process.stdout is not None
    folder = json.loads(process.stdout.readline())["data"]
    process.terminate()
    process.communicate(timeout=10)

    assert tmp_path.exists()
    assert not Path(folder).exists()
