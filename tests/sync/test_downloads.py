"""Bytes that come down wrong, late or not at all never count as synced."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.sandbox import Fault
from figsync.sync.tasks import ThreadPool
from tests.wire import Killed, dies_at, wired
from tests.world import HOUR, World, assert_agreed, failures

CONTENT = bytes(range(256)) * 4000
DAMAGES: list[tuple[str, bool | int]] = [
    ("corrupt_download", True),
    ("truncate_download", True),
    ("break_download", True),
    ("expired_links", True),
    ("waf_downloads", 202),
    ("waf_downloads", 403),
    ("refuse_downloads", True),
]
damaged = pytest.mark.parametrize(
    "damage", DAMAGES, ids=[f"{name}={value}" for name, value in DAMAGES]
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def an_item(world: World, *contents: bytes) -> int:
    """Make an item of files named 0.bin, 1.bin ... on the web."""
    item = world.box.web.create_item("Soil cores")
    for number, content in enumerate(contents):
        world.box.web.add_file(item, f"{number}.bin", content)
    world.settle()
    return item


@damaged
def test_damaged_bytes_are_never_installed(
    world: World, damage: tuple[str, bool | int]
) -> None:
    an_item(world, CONTENT)
    setattr(world.box.switches, *damage)

    report = world.sync()

    refused = damage[0] == "refuse_downloads"
    assert [o.action.kind for o in failures(report)] == ["Download"]
    assert report.exit_code == (0 if refused else 1)
    assert world.tree() == {}
    assert leftovers(world) == []


@damaged
def test_the_next_sync_repairs_a_damaged_download(
    world: World, damage: tuple[str, bool | int]
) -> None:
    an_item(world, CONTENT)
    before = getattr(world.box.switches, damage[0])
    setattr(world.box.switches, *damage)
    world.sync()
    setattr(world.box.switches, damage[0], before)

    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Soil cores/0.bin": CONTENT}
    assert_agreed(world)


@damaged
def test_the_old_version_stays_until_the_new_one_is_whole(
    world: World, damage: tuple[str, bool | int]
) -> None:
    item = an_item(world, b"old")
    world.sync()
    (old,) = world.box.web.files(item)
    world.box.web.replace_file(old.id, CONTENT)
    world.clock.advance(10)
    setattr(world.box.switches, *damage)

    world.sync()

    assert world.tree() == {"Soil cores/0.bin": b"old"}
    assert world.trash() == []
    assert len(world.box.web.files(item)) == 1


@pytest.mark.parametrize("kind", ["json", "html", "xml", "empty", "break"])
@pytest.mark.parametrize("service", ["api", "storage"])
def test_a_failing_download_holds_no_other_up(
    world: World, service: str, kind: str
) -> None:
    world.without_zips()
    item = an_item(world, b"zero", b"one", b"two")
    bad = world.box.web.files(item)[1].id
    fault = Fault(service, "GET", rf"/{bad}(/|$)", status=500, times=1000, kind=kind)
    world.box.fail_next(fault)

    report = world.sync()

    assert world.tree() == {"Soil cores/0.bin": b"zero", "Soil cores/2.bin": b"two"}
    assert report.exit_code == 1
    (failed,) = failures(report)
    assert failed.action.path == "1.bin"
    world.box.world.faults.clear()
    assert world.sync().exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_download_is_tried_again_within_the_sync(world: World, status: int) -> None:
    an_item(world, CONTENT)
    headers = (("Retry-After", "7"),)
    world.box.fail_next(
        Fault("storage", status=status, times=3, kind="empty", headers=headers)
    )

    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Soil cores/0.bin": CONTENT}


def test_a_link_that_expired_once_is_asked_for_again(world: World) -> None:
    an_item(world, CONTENT)
    world.box.fail_next(Fault("storage", status=403, kind="xml"))

    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Soil cores/0.bin": CONTENT}


def test_a_firewall_page_is_told_apart_from_a_refusal(world: World) -> None:
    an_item(world, b"zero")
    world.box.switches.waf_downloads = 403

    (blocked,) = failures(world.sync())

    assert blocked.result == "failed"
    assert "firewall" in blocked.message


def test_a_firewall_is_not_asked_for_every_file(world: World) -> None:
    an_item(world, *(b"%d" % number for number in range(200)))
    world.box.switches.waf_downloads = 202
    world.sync()
    world.box.log.clear()

    report = world.sync()

    assert report.exit_code == 1
    assert world.box.log.count(path="/download/") < 100
    world.box.switches.waf_downloads = 0
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_three_wrong_downloads_in_a_day_are_enough(world: World) -> None:
    an_item(world, CONTENT)
    world.box.switches.corrupt_download = True
    codes = [world.sync().exit_code for _ in range(3)]
    world.box.log.clear()

    report = world.sync()

    assert codes == [1, 1, 1]
    assert report.exit_code == 4
    assert "3 times in 24 hours" in report.held[0].reason
    assert world.box.log.count(path="/download/") == 0
    world.box.switches.corrupt_download = False
    world.clock.advance(25 * HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_file_deleted_while_it_is_fetched_is_no_disaster(world: World) -> None:
    world.without_zips()
    item = an_item(world, b"zero", b"one")
    gone = world.box.web.files(item)[0].id

    def delete(request: PreparedRequest) -> None:
        if request.url and request.url.endswith(f"/download/{gone}"):
            world.box.web.delete_file(gone)

    with wired(world, before=delete):
        world.sync()
    world.clock.advance(10)
    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Soil cores/1.bin": b"one"}
    assert_agreed(world)


def test_a_save_made_while_the_new_bytes_come_is_kept(world: World) -> None:
    item = an_item(world, b"old")
    world.sync()
    (old,) = world.box.web.files(item)
    new = world.box.web.replace_file(old.id, b"from the web")
    world.clock.advance(10)

    def save(request: PreparedRequest) -> None:
        if request.url and request.url.endswith(f"/download/{new}"):
            world.drop("Soil cores/0.bin", "saved meanwhile")

    with wired(world, before=save):
        world.sync()
    world.settle()
    report = world.sync()

    kept = set(world.tree().values()) | set(world.trash())
    assert {b"from the web", b"saved meanwhile"} <= kept
    assert world.tree()["Soil cores/0.bin"] == b"from the web"
    assert report.conflicts == 1
    assert report.exit_code == 4


def test_an_interrupted_download_leaves_nothing_and_is_begun_again(
    world: World,
) -> None:
    world.without_zips()
    an_item(world, CONTENT, b"one")

    def die(request: PreparedRequest) -> None:
        if request.url and "/pfigshare" in request.url:
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()
    report = world.sync()

    assert report.exit_code == 0
    assert leftovers(world) == []
    assert_agreed(world)


def test_downloads_side_by_side_fail_for_themselves(world: World) -> None:
    world.without_zips()
    world.make_pool = lambda: ThreadPool(6)
    item = an_item(world, *(b"%d" % number * 1000 for number in range(40)))
    bad = [file.id for file in world.box.web.files(item)[::4]]
    for file_id in bad:
        path = rf"/download/{file_id}$"
        world.box.fail_next(Fault("api", "GET", path, 418, times=9))

    first = world.sync()
    world.box.world.faults.clear()
    second = world.sync()

    assert {o.action.remote.file_id for o in failures(first)} == set(map(str, bad))
    assert second.exit_code == 0
    assert_agreed(world)


@damaged
def test_the_token_goes_to_the_api_alone(
    world: World, damage: tuple[str, bool | int]
) -> None:
    an_item(world, CONTENT)
    setattr(world.box.switches, *damage)

    world.sync()

    others = [entry for entry in world.box.log.entries() if entry.service != "api"]
    assert not any(entry.has_authorization for entry in others)
    direct = [entry for entry in others if "/pfigshare" in entry.path]
    assert not any("token=" in entry.query for entry in direct)


def leftovers(world: World) -> list[Path]:
    return list((world.root / ".figsync/tmp").iterdir())


def edit_the_web(world: World, item: int) -> None:
    """Add, replace, remove, and rename on the web."""
    web = world.box.web
    first, second, _ = web.files(item)
    web.replace_file(first.id, b"zero, replaced")
    web.delete_file(second.id)
    web.add_file(item, "new.bin", b"new", folder="deep/er")
    web.edit_item(item, title="Soil cores, renamed")
    web.add_file(web.create_item("Another"), "a.bin", b"another")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_any_request_loses_no_web_edit(
    tmp_path: Path, moment: str
) -> None:
    number, killed = 0, True
    while killed:
        number += 1
        world = World(tmp_path / str(number))
        item = an_item(world, b"zero", b"one", b"two")
        world.sync()
        edit_the_web(world, item)
        world.clock.advance(10)
        killed = dies_at(world, number, moment)

        report = world.sync()

        assert report.exit_code == 0, f"killed {moment} request {number}"
        assert set(world.trash()) == {b"zero", b"one"}
        assert len(world.tree()) == 4
        assert_agreed(world)
    assert number > 8
