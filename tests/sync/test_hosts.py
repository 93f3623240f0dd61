"""A host that fails is left alone for ever longer, and the rest of the sync goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.errors import FigsyncError, Resting, Unreachable
from figsync.figshare import Rest, Service
from figsync.sandbox import Fault
from figsync.sync.loop import Report
from figsync.sync.rests import read_rests
from tests.wire import wired
from tests.world import HOUR, World, assert_agreed, failures

MINUTE = 60.0
FILES = 12
IN_A_ROW = 5
# The zip of the item is asked for before its files, and fails like them.
FAILING_FILES = IN_A_ROW - 1


def a_world(folder: Path, **keys: str) -> World:
    """Mirror an account whose one item has files that are not here yet.

    They come one by one.
    """
    world = World(folder, **keys)
    world.without_zips()
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {f"{n:02}.txt": b"%d" % n for n in range(FILES)})
    world.settle()
    return world


def rests(world: World) -> tuple[Rest, ...]:
    with world.state() as state:
        return read_rests(state)


def downloads_asked(world: World) -> int:
    """Return how many requests for bytes came since the log was cleared."""
    entries = world.box.log.find("api", path="/file/download/")
    return len(entries) + len(world.box.log.find("storage"))


def dead(world: World) -> None:
    """Let nothing of Figshare answer any more."""
    for service in ("api", "upload", "storage"):
        world.box.fail_next(Fault(service, kind="break", times=100_000))  # type: ignore[arg-type]  # one of its words


def ended_with(act: Callable[[], Report]) -> FigsyncError:
    with pytest.raises(FigsyncError) as caught:
        act()
    return caught.value


def test_blocked_downloads_hold_nothing_else_up(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.box.switches.waf_downloads = 403
    world.drop("Mine/a.txt", "mine")
    world.settle()

    report = world.sync()

    assert world.remote("Mine") == {"a.txt": b"mine"}
    assert report.exit_code == 1
    assert downloads_asked(world) == FAILING_FILES
    assert report.count("failed") == FAILING_FILES
    (rest,) = rests(world)
    assert rest.host.service is Service.DOWNLOADS
    waiting = [h for h in report.held if h.until == rest.until]
    assert len(waiting) == FILES - FAILING_FILES
    assert {h.reason for h in waiting} == {
        "downloads from api.sandbox.invalid: a firewall or a web page answers in"
        " Figshare's place"
    }


def test_what_waits_for_a_host_is_not_tried_and_not_counted(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.box.switches.waf_downloads = 202
    world.sync()
    world.box.log.clear()
    world.drop("Mine/a.txt", "mine")

    report = world.sync(scheduled=True)

    assert downloads_asked(world) == 0
    assert report.exit_code == 1
    assert world.remote("Mine") == {"a.txt": b"mine"}
    with world.state() as state:
        tried = [row for row in state.history.recent(100) if row.action == "Download"]
    assert len(tried) == FAILING_FILES


def test_the_waits_grow_over_several_processes_and_success_resets(
    tmp_path: Path,
) -> None:
    world = a_world(tmp_path)
    world.box.switches.waf_downloads = 403
    world.sync(scheduled=True)
    waits = []
    for _ in range(6):
        (rest,) = rests(world)
        waits.append((rest.until - world.clock.now()) / MINUTE)
        world.clock.advance(rest.until - world.clock.now() - 1)
        world.box.log.clear()
        world.sync(scheduled=True)
        assert downloads_asked(world) == 0
        world.clock.advance(2)
        world.sync(scheduled=True)
        assert downloads_asked(world) == 1

    for found, least in zip(waits, (1, 5, 15, 60, 240, 240), strict=True):
        assert least <= found + 1 <= 1.2 * least + 1
    world.box.switches.waf_downloads = 0
    world.clock.advance(6 * HOUR)
    assert world.sync(scheduled=True).exit_code == 0
    assert rests(world) == ()
    assert_agreed(world)


def test_a_person_who_syncs_makes_one_trial_at_once(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.box.switches.waf_downloads = 403
    world.sync()
    (before,) = rests(world)
    world.box.log.clear()

    world.sync()

    assert downloads_asked(world) == 1
    assert rests(world) == (before,)
    world.box.switches.waf_downloads = 0
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_dead_api_is_not_asked_before_its_time(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.sync()
    world.box.fail_next(Fault("api", status=503, times=100_000))
    first = ended_with(lambda: world.sync(scheduled=True))
    world.box.log.clear()

    second = ended_with(lambda: world.sync(scheduled=True))

    assert isinstance(first, Unreachable)
    assert isinstance(second, Resting)
    assert (first.exit_code, second.exit_code) == (6, 6)
    assert world.box.log.entries() == ()
    assert str(second).startswith(
        "api.sandbox.invalid: Figshare has a problem of its own (503);"
        " it is tried again at "
    )
    ended_with(world.sync)
    assert len(world.box.log.entries()) == 1
    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    assert world.sync(scheduled=True).exit_code == 0


def test_figshare_that_dies_during_an_upload_is_unreachable(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Mine/a.txt", "mine")
    world.settle()

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT":
            dead(world)

    with wired(world, before=die):
        problem = ended_with(world.sync)

    assert problem.exit_code == 6
    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_figshare_that_dies_during_a_download_is_unreachable(tmp_path: Path) -> None:
    world = a_world(tmp_path)

    def die(request: PreparedRequest) -> None:
        if (request.url or "").startswith(world.urls.storage):
            dead(world)

    with wired(world, before=die):
        problem = ended_with(world.sync)

    assert problem.exit_code == 6
    world.box.world.faults.clear()
    world.clock.advance(HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_uploads_that_fail_alone_make_no_more_records(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.sync()
    world.box.fail_next(Fault("upload", status=503, times=100_000))
    world.drop("Mine/first.txt", "mine")
    for number in range(IN_A_ROW):
        world.drop(f"Soil cores/new {number}.txt", f"new {number}")
    world.settle()
    report = world.sync()
    assert report.exit_code == 1
    (rest,) = rests(world)
    assert rest.host.service is Service.UPLOADS
    world.clock.advance(rest.until - world.clock.now())
    world.sync(scheduled=True)
    world.drop("Other/a.txt", "an item of its own")
    world.drop("Soil cores/late.txt", "late")
    world.box.web.add_file(int(world.item_id("Soil cores")), "web.txt", b"web")
    world.settle()
    world.box.log.clear()

    report = world.sync(scheduled=True)

    assert report.exit_code == 1
    assert world.box.log.mutations() == ()
    assert world.tree()["Soil cores/web.txt"] == b"web"
    world.box.world.faults.clear()
    world.clock.advance(2 * HOUR)
    assert world.sync(scheduled=True).exit_code == 0
    assert_agreed(world)


def test_one_file_that_always_fails_leaves_the_others_alone(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    item = int(world.item_id("Soil cores"))
    bad = world.box.web.files(item)[3].id
    world.box.fail_next(Fault("api", path=f"/download/{bad}$", times=100_000))

    report = world.sync()

    assert len(world.tree()) == FILES - 1
    assert len(failures(report)) == 1
    assert rests(world) == ()


def test_a_scheduled_sync_waits_with_what_failed(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    item = int(world.item_id("Soil cores"))
    bad = world.box.web.files(item)[3].id
    world.box.fail_next(Fault("api", path=f"/download/{bad}$", times=100_000))
    world.sync()
    world.box.log.clear()

    assert world.sync(scheduled=True).exit_code == 1
    assert downloads_asked(world) == 0
    world.clock.advance(MINUTE)
    world.sync(scheduled=True)
    assert downloads_asked(world) == IN_A_ROW


def test_the_budget_holds_while_hosts_fail(tmp_path: Path) -> None:
    world = a_world(tmp_path, transfer__requests_per_second="2", transfer__burst="5")
    world.box.switches.waf_downloads = 403
    for _ in range(4):
        world.sync()
        world.clock.advance(1)
    world.box.fail_next(Fault("api", status=503, times=30))
    for _ in range(6):
        ended_with(world.sync)
        world.clock.advance(1)

    times = [entry.at for entry in world.box.log.find("api")]
    assert len(times) > 30
    for start in range(len(times)):
        for count in (6, 10, 20):
            if start + count < len(times):
                took = times[start + count] - times[start]
                assert took >= (count - 5) / 2 - 0.01


def test_a_dry_run_stores_nothing_of_it(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    world.sync()
    world.box.fail_next(Fault("api", status=503, times=100_000))

    ended_with(lambda: world.sync(dry_run=True))

    assert rests(world) == ()
