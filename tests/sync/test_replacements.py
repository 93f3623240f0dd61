"""Replacements need old and new at once: in turn where that is tight, else held."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.sandbox import Fault
from figsync.sync.engine import Wish, sync_once
from figsync.sync.tasks import ThreadPool
from tests.disk_box import Small
from tests.sync.seen import approve, assert_quiet, for_a_person, listed, reasons, reject
from tests.wire import Killed, dies_at, wired
from tests.world import HOUR, World, assert_agreed, failures

SIZE = 1000
FILES = r"/account/articles/[^/]+/files"
DELETES = "approving deletes the old version on Figshare before the new one is sent"


def content(letter: str) -> bytes:
    return letter.encode() * SIZE


def a_world(folder: Path, *paths: str, quota: int = 0, **keys: str) -> World:
    """Return a world with files of a thousand bytes each that are in sync."""
    world = World(folder, part_size=400, **keys)
    world.box.switches.quota = quota
    for path in paths:
        world.drop(path, content("o"))
    if paths:
        assert world.sync().exit_code == 0
    world.box.log.clear()
    return world


def edit(world: World, *paths: str) -> None:
    """Give the files other bytes, as many as before."""
    for number, path in enumerate(paths):
        world.drop(path, content(str(number)))
    world.settle()


def steps(world: World) -> list[str]:
    """Return the deletions and initiations that Figshare carried out, in order."""
    found = world.box.log.find("api", path=FILES)
    done = [e for e in found if e.method in ("POST", "DELETE") and e.status != 202]
    assert {e.status for e in done} <= {201, 204}
    return [e.method for e in done]


@pytest.mark.parametrize("items", [("One", "One", "One"), ("One", "Two", "Red")])
def test_where_room_is_tight_replacements_go_one_at_a_time(
    tmp_path: Path, items: tuple[str, ...]
) -> None:
    paths = [f"{item}/{number}.bin" for number, item in enumerate(items)]
    world = a_world(tmp_path, *paths, quota=4 * SIZE)
    edit(world, *paths)

    report = world.sync()

    assert report.exit_code == 0
    assert steps(world) == ["POST", "DELETE"] * 3
    assert_agreed(world)
    assert_quiet(world)


def test_a_place_among_the_files_of_an_item_is_used_in_turn(tmp_path: Path) -> None:
    paths = ["One/1.bin", "One/2.bin", "One/3.bin"]
    world = a_world(tmp_path, *paths, transfer__files_per_item="4")
    world.box.switches.files_per_item = 4
    edit(world, *paths)

    report = world.sync()

    assert report.exit_code == 0
    assert steps(world) == ["POST", "DELETE"] * 3
    assert_agreed(world)


def test_where_there_is_room_replacements_go_side_by_side(tmp_path: Path) -> None:
    paths = ["One/1.bin", "One/2.bin", "One/3.bin"]
    world = a_world(tmp_path, *paths, quota=6 * SIZE)
    edit(world, *paths)

    assert world.sync().exit_code == 0

    assert steps(world)[:3] == ["POST"] * 3
    assert_agreed(world)


def full_account(folder: Path) -> World:
    """Return a world whose account has no room for a second version."""
    world = a_world(folder, "One/1.bin", "One/2.bin", quota=2 * SIZE + SIZE // 2)
    edit(world, "One/1.bin")
    return world


def full_item(folder: Path) -> World:
    """Return a world whose item has no place for a second version."""
    world = a_world(folder, "One/1.bin", "One/2.bin", transfer__files_per_item="2")
    world.box.switches.files_per_item = 2
    edit(world, "One/1.bin")
    return world


full = pytest.mark.parametrize("make", [full_account, full_item])


@full
def test_a_replacement_without_room_is_held_and_says_what_approving_does(
    tmp_path: Path, make: type[World]
) -> None:
    world = make(tmp_path)

    report = world.sync()

    assert report.exit_code == 4
    assert for_a_person(report) == [("DeleteFirst", "1.bin")]
    assert DELETES in reasons(report)
    assert world.box.log.mutations() == ()
    assert world.remote("One")["1.bin"] == content("o")
    assert world.sync().exit_code == 4
    assert world.box.log.mutations() == ()


@full
def test_approval_deletes_first_with_the_old_bytes_in_the_trash(
    tmp_path: Path, make: type[World]
) -> None:
    world = make(tmp_path)
    world.make_pool = lambda: ThreadPool(4)
    world.sync()

    assert approve(world) == 1
    report = world.sync()

    assert report.exit_code == 0
    assert steps(world)[:2] == ["DELETE", "POST"]
    assert world.trash() == [content("o")]
    assert world.remote("One")["1.bin"] == content("0")
    assert_agreed(world)
    assert_quiet(world)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_any_request_of_it_loses_neither_version(
    tmp_path: Path, moment: str
) -> None:
    for number in itertools.count(1):
        world = full_account(tmp_path / str(number))
        world.sync()
        approve(world)
        if not dies_at(world, number, moment):
            break
        old, new = content("o"), content("0")
        remote = set(world.remote("One").values()) - {content("x")}
        proven = {world.box.web.content(f.id) for f in records(world, "available")}
        assert old in remote & proven or old in world.trash()
        assert world.tree()["One/1.bin"] == new

        world.clock.advance(10)
        report = world.sync()

        assert report.exit_code == 0, f"killed {moment} request {number}"
        assert world.tree()["One/1.bin"] == new
        assert old in world.trash()
        assert_agreed(world)
    assert number > 10


def records(world: World, status: str) -> list[object]:
    """Return the item's records of this status."""
    files = world.box.web.files(int(world.item_id("One")))
    return [file for file in files if file.status == status]


def test_an_approval_does_not_cover_other_bytes(tmp_path: Path) -> None:
    world = full_account(tmp_path)
    world.sync()
    approve(world)
    world.drop("One/1.bin", content("another"[0]))
    world.settle()

    report = world.sync()

    assert report.exit_code == 4
    assert world.box.log.mutations() == ()
    assert world.remote("One")["1.bin"] == content("o")


def test_a_file_saved_while_its_old_version_is_fetched_is_not_replaced(
    tmp_path: Path,
) -> None:
    world = full_account(tmp_path)
    world.sync()
    approve(world)

    def save(request: PreparedRequest) -> None:
        if "/download/" in (request.url or ""):
            world.drop("One/1.bin", content("s"))

    with wired(world, before=save):
        report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.remote("One")["1.bin"] == content("o")
    assert report.exit_code in (0, 4)


@pytest.mark.parametrize(
    "switch", ["corrupt_download", "refuse_downloads", "truncate_download"]
)
def test_an_old_version_that_can_not_be_kept_is_not_deleted(
    tmp_path: Path, switch: str
) -> None:
    world = full_account(tmp_path)
    world.sync()
    approve(world)
    setattr(world.box.switches, switch, True)

    report = world.sync()

    assert [o.action.kind for o in failures(report)] == ["DeleteFirst"]
    assert world.box.log.mutations() == ()
    assert world.trash() == []
    assert world.remote("One")["1.bin"] == content("o")


def test_an_approved_replacement_that_failed_waits_like_any_other(
    tmp_path: Path,
) -> None:
    world = full_account(tmp_path)
    world.sync()
    approve(world)
    world.box.switches.break_download = True
    world.sync()

    with world.mirror() as mirror:
        cycle = sync_once(mirror, Wish())

    (held,) = cycle.plan.held
    assert held.action.kind == "DeleteFirst"
    assert held.until is not None
    world.box.switches.break_download = False
    world.clock.advance(HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_an_old_version_waits_for_room_on_the_disk_to_be_kept(tmp_path: Path) -> None:
    world = full_account(tmp_path)
    world.configure(transfer__disk_reserve="1 MiB")
    world.sync()
    approve(world)
    world.calls = Small((1 << 20) + SIZE - 1)

    first = world.sync()
    mutations = world.box.log.mutations()
    world.calls = None
    second = world.sync()

    assert first.exit_code == 1
    assert "disk_reserve" in reasons(first)
    assert mutations == ()
    assert second.exit_code == 0
    assert_agreed(world)


def test_a_server_that_dies_after_the_deletion_gets_the_new_version_later(
    tmp_path: Path,
) -> None:
    world = full_account(tmp_path)
    world.sync()
    approve(world)
    world.box.fail_next(Fault("api", "POST", r"/files$", status=503, times=99))

    first = world.sync()
    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    second = world.sync()

    assert first.exit_code == 1
    assert second.exit_code == 0
    assert world.trash() == [content("o")]
    assert_agreed(world)


def test_a_rejected_replacement_asks_no_more(tmp_path: Path) -> None:
    world = full_account(tmp_path)
    world.sync()

    assert reject(world) == 1
    report = world.sync()

    assert report.exit_code == 0
    assert listed(report) == [("DeleteFirst", "1.bin")]
    assert world.box.log.mutations() == ()


def test_a_replacement_that_never_fits_is_a_file_figshare_can_not_take(
    tmp_path: Path,
) -> None:
    world = full_account(tmp_path)
    world.drop("One/1.bin", b"n" * 3 * SIZE)
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert report.not_uploadable == 1
    assert world.box.log.mutations() == ()
    assert world.remote("One")["1.bin"] == content("o")


def test_a_public_item_frees_nothing_so_nothing_is_deleted_first(
    tmp_path: Path,
) -> None:
    world = full_account(tmp_path)
    world.box.web.publish(int(world.item_id("One")))

    report = world.sync()

    assert report.exit_code == 0
    assert report.not_uploadable == 1
    assert world.box.log.mutations() == ()


def test_no_replacement_follows_one_that_is_not_proven_where_room_is_tight(
    tmp_path: Path,
) -> None:
    paths = ["One/1.bin", "One/2.bin", "Two/3.bin"]
    world = a_world(tmp_path, *paths, quota=4 * SIZE)
    world.box.switches.md5_delay = HOUR
    edit(world, *paths)

    codes = [world.sync().exit_code for _ in range(2)]
    begun = steps(world)
    world.clock.advance(2 * HOUR)
    world.box.switches.md5_delay = 0
    report = world.sync()

    assert codes == [1, 1]
    assert begun == ["POST"]
    assert report.exit_code == 0
    assert_agreed(world)


def test_an_upload_that_has_its_room_is_finished_when_the_account_is_full(
    tmp_path: Path,
) -> None:
    world = a_world(tmp_path, quota=SIZE + SIZE // 2)
    world.drop("One/1.bin", content("n"))
    world.settle()

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/2"):
            raise Killed

    with wired(world, before=die), pytest.raises(Killed):
        world.sync()
    report = world.sync()

    assert report.exit_code == 0
    assert report.not_uploadable == 0
    assert_agreed(world)
