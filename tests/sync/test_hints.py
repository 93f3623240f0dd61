"""Without dates in lists a search is the hint, and the full pass takes its time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import PreparedRequest

from figsync.figshare import ItemRow
from figsync.sandbox.api import calls
from figsync.sync.hints import Filter, moved, read_head
from figsync.sync.rotation import MOST_AT_ONCE, PASS_SECONDS, SLOWEST, seconds_each
from tests.wire import nothing, wired
from tests.world import HOUR, World, told

ITEMS = 40
RECORD = r"/articles/\d+$"
DAY = 24 * HOUR
Spoil = Callable[[PreparedRequest], object]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return an_account(tmp_path, ITEMS)


def an_account(folder: Path, count: int) -> World:
    world = World(folder, mirror__new_items="metadata")
    world.box.switches.light_dates = False
    world.box.switches.search_seconds = world.box.switches.search_reads = 0
    for number in range(count):
        world.clock.advance(60)
        world.box.web.create_item(f"Item {number:04}")
    world.settle()
    return world


def asked(world: World) -> tuple[int, int]:
    """Return how many API requests a sync makes, and how many are for records."""
    world.box.log.clear()
    assert world.sync().exit_code == 0
    log = world.box.log
    return log.count("api"), log.count("api", "GET", path=RECORD)


def asking(change: Callable[[dict[str, object]], object]) -> Spoil:
    """Return what changes the body of each search on its way."""

    def spoil(request: PreparedRequest) -> None:
        if (request.url or "").endswith("/search"):
            wanted = json.loads(request.body or b"{}")
            change(wanted)
            request.body = json.dumps(wanted).encode()
            request.headers["Content-Length"] = str(len(request.body))

    return spoil


def as_is(wanted: dict[str, object]) -> None:
    """Leave a search as it is."""
    del wanted


def without_filter(wanted: dict[str, object]) -> None:
    """Have the server ignore the date."""
    del wanted["modified_since"]


def in_days(wanted: dict[str, object]) -> None:
    """Have the server take the day alone."""
    wanted["modified_since"] = str(wanted["modified_since"])[:10]


def without_order(wanted: dict[str, object]) -> None:
    """Have the server ignore the order, and the date."""
    del wanted["order"], wanted["modified_since"]


@pytest.mark.parametrize("change", [as_is, without_filter, in_days])
def test_a_quiet_sync_searches_once_and_edits_are_read_once_each(
    world: World, change: Callable[[dict[str, object]], object]
) -> None:
    spoil = nothing if change is as_is else asking(change)
    with wired(world, before=spoil):
        first = asked(world)
        # A server that shows old ones too leaves the newest in doubt.
        doubt = 0 if change is as_is else 1
        assert first[0] <= ITEMS + 5 and first[1] == ITEMS
        for _ in range(3):
            assert asked(world) == (3 + doubt, doubt)

        for title in ("Once", "Twice", "Three times"):
            item = world.box.web.item_ids()[ITEMS // 2]
            world.clock.advance(10)
            world.box.web.edit_item(item, title=title)
            world.clock.advance(10)
            assert asked(world)[1] <= 1 + doubt
            assert (world.root / title).is_dir()
            assert asked(world)[1] == doubt


@pytest.mark.parametrize("count", [10, 11])
def test_up_to_ten_items_are_read_without_a_search(tmp_path: Path, count: int) -> None:
    world = an_account(tmp_path, count)
    asked(world)

    asked(world)

    searches = world.box.log.count("api", "POST", path="/search$")
    records = world.box.log.count("api", "GET", path=RECORD)
    assert (searches, records) == ((0, 10) if count == 10 else (1, 0))


def test_many_edits_at_once_are_all_read(world: World) -> None:
    asked(world)
    world.clock.advance(10)
    chosen = world.box.web.item_ids()[3::4]
    for item in reversed(chosen):
        world.box.web.edit_item(item, title=f"Edited {item}")
    world.clock.advance(10)

    assert asked(world)[1] == len(chosen)
    assert all((world.root / f"Edited {item}").is_dir() for item in chosen)


def test_a_new_item_is_read_without_any_hint(world: World) -> None:
    asked(world)
    world.box.web.create_item("New")

    assert asked(world)[1] == 1
    assert (world.root / "New").is_dir()


def test_what_the_index_showed_too_late_is_found_within_a_day(world: World) -> None:
    asked(world)
    late, soon = world.box.web.item_ids()[5:7]
    world.box.switches.search_seconds, world.box.switches.search_reads = 30, 1000
    world.clock.advance(10)
    world.box.web.edit_item(late, title="Late")
    world.box.switches.search_seconds = world.box.switches.search_reads = 0
    world.clock.advance(5)
    world.box.web.edit_item(soon, title="Soon")
    world.clock.advance(5)
    asked(world)
    assert (world.root / "Soon").is_dir()
    assert not (world.root / "Late").is_dir()
    world.clock.advance(40)
    asked(world)

    world.clock.advance(DAY)
    # The share of the full pass goes to those that were unread for longer.
    world.clock.advance(-HOUR * 23.5)
    asked(world)
    world.clock.advance(HOUR * 23.5)
    asked(world)

    assert (world.root / "Late").is_dir()


def test_an_order_that_is_ignored_is_not_believed(world: World) -> None:
    with wired(world, before=asking(without_order)):
        asked(world)
        for _ in range(3):
            assert asked(world)[1] <= 1
        item = world.box.web.item_ids()[-1]
        world.clock.advance(10)
        world.box.web.edit_item(item, title="Found in the end")
        for _ in range(3):
            world.clock.advance(HOUR)
            asked(world)

    assert (world.root / "Found in the end").is_dir()


def test_a_server_without_searches_is_read_by_and_by(world: World) -> None:
    def refuse(wanted: dict[str, object]) -> None:
        wanted["order"] = "no such order"

    with wired(world, before=asking(refuse)):
        asked(world)
        item = world.box.web.item_ids()[-1]
        world.clock.advance(10)
        world.box.web.edit_item(item, title="Found in the end")
        for _ in range(3):
            world.clock.advance(HOUR)
            asked(world)

    assert (world.root / "Found in the end").is_dir()


def test_what_could_not_be_read_is_hinted_at_again(world: World) -> None:
    asked(world)
    world.clock.advance(10)
    item = world.box.web.item_ids()[4]
    world.box.web.edit_item(item, title="In the end")
    world.box.web.edit_item(world.box.web.item_ids()[8], title="At once")
    world.clock.advance(10)

    def broken(request: PreparedRequest) -> None:
        if (request.url or "").endswith(f"/articles/{item}"):
            request.url = (request.url or "").replace("articles", "nothing")

    with wired(world, before=broken):
        world.sync()
    assert not (world.root / "In the end").is_dir()

    world.clock.advance(60)
    asked(world)

    assert (world.root / "In the end").is_dir()


def test_many_syncs_in_a_row_read_no_share_of_the_full_pass(world: World) -> None:
    asked(world)
    world.clock.advance(2 * HOUR)
    asked(world)

    assert [asked(world) for _ in range(10)] == [(3, 0)] * 10
    world.clock.advance(SLOWEST * 4.5)
    assert asked(world)[1] <= 4


def test_the_full_pass_reads_every_record_however_often_it_is_synced(
    world: World,
) -> None:
    asked(world)
    world.clock.advance(2 * HOUR)
    read: set[str] = set()
    for _ in range(30):
        world.clock.advance(150)
        world.box.log.clear()
        world.sync()
        read |= {entry.path for entry in world.box.log.find("api", "GET", path=RECORD)}

    assert len(read) == ITEMS


def test_the_share_of_a_cycle_follows_from_the_time_that_passed() -> None:
    assert seconds_each(10) == SLOWEST
    assert seconds_each(8000) * 8000 <= PASS_SECONDS
    assert seconds_each(20_000) * 20_000 == pytest.approx(PASS_SECONDS)
    assert 15 * 60 / seconds_each(8000) < MOST_AT_ONCE


def test_what_a_server_makes_of_the_date_is_found_out_once(world: World) -> None:
    asked(world)

    with world.mirror() as mirror:
        assert read_head(mirror).filter in (Filter.AFTER, Filter.FROM)
    with wired(world, before=asking(without_filter)):
        world.wipe()
        asked(world)
        with world.mirror() as mirror:
            assert read_head(mirror).filter is Filter.COARSE


@given(st.integers(2, 30), st.data())
def test_what_a_search_shows_before_newer_ones_was_modified(
    count: int, data: st.DataObject
) -> None:
    ids = [f"{number}" for number in range(count)]
    known = {item_id: 1000.0 - number for number, item_id in enumerate(ids)}
    changed = data.draw(
        st.lists(st.sampled_from(ids), unique=True, max_size=count // 3)
    )
    rows = changed + [item_id for item_id in ids if item_id not in changed]

    found = moved([ItemRow(item_id, "") for item_id in rows], known)

    newest_kept = next(item_id for item_id in ids if item_id not in changed)
    older = {i for i in changed if known[i] < known[newest_kept]}
    assert older <= found
    assert found <= {*changed, rows[0]}


def test_dates_of_searches_tell_more_than_their_order() -> None:
    rows = [
        ItemRow("1", "", modified_date="2026-11-20T10:00:00Z"),
        ItemRow("2", "", modified_date="2026-11-20T09:00:00Z"),
    ]
    known = {"1": 1_795_168_800.0, "2": 0.0}

    assert moved(rows, known) == {"2"}


def test_items_beyond_what_is_listed_are_asked_for_in_turn_and_never_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = an_account(tmp_path, 1005)
    world.box.switches.light_dates = True
    world.sync()
    monkeypatch.setattr(calls, "WINDOW", 1000)
    world.box.switches.cap_private_lists = True
    oldest = sorted(world.box.web.item_ids())[:5]
    world.box.web.edit_item(oldest[0], title="Edited")
    world.box.web.delete_item(oldest[1])
    assert asked(world) == (3, 0)

    reads = []
    for _ in range(5):
        world.clock.advance(20)
        world.box.log.clear()
        report = world.sync()
        assert not any(o.action.kind.startswith("Trash") for o in report.outcomes)
        reads.append(world.box.log.count("api", "GET", path=RECORD))

    assert max(reads) <= 2
    assert sum(reads) >= 5
    assert (world.root / "Edited").is_dir()
    assert len([p for p in world.root.iterdir() if p.name[0] != "."]) == 1005
    assert told(report) == []
