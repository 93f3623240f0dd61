"""Verifying a share a day: rot is found, told, and never sent as an edit."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from figsync.clock import iso
from figsync.commands.status import page
from figsync.errors import Interrupted, NeedsPerson
from figsync.jobs import verify
from figsync.jobs.verify import is_unfinished, read_round
from figsync.sync.carry import Asked, carry_out
from figsync.sync.mend import wanted
from figsync.sync.rot import KEPT, NEVER_SENT, Rotten, read_rot, store_rot
from figsync.sync.standing import as_json, look
from figsync.sync.verify import Question
from figsync.sync.verify import verify as verify_all
from tests.pools import SlowPool
from tests.rot import rot
from tests.world import World, failures

DAY = 24 * 3600.0


def a_world(folder: Path, files: int = 6, **keys: str) -> World:
    world = World(folder / "world", **keys)
    for title in ("Leaves", "Stones"):
        item = world.box.web.create_item(title)
        names = [f"{number}.csv" for number in range(files // 2)]
        world.box.web.add_files(item, {n: f"{title} {n}".encode() for n in names})
    world.clock.advance(60)
    world.sync()
    return world


@pytest.fixture
def world(tmp_path: Path) -> World:
    return a_world(tmp_path, schedule__verify_percent="50")


def portion(world: World) -> str:
    """Do what one day asks for, in a process of its own."""
    with world.mirror() as mirror:
        told = verify.run(mirror)
        while is_unfinished(mirror.state):
            told = verify.run(mirror)
        return told


def found(world: World) -> list[Rotten]:
    with world.state() as state:
        return read_rot(state)


def place(world: World) -> str:
    """Return the file that was read last, "" between two rounds."""
    with world.state() as state:
        return read_round(state).path


def test_a_sound_mirror_is_told_as_sound(world: World):
    assert portion(world) == "Read 3 files again (36 bytes): sound"
    assert found(world) == []


def test_each_process_goes_on_where_the_last_one_ended(world: World):
    places = []
    for _ in range(4):
        portion(world)
        places.append(place(world))

    assert places == ["2.csv", "2.csv", "2.csv", "2.csv"]
    with world.state() as state:
        assert read_round(state).item_id == max(state.items.all())


@pytest.mark.parametrize(("percent", "days"), [(100, 1), (50, 2), (25, 4), (3, 34)])
def test_every_file_is_read_within_a_round(tmp_path: Path, percent: int, days: int):
    world = a_world(tmp_path, files=20, schedule__verify_percent=str(percent))
    for title in ("Leaves", "Stones"):
        for number in range(10):
            rot(world, f"{title}/{number}.csv")

    for _ in range(days):
        portion(world)

    assert len(found(world)) == 20


def test_a_share_of_nothing_reads_nothing(tmp_path: Path):
    world = a_world(tmp_path, schedule__verify_percent="0")
    rot(world, "Leaves/0.csv")

    assert portion(world) == ""
    assert found(world) == []


def test_a_mirror_without_files_is_no_trouble(tmp_path: Path):
    world = World(tmp_path / "world")
    world.sync()

    assert portion(world) == ""


def test_a_large_file_is_read_whole_and_others_have_their_turn_later(tmp_path: Path):
    world = World(tmp_path / "world", schedule__verify_percent="10")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {"a.bin": bytes(90_000), "b.csv": b"b", "c": b"c"})
    world.clock.advance(60)
    world.sync()

    told = [portion(world) for _ in range(8)]

    # Nearly half of the mirror by size, a third by count: six days' shares.
    assert told[0] == "Read 1 file again (87.9 KiB): sound"
    assert told[1:6] == [""] * 5
    assert told[6] == "Read 1 file again (1 byte): sound"


def test_rot_is_warned_of_and_kept_for_status(
    world: World, caplog: pytest.LogCaptureFixture
):
    rot(world, "Leaves/1.csv")

    with caplog.at_level(logging.WARNING):
        portion(world)

    (one,) = found(world)
    assert (one.folder, one.path) == ("Leaves", "1.csv")
    assert "size and time are" in one.reason
    assert one.since == world.clock.now()
    (line,) = caplog.messages
    assert line.startswith("Leaves/1.csv: its bytes are not those that were synced")
    assert "figsync verify --repair" in line


def test_rot_is_no_edit_for_any_later_sync(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    world.clock.advance(DAY)

    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("Leaves")["1.csv"] == b"Leaves 1.csv"


def test_rot_is_not_sent_when_permissions_make_it_look_edited(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)

    (world.root / "Leaves/1.csv").chmod(0o600)
    world.clock.advance(DAY)
    report = world.sync()

    (held,) = report.held
    assert (held.action.kind, held.reason) == ("Upload", NEVER_SENT)
    assert world.remote("Leaves")["1.csv"] == b"Leaves 1.csv"
    portion(world)
    portion(world)
    assert [one.path for one in found(world)] == ["1.csv"]
    assert world.sync().exit_code == 4


def test_whoever_approves_it_sends_it_as_it_is(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    (world.root / "Leaves/1.csv").chmod(0o600)
    world.settle()
    world.sync()

    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"all": "yes"}))
    assert world.sync().exit_code == 0

    assert world.remote("Leaves")["1.csv"] == world.tree()["Leaves/1.csv"]
    assert world.remote("Leaves")["1.csv"] != b"Leaves 1.csv"


def test_touching_it_sends_it_as_it_is(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    target = world.root / "Leaves/1.csv"

    os.utime(target)
    world.settle()
    report = world.sync()

    assert failures(report) == []
    assert world.remote("Leaves")["1.csv"] == target.read_bytes() != b"Leaves 1.csv"
    portion(world)
    portion(world)
    assert found(world) == []


def test_a_file_saved_since_is_listed_no_more(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)

    world.drop("Leaves/1.csv", "a new version")
    portion(world)

    assert found(world) == []


def test_what_is_still_so_keeps_the_time_it_was_found(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    (first,) = found(world)

    for _ in range(3):
        world.clock.advance(DAY)
        portion(world)

    assert found(world) == [first]


def test_what_was_mended_is_listed_no_more(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    with world.mirror(dry_run=True) as mirror:
        findings = verify_all(mirror, Question(), is_owned=False)

    with world.mirror() as mirror:
        what = {"what": wanted(findings.differences)}
        carry_out(mirror, Asked("verify --repair", what))
    world.sync()
    portion(world)

    assert found(world) == []
    assert world.remote("Leaves")["1.csv"] == b"Leaves 1.csv"
    assert (world.root / "Leaves/1.csv").read_bytes() == b"Leaves 1.csv"


def test_a_file_that_reads_well_again_is_listed_no_more(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    # A loose cable, say: the same bit comes back.
    rot(world, "Leaves/1.csv")
    with world.mirror() as mirror:
        stat = mirror.disk.stat("Leaves/1.csv")
        assert stat is not None
        as_if = [replace(one, ctime_ns=stat.ctime_ns) for one in read_rot(mirror.state)]
        store_rot(mirror.state, as_if)

    portion(world)
    assert [one.path for one in found(world)] == ["1.csv"]
    portion(world)

    assert found(world) == []


def test_a_rotten_file_that_was_moved_is_not_sent_from_there(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    (world.root / "Leaves/1.csv").rename(world.root / "Leaves/moved.csv")

    for _ in range(4):
        world.clock.advance(DAY)
        world.sync()
        portion(world)

    assert world.remote("Leaves")["1.csv"] == b"Leaves 1.csv"
    assert "moved.csv" not in world.remote("Leaves")
    assert look(world.config, world.clock).rot == ()
    with world.state() as state:
        reasons = {row.key.kind: row.reason for row in state.decisions.held()}
    assert reasons == {"Upload": NEVER_SENT, "DeleteRemote": KEPT}


def test_a_rotten_file_that_was_deleted_comes_back_whole_when_rejected(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    (world.root / "Leaves/1.csv").unlink()
    for _ in range(3):
        world.clock.advance(DAY)
        world.sync()

    with world.mirror() as mirror:
        carry_out(mirror, Asked("reject", {"all": "yes"}))
    world.sync()

    assert world.tree()["Leaves/1.csv"] == b"Leaves 1.csv"
    assert world.remote("Leaves")["1.csv"] == b"Leaves 1.csv"
    portion(world)
    assert found(world) == []


def test_what_was_decided_is_forgotten(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)
    (world.root / "Leaves/1.csv").rename(world.root / "Leaves/moved.csv")
    for _ in range(3):
        world.clock.advance(DAY)
        world.sync()
        portion(world)
    assert [one.is_gone for one in found(world)] == [True]

    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"all": "yes"}))
    world.sync()
    portion(world)

    assert found(world) == []
    assert world.remote("Leaves") == {
        "0.csv": b"Leaves 0.csv",
        "2.csv": b"Leaves 2.csv",
        "moved.csv": (world.root / "Leaves/moved.csv").read_bytes(),
    }


def test_edits_and_deletions_by_people_are_no_rot(world: World):
    world.drop("Leaves/0.csv", "an edit")
    (world.root / "Leaves/1.csv").unlink()
    (world.root / "Stones").rename(world.root / "Rocks")

    portion(world)
    portion(world)

    assert found(world) == []


def test_it_ends_between_two_files_when_asked_to_stop(world: World):
    with world.mirror() as mirror:
        world.clock.stopped = True
        with pytest.raises(Interrupted):
            verify.run(mirror)
    world.clock.stopped = False

    assert portion(world) == "Read 3 files again (36 bytes): sound"


def test_a_long_portion_pauses_after_a_slice_and_goes_on(tmp_path: Path):
    world = a_world(tmp_path, files=80, schedule__verify_percent="100")

    world.make_pool = lambda: SlowPool(world.clock)

    with world.mirror() as mirror:
        told: list[str] = []
        while not told or is_unfinished(mirror.state):
            told.append(verify.run(mirror))

    assert told[:-1] == [""]
    assert told[-1].startswith("Read 80 files again")


def test_status_tells_of_rot(world: World):
    rot(world, "Leaves/1.csv")
    portion(world)

    now = look(world.config, world.clock)
    told = as_json(now)["changed_silently"]

    assert [(one.folder, one.path) for one in now.rot] == [("Leaves", "1.csv")]
    assert isinstance(told, list)
    assert told[0]["since"] == iso(world.clock.now())
    assert any("Leaves/1.csv: its bytes" in line for line in page(now))


def test_a_mirror_that_is_away_is_not_taken_for_read(world: World):
    away = world.root.with_name("away")
    with world.mirror() as mirror:
        world.root.rename(away)
        with pytest.raises(NeedsPerson):
            verify.run(mirror)
        away.rename(world.root)

    assert place(world) == ""
    assert portion(world) == "Read 3 files again (36 bytes): sound"
