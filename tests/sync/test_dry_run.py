"""A dry run shows the plan and leaves no trace on either side."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.errors import FigsyncError, NeedsPerson
from tests.sync.seen import everything, results
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, deletions__grace="0")


def assert_no_trace(world: World) -> list[tuple[str, str]]:
    """Run dry, check that nothing at all changed, and return what was planned."""
    before = everything(world.folder)
    files = {p: s for p, s in before.items() if not p.startswith("figshare")}
    world.box.log.clear()

    report = world.sync(dry_run=True)

    after = everything(world.folder)
    assert {p: s for p, s in after.items() if not p.startswith("figshare")} == files
    assert world.box.log.mutations() == ()
    for entry in world.box.log.entries():
        assert entry.method == "GET" or entry.path.endswith("/search")
        assert entry.service == "api"
    assert results(report) == results(report, "failed") == []
    return results(report, "planned")


def test_the_very_first_dry_run_creates_nothing(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")

    planned = assert_no_trace(world)

    assert planned == [("WriteRecord", "")]
    assert not world.root.exists()
    assert not world.config.database.parent.exists()


def test_a_first_dry_run_over_a_folder_of_files_leaves_no_marker_and_no_lock(
    world: World,
) -> None:
    world.drop("Leaves/a.csv", b"1,2")
    world.drop("loose.csv", b"3,4")
    world.settle()

    planned = assert_no_trace(world)

    assert ("CreateItem", "") in planned
    assert ("FileAway", "loose.csv") in planned
    assert not (world.root / ".figsync").exists()


def test_a_dry_run_of_a_synced_mirror_plans_nothing(world: World) -> None:
    world.drop("Leaves/a.csv", b"1,2")
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()

    assert assert_no_trace(world) == []


def test_a_dry_run_shows_what_both_sides_changed(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    ids = world.box.web.add_files(item, dict.fromkeys("abcdef", b"old"))
    world.sync()
    world.drop("Soil cores/a", b"edited here")
    world.drop("Soil cores/new", b"new here")
    (world.root / "Soil cores/b").unlink()
    world.box.web.replace_file(ids[2], b"edited there")
    world.box.web.delete_file(ids[3])
    world.box.web.add_file(item, "newer", b"new there")
    world.settle()

    planned = assert_no_trace(world)

    assert ("Upload", "a") in planned
    assert ("Upload", "new") in planned
    assert ("Download", "c") in planned
    assert ("Download", "newer") in planned
    assert ("TrashLocal", "d") in planned


def test_a_dry_run_hashes_into_its_copy_only(world: World) -> None:
    world.drop("Leaves/a.csv", b"1,2")
    world.sync()
    world.drop("Leaves/a.csv", b"3,4")
    world.settle()

    assert assert_no_trace(world) == [("Upload", "a.csv")]
    assert assert_no_trace(world) == [("Upload", "a.csv")]


def test_dry_runs_never_bring_a_deletion_nearer(world: World) -> None:
    world.configure(deletions__grace="1h")
    world.drop("Leaves/a.csv", b"1,2")
    world.drop("Leaves/b.csv", b"3,4")
    world.sync()
    (world.root / "Leaves/a.csv").unlink()
    for _ in range(5):
        world.clock.advance(3600)
        assert assert_no_trace(world) == []

    world.sync()

    assert set(world.remote("Leaves")) == {"a.csv", "b.csv"}


def test_a_dry_run_with_another_account_says_so_and_leaves_no_trace(
    world: World,
) -> None:
    world.sync()
    world.box.add_account("another-token")
    world.token = "another-token"

    with pytest.raises(NeedsPerson):
        assert_no_trace(world)


def test_a_dry_run_of_an_emptied_root_says_so_and_leaves_no_trace(
    world: World,
) -> None:
    world.drop("Leaves/a.csv", b"1,2")
    world.drop("Leaves/b.csv", b"3,4")
    world.sync()
    (world.root / "Leaves/a.csv").unlink()
    (world.root / "Leaves/b.csv").unlink()

    with pytest.raises(NeedsPerson, match="it is empty"):
        assert_no_trace(world)


def test_a_dry_run_with_a_file_as_root_leaves_the_file(world: World) -> None:
    world.root.write_bytes(b"precious")

    with pytest.raises(FigsyncError) as caught:
        assert_no_trace(world)

    assert caught.value.exit_code in (2, 4)
    assert world.root.read_bytes() == b"precious"


def test_a_dry_run_beside_a_running_sync_needs_no_lock(world: World) -> None:
    world.drop("Leaves/a.csv", b"1,2")
    with world.mirror():
        report = world.sync(dry_run=True)

    assert report.exit_code == 0


def test_a_dry_run_with_a_damaged_state_leaves_it_as_it_is(world: World) -> None:
    world.drop("Leaves/a.csv", b"1,2")
    world.sync()
    world.config.database.write_bytes(b"garbage" * 1000)
    before = everything(world.folder)

    with pytest.raises(FigsyncError):
        world.sync(dry_run=True)

    assert everything(world.folder) == before
