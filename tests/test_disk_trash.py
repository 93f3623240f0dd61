"""Promise 2: nothing is removed but to the trash, and there is a way back."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

import pytest

from figsync.disk import Disk
from figsync.errors import DiskProblem, Stale, WrongUsage
from tests.disk_box import (
    NOON,
    Dying,
    Failing,
    Killed,
    Meddling,
    Poor,
    StillClock,
    a_disk,
    in_trash,
    put,
    seen,
)

POOR = [(), ("rename_new",), ("rename_new", "link")]
poor = pytest.mark.parametrize("lacking", POOR, ids=["linux", "nfs", "exfat"])


@poor
def test_trash_keeps_path_and_time(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), a="old")

    trashed = disk.trash("Item/a", seen(disk, "Item/a"))

    assert trashed == "20261120T160000Z/Item/a"
    assert disk.stat("Item/a") is None
    [file] = disk.trash_list()
    assert (file.id, file.path, file.when, file.size) == (trashed, "Item/a", NOON, 3)


def test_trashing_what_is_gone_is_success(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="old")
    stat = seen(disk, "Item/a")
    (tmp_path / "Item/a").unlink()

    assert disk.trash("Item/a", stat) == ""
    assert disk.trash("None/at/all", stat) == ""


def test_only_the_expected_file_is_trashed(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="old", b="old")
    stat = seen(disk, "Item/a")
    put(tmp_path, "Item/a", "edited")

    with pytest.raises(Stale):
        disk.trash("Item/a", stat)
    with pytest.raises(Stale):
        disk.trash("Item/b", seen(disk, "Item/b"), md5="0" * 32)

    assert (tmp_path / "Item/a").read_text() == "edited"
    assert (tmp_path / "Item/b").read_text() == "old"
    assert in_trash(disk) == []


def test_bytes_that_agree_are_trashed(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="old")

    disk.trash("Item/a", seen(disk, "Item/a"), md5=disk.hash("Item/a").md5)

    assert in_trash(disk) == [("Item/a", "old")]


def test_a_save_made_in_between_goes_back(tmp_path: Path) -> None:
    def save() -> None:
        put(tmp_path, "Item/new", "saved just now")
        (tmp_path / "Item/new").rename(tmp_path / "Item/a")

    disk = a_disk(tmp_path, Meddling("rename_new", save), a="old")

    with pytest.raises(Stale):
        disk.trash("Item/a", seen(disk, "Item/a"))

    assert (tmp_path / "Item/a").read_text() == "saved just now"
    assert in_trash(disk) == []


def test_two_files_of_one_path_in_one_second_are_both_kept(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    for content in ("one", "two", "three"):
        put(tmp_path, "Item/a", content)
        disk.trash("Item/a", seen(disk, "Item/a"))
    put(tmp_path, "Item/a/under", "a folder by now")
    disk.trash("Item/a/under", seen(disk, "Item/a/under"))

    assert [content for _, content in in_trash(disk)] == [
        "one",
        "two",
        "three",
        "a folder by now",
    ]


def test_restore_brings_the_newest_back_and_overwrites_nothing(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    for content in ("one", "two", "three"):
        put(tmp_path, "Item/a.txt", content)
        disk.trash("Item/a.txt", seen(disk, "Item/a.txt"))
    (tmp_path / "Item").rmdir()

    paths = [disk.trash_restore("Item/a.txt") for _ in range(3)]

    assert paths == ["Item/a.txt", "Item/a (restored).txt", "Item/a (restored 2).txt"]
    assert [(tmp_path / path).read_text() for path in paths] == ["three", "two", "one"]
    assert list(disk.own_path("trash").iterdir()) == []


def test_restore_knows_ids_and_other_places(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="old")
    trashed = disk.trash("Item/a", seen(disk, "Item/a"))

    assert disk.trash_restore(trashed, to="Else/b") == "Else/b"

    assert (tmp_path / "Else/b").read_text() == "old"


@pytest.mark.parametrize("to", ["../out", "/etc/x", ".figsync/marker.json", "a/../b"])
def test_restore_never_leaves_the_mirror(tmp_path: Path, to: str) -> None:
    disk = a_disk(tmp_path / "root", a="old")
    disk.trash("Item/a", seen(disk, "Item/a"))

    with pytest.raises(DiskProblem):
        disk.trash_restore("Item/a", to)

    assert in_trash(disk) == [("Item/a", "old")]


def test_a_restored_name_is_never_too_long(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    path = "Item/" + "é" * 125 + ".txt"
    put(tmp_path, path, "old")
    disk.trash(path, seen(disk, path))
    put(tmp_path, path, "new")

    restored = disk.trash_restore(path)

    assert restored.endswith("é (restored).txt")
    assert (tmp_path / restored).read_text() == "old"


def test_restoring_what_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="figsync trash list"):
        a_disk(tmp_path).trash_restore("Item/a")


def test_only_what_is_old_expires(tmp_path: Path) -> None:
    clock = StillClock()
    a_disk(tmp_path, a="1", b="2")
    disk = Disk(tmp_path, clock=clock)
    disk.trash("Item/a", seen(disk, "Item/a"))
    clock.time += 86_400
    disk.trash("Item/b", seen(disk, "Item/b"))
    (disk.own_path("trash") / "kept by hand").mkdir()

    assert disk.trash_expire(NOON) == 0
    assert disk.trash_expire(NOON + 1) == 1

    assert in_trash(disk) == [("Item/b", "2")]
    assert (disk.own_path("trash") / "kept by hand").is_dir()


def test_expiry_never_follows_a_link(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "root")
    put(tmp_path, "precious/file", "kept")
    old = disk.own_path("trash") / "20200101T000000Z"
    old.mkdir()
    (old / "link").symlink_to(tmp_path / "precious")

    disk.trash_expire(NOON)

    assert not old.exists()
    assert (tmp_path / "precious/file").read_text() == "kept"


@poor
def test_a_kill_at_any_step_of_trashing_loses_nothing(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    step, died = 0, True
    while died:
        root = tmp_path / str(step)
        calls = Dying(step, *lacking)
        disk = a_disk(root, calls, a="old")

        with suppress(Killed):
            disk.trash("Item/a", seen(disk, "Item/a"))
        died = calls.died

        survivor = Disk(root, clock=StillClock())
        survivor.clear_temp()
        assert survivor.stat("Item/a") or in_trash(survivor) == [("Item/a", "old")]
        step += 1
    assert step > 8


@poor
def test_a_failure_at_any_step_of_trashing_loses_nothing(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    nth, failed = 0, True
    while failed:
        calls = Failing(nth, errno.EIO, *lacking)
        disk = a_disk(tmp_path / str(nth), calls, a="old")

        try:
            disk.trash("Item/a", seen(disk, "Item/a"))
        except DiskProblem as error:
            assert "input/output" in str(error)
        failed = calls.failed

        assert disk.stat("Item/a") or in_trash(disk) == [("Item/a", "old")]
        nth += 1


def test_a_trash_that_can_not_be_used_is_told_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    disk = a_disk(tmp_path, a="old")
    disk.own_path("trash").rmdir()
    disk.own_path("trash").write_text("a file")

    with pytest.raises(DiskProblem):
        disk.trash("Item/a", seen(disk, "Item/a"))

    assert (tmp_path / "Item/a").read_text() == "old"
