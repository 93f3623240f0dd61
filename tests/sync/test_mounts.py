"""Disks that come and go at the root or inside it take no file with them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from figsync.disk import Calls
from figsync.errors import NeedsPerson
from figsync.sync.carry import Asked, carry_out
from tests.sync.seen import approve, assert_quiet, for_a_person, reasons
from tests.world import HOUR, World

DAY = 24 * HOUR
NAMES = ("a.csv", "b.csv", "raw/c.csv", "raw/d.csv", "raw/deep/e.csv")


class Disks(Calls):
    """A computer that believes in a disk wherever a test puts one."""

    def __init__(self) -> None:
        self.mounts: set[Path] = set()

    def device(self, seen: os.stat_result) -> int:
        for number, mount in enumerate(sorted(self.mounts), start=1):
            folders = (mount, *(p for p in mount.rglob("*") if p.is_dir()))
            if seen.st_ino in {folder.stat().st_ino for folder in folders}:
                return -number
        return seen.st_dev


class Plugged(World):
    """A mirror of two items, one with five files, and disks to plug and pull."""

    def __init__(self, folder: Path, **keys: str) -> None:
        super().__init__(folder, **keys)
        self.calls = self.disks = Disks()
        item = self.box.web.create_item("Leaves")
        self.box.web.add_files(item, {name: name.encode() for name in NAMES})
        another = self.box.web.create_item("Soil cores")
        self.box.web.add_file(another, "a.csv", b"a")
        assert self.sync().exit_code == 0

    def plug(self, mount: Path) -> None:
        """Let what is in a folder be on a disk of its own."""
        self.disks.mounts.add(mount)
        assert self.sync().exit_code == 0

    def pull(self, mount: Path) -> None:
        """Take the disk away: an empty folder stays."""
        self.disks.mounts.discard(mount)
        mount.rename(self.folder / "pulled")
        mount.mkdir()

    def put_back(self, mount: Path) -> None:
        mount.rmdir()
        (self.folder / "pulled").rename(mount)
        self.disks.mounts.add(mount)

    def days_later(self) -> str:
        """Sync for some days; check that nothing changed, and return the reasons."""
        local, remote = self.tree(), self.remote("Leaves")
        self.box.log.clear()
        for _ in range(3):
            self.clock.advance(DAY)
            report = self.sync()
        assert self.box.log.mutations() == ()
        assert (self.tree(), self.remote("Leaves")) == (local, remote)
        assert self.trash() == []
        assert report.exit_code == 4
        return reasons(report)


@pytest.fixture
def world(tmp_path: Path) -> Plugged:
    return Plugged(tmp_path)


def test_a_disk_pulled_from_a_sub_folder_deletes_nothing(world: Plugged) -> None:
    raw = world.root / "Leaves/raw"
    world.plug(raw)
    world.pull(raw)

    told = world.days_later()

    assert "a disk was mounted at Leaves/raw and is not now: mount it" in told
    world.put_back(raw)
    assert world.sync().exit_code == 0
    assert_quiet(world)


def test_a_disk_mounted_over_a_sub_folder_deletes_nothing(world: Plugged) -> None:
    raw = world.root / "Leaves/raw"
    world.pull(raw)
    world.disks.mounts.add(raw)

    told = world.days_later()

    assert "a disk was mounted at Leaves/raw over its files: unmount it" in told


def test_what_comes_while_a_disk_is_away_is_not_put_below_it(world: Plugged) -> None:
    raw = world.root / "Leaves/raw"
    world.plug(raw)
    world.pull(raw)
    item = int(world.item_id("Leaves"))
    world.box.web.add_file(item, "raw/new.csv", b"new")
    world.clock.advance(60)

    world.days_later()

    assert not (raw / "new.csv").exists()
    world.put_back(raw)
    assert world.sync().exit_code == 0
    assert (raw / "new.csv").read_bytes() == b"new"
    world.clock.advance(2 * DAY)
    world.sync()
    assert len(world.remote("Leaves")) == 6


@pytest.mark.parametrize("is_record_left", [False, True])
def test_a_disk_pulled_from_an_item_folder_deletes_nothing(
    world: Plugged, is_record_left: bool
) -> None:
    leaves = world.root / "Leaves"
    world.plug(leaves)
    world.pull(leaves)
    if is_record_left:
        (leaves / ".figshare").mkdir()
        kept = (world.folder / "pulled/.figshare/record.json").read_bytes()
        (leaves / ".figshare/record.json").write_bytes(kept)

    told = world.days_later()

    assert "a disk was mounted at Leaves and is not now" in told


def test_an_item_folder_that_went_with_its_disk_is_not_deleted(
    tmp_path: Path,
) -> None:
    world = Plugged(tmp_path, deletions__items="propagate", deletions__grace="1h")
    leaves = world.root / "Leaves"
    world.plug(leaves)
    world.pull(leaves)
    leaves.rmdir()

    told = world.days_later()

    assert "a disk was mounted at Leaves and is not now" in told


def test_a_disk_that_is_pulled_and_was_copied_before_is_no_loss(
    world: Plugged,
) -> None:
    raw = world.root / "Leaves/raw"
    world.plug(raw)
    world.disks.mounts.clear()

    assert world.sync().exit_code == 0

    (raw / "c.csv").unlink()
    world.sync()
    world.clock.advance(2 * DAY)
    assert world.sync().exit_code == 0
    assert "raw/c.csv" not in world.remote("Leaves")


def test_files_elsewhere_in_the_item_may_be_deleted(world: Plugged) -> None:
    world.plug(world.root / "Leaves/raw")
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    world.clock.advance(2 * DAY)

    assert world.sync().exit_code == 0

    assert "a.csv" not in world.remote("Leaves")


def test_a_person_may_say_that_the_files_are_gone_with_the_disk(
    world: Plugged,
) -> None:
    raw = world.root / "Leaves/raw"
    world.plug(raw)
    world.pull(raw)
    world.days_later()

    assert approve(world) == 3
    world.sync()

    assert set(world.remote("Leaves")) == {"a.csv", "b.csv"}
    world.drop("Leaves/raw/f.csv", b"f")
    world.settle()
    assert world.sync().exit_code == 0
    assert_quiet(world)


def test_a_folder_without_record_and_without_files_gets_nothing_put_in(
    world: Plugged,
) -> None:
    leaves = world.root / "Leaves"
    leaves.rename(world.folder / "aside")
    leaves.mkdir()
    item = int(world.item_id("Leaves"))
    world.box.web.add_file(item, "new.csv", b"new")
    for record in world.box.web.files(item)[:5]:
        world.box.web.replace_file(record.id, b"edited there")
    world.clock.advance(60)

    report = world.sync()

    assert list(leaves.iterdir()) == []
    assert "is it mounted?" in reasons(report)
    assert len(for_a_person(report)) == 6


def test_a_root_that_was_a_mount_point_and_is_not_stops_everything(
    world: Plugged,
) -> None:
    world.plug(world.root)
    (world.root / "Leaves/a.csv").write_bytes(b"an older copy below the mount")
    world.disks.mounts.clear()
    world.box.log.clear()
    local = world.tree()

    for _ in range(2):
        with pytest.raises(NeedsPerson, match="a disk was mounted there and is not"):
            world.sync()
        with pytest.raises(NeedsPerson, match="figsync approve --scope"):
            world.sync(dry_run=True)

    assert world.box.log.mutations() == ()
    assert world.tree() == local


def test_a_root_that_moved_to_this_disk_for_good_is_acknowledged(
    world: Plugged,
) -> None:
    world.plug(world.root)
    world.disks.mounts.clear()
    with pytest.raises(NeedsPerson):
        world.sync()

    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"scope": "yes"}))

    assert world.sync().exit_code == 0
    assert_quiet(world)
    world.plug(world.root)
    world.disks.mounts.clear()
    with pytest.raises(NeedsPerson):
        world.sync()


@pytest.mark.parametrize("left", ["some", "none"])
def test_where_deletions_are_kept_only_the_loss_of_all_files_is_in_doubt(
    tmp_path: Path, left: str
) -> None:
    world = Plugged(tmp_path, deletions__files="keep")
    leaves = world.root / "Leaves"
    shutil.rmtree(leaves / "raw")
    (leaves / ".figshare/record.json").unlink()
    if left == "none":
        (leaves / "a.csv").unlink()
        (leaves / "b.csv").unlink()
    world.drop("Leaves/new.csv", b"new")
    world.settle()

    report = world.sync()

    assert report.exit_code == (0 if left == "some" else 4)
    assert ("is it mounted?" in reasons(report)) == (left == "none")
    assert ("new.csv" in world.remote("Leaves")) == (left == "some")
    assert len(world.remote("Leaves")) >= 5
