"""What ignore rules hide is unknown on both sides: neither sent, fetched nor gone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from figsync.errors import DiskProblem
from figsync.sync.carry import Asked, carry_out
from tests.sync.seen import assert_quiet, reasons, results
from tests.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, deletions__grace="0")


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        "._a.csv",
        "~$a.docx",
        ".~lock.a.odt#",
        ".a.swp",
        "a.part",
        "a.crdownload",
        ".git/config",
        "raw/.git/config",
    ],
)
def test_what_is_ignored_by_default_stays_where_it_is(world: World, name: str) -> None:
    item = world.box.web.create_item("Leaves")
    world.box.web.add_files(item, {"a.csv": b"1,2", name: b"there"})
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop(f"Soil cores/{name}", b"here")
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert "Leaves/a.csv" in world.tree()
    assert f"Leaves/{name}" not in world.tree()
    assert len(world.box.web.tree(item)) == 2
    assert report.exit_code == 0
    world.clock.advance(2 * DAY)
    assert_quiet(world)


def test_other_dot_files_sync(world: World) -> None:
    world.drop("Soil cores/.hidden/.zenodo.json", b"{}")
    world.drop(".in the root/a.csv", b"1,2")
    world.drop(".gitignore", b"*")
    world.settle()

    world.sync()

    assert world.remote("Soil cores") == {".hidden/.zenodo.json": b"{}"}
    assert len(world.box.web.item_ids()) == 1


def test_configured_rules_are_gitignore_syntax(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__ignore="*.tmp\n/Soil cores/raw/\n!keep.tmp")
    for name in ("a.tmp", "keep.tmp", "raw/b.csv", "deep/raw/c.csv", "a.csv"):
        world.drop(f"Soil cores/{name}", name)
    world.settle()

    world.sync()

    assert set(world.remote("Soil cores")) == {"keep.tmp", "deep/raw/c.csv", "a.csv"}
    assert_quiet(world)


def test_a_file_of_rules_in_a_folder_rules_that_folder(world: World) -> None:
    world.drop("Soil cores/.figsyncignore", b"*.tmp\n")
    world.drop("Soil cores/deep/.figsyncignore", b"!b.tmp\n")
    world.drop("Soil cores/a.tmp", b"a")
    world.drop("Soil cores/a.csv", b"a")
    world.drop("Soil cores/deep/b.tmp", b"b")
    world.drop("Leaves/c.tmp", b"c")
    world.settle()

    world.sync()

    remote = set(world.remote("Soil cores"))
    assert {"a.csv", "deep/b.tmp"} <= remote
    assert "a.tmp" not in remote
    assert world.remote("Leaves") == {"c.tmp": b"c"}
    assert_quiet(world)


def test_a_file_of_rules_in_the_root_rules_everything(world: World) -> None:
    world.drop(".figsyncignore", b"*.tmp\nPrivate/\n")
    for path in ("Soil cores/a.tmp", "Soil cores/a.csv", "Private/b.csv"):
        world.drop(path, path)
    world.settle()

    world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"Soil cores/a.csv"}
    assert len(world.box.web.item_ids()) == 1
    assert_quiet(world)


def test_a_new_file_of_rules_in_the_root_deletes_nothing(world: World) -> None:
    for folder in ("Soil cores", "Private"):
        world.drop(f"{folder}/a.csv", b"1,2")
        world.drop(f"{folder}/b.csv", b"3,4")
    world.settle()
    world.sync()
    local = world.tree()
    world.drop(".figsyncignore", b"a.csv\nPrivate/\n")
    for _ in range(3):
        world.clock.advance(2 * DAY)
        world.sync()

    assert {p: c for p, c in world.tree().items() if p in local} == local
    assert set(world.remote("Private")) == {"a.csv", "b.csv"}
    assert set(world.remote("Soil cores")) == {"a.csv", "b.csv"}


def test_a_file_of_rules_that_hides_synced_files_deletes_nothing(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"3,4", "c.txt": b"c"})
    world.sync()
    local = world.tree()
    world.drop("Soil cores/.figsyncignore", b"*.csv\n")
    world.settle()

    for _ in range(3):
        world.clock.advance(2 * DAY)
        world.sync()

    assert {p: c for p, c in world.tree().items() if p in local} == local
    assert {"a.csv", "b.csv", "c.txt"} <= set(world.box.web.tree(item))
    assert world.trash() == []


def test_a_hidden_file_deleted_on_either_side_stays_on_the_other(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Soil cores")
    ids = world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"3,4", "c": b"c"})
    world.sync()
    world.configure(mirror__ignore="*.csv")
    (world.root / "Soil cores/a.csv").unlink()
    world.box.web.delete_file(ids[1])
    for _ in range(3):
        world.clock.advance(2 * DAY)
        world.sync()

    assert set(world.box.web.tree(item)) == {"a.csv", "c"}
    assert set(world.tree()) == {"Soil cores/b.csv", "Soil cores/c"}


def test_an_item_whose_folder_a_rule_hides_is_not_brought_down(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, mirror__ignore="Secret*/")
    item = world.box.web.create_item("Secret plans")
    world.box.web.add_file(item, "a.csv", b"1,2")

    report = world.sync()

    assert world.tree() == {}
    assert report.exit_code == 0
    assert_quiet(world)
    world.clock.advance(2 * DAY)
    assert_quiet(world)


def test_an_item_renamed_into_a_hidden_name_deletes_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__ignore="Secret*/", deletions__grace="0")
    item = world.box.web.create_item("Plans")
    world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"3,4"})
    world.box.web.add_file(world.box.web.create_item("Leaves"), "c.csv", b"c")
    world.sync()
    local = sorted(world.tree().values())
    world.box.web.edit_item(item, title="Secret plans")

    for _ in range(4):
        world.clock.advance(2 * DAY)
        report = world.sync()

    assert sorted(world.tree().values()) == local
    assert len(world.box.web.tree(item)) == 2
    assert results(report) == []


def test_a_rule_that_no_longer_hides_a_file_lets_it_sync(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__ignore="*.csv")
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Soil cores/b.txt", b"b")
    world.settle()
    world.sync()
    world.configure(mirror__ignore="")

    world.sync()

    assert set(world.remote("Soil cores")) == {"a.csv", "b.txt"}
    assert_quiet(world)


def test_a_rule_taken_from_a_folder_deletes_nothing_until_acknowledged(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, deletions__grace="0")
    item = world.box.web.create_item("Soil cores")
    files = {".figsyncignore": b"*.txt", "a.csv": b"a", "b.txt": b"b", "c.txt": b"c"}
    ids = dict(zip(files, world.box.web.add_files(item, files), strict=True))
    world.sync()
    (world.root / "Soil cores/b.txt").unlink()
    world.box.web.delete_file(ids["c.txt"])
    world.clock.advance(60)
    world.sync()
    world.drop("Soil cores/.figsyncignore", b"# nothing is hidden")
    world.settle()

    for _ in range(2):
        report = world.sync()
        world.clock.advance(DAY)

    assert (world.root / "Soil cores/c.txt").exists()
    assert "b.txt" in world.box.web.tree(item)
    told = "the ignore rules in its folder changed; figsync approve --scope"
    assert told in reasons(report)
    assert report.exit_code == 4
    with world.mirror() as mirror:
        carry_out(mirror, Asked("approve", {"scope": "yes"}))
    world.sync()
    assert not (world.root / "Soil cores/c.txt").exists()
    assert "b.txt" not in world.box.web.tree(item)


def test_rules_that_came_with_their_item_ask_nobody(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {".figsyncignore": b"*.tmp", "a": b"a", "b": b"b"})
    world.sync()
    (world.root / "Soil cores/a").unlink()
    world.sync()
    world.clock.advance(2 * DAY)

    assert world.sync().exit_code == 0
    assert "a" not in world.box.web.tree(item)


@pytest.mark.parametrize("place", ["", "Soil cores/"])
def test_rules_that_can_not_be_read_show_nothing_to_figshare(
    world: World, place: str
) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    world.settle()
    world.sync()
    world.drop("Soil cores/secret.txt", b"not for Figshare")
    (world.folder / "rules").write_bytes(b"secret.txt\n")
    (world.root / f"{place}.figsyncignore").symlink_to(world.folder / "rules")
    world.settle()
    world.box.log.clear()

    with suppress(DiskProblem):
        report = world.sync()
        assert report.not_uploadable

    assert world.box.log.mutations() == ()
