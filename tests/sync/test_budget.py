"""One request budget for each mirror, whichever verbs and restarts spend it."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path

import pytest

from figsync.clock import boot_id
from figsync.figshare import Figshare, Settings
from figsync.sync.opening import dry_mirror
from figsync.sync.pace import request_paces, share_budget
from figsync.sync.verify import Question, verify
from tests.wire import dies_at
from tests.world import World, assert_agreed

WINDOW = 60.0
MOST = 30 + 60 * 1


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, transfer__requests_per_second="1", transfer__burst="30")
    world.boot_id = boot_id()
    for number in range(12):
        item = world.box.web.create_item(f"Item {number}")
        world.box.web.add_file(item, "a.txt", b"%d" % number)
    world.settle()
    return world


def busiest_minute(world: World) -> int:
    """Return the most API requests of any minute."""
    times = sorted(entry.at for entry in world.box.log.find("api"))
    return max(
        bisect_right(times, start + WINDOW) - index for index, start in enumerate(times)
    )


def assert_within_budget(world: World) -> None:
    assert len(world.box.log.find("api")) > MOST
    assert busiest_minute(world) <= MOST


def test_a_hundred_syncs_in_a_row_keep_to_one_budget(world: World) -> None:
    for _ in range(100):
        world.sync()

    assert_within_budget(world)


def test_every_verb_that_asks_figshare_spends_the_same_budget(world: World) -> None:
    world.sync()
    for _ in range(15):
        world.sync(dry_run=True)
        world.sync(scheduled=True)
        with dry_mirror(world.config, world.means(), counted=True) as mirror:
            verify(mirror, Question(frozenset(), True), is_owned=False)
        _asked_by_doctor(world)

    assert_within_budget(world)


def _asked_by_doctor(world: World) -> None:
    settings = Settings(adapters=world.adapters)
    api = world.config.account.api_url
    figshare = Figshare(api, world.token, clock=world.clock, settings=settings)
    share_budget(figshare, world.config.database, world.boot_id)
    figshare.account()
    figshare.close()


def test_dry_runs_before_the_first_sync_are_slow_and_leave_no_trace(
    world: World,
) -> None:
    began = world.clock.now()
    for _ in range(3):
        world.sync(dry_run=True)

    asked = world.box.log.count("api")
    assert asked > 40
    assert world.clock.now() - began >= asked - 1
    assert not world.config.database.parent.exists()


def test_a_dry_run_counts_nothing_and_goes_without_the_burst(world: World) -> None:
    world.sync()
    world.clock.advance(3600)
    ledger = world.config.database.with_name("state.db-pace")
    before = ledger.read_bytes(), ledger.stat().st_mtime_ns
    world.box.log.clear()
    began = world.clock.now()

    world.sync(dry_run=True)

    assert (ledger.read_bytes(), ledger.stat().st_mtime_ns) == before
    assert world.clock.now() - began >= world.box.log.count("api") > 1


def test_kills_at_any_request_refill_nothing(world: World) -> None:
    for number in range(40):
        world.drop(f"Dropped {number % 5}/{number}.txt", str(number))
    world.settle()
    for request in range(1, 60, 3):
        dies_at(world, request, "before" if request % 2 else "after")

    world.sync()

    assert_within_budget(world)
    assert_agreed(world)


def test_who_waits_for_a_sync_does_not_wait_for_the_full_pass(world: World) -> None:
    world.box.switches.light_dates = False
    world.sync()
    world.clock.advance(5 * 3600)
    world.sync()
    world.clock.advance(2)
    world.box.log.clear()
    began = world.clock.now()

    world.sync()

    assert world.clock.now() - began < 1
    assert world.box.log.count("api", "GET", path=r"/articles/\d+$") == 0


def test_status_tells_what_is_left_and_how_fast_it_comes_back(world: World) -> None:
    world.sync()

    ((host, pace),) = request_paces(world.config, world.clock).items()

    assert host
    assert pace.rate_at(pace.at) == 1
    assert 0 <= pace.level < 30
    world.clock.advance(60)
    ((_, later),) = request_paces(world.config, world.clock).items()
    assert later.level == 30
