"""The client against the sandbox: in this process, and over real sockets."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from figsync.errors import Blocked, FigshareProblem, NotFound, Refused, TokenRefused
from figsync.figshare import Figshare, Source
from figsync.sandbox import Fault, Sandbox
from tests.figshare.world import UNPACED, FastClock

TOKEN = "sandbox-token"
PART = 100_000


@dataclass
class World:
    box: Sandbox
    figshare: Figshare

    def upload(self, item_id: str, path: str, content: bytes) -> str:
        folder, _, name = path.rpartition("/")
        md5 = hashlib.md5(content).hexdigest()
        file_id = self.figshare.initiate(
            item_id, name=name, size=len(content), md5=md5, folder=folder
        )
        record = self.figshare.read_new_file(item_id, file_id)
        session = self.figshare.upload_session(record.upload_url)
        for part in session.parts:
            piece = content[part.start : part.end + 1]
            self.figshare.send_part(record.upload_url, part, partial(Body, piece))
        self.figshare.complete(item_id, file_id)
        return file_id

    def proven(self, item_id: str, file_id: str, *, tries: int = 10) -> str:
        """Return the server's MD5 once the file is available."""
        for _ in range(tries):
            record = self.figshare.read_file(item_id, file_id)
            if record.is_available:
                return record.md5
        raise AssertionError(record.status)

    def fetch(self, source: Source | str, content: bytes) -> bytes:
        received = bytearray()
        self.figshare.download(
            Source(source) if isinstance(source, str) else source,
            received.extend,
            size=len(content),
            md5=hashlib.md5(content).hexdigest(),
        )
        return bytes(received)


class Body(io.BytesIO):
    def __len__(self) -> int:
        return len(self.getvalue())


@pytest.fixture(params=["mounted", "served"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    box = Sandbox(tmp_path / "figshare", token=TOKEN, part_size=PART, random=Random(7))
    clock = FastClock()
    if request.param == "served":
        with box.serve() as urls:
            figshare = Figshare(urls.api, TOKEN, clock=clock, settings=UNPACED)
            yield World(box, figshare)
            figshare.close()
        return
    api = "http://api.sandbox.invalid/v2"
    figshare = Figshare(api, TOKEN, clock=clock, settings=UNPACED)
    box.mount(figshare.session)
    yield World(box, figshare)
    figshare.close()


def test_a_file_goes_up_in_parts_and_comes_down_again(world: World) -> None:
    content = Random(1).randbytes(PART * 2 + 17)
    item_id = world.figshare.create_item("Soil cores")

    file_id = world.upload(item_id, "raw/2024/a.bin", content)

    assert world.proven(item_id, file_id) == hashlib.md5(content).hexdigest()
    found = world.figshare.read_files(item_id, confirm=True)
    assert [(file.folder, file.name) for file in found.files or ()] == [
        ("raw/2024", "a.bin")
    ]
    assert found.complete
    assert world.fetch(file_id, content) == content


def test_the_token_is_seen_by_the_api_alone(world: World) -> None:
    item_id = world.figshare.create_item("Soil cores")
    file_id = world.upload(item_id, "a.bin", b"12345")
    world.proven(item_id, file_id)
    world.fetch(file_id, b"12345")

    shown = {(entry.service, entry.has_authorization) for entry in world.box.log.find()}

    assert shown == {("api", True), ("upload", False), ("storage", False)}


def test_every_item_and_file_is_listed_once(world: World) -> None:
    for number in range(25):
        item_id = world.box.web.create_item(f"Item {number}")
    files = {f"raw/f{n}.txt": b"%d" % n for n in range(1, 24)}
    world.box.web.add_files(item_id, files)

    items = world.figshare.list_items(confirm=True)
    found = world.figshare.read_files(str(item_id), confirm=True)

    assert len({row.id for row in items.rows}) == len(items.rows) == 25
    assert items.complete
    assert {f"{file.folder}/{file.name}" for file in found.files or ()} == set(files)
    assert found.complete


def test_deleting_is_complete_and_can_be_repeated(world: World) -> None:
    item_id = world.figshare.create_item("Soil cores")
    file_id = world.upload(item_id, "a.bin", b"12345")

    for _ in range(2):
        world.figshare.delete_file(item_id, file_id)
    assert not world.figshare.file_exists(item_id, file_id)
    for _ in range(2):
        world.figshare.delete_item(item_id)
    assert not world.figshare.item_exists(item_id)


def test_a_public_item_is_refused_deletion(world: World) -> None:
    item_id = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item_id, "a.csv", b"1,2")
    world.box.web.publish(item_id)

    with pytest.raises(Refused, match="public"):
        world.figshare.delete_item(str(item_id))
    assert world.figshare.read_item(str(item_id)).is_public


def test_a_wrong_token_is_named(world: World) -> None:
    world.figshare.session.auth = None

    with pytest.raises(TokenRefused):
        world.figshare.account()


def test_a_lost_answer_to_create_leaves_one_draft(world: World) -> None:
    world.box.fail_next(Fault.lost_create())

    with pytest.raises(FigshareProblem):
        world.figshare.create_item("Soil cores")

    assert len(world.figshare.list_items().rows) == 1


def test_a_firewall_in_front_of_downloads_blocks_only_those(world: World) -> None:
    item_id = world.box.web.create_item("Soil cores")
    file_id = world.box.web.add_file(item_id, "a.csv", b"1,2")

    for status in (202, 403):
        world.box.switches.waf_downloads = status
        with pytest.raises(Blocked):
            world.fetch(str(file_id), b"1,2")
    assert world.figshare.read_item(str(item_id))


def test_damaged_and_cut_downloads_are_not_believed(world: World) -> None:
    content = Random(2).randbytes(300_000)
    item_id = world.box.web.create_item("Soil cores")
    file_id = str(world.box.web.add_file(item_id, "a.bin", content))

    for switch in ("corrupt_download", "truncate_download", "break_download"):
        setattr(world.box.switches, switch, True)
        with pytest.raises(FigshareProblem):
            world.fetch(file_id, content)
        setattr(world.box.switches, switch, False)
    assert world.fetch(file_id, content) == content


def test_uuids_name_items_and_files(world: World) -> None:
    world.box.switches.uuid_ids = True
    item_id = world.figshare.create_item("Soil cores")
    file_id = world.upload(item_id, "a/b.bin", b"12345")

    found = world.figshare.read_files(item_id)

    assert [row.id for row in world.figshare.list_items().rows] == [item_id]
    assert [file.id for file in found.files or ()] == [file_id]
    assert not item_id.isdecimal()


def test_an_upload_that_was_deleted_is_not_found(world: World) -> None:
    item_id = world.figshare.create_item("Soil cores")
    file_id = world.figshare.initiate(item_id, name="a", size=5, md5="0" * 32)
    record = world.figshare.read_new_file(item_id, file_id)
    world.figshare.delete_file(item_id, file_id)

    with pytest.raises(NotFound):
        world.figshare.upload_session(record.upload_url)
