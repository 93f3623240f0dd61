"""Many files at once: a file without a name, one fsync a folder, hashing beside."""

from __future__ import annotations

import errno
import hashlib
import threading
from pathlib import Path

import pytest

from figsync.disk import Calls, Disk, Installed
from figsync.disk.digest import ALONE, Digest
from figsync.errors import NoRoom, Stale
from tests.disk_box import NOON, Failing, Meddling, a_disk, in_temp

MIB = 1 << 20


class Order(Calls):
    """Writes down every call that was made, and on what."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []

    def after(self, call: str, name: str) -> None:
        self.done.append((call, name))


def install_new(disk: Disk, path: str, content: str, unsynced: set[str]) -> Installed:
    with disk.temp("f", path) as temp:
        temp.write(content.encode())
        return disk.install_new(temp, path, mtime=NOON, unsynced=unsynced)


def test_the_bytes_are_on_the_disk_before_a_name_is_taken(tmp_path: Path) -> None:
    order = Order()
    disk = a_disk(tmp_path, order, a="old")

    install_new(disk, "Item/b", "new", set())

    done = [call for call, _ in order.done]
    assert done.index("sync") < done.index("rename_new")
    assert (tmp_path / "Item/b").read_text() == "new"
    assert in_temp(disk) == []


def test_each_folder_is_left_to_be_synced_once(tmp_path: Path) -> None:
    order = Order()
    disk = a_disk(tmp_path, order, a="old")
    unsynced: set[str] = set()

    made = [install_new(disk, f"Item/sub/{n}", str(n), unsynced) for n in range(5)]

    assert [done.made for done in made] == [("Item/sub",), (), (), (), ()]
    assert unsynced == {"Item/sub"}
    order.done.clear()
    disk.sync_folder("Item/sub")
    assert [call for call, _ in order.done] == ["sync_folder"]


def test_a_name_that_is_taken_by_now_is_left_alone(tmp_path: Path) -> None:
    def save() -> None:
        (tmp_path / "Item/b").write_text("saved meanwhile")

    disk = a_disk(tmp_path, Meddling("rename_new", save), a="old")

    with pytest.raises(Stale):
        install_new(disk, "Item/b", "new", set())

    assert (tmp_path / "Item/b").read_text() == "saved meanwhile"
    assert in_temp(disk) == []


def test_a_folder_that_is_gone_is_not_called_synced(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="old")

    with pytest.raises(Stale):
        disk.sync_folder("Item/sub")


def test_scratch_is_read_again_and_never_has_a_name(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    scratch = disk.scratch("zip-1", "Item")

    scratch.write(b"one")
    scratch.write(b"two")

    assert in_temp(disk) == []
    assert scratch.size == 6
    scratch.file.seek(0)
    assert scratch.file.read() == b"onetwo"
    scratch.close()
    scratch.close()


def test_scratch_that_is_closed_takes_nothing_more(tmp_path: Path) -> None:
    scratch = a_disk(tmp_path).scratch("zip-1", "Item")
    scratch.close()

    with pytest.raises(ValueError, match="closed"):
        scratch.write(b"late")


def test_a_full_disk_is_told_of_scratch_as_of_any_file(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, Failing(2, errno.ENOSPC))
    scratch = disk.scratch("zip-1", "Item")

    with pytest.raises(NoRoom):
        scratch.write(b"one")

    scratch.close()
    assert in_temp(disk) == []


@pytest.mark.parametrize("size", [0, 1, ALONE - 1, ALONE, ALONE + 1, 3 * ALONE])
def test_a_digest_is_that_of_all_the_bytes(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    digest = Digest()

    for start in range(0, size, MIB // 3):
        digest.update(content[start : start + MIB // 3])

    assert digest.hexdigest() == hashlib.md5(content).hexdigest()
    digest.update(b"more")
    assert digest.hexdigest() == hashlib.md5(content + b"more").hexdigest()
    digest.close()
    digest.close()


def test_a_large_file_is_hashed_beside_and_its_thread_ends(tmp_path: Path) -> None:
    disk = a_disk(tmp_path, a="old")
    before = threading.active_count()
    content = bytes(range(256)) * (3 * ALONE // 256)

    with disk.temp("large", "Item/large") as temp:
        for start in range(0, len(content), MIB):
            temp.write(content[start : start + MIB])
        assert temp.md5 == hashlib.md5(content).hexdigest()
        disk.install(temp, "Item/large", expect=None)

    assert threading.active_count() == before
    assert (tmp_path / "Item/large").read_bytes() == content


def test_a_large_file_that_is_given_up_leaves_no_thread(tmp_path: Path) -> None:
    disk = a_disk(tmp_path)
    before = threading.active_count()

    with disk.temp("large", "Item/large") as temp:
        for _ in range(2 * ALONE // MIB):
            temp.write(bytes(MIB))

    assert threading.active_count() == before
    assert in_temp(disk) == []
