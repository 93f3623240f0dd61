"""Promise 1: at every instant complete old bytes or complete new ones."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from figsync.disk import Calls, Disk, Installed
from figsync.errors import DiskProblem, FigsyncError, NoRoom, Stale
from tests.disk_box import (
    NOON,
    Dying,
    Failing,
    Killed,
    Meddling,
    Poor,
    StillClock,
    a_disk,
    in_temp,
    in_trash,
    put,
    seen,
)

POOR = [(), ("exchange", "rename_new"), ("exchange", "rename_new", "link")]
poor = pytest.mark.parametrize("lacking", POOR, ids=["linux", "nfs", "exfat"])


def install(
    disk: Disk,
    path: str,
    content: str,
    *,
    mtime: float | None = None,
    keep_as: str = "",
) -> Installed:
    expect = disk.stat(path)
    with disk.temp("f1", path) as temp:
        temp.write(content.encode())
        return disk.install(temp, path, expect=expect, mtime=mtime, keep_as=keep_as)


@poor
def test_a_new_file_gets_its_folders_and_they_are_told(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    disk = a_disk(tmp_path, Poor(*lacking))

    done = install(disk, "Item/sub/deep/a", "new", mtime=NOON)

    assert done.made == ("Item", "Item/sub", "Item/sub/deep")
    assert done.stat == disk.stat("Item/sub/deep/a")
    assert done.stat.mtime_ns == NOON * 1e9
    assert (tmp_path / "Item/sub/deep/a").read_text() == "new"
    assert in_temp(disk) == []


@poor
def test_what_is_replaced_goes_to_the_trash(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), a="old")

    done = install(disk, "Item/a", "new")

    assert (tmp_path / "Item/a").read_text() == "new"
    assert in_trash(disk) == [("Item/a", "old")]
    assert done.displaced == disk.trash_list()[0].id
    assert not done.displaced_unexpected
    assert done.made == ()
    assert done.stat == disk.stat("Item/a")
    assert in_temp(disk) == []


@poor
def test_what_is_replaced_can_stay_beside(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), a="mine")

    done = install(disk, "Item/a", "theirs", keep_as="Item/a (conflict)")

    assert (tmp_path / "Item/a").read_text() == "theirs"
    assert (tmp_path / "Item/a (conflict)").read_text() == "mine"
    assert done.displaced == "Item/a (conflict)"
    assert in_trash(disk) == []


def test_a_taken_name_to_keep_under_changes_nothing(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="mine", other="precious")

    with pytest.raises(Stale):
        install(disk, "Item/a", "theirs", keep_as="Item/other")

    assert (tmp_path / "Item/a").read_text() == "mine"
    assert (tmp_path / "Item/other").read_text() == "precious"
    assert in_temp(disk) == []


@poor
def test_a_taken_new_name_is_stale(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), a="mine")

    with disk.temp("f1") as temp, pytest.raises(Stale):
        temp.write(b"theirs")
        disk.install(temp, "Item/a", expect=None)

    assert (tmp_path / "Item/a").read_text() == "mine"
    assert in_temp(disk) == []


@pytest.mark.parametrize("now", ["edited", None])
def test_a_file_that_is_not_what_was_expected_is_left(
    tmp_path: Path, now: str | None
) -> None:
    disk = a_disk(tmp_path, a="old")
    expect = seen(disk, "Item/a")
    put(tmp_path, "Item/a", now) if now else (tmp_path / "Item/a").unlink()

    with disk.temp("f1") as temp, pytest.raises(Stale):
        temp.write(b"theirs")
        disk.install(temp, "Item/a", expect=expect)

    assert not now or (tmp_path / "Item/a").read_text() == now
    assert in_trash(disk) == []
    assert in_temp(disk) == []


@pytest.mark.parametrize("call", ["rename_new", "exchange"])
def test_a_save_made_in_between_is_kept_and_reported(tmp_path: Path, call: str) -> None:
    calls = Meddling(call, lambda: put(tmp_path, "Item/a", "saved just now"))
    disk = a_disk(tmp_path, calls, a="old")

    done = install(disk, "Item/a", "theirs")

    assert done.displaced_unexpected
    assert in_trash(disk) == [("Item/a", "saved just now")]
    restored = disk.trash_restore(done.displaced, "Item/a (conflict)")
    assert (tmp_path / restored).read_text() == "saved just now"


@pytest.mark.parametrize("lacking", POOR[1:], ids=["nfs", "exfat"])
def test_a_save_made_in_between_is_noticed_by_poor_disks(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    class Calls(Poor):
        def after(self, call: str, name: str) -> None:
            duplicated = name == "a" if call == "link" else name.endswith("-copy")
            if call in ("link", "create") and duplicated:
                (tmp_path / "Item/a").unlink()
                put(tmp_path, "Item/a", "saved just now")

    disk = a_disk(tmp_path, Calls("exchange", "rename_new", *lacking), a="old")

    with pytest.raises(Stale):
        install(disk, "Item/a", "theirs")

    assert (tmp_path / "Item/a").read_text() == "saved just now"
    assert in_temp(disk) == []


def test_a_file_that_goes_in_between_is_stale(tmp_path: Path) -> None:
    calls = Meddling("exchange", lambda: (tmp_path / "Item/a").unlink())
    disk = a_disk(tmp_path, calls, a="old")

    with pytest.raises(Stale):
        install(disk, "Item/a", "theirs")

    assert disk.stat("Item/a") is None
    assert in_trash(disk) == []
    assert in_temp(disk) == []


def test_an_edit_right_after_does_not_pass_for_what_was_installed(
    tmp_path: Path,
) -> None:
    class Editor(Calls):
        def after(self, call: str, name: str) -> None:
            if call == "rename_new" and name == "a":
                put(tmp_path, "Item/a", "edited at once")

    disk = a_disk(tmp_path, Editor())

    done = install(disk, "Item/a", "new")

    assert done.stat != disk.stat("Item/a")
    assert done.stat.size == 3


def test_permissions_are_ordinary_once_installed_and_private_before(
    tmp_path: Path,
) -> None:
    disk = a_disk(tmp_path)
    old = os.umask(0o027)
    try:
        with disk.temp("f1", "a") as temp:
            temp.write(b"x")
            [name] = in_temp(disk)
            private = disk.own_path("tmp") / name
            assert stat.S_IMODE(private.stat().st_mode) == 0o600
            disk.install(temp, "a", expect=None)
    finally:
        os.umask(old)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / ".figsync").stat().st_mode) == 0o700


def test_a_temp_counts_and_sums_what_is_written(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)

    with disk.temp("../../etc/\0passwd\n" * 50) as temp:
        temp.write(b"hello ")
        temp.write(b"world")
        assert (temp.size, temp.md5) == (11, "5eb63bbbe01eeed093cb22bb8f5acdc3")
        assert len(in_temp(disk)) == 1

    assert in_temp(disk) == []


def test_two_temps_of_one_name_are_two_files(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)

    with disk.temp("f1") as one, disk.temp("f1") as other:
        one.write(b"1")
        other.write(b"2")
        disk.install(other, "other", expect=None)
        disk.install(one, "one", expect=None)

    assert (tmp_path / "one").read_text() == "1"
    assert (tmp_path / "other").read_text() == "2"


@poor
def test_a_kill_at_any_step_leaves_old_or_new_and_loses_nothing(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    for keep_as in ("", "Item/kept"):
        step, died = 0, True
        while died:
            root = tmp_path / f"{keep_as[-4:]}{step}"
            a_disk(root, a="old")
            calls = Dying(step, *lacking)
            disk = Disk(root, clock=StillClock(), calls=calls)

            with suppress(Killed):
                install(disk, "Item/a", "new bytes", keep_as=keep_as)
            died = calls.died

            survivor = Disk(root, clock=StillClock())
            survivor.clear_temp()
            assert_nothing_lost(survivor)
            for kept in (root / "Item").iterdir():
                assert kept.read_text() in ("old", "new bytes"), f"half {kept.name}"
            step += 1
        assert step > 15


@poor
def test_a_failure_at_any_step_leaves_old_or_new_and_loses_nothing(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    nth, failed = 0, True
    while failed:
        calls = Failing(nth, errno.ENOSPC, *lacking)
        disk = a_disk(tmp_path / str(nth), calls, a="old")

        try:
            install(disk, "Item/a", "new bytes")
        except FigsyncError as error:
            assert isinstance(error, NoRoom)
        failed = calls.failed

        assert_nothing_lost(disk)
        nth += 1
    assert nth > 8


def assert_nothing_lost(disk: Disk) -> None:
    kept = [content for _, content in in_trash(disk)]
    if disk.stat("Item/kept"):
        kept.append((disk.root / "Item/kept").read_text())
    now = (disk.root / "Item/a").read_text()
    assert now == "old" or (now == "new bytes" and "old" in kept)


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.ENOSPC, NoRoom, "Item/a: no room is left on the disk; free some space"),
        (errno.EDQUOT, NoRoom, "no room is left"),
        (errno.EACCES, DiskProblem, "Item/a: permission denied; check"),
        (errno.EROFS, DiskProblem, "the disk is read-only; mount it writable"),
        (errno.EIO, DiskProblem, "the disk reports an input/output error"),
        (errno.ENXIO, DiskProblem, "No such device or address; look at the disk"),
    ],
)
def test_a_failure_names_file_cause_and_next_step(
    tmp_path: Path, code: int, kind: type[DiskProblem], words: str
) -> None:
    disk = a_disk(tmp_path, Failing(3, code))

    with pytest.raises(kind, match=words):
        install(disk, "Item/a", "new")

    assert in_temp(disk) == []


def test_a_small_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    first = disk.write_small("Item/l.url", b"one", expect=None)

    disk.write_small("Item/l.url", b"two", expect=first.stat)

    assert (tmp_path / "Item/l.url").read_bytes() == b"two"
    with pytest.raises(Stale):
        disk.write_small("Item/l.url", b"three", expect=first.stat)


@poor
def test_a_move_takes_a_new_name_only(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), a="1", b="2")
    stat = seen(disk, "Item/a")

    with pytest.raises(Stale):
        disk.move("Item/a", "Item/b", expect=stat)
    assert disk.move("Item/a", "Item/sub/c", expect=seen(disk, "Item/a")) == (
        "Item/sub",
    )

    assert (tmp_path / "Item/sub/c").read_text() == "1"
    assert (tmp_path / "Item/b").read_text() == "2"
    assert disk.stat("Item/a") is None


def test_a_move_of_what_changed_or_went_is_stale(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    stat = seen(disk, "Item/a")
    put(tmp_path, "Item/a", "edited")

    with pytest.raises(Stale):
        disk.move("Item/a", "New/b", expect=stat)
    with pytest.raises(Stale):
        disk.move("Item/none", "New/b", expect=stat)

    assert (tmp_path / "Item/a").read_text() == "edited"
    assert not (tmp_path / "New").exists()


def test_a_save_in_the_middle_of_a_move_stays_where_it_was_made(tmp_path: Path) -> None:
    def save() -> None:
        (tmp_path / "Item/a").unlink()
        put(tmp_path, "Item/a", "saved just now")

    disk = a_disk(tmp_path, Meddling("rename_new", save), a="1")

    with pytest.raises(Stale):
        disk.move("Item/a", "Item/b", expect=seen(disk, "Item/a"))

    assert (tmp_path / "Item/a").read_text() == "saved just now"


@poor
def test_a_folder_is_renamed_to_a_new_name_only(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), a="1")
    (tmp_path / "Taken").mkdir()

    with pytest.raises(Stale):
        disk.rename_folder("Item", "Taken")
    with pytest.raises(Stale):
        disk.rename_folder("None", "Else")
    disk.rename_folder("Item", "Renamed")

    assert (tmp_path / "Renamed/a").read_text() == "1"
    assert (tmp_path / "Taken").is_dir()


def test_only_named_and_empty_folders_are_removed(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    (tmp_path / "Item/x/y/z").mkdir(parents=True)
    (tmp_path / "Item/other").mkdir()

    gone = disk.remove_empty_folders(
        ["Item", "Item/x", "Item/x/y", "Item/x/y/z", "Item/none", "Item/a"]
    )

    assert gone == ("Item/x/y/z", "Item/x/y", "Item/x")
    assert (tmp_path / "Item/other").is_dir()
    assert (tmp_path / "Item/a").is_file()


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)

    assert disk.make_folder("A/b") == ("A", "A/b")
    assert disk.make_folder("A/b") == ()


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")

    with pytest.raises(DiskProblem, match="a file stands where a folder is needed"):
        install(disk, "Item/a/b", "new")


class Order(Calls):
    """Notes what was done, in its order."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def after(self, call: str, name: str) -> None:
        self.done.append((call, name))


def test_a_new_file_is_on_the_disk_before_it_is_said(tmp_path: Path) -> None:
    order = Order()
    disk = a_disk(tmp_path, order, a="old")

    install(disk, "Item/b", "new")

    done = [call for call, _ in order.done]
    assert done.index("sync") < done.index("rename_new")
    assert done[done.index("rename_new") :] == ["rename_new", "sync_folder"]


def test_everything_is_on_the_disk_before_it_is_said(tmp_path: Path) -> None:
    order = Order()
    disk = a_disk(tmp_path, order, a="old")

    install(disk, "Item/a", "new")

    done = [call for call, _ in order.done]
    assert done.index("sync") < done.index("exchange")
    assert done[done.index("exchange") :] == ["exchange", "sync_folder", "sync_folder"]


@poor
def test_a_folder_is_never_replaced_by_a_file(
    tmp_path: Path, lacking: tuple[str, ...]
) -> None:
    disk = a_disk(tmp_path, Poor(*lacking), **{"d/inner": "1"})
    folder = disk.stat("Item/d")
    assert folder is not None

    with pytest.raises(Stale), disk.temp("new") as temp:
        temp.write(b"2")
        disk.install(temp, "Item/d", expect=folder)

    assert (tmp_path / "Item/d/inner").read_text() == "1"
