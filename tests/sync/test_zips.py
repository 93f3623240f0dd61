"""Small files that come together: one request, each file proven for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.sandbox import Fault
from figsync.state import Steps
from figsync.sync import zips
from figsync.sync.tasks import ThreadPool
from tests.disk_box import Small
from tests.wire import Killed, wired
from tests.world import HOUR, World, assert_agreed, failures

ZIP = r"/articles/[^/]+/download$"
MANY = 40
HABITS = ("zip_by_storage", "zip_top", "zip_renamed", "zip_packed")
DAMAGES = ("corrupt_download", "truncate_download", "break_download", "zip_lacking")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def an_item(
    world: World, count: int = MANY, title: str = "Soil cores", *, wait: int = 60
) -> int:
    """Make an item of small files on the web, some of them in folders."""
    item = world.box.web.create_item(title)
    files = {f"{'raw/' * (n % 3)}é {n:03}.csv": b"%d" % n * n for n in range(1, count)}
    world.box.web.add_files(item, files)
    world.clock.advance(wait)
    return item


def zips_asked(world: World) -> int:
    found = world.box.log.find("api", "GET")
    return sum(1 for entry in found if entry.path.endswith("/download"))


def files_asked(world: World) -> int:
    return len(world.box.log.find("api", path="/file/download/"))


def leftovers(world: World) -> list[Path]:
    return list((world.root / ".figsync/tmp").iterdir())


def test_many_small_files_take_one_request(world: World) -> None:
    an_item(world)

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (1, 0)
    assert len(world.tree()) == MANY - 1
    assert leftovers(world) == []
    assert_agreed(world)


def test_a_new_item_with_few_small_files_takes_two_requests(world: World) -> None:
    for number in range(20):
        item = world.box.web.create_item(f"Item {number}")
        files = {f"{n}.txt": b"%d %d" % (number, n) for n in range(3)}
        world.box.web.add_files(item, files)
    world.settle()

    report = world.sync()

    of_items = [
        entry
        for entry in world.box.log.find("api")
        if "/articles/" in entry.path or "/file/" in entry.path
    ]
    assert report.exit_code == 0
    assert len(of_items) == 2 * 20
    assert_agreed(world)


@pytest.mark.parametrize("seconds", [0, 60], ids=["made just now", "made before"])
def test_300_small_files_of_a_new_item_take_six_requests(
    world: World, seconds: int
) -> None:
    an_item(world, 301, wait=seconds)

    report = world.sync()

    assert report.exit_code == 0
    assert len(world.box.log.find("api")) == 6
    assert_agreed(world)


def test_replaced_files_come_as_a_zip_and_the_old_go_to_the_trash(
    world: World,
) -> None:
    item = an_item(world, 16)
    world.sync()
    old = world.tree()
    for file in world.box.web.files(item):
        world.box.web.replace_file(file.id, b"new " + world.box.web.content(file.id))
    world.clock.advance(10)
    world.box.log.clear()

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (1, 0)
    assert world.tree() == {path: b"new " + content for path, content in old.items()}
    assert sorted(world.trash()) == sorted(old.values())
    assert_agreed(world)


def test_a_large_file_comes_alone_and_the_small_ones_of_a_folder_together(
    world: World,
) -> None:
    item = world.box.web.create_item("Mixed")
    world.box.web.add_file(item, "large.bin", bytes(9 << 20))
    few = {f"raw/{n}.txt": b"%d" % n for n in range(9)}
    world.box.web.add_files(item, few)
    world.settle()

    assert world.sync().exit_code == 0

    (asked,) = [e for e in world.box.log.find("api") if e.path.endswith("/download")]
    assert asked.query == "folder_path=raw"
    assert files_asked(world) == 1
    assert_agreed(world)


@pytest.mark.parametrize("habit", HABITS)
def test_whatever_the_habits_of_zips_one_request_is_enough(
    world: World, habit: str
) -> None:
    item = an_item(world)
    world.box.web.add_file(item, "twin.csv", b"the elder twin")
    world.box.web.add_file(item, "twin.csv", b"the younger one")
    setattr(world.box.switches, habit, True)

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (1, 0)
    assert len(world.tree()) == MANY + 1
    storage = world.box.log.find("storage")
    assert not any(entry.has_authorization for entry in storage)


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_zip_has_wrong_or_lacks_comes_alone(world: World, damage: str) -> None:
    an_item(world)
    setattr(world.box.switches, damage, True)

    def mend(request: PreparedRequest) -> None:
        if "/file/download/" in (request.url or ""):
            setattr(world.box.switches, damage, False)

    with wired(world, before=mend):
        report = world.sync()

    assert report.exit_code == 0
    assert failures(report) == []
    assert zips_asked(world) == 1
    assert files_asked(world) == (1 if damage == "zip_lacking" else MANY - 1)
    assert leftovers(world) == []
    assert_agreed(world)


@pytest.mark.parametrize("kind", ["json", "html", "xml", "empty", "break"])
@pytest.mark.parametrize("status", [202, 403, 404, 405, 500, 503])
def test_a_server_without_zips_costs_a_request_and_no_more(
    world: World, status: int, kind: str
) -> None:
    an_item(world, 6)
    fault = Fault("api", "GET", ZIP, status=status, times=1000, kind=kind)  # type: ignore[arg-type]  # one of its words
    world.box.fail_next(fault)

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (1, 5)
    assert_agreed(world)


def test_zips_that_always_fail_are_not_asked_for_again(world: World) -> None:
    world.without_zips()
    for number in range(8):
        an_item(world, 4, f"Item {number}")

    report = world.sync()

    assert report.exit_code == 0
    assert zips_asked(world) == 3
    assert files_asked(world) == 8 * 3
    assert_agreed(world)


def test_a_zip_is_waited_for_when_figshare_wants_fewer_requests(world: World) -> None:
    an_item(world)
    headers = (("Retry-After", "7"),)
    world.box.fail_next(Fault("api", "GET", ZIP, status=429, headers=headers))

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (2, 0)


def test_a_web_page_is_no_zip(world: World) -> None:
    an_item(world, 4)
    world.box.fail_next(Fault("api", "GET", ZIP, status=200, times=9, kind="html"))

    report = world.sync()

    assert report.exit_code == 0
    assert files_asked(world) == 3
    assert_agreed(world)


def test_files_that_always_come_wrong_are_fetched_three_times_a_day(
    world: World,
) -> None:
    an_item(world, 3)
    world.box.switches.corrupt_download = True

    for _ in range(4):
        world.sync()

    asked = world.box.log.find("storage")
    assert zips_asked(world) == 1
    assert len(asked) == 2 * 2
    assert world.tree() == {}
    world.box.switches.corrupt_download = False
    world.clock.advance(25 * HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_process_that_dies_in_a_zip_again_and_again_fetches_files_alone(
    world: World,
) -> None:
    an_item(world, 4)

    def die(request: PreparedRequest) -> None:
        if (request.url or "").endswith("/download"):
            raise Killed

    with wired(world, after=die):
        for _ in range(zips.CRASHES):
            with pytest.raises(Killed):
                world.sync()
        report = world.sync()

    assert report.exit_code == 0
    assert files_asked(world) == 3
    assert leftovers(world) == []
    assert_agreed(world)


def test_no_zip_comes_where_there_is_hardly_room_for_it_and_its_files(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, transfer__disk_reserve="100 KiB")
    an_item(world, 20)
    world.calls = Small(200 << 10)

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (0, 19)


def test_workers_side_by_side_unpack_all(world: World) -> None:
    world.make_pool = lambda: ThreadPool(4)
    for number in range(5):
        an_item(world, 100, f"Item {number}")

    report = world.sync()

    assert report.exit_code == 0
    assert (zips_asked(world), files_asked(world)) == (5, 0)
    assert_agreed(world)


class Commits(Steps):
    """Counts the commits of the state."""

    def __init__(self) -> None:
        self.count = 0

    def after(self, step: str) -> None:
        self.count += step == "commit"


def test_files_of_a_zip_share_their_commits(world: World) -> None:
    def commits(files: int, title: str) -> int:
        an_item(world, files, title)
        world.steps = counted = Commits()
        world.sync()
        return counted.count

    commits(4, "The first sync of all")
    few = commits(1 + zips.FILES_AT_ONCE, "Few")
    many = commits(1 + 8 * zips.FILES_AT_ONCE, "Many")

    assert many - few == 2 * 7
