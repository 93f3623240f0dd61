"""Every change below the root is a hint at its folder, and nothing else is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from figsync.watch import Watching
from tests.watch.ground import Ground

EVENTS = Watching("events")


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    ground = Ground(tmp_path, "Earth", "Mars")
    (ground.root / "Earth" / "a.txt").write_text("a")
    return ground


def test_a_new_file_is_a_hint_at_its_folder(ground: Ground):
    with ground.watched() as watch:
        (ground.root / "Earth" / "b.txt").write_text("b")

        assert ground.hinted() == {"Earth"}
        assert watch.watching == EVENTS
        assert watch.is_alive()


def test_a_file_deep_below_is_a_hint_at_the_folder_of_the_root(ground: Ground):
    deep = ground.root / "Earth" / "raw" / "2026"
    deep.mkdir(parents=True)

    with ground.watched():
        (deep / "b.txt").write_text("b")

        assert ground.hinted() == {"Earth"}


def test_a_file_that_grows_stays_a_source_of_hints(ground: Ground):
    with ground.watched(), (ground.root / "Earth" / "log").open("wb", 0) as log:
        ground.until_hinted("Earth")
        for _ in range(3):
            ground.hinted()
            ground.forget()
            log.write(b"more")
            ground.until_hinted("Earth")


def test_a_save_by_temp_and_rename_is_a_hint(ground: Ground):
    temp = ground.root / "Earth" / ".a.txt.swp"
    temp.write_text("new")

    with ground.watched():
        temp.replace(ground.root / "Earth" / "a.txt")

        assert ground.hinted() == {"Earth"}


def test_a_deletion_is_a_hint(ground: Ground):
    with ground.watched():
        (ground.root / "Earth" / "a.txt").unlink()

        assert ground.hinted() == {"Earth"}


def test_other_times_and_rights_are_hints(ground: Ground):
    with ground.watched():
        os.utime(ground.root / "Earth" / "a.txt", (1, 1))
        assert ground.hinted() == {"Earth"}
        ground.forget()

        (ground.root / "Mars").chmod(0o700)
        assert ground.hinted() == {"Mars"}


def test_a_move_is_a_hint_at_both_ends(ground: Ground):
    with ground.watched():
        (ground.root / "Earth" / "a.txt").rename(ground.root / "Mars" / "a.txt")

        assert ground.hinted() == {"Earth", "Mars"}


def test_a_renamed_folder_is_a_hint_at_both_names(ground: Ground):
    with ground.watched():
        (ground.root / "Earth").rename(ground.root / "Terra")
        assert ground.hinted() == {"Earth", "Terra"}
        ground.forget()

        (ground.root / "Terra" / "b.txt").write_text("b")
        assert ground.hinted() == {"Terra"}


def test_a_new_folder_and_what_follows_in_it_are_hints(ground: Ground):
    with ground.watched():
        (ground.root / "Venus").mkdir()
        assert ground.hinted() == {"Venus"}
        ground.forget()

        (ground.root / "Venus" / "raw").mkdir()
        (ground.root / "Venus" / "raw" / "b.txt").write_text("b")
        assert ground.hinted() == {"Venus"}
        ground.forget()

        (ground.root / "Venus" / "raw" / "b.txt").write_text("c")
        assert ground.hinted() == {"Venus"}


def test_a_loose_file_is_a_hint_at_the_root(ground: Ground):
    with ground.watched():
        (ground.root / "loose.csv").write_text("x")

        assert ground.hinted() == {""}


def test_a_file_that_leaves_the_root_is_a_hint_at_the_root(ground: Ground):
    (ground.root / "loose.csv").write_text("x")

    with ground.watched():
        (ground.root / "loose.csv").rename(ground.root / "Mars" / "loose.csv")

        assert ground.hinted() == {"", "Mars"}


def test_changed_rules_are_a_hint_at_the_root(ground: Ground):
    with ground.watched():
        (ground.root / ".figsyncignore").write_text("*.tmp\n")

        assert ground.hinted() == {""}


def test_reading_is_no_hint(ground: Ground):
    with ground.watched():
        assert (ground.root / "Earth" / "a.txt").read_text() == "a"
        assert [path.name for path in (ground.root / "Earth").iterdir()] == ["a.txt"]
        ground.disk.hash("Earth/a.txt")

        assert ground.hinted() == set()


def test_what_is_figsyncs_own_is_no_hint(ground: Ground):
    ground.disk.write_record("Earth", b"{}")

    with ground.watched():
        ground.disk.write_own("exclusions.json", b"[]")
        ground.disk.write_record("Earth", b'{"id": 1}')
        with ground.disk.temp("file-1") as temp:
            temp.write(b"x")

        assert ground.hinted() == set()


def test_a_name_hidden_in_the_root_is_no_hint(ground: Ground):
    with ground.watched():
        (ground.root / ".cache").mkdir()
        (ground.root / ".cache" / "x").write_text("x")
        (ground.root / ".DS_Store").write_text("x")

        assert ground.hinted() == set()


def test_a_lost_record_folder_is_a_hint(ground: Ground):
    ground.disk.write_record("Earth", b"{}")

    with ground.watched():
        shutil.rmtree(ground.root / "Earth" / ".figshare")

        assert ground.hinted() == {"Earth"}


def test_bytes_moved_to_the_trash_are_a_hint_at_their_folder_alone(ground: Ground):
    stat = ground.disk.stat("Earth/a.txt")
    assert stat is not None

    with ground.watched():
        ground.disk.trash("Earth/a.txt", stat)

        assert ground.hinted() == {"Earth"}


def test_a_folder_moved_in_from_outside_is_watched(ground: Ground, tmp_path: Path):
    (tmp_path / "Venus" / "raw").mkdir(parents=True)

    with ground.watched():
        (tmp_path / "Venus").rename(ground.root / "Venus")
        assert ground.hinted() == {"Venus"}
        ground.forget()

        (ground.root / "Venus" / "raw" / "b.txt").write_text("b")
        assert ground.hinted() == {"Venus"}


def test_a_folder_that_left_and_came_back_is_watched(ground: Ground, tmp_path: Path):
    with ground.watched() as watch:
        (ground.root / "Earth").rename(tmp_path / "Earth")
        assert ground.hinted() == {"Earth"}
        ground.forget()

        (tmp_path / "Earth").rename(ground.root / "Terra")
        (ground.root / "Terra" / "b.txt").write_text("b")
        assert "Terra" in ground.hinted()
        assert watch.watching == EVENTS
        assert watch.is_alive()


def test_a_folder_put_in_the_place_of_another_is_watched(
    ground: Ground, tmp_path: Path
):
    (tmp_path / "Earth" / "raw").mkdir(parents=True)

    with ground.watched():
        (ground.root / "Earth").rename(tmp_path / "Old")
        (tmp_path / "Earth").rename(ground.root / "Earth")
        assert ground.hinted() == {"Earth"}
        ground.forget()

        (ground.root / "Earth" / "raw" / "b.txt").write_text("b")
        assert ground.hinted() == {"Earth"}


def test_a_link_to_a_folder_is_not_followed(ground: Ground, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()

    with ground.watched():
        (ground.root / "Earth" / "link").symlink_to(outside)
        assert ground.hinted() == {"Earth"}
        ground.forget()

        (outside / "b.txt").write_text("b")
        assert ground.hinted() == set()


def test_names_that_are_no_text_are_hints(ground: Ground):
    name = os.fsdecode(b"caf\xe9")
    with ground.watched():
        (ground.root / name).mkdir()
        (ground.root / name / name).write_text("x")

        assert ground.hinted() == {name}


def test_a_moved_folder_of_thousands_is_seen(ground: Ground):
    many = ground.root / "Earth" / "many"
    many.mkdir()
    for number in range(3000):
        (many / f"{number}.txt").touch()

    with ground.watched() as watch:
        many.rename(ground.root / "Mars" / "many")

        assert ground.hinted() == {"Earth", "Mars"}
        assert watch.watching == EVENTS


def test_two_thousand_files_copied_in_are_all_watched(ground: Ground, tmp_path: Path):
    source = tmp_path / "source"
    for number in range(2000):
        target = source / f"{number % 40}" / f"{number}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(str(number))

    with ground.watched() as watch:
        shutil.copytree(source, ground.root / "Venus")
        assert ground.hinted() == {"Venus"}

        # Each folder that came is watched by itself from now on.
        for number in range(40):
            ground.hinted()
            ground.forget()
            (ground.root / "Venus" / f"{number}" / f"{number}.txt").write_text("new")
            ground.until_hinted("Venus")
        assert watch.watching == EVENTS
