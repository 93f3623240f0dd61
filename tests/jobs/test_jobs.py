from __future__ import annotations

from pathlib import Path

import pytest

from figsync.config import KEYS
from figsync.errors import Interrupted, NeedsPerson
from figsync.jobs import JOBS, due_before, run_job
from figsync.jobs.verify import BATCH
from tests.pools import SlowPool
from tests.world import World

DAY = 24 * 3600.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return a_world(tmp_path, files=20)


def a_world(tmp_path: Path, *, files: int) -> World:
    world = World(tmp_path / "world", schedule__verify_percent="100")
    item = world.box.web.create_item("Leaves")
    names = [f"{number:02}.csv" for number in range(files)]
    world.box.web.add_files(item, {name: name.encode() for name in names})
    world.clock.advance(60)
    world.sync()
    return world


def test_each_job_has_a_key_for_its_schedule():
    keys = {key.full_name for key in KEYS}

    assert {f"schedule.{name}_every" for name in JOBS} <= keys


@pytest.mark.parametrize("name", JOBS)
def test_each_job_runs_on_a_sound_mirror(world: World, name: str):
    with world.mirror() as mirror:
        told, again = run_job(mirror, name)

    assert again is None
    assert told == (
        "Read 20 files again (120 bytes): sound" if name == "verify" else ""
    )


def test_a_job_that_never_ran_counts_from_the_first_start(world: World):
    first = world.clock.now()
    with world.mirror() as mirror:
        assert due_before(mirror) == dict.fromkeys(JOBS, first)
    world.clock.advance(DAY / 2)

    with world.mirror() as mirror:
        assert due_before(mirror) == dict.fromkeys(JOBS, first)


def test_when_a_job_ran_outlives_the_process(world: World):
    with world.mirror() as mirror:
        due_before(mirror)
    world.clock.advance(DAY)
    ran = world.clock.now()
    with world.mirror() as mirror:
        run_job(mirror, "trash")
    world.clock.advance(DAY)

    with world.mirror() as mirror:
        assert due_before(mirror)["trash"] == ran
        assert due_before(mirror)["verify"] == ran - DAY


def test_a_job_that_was_stopped_is_due_in_the_next_process(world: World):
    first = world.clock.now()
    with world.mirror() as mirror:
        due_before(mirror)
        world.clock.advance(DAY)
        world.clock.stopped = True
        with pytest.raises(Interrupted):
            run_job(mirror, "verify")
        world.clock.stopped = False

        assert due_before(mirror)["verify"] == first


def test_a_job_that_fails_is_not_the_first_thing_of_the_next_process(world: World):
    away = world.root.with_name("away")
    with world.mirror() as mirror:
        due_before(mirror)
        world.clock.advance(40 * DAY)
        world.root.rename(away)
        with pytest.raises(NeedsPerson):
            run_job(mirror, "trash")
        away.rename(world.root)

        assert due_before(mirror)["trash"] == world.clock.now()


def test_a_portion_that_is_not_read_to_its_end_goes_on_in_the_next_process(
    tmp_path: Path,
):
    world = a_world(tmp_path, files=2 * BATCH)
    first = world.clock.now()
    with world.mirror() as mirror:
        due_before(mirror)
        world.clock.advance(DAY)
        mirror.pool = SlowPool(world.clock)

        told, again = run_job(mirror, "verify")
        assert (told, again is not None) == ("", True)
        assert due_before(mirror)["verify"] == first
        told, again = run_job(mirror, "verify")

        assert told.startswith(f"Read {2 * BATCH} files again")
        assert due_before(mirror)["verify"] > first
