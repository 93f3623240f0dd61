"""What the simulation found, each as the smallest situation that shows it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from figsync.errors import NoRoom
from figsync.sandbox import Fault, NewFile
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Silent
from tests.simulation.peril import Peril, endanger_state, no_room
from tests.world import World, assert_agreed, failures


def synced(world: World) -> Report:
    """Sync everything that is still."""
    world.settle()
    return world.sync()


def held(report: Report) -> list[tuple[str, str]]:
    return [(h.action.kind, h.action.path) for h in report.held]


def approve_everything(world: World) -> None:
    with world.mirror() as mirror:
        rows = mirror.state.decisions.held()
        mirror.state.decisions.approve([row.id for row in rows if row.needs_person])


def test_a_symlink_keeps_no_new_folder_from_becoming_an_item(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    (world.root / "Ice" / "elsewhere").symlink_to(tmp_path)

    report = synced(world)

    assert report.exit_code == 0
    assert world.remote("Ice") == {"a.csv": b"1"}


class TestAFileThatBecameAFolder:
    def test_its_record_gives_way_to_the_files_in_it(self, tmp_path: Path) -> None:
        world = World(tmp_path, deletions__grace="0")
        file = world.drop("Ice/cores", "1")
        world.drop("Ice/b.csv", "2")
        synced(world)
        file.unlink()
        world.drop("Ice/cores/a.csv", "3")

        synced(world)

        assert world.remote("Ice") == {"b.csv": b"2", "cores/a.csv": b"3"}
        assert world.tree() == {"Ice/b.csv": b"2", "Ice/cores/a.csv": b"3"}

    def test_nothing_goes_up_while_the_record_waits(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        file = world.drop("Ice/cores", "1")
        synced(world)
        file.unlink()
        world.drop("Ice/cores/a.csv", "3")

        report = synced(world)

        assert held(report) == [("Upload", "cores/a.csv"), ("DeleteRemote", "cores")]
        assert report.exit_code == 0
        assert world.tree() == {"Ice/cores/a.csv": b"3"}

    def test_an_edit_of_its_record_asks_a_person(self, tmp_path: Path) -> None:
        world = World(tmp_path, deletions__grace="0")
        file = world.drop("Ice/cores", "1")
        synced(world)
        file.unlink()
        world.drop("Ice/cores/a.csv", "3")
        (record,) = world.box.web.files(int(world.item_id("Ice")))
        world.box.web.replace_file(record.id, b"2")

        report = synced(world)
        approve_everything(world)
        again = synced(world)

        assert (report.exit_code, again.exit_code) == (4, 4)
        assert again.outcomes == []
        assert world.tree() == {"Ice/cores/a.csv": b"3"}

    def test_a_folder_on_the_web_takes_the_place_of_a_file(
        self, tmp_path: Path
    ) -> None:
        world = World(tmp_path)
        world.drop("Ice/cores", "1")
        world.drop("Ice/b.csv", "2")
        synced(world)
        item = int(world.item_id("Ice"))
        (record,) = [f for f in world.box.web.files(item) if f.path == "cores"]
        world.box.web.delete_file(record.id)
        world.box.web.add_file(item, "a.csv", b"3", folder="cores")

        report = synced(world)

        assert report.exit_code == 0
        assert world.tree() == {"Ice/b.csv": b"2", "Ice/cores/a.csv": b"3"}


def test_an_edit_in_a_folder_of_dots_condemns_no_server(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Ice")
    world.box.web.add_file(item, "a.csv", b"1", folder="..")
    synced(world)
    (path,) = world.tree()
    world.drop(path, "22")
    world.drop("Ice/raw/b.csv", "3")

    report = synced(world)

    assert report.exit_code == 0
    assert failures(report) == []
    assert sorted(world.remote("Ice").values()) == [b"22", b"3"]


def test_no_folder_takes_the_name_of_an_item_whose_folder_is_missing(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, deletions__grace="0")
    world.drop("Ice/a.csv", "1")
    world.drop("Soil/b.csv", "2")
    synced(world)
    (world.root / "Ice").rename(world.root / ".Ice")
    world.box.web.edit_item(int(world.item_id("Soil")), title="Ice")

    synced(world)
    approve_everything(world)
    report = synced(world)

    assert report.exit_code == 0
    assert len(world.box.web.item_ids()) == 1


def test_a_new_title_does_not_fight_for_a_name_of_another_case(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("soil/a.csv", "1")
    synced(world)
    world.box.web.edit_item(int(world.item_id("soil")), title="Soil")
    world.drop("Soil/b.csv", "2")

    report = synced(world)
    again = synced(world)

    assert (report.exit_code, again.exit_code) == (0, 0)
    assert again.outcomes == []


def test_approval_moves_no_symlink_out_of_the_way(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    synced(world)
    (world.root / "Ice" / "b.csv").symlink_to(tmp_path)
    world.box.web.add_file(int(world.item_id("Ice")), "b.csv", b"2")

    synced(world)
    approve_everything(world)
    report = synced(world)

    assert report.exit_code == 4
    assert report.outcomes == []


class TestAHalfSentFile:
    def test_a_record_that_does_not_show_yet_is_cleared_away(
        self, tmp_path: Path
    ) -> None:
        world = World(tmp_path)
        world.drop("Ice/a.csv", "1")
        synced(world)
        world.box.fail_next(Fault.lost_initiate())
        file = world.drop("Ice/b.csv", "2")
        synced(world)
        file.unlink()
        world.box.switches.initiate_404 = 1

        synced(world)
        synced(world)

        assert_agreed(world)

    def test_it_is_cleared_away_when_its_file_was_emptied(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.drop("Ice/a.csv", "1")
        synced(world)
        world.box.fail_next(Fault.lost_initiate())
        world.drop("Ice/b.csv", "2")
        synced(world)
        world.drop("Ice/b.csv", "")

        synced(world)

        records = world.box.web.files(int(world.item_id("Ice")))
        assert [file.path for file in records] == ["a.csv"]

    @pytest.mark.parametrize("status", [202, 403, 500])
    def test_a_firewalls_answer_leaves_no_second_record(
        self, tmp_path: Path, status: int
    ) -> None:
        world = World(tmp_path)
        world.drop("Ice/a.csv", "1")
        synced(world)
        lost = Fault(
            "api", "POST", r"/files$", status=status, after_effect=True, kind="html"
        )
        world.box.fail_next(lost)
        world.drop("Ice/b.csv", "2")

        synced(world)
        synced(world)

        assert_agreed(world)

    def test_a_list_that_was_cut_makes_no_second_record(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.box.switches.record_files = False
        for name in ("a", "b", "c"):
            world.drop(f"Ice/raw/{name}.csv", name)
        synced(world)
        world.box.fail_next(Fault.lost_initiate())
        world.drop("Ice/raw/d.csv", "d")
        synced(world)
        world.box.switches.cut_lists = 3

        report = synced(world)
        world.box.switches.cut_lists = 0
        synced(world)

        assert report.exit_code == 1
        assert_agreed(world)


def test_equal_files_in_two_folders_each_find_their_lost_record(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    synced(world)
    world.drop("Ice/raw/b.csv", "2")
    world.drop("Ice/new/b.csv", "2")
    world.box.fail_next(Fault.lost_initiate(times=2))
    synced(world)

    report = synced(world)

    assert report.exit_code == 0
    assert_agreed(world)


@pytest.mark.parametrize("slowness", ["md5_never", "stuck_moving"])
@pytest.mark.parametrize("reads", [1, 2, 3, 4])
def test_an_edit_is_no_conflict_with_an_upload_still_unproven(
    tmp_path: Path, slowness: str, reads: int
) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    synced(world)
    setattr(world.box.switches, slowness, True)
    world.drop("Ice/a.csv", "22")
    synced(world)
    world.drop("Ice/a.csv", "333")
    setattr(world.box.switches, slowness, False)
    world.box.switches.status_seconds = 3600
    world.box.switches.status_reads = reads

    synced(world)
    synced(world)

    assert world.tree() == {"Ice/a.csv": b"333"}
    assert_agreed(world)


def test_a_half_sent_file_of_a_deleted_folder_is_cleared_away(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    world.drop("Soil/a.csv", "2")
    synced(world)
    world.box.fail_next(Fault.lost_initiate())
    world.drop("Ice/b.csv", "3")
    synced(world)
    item = int(world.item_id("Ice"))
    shutil.rmtree(world.root / "Ice")

    synced(world)

    assert [file.path for file in world.box.web.files(item)] == ["a.csv"]


def test_an_edit_of_a_twin_gives_it_a_name_of_its_own(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Ice")
    twin = world.box.web.add_file(item, "a.csv", b"1")
    world.box.web.add_file(item, "a.csv", b"2")
    synced(world)
    world.drop(f"Ice/a (#{twin}).csv", "3")

    synced(world)

    assert world.tree() == {"Ice/a.csv": b"2", f"Ice/a (#{twin}).csv": b"3"}
    assert_agreed(world)


def test_an_upload_begun_elsewhere_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    synced(world)
    item = int(world.item_id("Ice"))
    theirs = world.box.web.start_upload(item, NewFile("b.csv", 1))
    world.drop("Ice/b.csv", "2")

    synced(world)

    assert theirs in [file.id for file in world.box.web.files(item)]


@pytest.mark.parametrize("folder", ["raw/", "~/"])
def test_a_file_saved_into_a_folder_named_here_survives_the_state(
    tmp_path: Path, folder: str
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Ice")
    world.box.web.add_file(item, "/a.csv", b"1", folder=folder)
    synced(world)
    (path,) = world.tree()
    world.drop(path.replace("a.csv", "b.csv"), "2")
    synced(world)
    shutil.rmtree(tmp_path / "state")
    before = world.tree()

    report = synced(world)

    assert world.tree() == before
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert len(world.box.web.files(item)) == 2


@pytest.mark.parametrize("habit", ["link", "no MD5"])
def test_an_approved_deletion_reaches_an_item_without_md5s(
    tmp_path: Path, habit: str
) -> None:
    world = World(tmp_path, deletions__grace="0")
    world.drop("Soil/b.csv", "2")
    item = world.box.web.create_item("Ice")
    if habit == "link":
        world.box.web.add_link(item, "https://example.org/far")
    else:
        world.box.web.add_file(item, "a.csv", b"1")
    synced(world)
    if habit == "no MD5":
        world.box.switches.md5_never = True
    shutil.rmtree(world.root / "Ice")
    synced(world)
    approve_everything(world)

    synced(world)
    report = synced(world)

    assert (report.exit_code, report.outcomes) == (0, [])
    assert len(world.box.web.item_ids()) == 1


@pytest.mark.parametrize("commit", range(0, 40, 3))
def test_a_full_disk_of_the_state_is_said_and_costs_nothing(
    tmp_path: Path, commit: int
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Ice")
    world.box.web.add_file(item, "a.csv", b"1")
    world.box.web.add_file(item, "b.csv", b"2")
    world.drop("Soil/c.csv", "3")
    world.settle()

    with suppress(NoRoom), world.mirror() as mirror:
        full = FullState(commit)
        endanger_state(mirror, full)
        sync_until_quiet(mirror, Wish(retry_now=True))
    synced(world)
    report = synced(world)

    assert report.exit_code == 0
    assert report.outcomes == []
    assert_agreed(world)


class FullState(Peril):
    """A disk that has no room for the state from some commit on."""

    def __init__(self, commit: int) -> None:
        super().__init__(Random(1), lambda _: None)
        self._commits_left = commit

    def state_error(self) -> None:
        self._commits_left -= 1
        if self._commits_left < 0:
            raise no_room()


class Restless(Silent):
    """Lets somebody edit a file on the web at the start of every cycle."""

    def __init__(self, world: World, file_id: int) -> None:
        self.world = world
        self.file_id = file_id
        self.edits = 0

    def phase(self, name: str) -> None:
        if name == "Asking Figshare":
            self.edits += 1
            content = f"edit {self.edits}".encode()
            self.file_id = self.world.box.web.replace_file(self.file_id, content)
            self.world.clock.advance(5)


def test_what_does_not_come_to_rest_is_not_called_synced(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Ice/a.csv", "1")
    synced(world)
    (record,) = world.box.web.files(int(world.item_id("Ice")))

    with world.mirror() as mirror:
        mirror.progress = Restless(world, record.id)
        report = sync_until_quiet(mirror, Wish(retry_now=True))

    assert report.exit_code == 1
    assert synced(world).exit_code == 0
