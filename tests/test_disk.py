"""Figsync's own folder, the records, what a disk can do, and the way out: none."""

from __future__ import annotations

import ast
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pytest

import figsync.disk
from figsync.disk import Disk
from figsync.errors import DiskProblem, FigsyncError, Stale
from figsync.model import FileStat
from tests.disk_box import Poor, StillClock, a_disk, in_temp, in_trash, put, seen

HOSTILE = [
    "../out",
    "Item/../../out",
    "/etc/out",
    "Item//out",
    "Item/./out",
    "Item/out/",
    "",
    "Item/o\0ut",
    "Item/\ud800",
    ".figsync/out",
    ".FigSync/out",
    ".figsync",
    "link/out",
    "Item/link/out",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_no_name_leads_out_of_the_mirror(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    disk = a_disk(root, a="1")
    (tmp_path / "outside").mkdir()
    put(tmp_path, "outside/out", "kept")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "Item/link").symlink_to(tmp_path / "outside")
    before = everything(tmp_path)
    stat = seen(disk, "Item/a")

    attempts: tuple[Callable[[], object], ...] = (
        lambda: disk.write_small(path, b"x", expect=None),
        lambda: disk.write_small(path, b"x", expect=stat),
        lambda: disk.move("Item/a", path, expect=stat),
        lambda: disk.rename_folder("Item", path),
        lambda: disk.move(path, "Item/b", expect=stat),
        lambda: trash_something(disk, path, stat),
        lambda: disk.open(path),
    )
    for attempt in attempts:
        with pytest.raises(FigsyncError):
            attempt()

    assert everything(tmp_path) == before


def trash_something(disk: Disk, path: str, stat: FileStat) -> None:
    if not disk.trash(path, stat):
        raise Stale(path, "nothing was there")


def everything(folder: Path) -> set[tuple[str, str]]:
    return {
        (str(path), path.read_text() if path.is_file() else "")
        for path in folder.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }


def test_a_link_in_the_way_is_an_error_and_not_absence(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    (tmp_path / "Item/link").symlink_to("/etc")

    with pytest.raises(DiskProblem, match="Item/link: it is a symbolic link"):
        disk.stat("Item/link/passwd")
    with pytest.raises(DiskProblem, match="symbolic link"):
        disk.entries("Item/link")


def test_folders_of_figsync_are_private_and_made_once(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    disk.prepare()

    own = tmp_path / ".figsync"
    assert sorted(p.name for p in own.iterdir()) == ["tmp", "trash"]
    assert own.stat().st_mode & 0o777 == 0o700


def test_a_link_in_place_of_figsyncs_folder_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / ".figsync").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(DiskProblem, match="symbolic link"):
        Disk(root, clock=StillClock()).prepare()

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_leftovers_of_a_dead_process_are_cleared(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    (disk.own_path("tmp") / "f1").write_text("half")
    (disk.own_path("tmp") / "mode.1").mkdir()

    assert disk.clear_temp() == 2
    assert in_temp(disk) == []


def test_the_marker_comes_back_as_it_was_written(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)

    assert disk.read_marker() is None
    disk.write_marker({"account": "7"})
    disk.write_marker({"account": "8", "api": "https://é"})

    assert disk.read_marker() == {"account": "8", "api": "https://é"}
    assert in_temp(disk) == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_damaged_marker_is_never_no_marker(tmp_path: Path, content: bytes) -> None:
    disk = a_disk(tmp_path)
    disk.write_own("marker.json", content)

    with pytest.raises(DiskProblem, match="the marker is damaged"):
        disk.read_marker()


def test_a_file_of_its_own_is_removed_and_gone_is_gone(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    disk.write_own("watch.proof", b"")

    disk.remove_own("watch.proof")
    disk.remove_own("watch.proof")

    assert disk.read_own("watch.proof") is None


def test_a_record_is_written_only_when_it_differs(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")

    assert disk.read_record("Item") is None
    assert disk.write_record("Item", b"{}")
    before = disk.stat("Item/.figshare/record.json")
    assert not disk.write_record("Item", b"{}")
    assert disk.stat("Item/.figshare/record.json") == before
    assert disk.write_record("Item", b"{1}")

    assert disk.read_record("Item") == b"{1}"
    assert in_temp(disk) == []


def test_a_record_never_brings_a_folder_back(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)

    with pytest.raises(Stale):
        disk.write_record("Gone", b"{}")

    assert not (tmp_path / "Gone").exists()


def test_a_record_is_never_written_through_a_link(tmp_path: Path) -> None:
    disk = a_disk(tmp_path / "root", a="1")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root/Item/.figshare").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(DiskProblem):
        disk.write_record("Item", b"{}")

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_record_that_is_no_record_is_told(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    (tmp_path / "Item/.figshare").mkdir()
    os.mkfifo(tmp_path / "Item/.figshare/record.json")

    with pytest.raises(DiskProblem, match="pipe, socket or device"):
        disk.read_record("Item")


def test_a_record_above_16_mib_is_not_read(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    (tmp_path / "Item/.figshare").mkdir()
    with (tmp_path / "Item/.figshare/record.json").open("wb") as file:
        file.truncate((16 << 20) + 1)

    with pytest.raises(DiskProblem, match="far too large"):
        disk.read_record("Item")


def test_a_foreign_record_is_set_aside(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    disk.write_record("Item", b"foreign")

    assert disk.set_aside_record("Item").endswith("/Item/.figshare/record.json")
    assert disk.set_aside_record("Item") == ""

    assert in_trash(disk) == [("Item/.figshare/record.json", "foreign")]
    assert not (tmp_path / "Item/.figshare").exists()


def test_the_probe_finds_what_is_there_and_leaves_nothing(tmp_path: Path) -> None:
    rich = a_disk(tmp_path / "rich").probe()
    poor = a_disk(tmp_path / "poor", Poor("exchange", "rename_new")).probe()

    assert (rich.case_sensitive, rich.normalises) == (True, False)
    assert not (poor.can_exchange or poor.can_noreplace)
    assert list((tmp_path / "rich/.figsync/tmp").iterdir()) == []
    assert list((tmp_path / "poor/.figsync/tmp").iterdir()) == []


def test_a_full_disk_while_probing_is_told(tmp_path: Path) -> None:
    class Full(Poor):
        def before(self, call: str, name: str) -> None:
            if call == "exchange":
                raise OSError(errno.ENOSPC, "full", name)

    with pytest.raises(DiskProblem, match="no room"):
        a_disk(tmp_path, Full()).probe()


def test_every_change_goes_through_the_one_seam() -> None:
    changing = {"rename", "replace", "link", "unlink", "remove", "rmdir", "mkdir"}
    changing |= {"write", "fsync", "fchmod", "chmod", "utime", "symlink", "truncate"}
    changing |= {"makedirs", "write_text", "write_bytes", "touch", "rmtree"}

    found = [
        f"{module.name}:{node.lineno}"
        for module in Path(figsync.disk.__file__).parent.glob("*.py")
        if module.name != "calls.py"
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in changing
        and ast.unparse(node.func.value) in ("os", "shutil", "self.root")
    ]

    assert found == []


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    (tmp_path / "Item/link").symlink_to("/etc")
    before = len(list(Path("/proc/self/fd").iterdir()))

    for path in ("Item/a", "Item/new", "Item/link/x", "Item/a/x", "../x", "None/x"):
        for attempt in (disk.stat, disk.open, disk.hash, disk.entries):
            with suppress(FigsyncError):
                found = attempt(path)
                if isinstance(found, FileIO):
                    found.close()
        with suppress(FigsyncError):
            disk.write_small(path, b"x", expect=None)
    disk.trash("Item/a", seen(disk, "Item/a"))
    disk.trash_restore("Item/a")

    assert len(list(Path("/proc/self/fd").iterdir())) == before
