"""Uploads that go wrong at any step end as exactly one proven record."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from requests import PreparedRequest

from figsync.errors import Interrupted
from figsync.sandbox import Fault, NewFile
from figsync.sync.carry import Asked, carry_out
from figsync.sync.policies import REJECTED
from figsync.sync.tasks import ThreadPool
from tests.sync.seen import approve_after_all, reject
from tests.wire import Killed, dies_at, wired
from tests.world import HOUR, World, assert_agreed, failures, told

PART = 1000
CONTENT = bytes(range(250)) * 40
PARTS = len(CONTENT) // PART
SENDING = r"^/upload/"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, part_size=PART)


def parts_sent(world: World) -> list[str]:
    """Return the numbers of the parts that arrived."""
    found = world.box.log.find("upload", "PUT", status=200)
    return [entry.path.rpartition("/")[2] for entry in found]


def records(world: World, title: str = "New") -> list[int]:
    """Return the ids of an item's records, unfinished ones included."""
    return [file.id for file in world.box.web.files(int(world.item_id(title)))]


def test_a_file_goes_up_in_the_parts_the_server_wants(world: World) -> None:
    world.drop("New/a.bin", CONTENT)

    report = world.sync()

    assert report.exit_code == 0
    assert parts_sent(world) == [str(n) for n in range(1, PARTS + 1)]
    assert report.bytes_up == len(CONTENT)
    assert_agreed(world)


def test_parts_go_side_by_side(world: World) -> None:
    world.make_pool = lambda: ThreadPool(4)
    world.drop("New/a.bin", CONTENT)
    world.drop("New/sub/b.bin", CONTENT[::-1])

    report = world.sync()

    assert report.exit_code == 0
    assert sorted(map(int, parts_sent(world))) == sorted([*range(1, PARTS + 1)] * 2)
    assert_agreed(world)


@pytest.mark.parametrize("kind", ["json", "html", "empty", "break"])
def test_an_upload_broken_at_a_part_goes_on_with_the_missing_parts(
    world: World, kind: str
) -> None:
    world.drop("New/a.bin", CONTENT)
    fault = Fault("upload", "PUT", r"/7$", status=500, times=50, kind=kind)
    world.box.fail_next(fault)
    first = world.sync()
    (record,) = records(world)
    before = set(parts_sent(world))
    world.box.world.faults.clear()
    world.box.log.clear()

    second = world.sync()

    assert first.exit_code == 1
    assert {"1", "2", "3", "4", "5", "6"} <= before
    assert second.exit_code == 0
    assert records(world) == [record]
    assert set(parts_sent(world)) == {str(n) for n in range(1, PARTS + 1)} - before
    assert_agreed(world)


def test_a_process_that_ends_between_parts_is_continued_by_the_next(
    world: World,
) -> None:
    cut_short(world)
    (record,) = records(world)
    world.box.log.clear()
    report = world.sync()

    assert report.exit_code == 0
    assert records(world) == [record]
    assert parts_sent(world) == [str(n) for n in range(5, PARTS + 1)]
    assert_agreed(world)


def cut_short(world: World) -> None:
    """Let a process die between two parts of New/a.bin."""

    def die(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/5"):
            raise Killed

    world.drop("New/a.bin", CONTENT)
    with wired(world, before=die), pytest.raises(Killed):
        world.sync()


def exclude(world: World, title: str) -> None:
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", {"item": world.item_id(title)}))


def test_an_upload_whose_item_is_excluded_leaves_no_half_sent_record(
    world: World,
) -> None:
    cut_short(world)

    exclude(world, "New")
    world.sync()

    assert records(world) == []
    assert (world.root / "New/a.bin").read_bytes() == CONTENT


def test_an_unanswered_upload_takes_no_equal_file_from_an_excluded_item(
    world: World,
) -> None:
    world.drop("New/b.bin", "other")
    world.sync()
    world.drop("New/one/a.bin", CONTENT)
    world.settle()
    world.box.fail_next(Fault("api", "POST", r"/files$", status=500))
    world.sync()
    world.drop("New/two/a.bin", CONTENT)
    world.clock.advance(20)
    world.sync(scheduled=True)
    there = world.remote("New")

    exclude(world, "New")
    world.sync()

    assert "two/a.bin" in there
    assert world.remote("New") == there


def test_a_half_sent_record_goes_when_an_equal_one_is_adopted(world: World) -> None:
    cut_short(world)
    item = int(world.item_id("New"))
    whole = world.box.web.add_file(item, "a.bin", CONTENT)
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert records(world) == [whole]
    assert_agreed(world)


def test_a_record_begun_without_an_answer_goes_when_an_equal_one_is_adopted(
    world: World,
) -> None:
    world.drop("New/first.bin", b"depth")
    world.sync()
    item_id = int(world.item_id("New"))
    world.drop("New/a.bin", b"time")

    def die(request: PreparedRequest) -> None:
        if request.method == "POST" and (request.url or "").endswith("/files"):
            raise Killed

    with wired(world, after=die), pytest.raises(Killed):
        world.sync()
    other = world.box.web.add_file(item_id, "a.bin", b"time")
    # Which of the two was begun here is known when the other one is agreed on.
    report = world.sync()

    assert report.exit_code == 0
    assert [file.status for file in world.box.web.files(item_id)] == ["available"] * 2
    assert other in [file.id for file in world.box.web.files(item_id)]
    assert_agreed(world)


def refuse_it(world: World) -> None:
    """Have the bytes that are missing refused, until a person decides."""
    world.box.fail_next(Fault("upload", status=422, kind="json"))
    assert world.sync().exit_code == 4
    world.sync(scheduled=True)


def test_a_half_sent_record_goes_when_a_person_rejects_its_upload(world: World) -> None:
    world.drop("New/first.bin", b"depth")
    world.sync()
    first = records(world)
    cut_short(world)
    refuse_it(world)
    assert len(records(world)) == 2

    assert reject(world) == 1
    report = world.sync()

    assert records(world) == first
    assert (world.root / "New/a.bin").read_bytes() == CONTENT
    assert [held.reason for held in report.held] == [REJECTED]


def test_a_rejected_upload_that_is_approved_after_all_begins_anew(world: World) -> None:
    world.drop("New/first.bin", b"depth")
    world.sync()
    cut_short(world)
    refuse_it(world)
    reject(world)
    world.sync()
    approve_after_all(world)
    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


def test_a_whole_upload_of_an_excluded_item_stays_on_figshare(world: World) -> None:
    world.box.switches.md5_never = True
    world.drop("New/a.bin", CONTENT)
    world.sync()
    (record,) = records(world)

    exclude(world, "New")
    world.box.switches.md5_never = False
    world.sync()
    world.sync()

    assert records(world) == [record]
    with world.mirror() as mirror:
        assert mirror.state.work.all_transfers() == []
        assert mirror.state.files.synced_total() == 0


def drop_both(world: World) -> None:
    world.drop("New/a.bin", CONTENT[: 3 * PART])
    world.drop("New/sub/b.bin", b"small")


def edit_both(world: World) -> None:
    drop_both(world)
    world.sync()
    world.drop("New/a.bin", CONTENT[PART : 4 * PART])
    world.drop("New/sub/b.bin", b"small but changed")
    world.settle()


@pytest.mark.parametrize("begin", [drop_both, edit_both])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_any_request_costs_nothing(
    tmp_path: Path, begin: Callable[[World], None], moment: str
) -> None:
    number = 0
    killed = True
    while killed:
        number += 1
        world = World(tmp_path / str(number), part_size=PART)
        begin(world)
        expected = world.tree()
        killed = dies_at(world, number, moment)
        world.clock.advance(10)
        report = world.sync()

        assert report.exit_code == 0, f"killed {moment} request {number}"
        assert world.tree() == expected
        assert len(world.box.web.item_ids()) == 1
        assert_agreed(world)
        world.box.log.clear()
        assert told(world.sync()) == []
        assert world.box.log.mutations() == ()
    assert number > 12


@pytest.mark.parametrize("begin", [drop_both, edit_both])
def test_a_sync_that_is_stopped_at_any_request_is_continued(
    tmp_path: Path, begin: Callable[[World], None]
) -> None:
    stopped = True
    for number in itertools.count(1):
        if not stopped:
            break
        world = World(tmp_path / str(number), part_size=PART)
        begin(world)
        expected = world.tree()
        stopped = stops_at(world, number)

        report = world.sync()

        assert report.exit_code == 0, f"stopped at request {number}"
        assert world.tree() == expected
        assert_agreed(world)
    assert number > 12


def stops_at(world: World, number: int) -> bool:
    """Tell whether the sync could be stopped at the request of this *number*."""
    requests = itertools.count(1)

    def stop(_: PreparedRequest) -> None:
        world.clock.stopped = next(requests) >= number

    try:
        with wired(world, before=stop):
            world.sync()
    except Interrupted:
        return True
    finally:
        world.clock.stopped = False
    return False


@pytest.mark.parametrize("kind", ["json", "break", "html", "empty"])
def test_a_lost_reply_to_initiate_makes_no_second_record(
    world: World, kind: str
) -> None:
    world.drop("New/a.bin", CONTENT)
    world.drop("New/b.bin", b"small")
    world.box.fail_next(Fault.lost_initiate(kind=kind))

    first = world.sync()
    world.clock.advance(HOUR)
    second = world.sync()

    assert first.exit_code == 1
    assert second.exit_code == 0
    assert world.box.log.count("api", "POST", path=r"/files$") == 2
    assert_agreed(world)


@pytest.mark.parametrize("kind", ["json", "break", "html", "empty"])
def test_a_lost_reply_to_create_makes_no_second_item(world: World, kind: str) -> None:
    world.drop("New/a.bin", CONTENT)
    world.box.fail_next(Fault.lost_create(kind=kind))

    first = world.sync()
    world.clock.advance(HOUR)
    second = world.sync()

    assert {first.exit_code, second.exit_code} <= {0, 1}
    assert second.exit_code == 0
    assert len(world.box.web.item_ids()) == 1
    assert world.box.log.count("api", "POST", path=r"/articles$") == 1
    assert_agreed(world)


def test_a_create_that_had_no_effect_is_tried_again(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    world.box.fail_next(Fault("api", "POST", r"/articles$", status=503))

    world.sync()
    report = world.sync()

    assert report.exit_code == 0
    assert len(world.box.web.item_ids()) == 1
    assert_agreed(world)


def test_two_equal_files_in_two_folders_survive_a_lost_reply(world: World) -> None:
    for folder in ("x", "y", "z/deep"):
        world.drop(f"New/{folder}/same.txt", "equal everywhere")
    world.box.fail_next(Fault.lost_initiate(kind="break"))

    world.sync()
    report = world.sync()

    assert report.exit_code == 0
    assert set(world.remote("New")) == {"x/same.txt", "y/same.txt", "z/deep/same.txt"}
    assert_agreed(world)


def test_a_404_right_after_initiate_is_waited_out(world: World) -> None:
    world.box.switches.initiate_404 = 3
    world.drop("New/a.bin", CONTENT)

    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


def test_a_record_that_stays_away_is_begun_again_as_one(world: World) -> None:
    world.box.switches.initiate_404 = 30
    world.drop("New/a.bin", CONTENT)

    first = world.sync()
    world.box.switches.initiate_404 = 0
    second = world.sync()

    assert first.exit_code == 1
    assert second.exit_code == 0
    assert_agreed(world)


def test_a_flipped_byte_in_a_part_is_found_and_sent_again(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    world.box.switches.flip_part_byte = True

    first = world.sync()
    left = records(world)
    world.box.switches.flip_part_byte = False
    second = world.sync()

    assert first.exit_code == 1
    assert left == []
    assert second.exit_code == 0
    assert_agreed(world)


def test_a_bad_replacement_leaves_the_old_record(world: World) -> None:
    world.drop("New/a.bin", b"old")
    world.sync()
    (old,) = records(world)
    world.box.switches.flip_part_byte = True
    world.drop("New/a.bin", CONTENT)
    world.settle()

    first = world.sync()
    kept = world.remote("New")
    world.box.switches.flip_part_byte = False
    second = world.sync()

    assert first.exit_code == 1
    assert kept == {"a.bin": b"old"}
    assert second.exit_code == 0
    assert world.remote("New") == {"a.bin": CONTENT}
    assert records(world) != [old]
    assert_agreed(world)


def test_two_wrong_uploads_in_a_day_are_enough(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    world.box.switches.flip_part_byte = True
    codes = [world.sync().exit_code for _ in range(2)]
    world.box.log.clear()

    report = world.sync()

    assert codes == [1, 1]
    assert report.exit_code == 4
    assert "uploaded twice in 24 hours" in report.held[0].reason
    assert world.box.log.mutations() == ()
    world.box.switches.flip_part_byte = False
    world.clock.advance(25 * HOUR)
    assert world.sync().exit_code == 0
    assert_agreed(world)


def test_a_lock_held_for_a_moment_is_waited_for(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    fault = Fault("upload", "PUT", r"/3$", status=409, times=2, kind="empty")
    world.box.fail_next(fault)

    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


def test_a_lock_that_stays_ends_with_the_next_sync(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    world.box.switches.lock_parts = True

    first = world.sync()
    (record,) = records(world)
    world.box.switches.lock_parts = False
    second = world.sync()

    assert first.exit_code == 1
    assert second.exit_code == 0
    assert records(world) == [record]
    assert_agreed(world)


@pytest.mark.parametrize("switch", ["abort_sessions", "lose_sessions"])
def test_an_upload_session_that_ended_is_replaced(world: World, switch: str) -> None:
    world.drop("New/a.bin", CONTENT)
    setattr(world.box.switches, switch, True)

    first = world.sync()
    left = records(world)
    setattr(world.box.switches, switch, False)
    world.clock.advance(25 * HOUR)
    second = world.sync()

    assert first.exit_code == 1
    assert len(left) <= 1
    assert second.exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("switch", ["abort_sessions", "lose_sessions"])
def test_a_session_that_ends_between_parts_is_replaced(
    world: World, switch: str
) -> None:
    world.drop("New/a.bin", CONTENT)

    def end(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/4"):
            setattr(world.box.switches, switch, True)

    with wired(world, before=end):
        first = world.sync()
    setattr(world.box.switches, switch, False)
    world.clock.advance(HOUR)
    second = world.sync()

    assert first.exit_code == 1
    assert second.exit_code == 0
    assert_agreed(world)


def test_a_session_that_ended_once_is_replaced_within_the_sync(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    world.box.fail_next(Fault("upload", "GET", SENDING, status=404, kind="empty"))

    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


def test_a_late_md5_is_waited_for(world: World) -> None:
    world.box.switches.md5_delay = 20
    world.drop("New/a.bin", CONTENT)

    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("switch", ["md5_never", "stuck_moving"])
def test_an_upload_without_proof_is_unproven_and_adopted_later(
    world: World, switch: str
) -> None:
    world.drop("New/a.bin", CONTENT)
    setattr(world.box.switches, switch, True)

    first = world.sync()
    again = world.sync()
    setattr(world.box.switches, switch, False)
    world.box.log.clear()
    second = world.sync()

    assert first.exit_code == again.exit_code == 1
    assert any(outcome.unproven for outcome in first.outcomes)
    assert second.exit_code == 0
    assert second.bytes_up == 0
    assert world.box.log.count("api", "POST", path=r"/files$") == 0
    assert_agreed(world)


def test_the_old_record_stays_while_its_successor_is_unproven(world: World) -> None:
    world.drop("New/a.bin", b"old")
    world.sync()
    (old,) = records(world)
    world.box.switches.md5_delay = HOUR
    world.drop("New/a.bin", CONTENT)
    world.settle()

    codes = [world.sync().exit_code for _ in range(4)]
    kept = records(world)
    world.clock.advance(HOUR)
    report = world.sync()

    assert codes == [1, 1, 1, 1]
    assert old in kept
    assert len(kept) == 2
    assert report.exit_code == 0
    assert records(world) == [kept[1]]
    assert_agreed(world)


def test_an_md5_that_never_comes_is_proven_by_one_download_after_a_day(
    world: World,
) -> None:
    world.drop("New/a.bin", b"old")
    world.sync()
    world.box.switches.md5_delay = 1e9
    world.drop("New/a.bin", CONTENT)
    world.settle()
    codes = [world.sync().exit_code]
    world.clock.advance(23 * HOUR)
    codes.append(world.sync().exit_code)
    fetched = world.box.log.count(path="/download/")

    world.clock.advance(2 * HOUR)
    report = world.sync()

    assert codes == [1, 1]
    assert fetched == 0
    assert report.exit_code == 0
    assert report.bytes_down == len(CONTENT)
    assert world.remote("New") == {"a.bin": CONTENT}
    world.box.log.clear()
    quiet = world.sync()
    assert (told(quiet), quiet.bytes_down, quiet.exit_code) == ([], 0, 0)
    assert world.box.log.mutations() == ()


def test_a_file_edited_between_two_parts_is_never_sent_mixed(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    edited = CONTENT[::-1]

    def save(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/4"):
            world.drop("New/a.bin", edited)

    with wired(world, before=save):
        world.sync()
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("New") == {"a.bin": edited}
    assert_agreed(world)


def test_a_file_deleted_between_two_parts_leaves_no_record(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    world.drop("New/b.bin", b"stays")

    def delete(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/4"):
            (world.root / "New/a.bin").unlink(missing_ok=True)

    with wired(world, before=delete):
        world.sync()
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("New") == {"b.bin": b"stays"}
    assert_agreed(world)


def test_a_file_renamed_during_its_upload_ends_as_one_record(world: World) -> None:
    world.drop("New/a.bin", CONTENT)

    def rename(request: PreparedRequest) -> None:
        if request.method == "PUT" and (request.url or "").endswith("/4"):
            (world.root / "New/a.bin").rename(world.root / "New/b.bin")

    with wired(world, before=rename):
        world.sync()
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("New") == {"b.bin": CONTENT}
    assert_agreed(world)


def test_an_unfinished_upload_of_somebody_else_is_left_alone(world: World) -> None:
    item = world.box.web.create_item("Shared")
    other = world.box.web.start_upload(item, NewFile("half.bin", 100))
    world.settle()
    world.sync()
    world.drop("Shared/mine.txt", "mine")
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert [f.id for f in world.box.web.files(item) if f.name == "half.bin"] == [other]
    assert world.remote("Shared") == {"mine.txt": b"mine"}


@pytest.mark.parametrize("status", [400, 403, 422])
def test_a_refused_upload_is_held_and_holds_no_other_up(
    world: World, status: int
) -> None:
    world.box.switches.room_refusal_status = status
    world.box.switches.files_per_item = 2
    for name in "abc":
        world.drop(f"New/{name}.txt", name)

    first = world.sync()
    again = world.sync()
    world.box.switches.files_per_item = 0
    second = world.sync()

    assert first.exit_code == again.exit_code == 4
    (refused,) = failures(first)
    assert refused.result == "refused"
    assert "Maximum number of files reached" in refused.message
    assert second.exit_code == 0
    assert_agreed(world)


def test_a_file_beyond_the_quota_is_listed_and_sent_when_there_is_room(
    world: World,
) -> None:
    world.box.switches.quota = 5000
    world.drop("New/big.bin", CONTENT)
    world.drop("New/small.txt", "small")

    first = world.sync()
    world.box.switches.quota = 50_000
    second = world.sync()

    assert first.exit_code == 0
    assert first.not_uploadable == 1
    assert second.exit_code == 0
    assert_agreed(world)


def test_a_server_that_keeps_no_folders_is_found_out_by_one_file(
    world: World,
) -> None:
    world.box.switches.keep_folders = False
    world.drop("New/top.txt", "top")
    for name in ("a", "b", "c"):
        world.drop(f"New/sub/{name}.txt", name)

    first = world.sync()
    again = world.sync()

    assert world.remote("New") == {"top.txt": b"top"}
    assert first.exit_code == again.exit_code == 4
    assert all("does not keep folders" in held.reason for held in again.held)
    assert world.box.log.count("api", "POST", path=r"/files$") == 2
    assert world.tree().keys() == {
        "New/top.txt",
        "New/sub/a.txt",
        "New/sub/b.txt",
        "New/sub/c.txt",
    }


def test_folders_kept_from_some_day_on_are_used_once_approved(world: World) -> None:
    world.box.switches.keep_folders = False
    world.drop("New/sub/a.txt", "a")
    world.drop("New/sub/b.txt", "b")
    world.sync()
    world.box.switches.keep_folders = True
    world.sync()

    with world.mirror() as mirror:
        decisions = mirror.state.decisions
        decisions.approve([row.id for row in decisions.held()])
    report = world.sync()

    assert report.exit_code == 0
    assert_agreed(world)


def test_an_api_that_fails_for_a_while_at_any_step_is_repaired(
    tmp_path: Path,
) -> None:
    steps = [
        ("api", "POST", r"/articles$"),
        ("api", "POST", r"/files$"),
        ("api", "GET", r"/files/\d+$"),
        ("api", "GET", r"/files$"),
        ("upload", "GET", SENDING),
        ("upload", "PUT", SENDING),
        ("api", "POST", r"/files/\d+$"),
        ("api", "GET", r"/articles/\d+$"),
        ("api", "DELETE", r"/files/\d+$"),
    ]
    for number, (service, method, path) in enumerate(steps):
        for kind in ("json", "break"):
            world = World(tmp_path / f"{number}{kind}", part_size=PART)
            edit_both(world)
            world.drop("Other/c.bin", CONTENT[:1500])
            world.settle()
            fault = Fault(service, method, path, status=503, times=1000, kind=kind)
            world.box.fail_next(fault)

            first = world.sync()
            world.box.world.faults.clear()
            world.clock.advance(10)
            second = world.sync()

            assert first.exit_code in (0, 1), (method, path)
            assert second.exit_code == 0, (method, path)
            assert_agreed(world)


def test_a_completion_that_is_lost_is_not_a_second_upload(world: World) -> None:
    world.drop("New/a.bin", CONTENT)
    fault = Fault("api", "POST", r"/files/\d+$", times=50, after_effect=True)
    world.box.fail_next(fault)

    world.sync()
    world.box.world.faults.clear()
    world.box.log.clear()
    report = world.sync()

    assert report.exit_code == 0
    assert report.bytes_up == 0
    assert_agreed(world)


def test_a_deletion_that_is_lost_is_repaired(world: World) -> None:
    world.drop("New/a.bin", b"old")
    world.sync()
    world.drop("New/a.bin", CONTENT)
    world.settle()
    fault = Fault("api", "DELETE", times=50, after_effect=True, kind="break")
    world.box.fail_next(fault)

    world.sync()
    world.box.world.faults.clear()
    world.clock.advance(10)
    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("New") == {"a.bin": CONTENT}
    assert world.trash() == []
    assert_agreed(world)


def test_a_file_that_moves_within_its_item_keeps_a_record_at_every_moment(
    world: World,
) -> None:
    world.drop("New/a.bin", CONTENT)
    world.drop("New/b.bin", b"stays")
    world.sync()
    (world.root / "New/sub").mkdir()
    (world.root / "New/a.bin").rename(world.root / "New/sub/moved.bin")
    world.settle()
    world.box.fail_next(Fault("upload", "PUT", r"/9$", status=500, times=50))

    first = world.sync()
    meanwhile = world.remote("New")
    world.box.world.faults.clear()
    second = world.sync()

    assert first.exit_code == 1
    assert meanwhile == {"a.bin": CONTENT, "b.bin": b"stays"}
    assert second.exit_code == 0
    assert world.remote("New") == {"sub/moved.bin": CONTENT, "b.bin": b"stays"}
    assert_agreed(world)


@pytest.mark.parametrize("name", ["ab", "x", "日本"])
def test_a_folder_with_a_short_name_gets_a_longer_title(
    world: World, name: str
) -> None:
    world.drop(f"{name}/a.txt", "a")

    first = world.sync()
    world.box.log.clear()
    second = world.sync()

    assert first.exit_code == second.exit_code == 0
    assert world.remote(f"Folder {name}") == {"a.txt": b"a"}
    assert told(second) == []
    assert world.box.log.mutations() == ()
    assert set(world.tree()) == {f"{name}/a.txt"}


def test_many_edits_of_one_file_end_as_one_record(world: World) -> None:
    for number in range(12):
        world.drop("New/a.txt", f"version {number}")
        world.settle()
        assert world.sync().exit_code == 0

    assert world.remote("New") == {"a.txt": b"version 11"}
    assert_agreed(world)


def a_proof_nobody_recorded(world: World) -> None:
    """End the process when all bytes are sent and before that is recorded."""

    def die(request: PreparedRequest) -> None:
        if request.method == "POST" and re.search(r"/files/\d+$", request.url or ""):
            raise Killed

    with wired(world, after=die), pytest.raises(Killed):
        world.sync()


@pytest.mark.parametrize("begin", [drop_both, edit_both])
def test_an_edit_after_a_crash_is_no_conflict_with_our_own_upload(
    world: World, begin: Callable[[World], None]
) -> None:
    begin(world)
    a_proof_nobody_recorded(world)
    world.drop("New/a.bin", "edited while figsync was not running")
    world.drop("New/sub/b.bin", "this one too")
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert report.conflicts == 0
    assert world.remote("New") == {
        "a.bin": b"edited while figsync was not running",
        "sub/b.bin": b"this one too",
    }
    assert world.trash() == []
    assert_agreed(world)


@pytest.mark.parametrize("begin", [drop_both, edit_both])
def test_a_deletion_after_a_crash_deletes_what_was_just_sent(
    tmp_path: Path, begin: Callable[[World], None]
) -> None:
    world = World(tmp_path, part_size=PART, deletions__grace="0")
    begin(world)
    a_proof_nobody_recorded(world)
    (world.root / "New/a.bin").unlink()
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert set(world.remote("New")) == {"sub/b.bin"}
    assert set(world.tree()) == {"New/sub/b.bin"}
    assert_agreed(world)
