"""What is dropped here comes back byte-identical on a computer that knows nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from random import Random

import pytest

from figsync.clock import SystemClock
from figsync.sync.tasks import ThreadPool
from tests.world import World, assert_agreed, md5, told

MIB = 1 << 20
NAMES = (
    "plain",
    "with spaces  and  more",
    "  leading and trailing  ",
    "dots...and.more.",
    "новые данные",
    "数据",
    "café composed",
    "cafe\u0301 decomposed",
    "percent %20 %2F +&?#=;,'\"",
    "back\\slash and : star*",
    "emoji 🧪🧬",
    "-dash",
    "~tilde~",
    "[brackets] {braces} (parens)",
    ".hidden",
    "UPPER",
    "upper",
    "CON",
    "n" * 240,
)
SIZES = (1, 2, 15, 16, 255, 4096, 70_000, MIB - 1, MIB, MIB + 1)


def a_deep_tree(files: int, *, seed: int = 1) -> dict[str, bytes]:
    """Return this many files in five levels of folders, named in every way."""
    chance = Random(seed)
    tree: dict[str, bytes] = {}
    levels = [f"{name[:40]} {depth}" for depth, name in enumerate(NAMES[:5], 1)]
    for number in range(files):
        depth = number % 5
        folder = "/".join(levels[:depth])
        name = NAMES[number % len(NAMES)]
        path = f"{folder}/{number} {name}.dat".lstrip("/")
        tree[path] = chance.randbytes(SIZES[number % 7])
    tree["a/b/c/d/e/deep.bin"] = chance.randbytes(3)
    for name in ("café composed", "cafe\u0301 decomposed", "UPPER", "upper"):
        tree[f"twins/{name}"] = name.encode()
    return tree


def drop_all(world: World, folder: str, tree: dict[str, bytes]) -> None:
    for path, content in tree.items():
        world.drop(f"{folder}/{path}", content)
    world.settle()


def assert_proven(world: World, title: str, tree: dict[str, bytes]) -> None:
    """Assert that Figshare has each file once, in its folder, with its own MD5."""
    files = world.box.web.files(int(world.item_id(title)))
    assert sorted(file.path for file in files) == sorted(tree)
    for file in files:
        assert world.box.web.computed_md5(file.id) == md5(tree[file.path])


def test_four_hundred_files_come_back_as_they_were(tmp_path: Path) -> None:
    world = World(tmp_path, part_size=5 * MIB)
    tree = a_deep_tree(395)
    tree["big/just over seven parts.bin"] = Random(7).randbytes(35 * MIB + 1)
    drop_all(world, "Deep tree", tree)
    before = world.tree()
    assert len(before) >= 400

    first = world.sync()
    assert_proven(world, "Deep tree", tree)
    world.wipe()
    second = world.sync()

    assert first.exit_code == second.exit_code == 0
    assert world.tree() == before
    size = sum(map(len, tree.values()))
    # A zip names what is in it.
    assert size <= second.bytes_down < 1.01 * size
    assert (second.bytes_up, len(told(second))) == (0, len(tree))
    assert_agreed(world)


def test_the_same_over_sockets_with_many_workers(tmp_path: Path) -> None:
    world = World(tmp_path, part_size=MIB, schedule__settle="0s")
    world.clock = SystemClock()  # type: ignore[assignment]  # real sockets, real time
    world.make_pool = lambda: ThreadPool(6)
    tree = a_deep_tree(60, seed=2)
    tree["big/parts.bin"] = Random(8).randbytes(4 * MIB + 17)
    for path, content in tree.items():
        world.drop(f"Over the wire/{path}", content)

    with world.served():
        first = world.sync()
        assert_proven(world, "Over the wire", tree)
        before = world.tree()
        world.wipe()
        second = world.sync()
        world.box.log.clear()
        third = world.sync()

        assert (first.exit_code, second.exit_code, third.exit_code) == (0, 0, 0)
        assert world.tree() == before
        assert told(third) == []
        assert world.box.log.mutations() == ()
        assert_agreed(world)


def test_a_lost_state_costs_no_transfer(tmp_path: Path) -> None:
    world = World(tmp_path)
    tree = a_deep_tree(40)
    drop_all(world, "Deep tree", tree)
    world.sync()
    before = world.tree()
    world.box.log.clear()

    for path in (tmp_path / "state").iterdir():
        path.unlink()
    report = world.sync()

    assert report.exit_code == 0
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert {kind for kind, _, _ in told(report)} == {"Adopt"}
    assert world.box.log.mutations() == ()
    assert world.tree() == before
    assert_agreed(world)


def test_a_lost_root_and_record_files_cost_no_second_item(tmp_path: Path) -> None:
    """The same files without `.figshare`, on a new computer: one item is adopted."""
    world = World(tmp_path)
    tree = a_deep_tree(20)
    drop_all(world, "Deep tree", tree)
    world.sync()
    world.wipe()
    drop_all(world, "Deep tree", tree)
    world.box.log.clear()

    report = world.sync()

    assert report.exit_code == 0
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert world.box.log.mutations() == ()
    assert len(world.box.web.item_ids()) == 1
    assert_agreed(world)


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 2000, 2001])
def test_every_size_around_a_part_goes_up_and_comes_down(
    tmp_path: Path, size: int
) -> None:
    world = World(tmp_path, part_size=1000)
    content = Random(size).randbytes(size)
    world.drop("Sizes/a.bin", content)

    world.sync()
    world.wipe()
    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Sizes/a.bin": content}
    assert_agreed(world)


def test_what_comes_down_has_ordinary_permissions(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.txt", b"a", folder="x")
    world.settle()
    mask = os.umask(0o027)
    try:
        world.sync()
    finally:
        os.umask(mask)

    file, folder = (world.root / "Soil cores/x/a.txt", world.root / "Soil cores/x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_an_edit_goes_round_between_two_lives_of_a_computer(tmp_path: Path) -> None:
    world = World(tmp_path)
    drop_all(world, "Notes", {"a/x.txt": b"one", "y.txt": b"two"})
    world.sync()
    world.wipe()
    world.sync()
    world.drop("Notes/a/x.txt", "one, edited")
    world.drop("Notes/z.txt", "three")
    world.settle()
    world.sync()
    world.wipe()

    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {
        "Notes/a/x.txt": b"one, edited",
        "Notes/y.txt": b"two",
        "Notes/z.txt": b"three",
    }
    assert_agreed(world)
