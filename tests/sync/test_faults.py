"""A Figshare that answers badly is not believed, and nothing is lost by it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from figsync.errors import Blocked, FigshareProblem, TokenRefused, TooMany, Unreachable
from figsync.sandbox import Fault
from tests.world import HOUR, World, assert_agreed, failures, told

Break = Callable[[World], object]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Mirror an account of some items that both sides hold."""
    world = World(tmp_path, deletions__grace="0")
    for name in ("one", "two", "three"):
        item = world.box.web.create_item(f"Item {name}")
        for number in range(3):
            world.box.web.add_file(item, f"{number}.txt", f"{name} {number}".encode())
    many = world.box.web.create_item("Many files")
    world.box.web.add_files(many, {f"in/{n:02}.txt": b"%d" % n for n in range(12)})
    world.settle()
    assert world.sync().exit_code == 0
    return world


def switched(**values: bool | float) -> Break:
    return lambda world: world.box.switches.update(values)


def failing(service: str, method: str, path: str, **more: object) -> Break:
    return lambda world: world.box.fail_next(
        Fault(service, method, path, times=10_000, **more)
    )


def repair(world: World) -> None:
    """Let Figshare behave again."""
    plain = type(world.box.switches)(status_seconds=0)
    world.box.switches.update(plain.as_json())
    world.box.world.faults.clear()


ACCOUNT = r"/account$"
ITEMS = r"/account/articles$"
ITEM = r"/account/articles/\d+$"
FILES = r"/account/articles/\d+/files$"
OUTAGES: dict[str, tuple[Break, type[FigshareProblem]]] = {
    "firewall everywhere": (switched(html_403=True), Blocked),
    "account 500": (failing("api", "GET", ACCOUNT), Unreachable),
    "account cut off": (failing("api", "GET", ACCOUNT, kind="break"), Unreachable),
    "account challenge": (failing("api", "GET", ACCOUNT, status=202), Blocked),
    "account empty": (switched(empty_body=True), FigshareProblem),
    "list 500": (failing("api", "GET", ITEMS, status=502), Unreachable),
    "list cut off": (failing("api", "GET", ITEMS, kind="break"), Unreachable),
    "list 403 page": (
        failing("api", "GET", ITEMS, status=403, kind="html"),
        Blocked,
    ),
    "list 403": (failing("api", "GET", ITEMS, status=403), TokenRefused),
    "list 401": (failing("api", "GET", ITEMS, status=401), TokenRefused),
    "too many": (
        failing("api", "GET", ITEMS, status=429, headers=(("Retry-After", "86400"),)),
        TooMany,
    ),
}


@pytest.mark.parametrize("outage", OUTAGES, ids=list(OUTAGES))
def test_an_outage_ends_the_sync_and_changes_nothing(world: World, outage: str) -> None:
    begin, kind = OUTAGES[outage]
    before = world.tree()
    world.drop("New/a.txt", "waits for better times")
    (world.root / "Item one/0.txt").write_text("edited")
    world.settle()
    begin(world)
    world.box.log.clear()

    with pytest.raises(kind) as ended:
        world.sync()

    assert ended.value.exit_code == 6
    assert world.box.log.mutations() == ()
    assert world.tree().keys() == before.keys() | {"New/a.txt"}
    assert world.trash() == []
    repair(world)
    world.clock.advance(2 * 24 * HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_wrong_token_says_what_to_do(world: World) -> None:
    world.token = "another"

    with pytest.raises(TokenRefused, match="create a new one"):
        world.sync()


DOUBTS: dict[str, Break] = {
    "short pages": switched(short_page=2),
    "cut lists": switched(cut_lists=2),
    "no files in records": switched(record_files=False),
    "records 403": failing("api", "GET", ITEM, status=403),
    "records 403 page": failing("api", "GET", ITEM, status=403, kind="html"),
    "records 422": failing("api", "GET", ITEM, status=422),
    "records 500": failing("api", "GET", ITEM, status=500),
    "records cut off": failing("api", "GET", ITEM, kind="break"),
    "records 202": failing("api", "GET", ITEM, status=202, kind="empty"),
    "records empty": failing("api", "GET", ITEM, status=200, kind="empty"),
    "records a page": failing("api", "GET", ITEM, status=200, kind="html"),
    "records 404 page": failing("api", "GET", ITEM, status=404, kind="html"),
    "records nonsense": failing("api", "GET", ITEM, status=200, kind="json"),
    "files 403": failing("api", "GET", FILES, status=403),
    "files 404": failing("api", "GET", FILES, status=404),
    "files 500": failing("api", "GET", FILES, status=500),
    "files empty": failing("api", "GET", FILES, status=200, kind="empty"),
    "files nonsense": failing("api", "GET", FILES, status=200, kind="json"),
    "one list empty": lambda world: world.box.fail_next(
        Fault("api", "GET", FILES, status=200, kind="empty", times=1)
    ),
}


@pytest.mark.parametrize("doubt", DOUBTS, ids=list(DOUBTS))
def test_what_is_in_doubt_is_never_deleted(world: World, doubt: str) -> None:
    before = world.tree()
    for item in world.box.web.item_ids():
        world.box.web.edit_item(item, description="so that it is read again")
    world.clock.advance(10)
    DOUBTS[doubt](world)
    world.box.log.clear()

    reports = [world.sync(), world.sync()]
    world.clock.advance(25 * HOUR)
    reports.append(world.sync())

    assert world.tree() == before
    assert world.trash() == []
    assert world.box.log.mutations() == ()
    assert all(report.exit_code in (0, 1) for report in reports)
    repair(world)
    assert world.sync().exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("doubt", DOUBTS, ids=list(DOUBTS))
def test_edits_of_both_sides_meet_when_the_doubt_is_over(
    world: World, doubt: str
) -> None:
    one, many = (int(world.item_id(title)) for title in ("Item one", "Many files"))
    world.box.web.add_file(one, "web.txt", b"from the web")
    world.box.web.delete_file(world.box.web.files(many)[3].id)
    world.clock.advance(10)
    DOUBTS[doubt](world)
    world.drop("Item one/0.txt", "edited here")
    world.drop("Item two/new.txt", "new here")
    world.drop("Many files/in/04.txt", "edited here")
    world.drop("Fresh/a.txt", "a new folder")
    world.settle()

    world.sync()
    repair(world)
    world.clock.advance(10)
    report = world.sync()

    tree = world.tree()
    assert report.exit_code == 0
    assert tree["Item one/web.txt"] == b"from the web"
    assert "Many files/in/03.txt" not in tree
    assert tree["Item one/0.txt"] == b"edited here"
    assert world.trash() == [b"3"]
    assert_agreed(world)


def test_an_item_that_answers_403_is_unknown_and_holds_no_other_up(
    world: World,
) -> None:
    closed = world.item_id("Item two")
    for item in world.box.web.item_ids():
        world.box.web.edit_item(item, description="read me again")
    world.box.web.add_file(int(world.item_id("Item one")), "new.txt", b"new")
    world.clock.advance(10)
    failing("api", "", rf"/account/articles/{closed}\b", status=403)(world)
    world.drop("Item two/0.txt", "edited")
    world.settle()

    report = world.sync()

    assert list(report.problems) == [closed]
    assert world.tree()["Item one/new.txt"] == b"new"
    assert world.tree()["Item two/0.txt"] == b"edited"
    repair(world)
    assert world.sync().exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("pages", [1, 3, 29])
def test_a_list_with_short_pages_hides_nothing_for_long(
    tmp_path: Path, pages: int
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Many files")
    world.box.web.add_files(item, {f"{n:02}.txt": b"%d" % n for n in range(30)})
    for number in range(5):
        world.box.web.create_item(f"Item {number}")
    world.settle()
    world.box.switches.short_page = pages
    world.sync()
    world.box.switches.short_page = 0

    report = world.sync()

    assert report.exit_code == 0
    assert len(world.tree()) == 30
    assert_agreed(world)


@pytest.mark.parametrize("kind", ["json", "html", "empty", "break"])
def test_some_failures_in_a_row_are_waited_out(tmp_path: Path, kind: str) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.txt", b"a")
    world.drop("Mine/b.txt", "b")
    world.settle()
    for path in (ACCOUNT, ITEMS, ITEM, r"/download/"):
        world.box.fail_next(Fault("api", "GET", path, 503, times=3, kind=kind))
    world.box.fail_next(Fault("upload", status=500, times=3, kind=kind))

    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("retry_after", [0, 2, 30])
def test_a_server_that_asks_for_patience_gets_it(
    tmp_path: Path, retry_after: int
) -> None:
    world = World(tmp_path)
    world.box.switches.rate_limit = 3
    world.box.switches.retry_after = retry_after
    for number in range(12):
        item = world.box.web.create_item(f"Item {number}")
        world.box.web.add_file(item, "a.txt", b"%d" % number)
    world.drop("Mine/b.txt", "b")
    world.settle()

    reports = [world.sync() for _ in range(3)]

    assert reports[-1].exit_code == 0
    assert_agreed(world)
    refused = world.box.log.find("api", status=429)
    assert len(refused) < len(world.box.log.find("api")) / 2


def test_a_configured_rate_is_never_exceeded(tmp_path: Path) -> None:
    world = World(tmp_path, transfer__requests_per_second="2", transfer__burst="5")
    for number in range(30):
        item = world.box.web.create_item(f"Item {number}")
        world.box.web.add_file(item, "a.txt", b"%d" % number)
    world.settle()

    world.sync()

    times = [entry.at for entry in world.box.log.find("api")]
    assert len(times) > 60
    for start, first in enumerate(times):
        for count in (6, 10, 20):
            if start + count < len(times):
                allowed = (count - 5) / 2
                assert times[start + count] - first >= allowed - 0.01


def test_rows_change_with_and_without_dates_in_turn(world: World) -> None:
    before = world.tree()
    world.box.log.clear()

    for dates in (False, True, False):
        world.box.switches.light_dates = dates
        report = world.sync()
        assert told(report) == []
        assert report.exit_code == 0

    assert world.tree() == before
    assert world.box.log.mutations() == ()


def test_files_that_do_not_touch_their_item_are_seen_in_the_end(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.box.switches.files_touch_item = False
    world.drop("Mine/a.txt", "a")
    world.sync()
    item = world.item_id("Mine")
    world.settle()
    world.drop("Mine/b.txt", "b")
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert world.box.web.tree(int(item)) == {"a.txt": b"a", "b.txt": b"b"}
    assert_agreed(world)
    world.box.log.clear()
    assert told(world.sync()) == []
    assert world.box.log.mutations() == ()


def test_one_bad_item_leaves_the_exit_code_at_one(world: World) -> None:
    bad = world.item_id("Item two")
    world.box.web.edit_item(int(bad), description="read me")
    world.clock.advance(10)
    failing("api", "GET", rf"/account/articles/{bad}$", status=500)(world)

    report = world.sync()

    assert report.exit_code == 1
    assert failures(report) == []
    assert list(report.problems) == [bad]


def test_no_secret_is_in_state_messages_or_logs(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {world.token, "X-Amz-Signature"}
    for kind in ("json", "html", "break"):
        world.drop(f"{kind}/a.bin", bytes(5000))
        world.box.fail_next(Fault("upload", status=500, times=20, kind=kind))
        world.box.fail_next(Fault("storage", status=500, times=20, kind=kind))
    item = int(world.item_id("Item one"))
    world.box.web.add_file(item, "new.txt", b"new")
    world.settle()

    report = world.sync()

    for made in world.box.web.item_ids():
        secrets |= {file.token for file in world.box.web.files(made)}
    told_to_people = [outcome.message for outcome in report.outcomes]
    stored = [p.read_bytes() for p in (world.folder / "state").iterdir()]
    mirrored = [p.read_bytes() for p in world.root.rglob("*") if p.is_file()]
    assert failures(report)
    for secret in secrets:
        assert secret not in caplog.text
        assert not any(secret in message for message in told_to_people)
        assert not any(secret.encode() in content for content in stored + mirrored)
