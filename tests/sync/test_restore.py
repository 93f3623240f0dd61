"""`figsync restore`: a deletion taken back is never sent, and the bytes come down."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from figsync.errors import FigshareProblem, NeedsPerson, WrongUsage
from figsync.sandbox import Fault
from figsync.sync.carry import Asked, carry_out
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from tests.sync.seen import assert_quiet, for_a_person, results, waiting
from tests.sync.test_deletions import DAY, deletions_sent, soil_and_leaves
from tests.world import HOUR, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return soil_and_leaves(tmp_path)


def ask(world: World, path: str, verb: str = "restore") -> str:
    """Record what a person wants; no network is there for it."""
    with world.mirror() as mirror:
        return carry_out(mirror, Asked(verb, {"path": path}))


def restore(world: World, path: str) -> Report:
    """Do what `figsync restore` does."""
    ask(world, path)
    return bring(world, path)


def bring(world: World, path: str) -> Report:
    with world.mirror() as mirror:
        only = frozenset({path.partition("/")[0]}) - {"."}
        return sync_until_quiet(mirror, Wish(only, retry_now=True, bring_only=True))


def delete(world: World, *paths: str) -> None:
    for path in paths:
        (world.root / path).unlink()


def refusal(world: World, path: str) -> str:
    with pytest.raises(WrongUsage) as caught:
        ask(world, path)
    return str(caught.value)


# Within the grace period


def test_restoring_within_the_grace_period_sends_no_deletion(world: World) -> None:
    before = world.tree()
    delete(world, "Leaves/a.csv")
    assert waiting(world.sync()) == [("DeleteRemote", "a.csv")]
    world.clock.advance(23 * HOUR)
    world.box.log.clear()

    restore(world, "Leaves/a.csv")

    assert world.tree() == before
    world.clock.advance(3 * DAY)
    world.sync()
    world.sync()
    assert world.box.log.mutations() == ()
    assert set(world.remote("Leaves")) == {"a.csv", "b.csv", "raw/c.csv", "raw/d.csv"}
    assert_quiet(world)


def test_a_deletion_that_no_sync_has_seen_yet_is_taken_back_too(world: World) -> None:
    before = world.tree()
    delete(world, "Leaves/a.csv")
    world.box.log.clear()

    restore(world, "Leaves/a.csv")

    assert world.tree() == before
    assert world.box.log.mutations() == ()


def test_without_figshare_the_deletion_is_taken_back_all_the_same(
    world: World,
) -> None:
    before = world.tree()
    delete(world, "Leaves/a.csv")
    world.sync()
    world.box.fail_next(Fault("api", "GET", kind="break", times=1000))

    with pytest.raises(FigshareProblem):
        restore(world, "Leaves/a.csv")

    world.box.world.faults.clear()
    world.clock.advance(3 * DAY)
    world.box.log.clear()
    world.sync()
    assert world.tree() == before
    assert deletions_sent(world) == 0


def test_a_deletion_that_was_due_is_not_sent_after_a_failing_restore(
    tmp_path: Path,
) -> None:
    world = soil_and_leaves(tmp_path, grace="0")
    before = world.tree()
    delete(world, "Leaves/a.csv")
    ask(world, "Leaves/a.csv")
    world.box.log.clear()

    world.sync()

    assert deletions_sent(world) == 0
    assert world.tree() == before


def test_the_download_that_fails_never_lets_the_deletion_through(
    world: World,
) -> None:
    delete(world, "Leaves/a.csv")
    world.sync()
    ask(world, "Leaves/a.csv")
    world.box.fail_next(Fault("storage", status=403, kind="xml", times=1000))
    world.box.log.clear()

    for _ in range(5):
        world.clock.advance(DAY)
        world.sync()

    assert deletions_sent(world) == 0
    assert not (world.root / "Leaves/a.csv").exists()
    world.box.world.faults.clear()
    world.clock.advance(DAY)
    world.sync()
    assert (world.root / "Leaves/a.csv").read_bytes() == b"Leavesa.csv"


# Afterwards


def test_deleted_again_the_file_has_a_grace_period_of_its_own(world: World) -> None:
    delete(world, "Leaves/a.csv")
    world.sync()
    world.clock.advance(23 * HOUR)
    restore(world, "Leaves/a.csv")
    delete(world, "Leaves/a.csv")

    world.sync()
    world.clock.advance(23 * HOUR)
    world.sync()
    assert "a.csv" in world.remote("Leaves")

    world.clock.advance(2 * HOUR)
    world.sync()
    assert "a.csv" not in world.remote("Leaves")
    assert_quiet(world)


def test_a_file_put_back_by_hand_ends_the_restoring(world: World) -> None:
    delete(world, "Leaves/a.csv")
    world.sync()
    ask(world, "Leaves/a.csv")
    world.drop("Leaves/a.csv", b"Leavesa.csv")
    world.settle()
    world.sync()
    delete(world, "Leaves/a.csv")

    world.sync()
    world.clock.advance(DAY + HOUR)
    world.sync()

    assert "a.csv" not in world.remote("Leaves")
    assert_quiet(world)


def test_a_restored_file_is_not_held_for_having_been_fetched_often(
    world: World,
) -> None:
    for _ in range(5):
        delete(world, "Leaves/a.csv")
        restore(world, "Leaves/a.csv")

        assert (world.root / "Leaves/a.csv").read_bytes() == b"Leavesa.csv"


# What else may and may not happen meanwhile


def test_nothing_else_is_sent_or_deleted_meanwhile(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, grace="1h")
    delete(world, "Leaves/a.csv", "Leaves/b.csv")
    world.sync()
    world.clock.advance(2 * HOUR)
    world.drop("Leaves/new.csv", b"new here")
    world.drop("Leaves/raw/c.csv", b"edited here")
    world.settle()
    world.box.log.clear()

    restore(world, "Leaves/a.csv")

    assert world.box.log.mutations() == ()
    assert (world.root / "Leaves/a.csv").exists()
    assert not (world.root / "Leaves/b.csv").exists()
    assert (world.root / "Leaves/raw/c.csv").read_bytes() == b"edited here"
    world.sync()
    assert set(world.remote("Leaves")) == {"a.csv", "new.csv", "raw/c.csv", "raw/d.csv"}


def test_an_upload_that_was_interrupted_is_not_swept_away(world: World) -> None:
    world.drop("Leaves/new.csv", b"new here")
    world.settle()
    world.box.fail_next(Fault("upload", "PUT", status=500, times=1000))
    world.sync()
    world.box.world.faults.clear()
    delete(world, "Leaves/a.csv")
    world.box.log.clear()

    restore(world, "Leaves/a.csv")

    assert world.box.log.mutations() == ()


def test_an_owner_at_work_deletes_nothing_once_a_restore_is_asked_for(
    tmp_path: Path,
) -> None:
    world = soil_and_leaves(tmp_path, grace="0")
    before = world.tree()
    delete(world, "Leaves/a.csv")
    world.box.log.clear()
    with world.mirror() as mirror:
        # What a sync that has begun does not know of: the request comes after.
        mirror.progress = _Meanwhile(
            lambda: mirror.state.decisions.request("restore", {"path": "Leaves/a.csv"})
        )
        sync_until_quiet(mirror, Wish(retry_now=True))

    assert deletions_sent(world) == 0
    world.sync()
    assert world.tree() == before


def test_an_owner_at_work_deletes_no_item_that_is_wanted_back(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, grace="0", items="propagate")
    before = world.tree()
    shutil.rmtree(world.root / "Leaves")
    world.box.log.clear()
    with world.mirror() as mirror:
        mirror.progress = _Meanwhile(
            lambda: mirror.state.decisions.request("restore", {"path": "Leaves"})
        )
        sync_until_quiet(mirror, Wish(retry_now=True))

    assert deletions_sent(world) == 0
    world.sync()
    assert world.tree() == before


class _Meanwhile:
    """A progress that does something once, when deletions are about to happen."""

    def __init__(self, act: object) -> None:
        self._act = act

    def phase(self, name: str) -> None:
        del name

    def planned(self, plan: object) -> None:
        actions = getattr(plan, "actions", ())
        if self._act and any(action.deletes == "remote" for action in actions):
            act, self._act = self._act, None
            assert callable(act)
            act()

    def moved(self, action: object, size: int) -> None:
        del action, size

    def finished(self, outcome: object) -> None:
        del outcome


# Guards


def test_of_a_held_mass_deletion_the_named_folder_comes_back(tmp_path: Path) -> None:
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"raw/{n}.csv": b"%d" % n for n in range(60)})
    world.box.web.add_files(item, {f"new/{n}.csv": b"n%d" % n for n in range(30)})
    world.sync()
    before = world.tree()
    shutil.rmtree(world.root / "Leaves/raw")
    assert len(for_a_person(world.sync())) == 60
    world.box.log.clear()

    report = restore(world, "Leaves/raw")

    assert len(results(report)) == 60
    assert world.tree() == before
    assert world.box.log.mutations() == ()
    assert_quiet(world)


def test_an_approved_deletion_can_be_taken_back_until_it_is_sent(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {f"{n}.csv": b"%d" % n for n in range(60)})
    world.sync()
    before = world.tree()
    delete(world, *(f"Leaves/{n}.csv" for n in range(30)))
    world.sync()
    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"all": "yes"}))
    world.box.log.clear()

    restore(world, "Leaves")

    world.clock.advance(3 * DAY)
    world.sync()
    assert world.tree() == before
    assert deletions_sent(world) == 0


def test_a_deleted_item_folder_comes_back_with_all_its_files(world: World) -> None:
    (world.root / "Leaves").rename(world.root / "Green leaves")
    world.sync()
    before = world.tree()
    shutil.rmtree(world.root / "Green leaves")
    world.sync()
    world.clock.advance(2 * DAY)
    assert for_a_person(world.sync()) == [("DeleteItem", "")]
    world.box.log.clear()

    restore(world, "Green leaves")

    assert world.tree() == before
    assert world.box.log.mutations() == ()
    report = world.sync()
    assert report.held == ()
    assert_quiet(world)


def test_an_approved_deletion_of_an_item_folder_can_be_taken_back(
    world: World,
) -> None:
    before = world.tree()
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"all": "yes"}))
    world.box.log.clear()

    ask(world, "Leaves")
    world.clock.advance(3 * DAY)
    world.sync()

    assert world.tree() == before
    assert world.box.log.mutations() == ()
    shutil.rmtree(world.root / "Leaves")
    world.sync()
    world.clock.advance(3 * DAY)
    assert for_a_person(world.sync()) == [("DeleteItem", "")]


def test_one_file_of_a_deleted_item_folder_brings_the_others_too(
    world: World,
) -> None:
    before = world.tree()
    shutil.rmtree(world.root / "Leaves")
    world.sync()

    restore(world, "Leaves/raw/c.csv")

    assert world.tree() == before
    assert_quiet(world)


def test_everything_comes_back_into_an_emptied_root(world: World) -> None:
    before = world.tree()
    shutil.rmtree(world.root / "Leaves")
    shutil.rmtree(world.root / "Soil cores")
    with pytest.raises(NeedsPerson, match="it is empty"):
        world.sync()
    world.box.log.clear()

    restore(world, ".")

    assert world.tree() == before
    assert world.box.log.mutations() == ()
    assert_quiet(world)


def test_nothing_comes_back_into_a_root_that_is_another(world: World) -> None:
    delete(world, "Leaves/a.csv")
    (world.root / ".figsync/marker.json").unlink()

    with pytest.raises(NeedsPerson, match="marker"):
        ask(world, "Leaves/a.csv")


# Other reasons for which a file is not here


def test_what_the_policy_keeps_away_can_be_asked_for(tmp_path: Path) -> None:
    world = soil_and_leaves(tmp_path, files="keep")
    before = world.tree()
    delete(world, "Leaves/a.csv")
    world.sync()

    restore(world, "Leaves/a.csv")

    assert world.tree() == before
    assert_quiet(world)


def test_pushing_brings_what_a_person_asks_for_and_nothing_else(world: World) -> None:
    world.configure(mirror__direction="push")
    item = int(world.item_id("Leaves"))
    world.box.web.add_files(item, {"new.csv": b"new there", "other.csv": b"other"})
    delete(world, "Leaves/a.csv")
    world.clock.advance(60)
    world.sync()

    restore(world, "Leaves/a.csv")
    restore(world, "Leaves/new.csv")

    world.clock.advance(3 * DAY)
    world.sync()
    assert (world.root / "Leaves/a.csv").read_bytes() == b"Leavesa.csv"
    assert (world.root / "Leaves/new.csv").read_bytes() == b"new there"
    assert not (world.root / "Leaves/other.csv").exists()
    assert "a.csv" in world.remote("Leaves")


def test_a_file_edited_on_figshare_comes_back_as_it_is_there(world: World) -> None:
    delete(world, "Leaves/a.csv")
    world.sync()
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.replace_file(record.id, b"edited there")
    world.clock.advance(60)

    restore(world, "Leaves/a.csv")

    assert (world.root / "Leaves/a.csv").read_bytes() == b"edited there"
    assert_quiet(world)


# Refused in one line


def test_a_file_that_is_here_is_not_brought(world: World) -> None:
    assert refusal(world, "Leaves/a.csv") == (
        "Leaves/a.csv: it is here already; older versions: figsync trash"
    )
    assert refusal(world, "Leaves") == (
        "Leaves: all that Figshare has of it is here already;"
        " older versions: figsync trash"
    )


def test_a_name_that_nobody_knows(world: World) -> None:
    assert refusal(world, "Roots/a.csv") == (
        "Roots/a.csv: figsync knows nothing of this name;"
        " `figsync status` shows what is mirrored"
    )
    assert refusal(world, "Leaves/x.csv") == (
        "Leaves/x.csv: neither Figshare nor the trash has it, as far as figsync"
        " knows; `figsync status` shows what is mirrored"
    )


def test_a_new_file_is_not_on_figshare_yet(world: World) -> None:
    world.drop("Roots/a.csv", b"new")

    assert refusal(world, "Roots/a.csv") == (
        "Roots/a.csv: it is here, and Figshare has nothing of it yet;"
        " `figsync why PATH` tells how it stands"
    )


def test_what_the_trash_has_is_brought_by_the_trash(world: World) -> None:
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.delete_file(record.id)
    world.clock.advance(60)
    world.sync()

    assert refusal(world, "Leaves/a.csv") == (
        "Leaves/a.csv: Figshare has nothing of it; what was here may be in the"
        ' trash: figsync trash restore "Leaves/a.csv"'
    )
    assert ask(world, "Leaves/a.csv", "trash restore").startswith("Restored")


def test_an_excluded_item_is_included_first(world: World) -> None:
    item = world.item_id("Leaves")
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", {"item": item}))

    assert refusal(world, "Leaves/a.csv") == (
        f"Leaves/a.csv: its item is excluded; run `figsync include {item}`"
    )


def test_an_item_that_is_a_record_alone_is_included_first(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__new_items="metadata")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.csv", b"a")
    world.sync()

    assert refusal(world, "Leaves/a.csv") == (
        "Leaves/a.csv: only the record of its item is mirrored;"
        f" run `figsync include {item}`"
    )


def test_an_ignored_file_stays_away(world: World) -> None:
    world.drop("Leaves/.figsyncignore", "raw/\n")
    delete(world, "Leaves/raw/c.csv")

    assert refusal(world, "Leaves/raw/c.csv") == (
        "Leaves/raw/c.csv: an ignore rule covers it, so it is neither fetched nor"
        " deleted; `figsync why PATH` tells how it stands"
    )


def test_a_symlink_in_its_place_has_to_go_first(world: World) -> None:
    delete(world, "Leaves/a.csv")
    (world.root / "Leaves/a.csv").symlink_to("/etc/passwd")

    assert refusal(world, "Leaves/a.csv") == (
        "Leaves/a.csv: something that is no ordinary file has its name;"
        " move that away, then restore it again"
    )
