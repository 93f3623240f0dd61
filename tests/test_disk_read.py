"""Reading the mirror: what is there, its checksums, its parts."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from figsync.disk import Disk
from figsync.errors import DiskProblem, Interrupted, Stale
from tests.disk_box import StillClock, a_disk, put, seen


def md5(content: bytes) -> bytes:
    return hashlib.md5(content).digest()


def test_stat_tells_the_four_kinds_apart_and_nothing(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    (tmp_path / "Item/link").symlink_to("a")
    os.mkfifo(tmp_path / "Item/pipe")

    kinds = [
        found.kind if (found := disk.stat(f"Item{name}")) else None
        for name in ("", "/a", "/link", "/pipe", "/none", "/none/deeper", "/a/deeper")
    ]

    assert kinds == ["folder", "file", "symlink", "special", None, None, None]


def test_entries_are_all_names_links_not_followed(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="four")
    (tmp_path / "Item/sub").mkdir()
    (tmp_path / "Item/link").symlink_to("/etc")

    entries = {name: stat for name, stat in disk.entries("Item")}

    assert {name: stat and stat.kind for name, stat in entries.items()} == {
        "a": "file",
        "sub": "folder",
        "link": "symlink",
    }
    assert entries["a"] == disk.stat("Item/a")


def test_names_that_are_not_utf_8_come_as_text_that_leads_back(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    with open(os.fsencode(tmp_path) + b"/Item/caf\xe9", "wb") as file:  # noqa: PTH123
        file.write(b"coffee")

    name = next(name for name, _ in disk.entries("Item") if name != "a")

    assert name == "caf\udce9"
    assert disk.hash(f"Item/{name}").size == 6
    with pytest.raises(DiskProblem, match=r"caf\\udce9: it is a folder"):
        (tmp_path / "Item/caf\udce9").unlink()
        (tmp_path / "Item/caf\udce9").mkdir()
        disk.hash(f"Item/{name}")


def test_a_bare_folder_has_nothing_but_what_is_named(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    for folder in ("Empty", "Bare/.figshare", "Hidden/.figshare", "Full/.figshare"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "Hidden/.x").touch()
    (tmp_path / "Full/sub").mkdir()
    (tmp_path / "link").symlink_to("Bare")
    (tmp_path / "file").touch()
    names = ["Item", "Empty", "Bare", "Hidden", "Full", "link", "file", "none"]

    assert disk.bare(names, (".figshare",)) == {"Empty", "Bare"}
    with pytest.raises(Interrupted):
        disk.bare(["Bare"] * 300, (), stop=lambda: True)


def test_records_are_looked_at_and_no_link_is_followed(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    for folder in ("One", "Linked", "Piped"):
        (tmp_path / folder / ".figshare").mkdir(parents=True)
    record = tmp_path / "One/.figshare/record.json"
    record.write_text("{}")
    (tmp_path / "Linked/.figshare/record.json").symlink_to(record)
    os.mkfifo(tmp_path / "Piped/.figshare/record.json")
    (tmp_path / "Aside").mkdir()
    (tmp_path / "Aside/.figshare").symlink_to(tmp_path / "One/.figshare")
    names = ["Item", "One", "Linked", "Piped", "Aside", "none"]

    assert disk.record_stats(names) == {"One": disk.stat("One/.figshare/record.json")}
    with pytest.raises(Interrupted):
        disk.record_stats(["One"] * 300, stop=lambda: True)


def test_entries_of_a_vanished_folder_are_stale(tmp_path: Path) -> None:
    with pytest.raises(Stale):
        a_disk(tmp_path).entries("Gone")


def test_pipes_sockets_and_links_are_never_opened(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="1")
    os.mkfifo(tmp_path / "Item/pipe")
    (tmp_path / "Item/link").symlink_to("a")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "Item/sock"))

        for name in ("pipe", "link", "sock", "."):
            with pytest.raises(DiskProblem):
                disk.open(f"Item/{name}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_part_checksums_are_those_of_the_slices(
    tmp_path: Path, content: bytes, part_size: int
) -> None:
    disk = a_disk(tmp_path)
    (tmp_path / "f").write_bytes(content)

    hashed = disk.hash("f", part_size)

    step = part_size or max(1, len(content))
    slices = [content[i : i + step] for i in range(0, len(content), step)]
    assert hashed.md5 == md5(content).hex()
    assert hashed.size == len(content)
    assert hashed.parts == (b"".join(map(md5, slices)) if part_size else b"")


def test_parts_may_be_longer_and_shorter_than_a_reading(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    content = bytes(range(256)) * 13_000
    (tmp_path / "f").write_bytes(content)

    for part_size in (700_001, 1_500_000, 5_000_000):
        slices = [content[i : i + part_size] for i in range(0, len(content), part_size)]
        assert disk.hash("f", part_size).parts == b"".join(map(md5, slices))


def test_the_parts_of_a_large_file_are_summed_beside_the_whole(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    content = bytes(range(251)) * 41_000
    (tmp_path / "f").write_bytes(content)

    for part_size in (700_001, 5 << 20, len(content) - 1, len(content)):
        slices = [content[i : i + part_size] for i in range(0, len(content), part_size)]
        hashed = disk.hash("f", part_size)
        assert hashed.md5 == md5(content).hex()
        assert hashed.parts == b"".join(map(md5, slices))


def test_a_large_file_is_left_when_somebody_asks_to_stop(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    (tmp_path / "f").write_bytes(bytes(10 << 20))
    threads = threading.active_count()

    with pytest.raises(Interrupted):
        disk.hash("f", 1 << 20, stop=lambda: True)

    assert threading.active_count() == threads


def test_a_file_that_changes_while_it_is_read_is_stale(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="first")

    def edit() -> bool:
        put(tmp_path, "Item/a", "second")
        return False

    with pytest.raises(Stale, match="changed while it was read"):
        disk.hash("Item/a", stop=edit)


def test_a_file_that_grows_for_ever_does_not_hold_up_the_scan(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="x")
    readings = []

    def append() -> bool:
        readings.append(1)
        with (tmp_path / "Item/a").open("ab") as file:
            file.write(b"more")
        return False

    with pytest.raises(Stale):
        disk.hash("Item/a", stop=append)

    assert len(readings) < 4


def test_reading_stops_when_asked(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        a_disk(tmp_path, a="x").hash("Item/a", stop=lambda: True)


def test_a_part_body_hands_out_its_slice(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="0123456789")

    body = disk.part_body(
        "Item/a", 3, length=5, md5=md5(b"34567"), expect=seen(disk, "Item/a")
    )

    assert len(body) == 5
    assert [body.read(2), body.read(2), body.read(2), body.read(2)] == [
        b"34",
        b"56",
        b"7",
        b"",
    ]
    body.close()


def test_the_last_bytes_of_a_changed_part_are_never_handed_out(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="0123456789")
    stat = seen(disk, "Item/a")

    body = disk.part_body("Item/a", 0, length=10, md5=md5(b"other"), expect=stat)

    assert body.read(9) == b"012345678"
    with pytest.raises(Stale, match="changed before it was sent"):
        body.read(9)


def test_a_save_while_a_part_is_sent_is_noticed(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="0123456789")
    stat = seen(disk, "Item/a")
    body = disk.part_body("Item/a", 0, length=10, md5=None, expect=stat)
    body.read(4)

    put(tmp_path, "Item/a", "01")

    with pytest.raises(Stale):
        body.read()


def test_a_part_of_a_file_that_is_another_by_now_is_not_opened(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="0123456789")
    stat = seen(disk, "Item/a")
    put(tmp_path, "Item/a", "0123456780")

    with pytest.raises(Stale):
        disk.part_body("Item/a", 0, length=4, md5=None, expect=stat)


def test_what_is_gone_is_stale_to_read(tmp_path: Path) -> None:
    with pytest.raises(Stale, match="it is gone"):
        a_disk(tmp_path).hash("Item/a")


def test_a_missing_root_is_named_with_its_remedy(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "none", clock=StillClock())

    with pytest.raises(DiskProblem, match="the mirror root is not there; mount it"):
        disk.identity()
    with pytest.raises(DiskProblem, match="the mirror root is not there"):
        disk.stat("Item/a")


@pytest.mark.parametrize("kind", ["file", "symlink"])
def test_a_root_that_became_something_else_is_refused(
    tmp_path: Path, kind: str
) -> None:
    root = tmp_path / "root"
    disk = a_disk(root, a="1")
    root.rename(tmp_path / "moved")
    root.write_text("") if kind == "file" else root.symlink_to(tmp_path / "moved")

    with pytest.raises(DiskProblem):
        disk.identity()


def test_a_root_replaced_in_the_middle_of_a_cycle_stops_everything(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    disk = a_disk(root, a="1")
    disk.identity()
    root.rename(tmp_path / "moved")
    put(root, "Item/a", "1")

    with pytest.raises(DiskProblem, match="another folder took"):
        disk.stat("Item/a")
    disk.identity()
    assert disk.stat("Item/a")


def test_the_root_itself_may_be_given_by_a_link(tmp_path: Path) -> None:
    a_disk(tmp_path / "real", a="1")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    disk = Disk(tmp_path / "link", clock=StillClock())

    assert disk.root == tmp_path / "real"
    assert disk.stat("Item/a")
    assert not disk.identity().is_mount
    assert disk.free_bytes() > 0
