"""Whatever names Figshare sends and people choose: nothing leaves the root."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from unicodedata import normalize

import pytest

from tests.sync.seen import assert_quiet, everything, for_a_person, results
from tests.world import World, md5

NAMES = {
    "parent": "../x",
    "deep parents": "../../../../../../tmp/figsync-escaped",
    "inner parent": "a/../../x",
    "absolute": "/etc/figsync-escaped",
    "only a dot": ".",
    "only dots": "..",
    "three dots": "...",
    "only spaces": "   ",
    "NUL": "nul\x00byte.txt",
    "control": "bell\x07\x1b[31mred.txt",
    "newline": "two\nlines.txt",
    "bidi": "gpj.\u202eexe.txt",
    "device": "CON.txt",
    "backslash": "..\\..\\x",
    "255 bytes": "a" * 251 + ".txt",
    "256 bytes": "a" * 252 + ".txt",
    "1000 characters": "ä" * 1000,
    "record folder": ".figshare",
    "own folder": ".figsync",
    "record": ".figshare/record.json",
    "own folder, other case": ".FigShare/record.json",
    "tilde": "~/x",
    "option": "-rf",
    "glob": "*?[a]",
    "double slash": "a//b",
    "slash at the end": "a/",
    "conflict copy": "a (conflict 2026-11-20 153012).txt",
    "not ASCII": "日本語 \U0001f9ea.csv",
    "variable": "${HOME}/%s",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "here", deletions__grace="0")


@pytest.fixture(autouse=True)
def here(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()


def outside(world: World) -> set[str]:
    """Return the names of everything around the mirror root."""
    around = world.folder.parent
    skipped = {"figshare", "state", "mirror"}
    return {
        str(path.relative_to(around))
        for path in around.rglob("*")
        if not skipped & set(path.relative_to(around).parts)
    }


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_hostile_file_name_stays_inside_its_folder_and_maps_back(
    world: World, name: str
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, name, b"hostile")
    world.box.web.add_file(item, "sibling.csv", b"1,2")
    before = outside(world)

    first = world.sync()

    assert outside(world) == before
    tree = world.tree()
    assert tree.pop("Soil cores/sibling.csv") == b"1,2"
    ((path, content),) = tree.items()
    assert content == b"hostile"
    assert first.exit_code == 0
    assert_quiet(world)

    world.drop(path, b"edited")
    world.settle()
    world.sync()

    assert [f.name for f in world.box.web.files(item) if f.size == 6] == [
        f.name for f in world.box.web.files(item) if f.name != "sibling.csv"
    ]
    assert b"edited" in [world.box.web.content(f.id) for f in world.box.web.files(item)]
    assert len(world.box.web.files(item)) == 2
    assert_quiet(world)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_hostile_folder_name_stays_inside_the_item_folder(
    world: World, name: str
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"hostile", folder=name)
    world.box.web.add_file(item, "sibling.csv", b"1,2")
    before = outside(world)

    report = world.sync()

    assert outside(world) == before
    assert sorted(world.tree().values()) == [b"1,2", b"hostile"]
    assert report.exit_code == 0
    assert_quiet(world)


TITLES = {
    "parent": "../x",
    "absolute": "/etc/cron.d/x",
    "dots": "...",
    "spaces": "     ",
    "own folder": ".figsync",
    "record folder": ".figshare",
    "hidden": ".hidden",
    "markup": "<p>Soil <b>cores</b> &amp; <script>alert(1)</script></p>",
    "escaped markup": "&lt;i&gt;Quercus&lt;/i&gt; leaves",
    "bidi": "abc\u202edef",
    "control": "a\x1b[31mb\r\nc",
    "NUL": "a\x00bc",
    "very long": "x" * 1000,
    "long and not ASCII": "日本" * 400,
    "device": "CON",
    "ignored": "Thumbs.db",
    "partial": "data.part",
    "percent": "100 % of %(home)s",
}


@pytest.mark.parametrize("title", TITLES.values(), ids=TITLES.keys())
def test_a_hostile_title_becomes_one_ordinary_folder(world: World, title: str) -> None:
    item = world.box.web.create_item(title)
    world.box.web.add_file(item, "a.csv", b"1,2")
    before = outside(world)

    report = world.sync()

    assert outside(world) == before
    ((path, content),) = world.tree().items()
    assert content == b"1,2"
    assert path.count("/") == 1
    assert len(path.split("/")[0].encode()) <= 150
    assert report.exit_code == 0
    assert_quiet(world)

    world.drop(path, b"edited")
    world.settle()
    world.sync()

    assert world.box.web.tree(item) == {"a.csv": b"edited"}
    assert world.box.web.item(item)["title"] == title
    assert_quiet(world)


def test_two_items_of_one_title_have_a_folder_each_for_good(world: World) -> None:
    first = world.box.web.create_item("Soil cores")
    second = world.box.web.create_item("Soil cores")
    world.box.web.add_file(first, "a.csv", b"first")
    world.box.web.add_file(second, "a.csv", b"second")

    world.sync()

    tree = world.tree()
    assert sorted(tree.values()) == [b"first", b"second"]
    assert len({path.split("/")[0] for path in tree}) == 2
    assert_quiet(world)

    (path,) = [path for path, content in tree.items() if content == b"second"]
    world.drop(path, b"edited")
    world.settle()
    world.sync()

    assert world.box.web.tree(first) == {"a.csv": b"first"}
    assert world.box.web.tree(second) == {"a.csv": b"edited"}


def test_titles_that_differ_by_case_or_normal_form_have_folders_of_their_own(
    world: World,
) -> None:
    titles = ["Bäume", "bäume", normalize("NFD", "Bäume")]
    for title in titles:
        item = world.box.web.create_item(title)
        world.box.web.add_file(item, "a.csv", title.encode())

    world.sync()

    tree = world.tree()
    assert set(tree.values()) == {title.encode() for title in titles}
    folders = {normalize("NFC", path.split("/")[0]).casefold() for path in tree}
    assert len(folders) == 3
    assert_quiet(world)


def test_case_and_normal_form_twins_in_one_item_are_files_of_their_own(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    names = ["Ä.txt", "ä.txt", normalize("NFD", "Ä.txt"), "a/b.txt", "A/b.txt"]
    world.box.web.add_files(item, {name: name.encode() for name in names})

    world.sync()

    assert set(world.tree().values()) == {name.encode() for name in names}
    assert_quiet(world)

    for path in world.tree():
        world.drop(path, b"edited " + world.tree()[path])
    world.settle()
    world.sync()

    expected = {name: b"edited " + name.encode() for name in names}
    assert world.box.web.tree(item) == expected
    assert_quiet(world)


def test_a_name_with_slashes_is_a_folder_too_and_keeps_its_remote_name(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    file_id = world.box.web.add_file(item, "raw/2024/a.csv", b"1,2")
    (record,) = world.box.web.files(item)
    assert (record.id, record.name) == (file_id, "raw/2024/a.csv")

    world.sync()
    assert world.tree() == {"Soil cores/raw/2024/a.csv": b"1,2"}
    world.drop("Soil cores/raw/2024/a.csv", b"edited")
    world.settle()
    world.sync()

    (record,) = world.box.web.files(item)
    assert (record.name, record.folder) == ("raw/2024/a.csv", "")
    assert world.box.web.content(record.id) == b"edited"
    assert_quiet(world)


def test_a_file_and_a_folder_of_one_path_both_come_down(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "raw", b"the file")
    world.box.web.add_file(item, "a.csv", b"in the folder", folder="raw")

    report = world.sync()

    tree = world.tree()
    assert tree.pop("Soil cores/raw/a.csv") == b"in the folder"
    ((path, content),) = tree.items()
    assert content == b"the file"
    assert Path(path).parent == Path("Soil cores")
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_local_folder_in_the_place_of_a_remote_file_holds_nothing_else_up(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "sibling.csv", b"1,2")
    world.sync()
    world.drop("Soil cores/raw/a.csv", b"mine")
    world.settle()
    world.sync()
    world.box.web.add_file(item, "raw", b"the file")
    world.box.web.add_file(item, "new.csv", b"new")
    world.clock.advance(10)

    world.sync()

    tree = world.tree()
    assert tree["Soil cores/raw/a.csv"] == b"mine"
    assert tree["Soil cores/new.csv"] == b"new"
    assert b"the file" in tree.values()
    assert_quiet(world)


def test_a_remote_folder_in_the_place_of_a_local_file_holds_nothing_else_up(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "raw", b"the file")
    world.sync()
    world.box.web.add_file(item, "a.csv", b"in the folder", folder="raw")
    world.box.web.add_file(item, "new.csv", b"new")
    world.clock.advance(10)

    world.sync()

    tree = world.tree()
    assert tree["Soil cores/raw"] == b"the file"
    assert tree["Soil cores/new.csv"] == b"new"
    assert b"in the folder" in tree.values()
    assert_quiet(world)


def test_duplicates_with_equal_bytes_show_once(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    for _ in range(3):
        world.box.web.add_file(item, "a.csv", b"same")

    world.sync()

    assert world.tree() == {"Soil cores/a.csv": b"same"}
    assert len(world.box.web.files(item)) == 3
    assert_quiet(world)


def test_duplicates_with_other_bytes_stand_beside_the_newest(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    old = world.box.web.add_file(item, "a.csv", b"old")
    world.box.web.add_file(item, "a.csv", b"new")

    world.sync()

    assert world.tree() == {
        "Soil cores/a.csv": b"new",
        f"Soil cores/a (#{old}).csv": b"old",
    }
    assert_quiet(world)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_symlink_that_points_out_of_the_root_is_never_followed(
    world: World, kind: str
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    secret = world.folder / "secret"
    secret.mkdir()
    (secret / "private.txt").write_bytes(b"private")
    target = secret if kind == "folder" else secret / "private.txt"
    (world.root / "Soil cores/link").symlink_to(target)
    world.drop("Soil cores/new.csv", b"new")
    world.settle()
    before = everything(secret)

    report = world.sync()

    assert world.box.web.tree(item) == {"a.csv": b"1,2", "new.csv": b"new"}
    assert everything(secret) == before
    assert report.not_uploadable == 1
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_record_whose_place_holds_a_symlink_is_held_and_siblings_sync(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    victim = world.folder / "victim.txt"
    victim.write_bytes(b"mine")
    (world.root / "Soil cores/b.csv").symlink_to(victim)
    (world.root / "Soil cores/deep").symlink_to(world.folder)
    world.box.web.add_file(item, "b.csv", b"from the web")
    world.box.web.add_file(item, "victim.txt", b"from the web", folder="deep")
    world.box.web.add_file(item, "c.csv", b"sibling")
    world.clock.advance(10)

    report = world.sync()

    assert victim.read_bytes() == b"mine"
    assert (world.root / "Soil cores/b.csv").is_symlink()
    assert (world.root / "Soil cores/c.csv").read_bytes() == b"sibling"
    assert for_a_person(report) == [
        ("Download", "b.csv"),
        ("Download", "deep/victim.txt"),
    ]
    assert report.exit_code == 4


def test_a_synced_file_replaced_by_a_symlink_is_no_deletion(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "b.csv": b"3,4"})
    world.sync()
    elsewhere = world.folder / "elsewhere.csv"
    (world.root / "Soil cores/a.csv").rename(elsewhere)
    (world.root / "Soil cores/a.csv").symlink_to(elsewhere)
    world.settle()
    world.box.log.clear()

    world.sync()
    world.clock.advance(10)
    world.sync()

    assert world.box.log.mutations() == ()
    assert elsewhere.read_bytes() == b"1,2"


def test_a_fifo_is_never_opened(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    os.mkfifo(world.root / "Soil cores/pipe")
    os.mkfifo(world.root / "pipe")
    world.drop("Soil cores/new.csv", b"new")
    world.settle()

    report = world.sync()

    assert world.box.web.tree(item) == {"a.csv": b"1,2", "new.csv": b"new"}
    assert report.not_uploadable == 2
    assert report.exit_code == 0


def test_an_item_folder_that_is_a_symlink_is_left_alone(world: World) -> None:
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_bytes(b"1,2")
    world.sync()
    (world.root / "Soil cores").symlink_to(elsewhere)
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"from the web")
    world.settle()

    world.sync()

    assert sorted(path.name for path in elsewhere.iterdir()) == ["a.csv"]
    assert (elsewhere / "a.csv").read_bytes() == b"1,2"
    assert b"from the web" in world.tree().values()
    assert_quiet(world)


def test_a_record_folder_that_is_a_symlink_is_not_written_through(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"1,2")
    world.sync()
    elsewhere = world.folder / "elsewhere"
    elsewhere.mkdir()
    folder = world.root / "Soil cores/.figshare"
    (folder / "record.json").unlink()
    folder.rmdir()
    folder.symlink_to(elsewhere)
    world.box.web.edit_item(item, description="another")
    world.box.web.add_file(item, "b.csv", b"3,4")
    world.clock.advance(10)

    world.sync()

    assert list(elsewhere.iterdir()) == []
    assert (world.root / "Soil cores/b.csv").read_bytes() == b"3,4"


def test_a_local_name_that_is_not_utf8_is_listed_and_siblings_sync(
    world: World,
) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    (world.root / "Soil cores" / os.fsdecode(b"\xff\xfe.csv")).write_bytes(b"odd")
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert report.not_uploadable == 1
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_folder_whose_name_is_not_utf8_holds_nothing_up(world: World) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    folder = world.root / os.fsdecode(b"\xff\xfe odd")
    folder.mkdir()
    (folder / "b.csv").write_bytes(b"3,4")
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert (folder / "b.csv").read_bytes() == b"3,4"
    assert "Failed" not in [result for _, result in results(report, "failed")]


LOCAL_NAMES = [
    "a\nb",
    "a\u202eb",
    "x" * 251 + ".txt",
    " leading",
    "trailing ",
    "a:b",
    "CON",
    "*",
    "-rf",
    "%41",
    "a?b#c&d=e",
    normalize("NFD", "ä"),
    "a\\b",
]


@pytest.mark.parametrize("name", LOCAL_NAMES)
def test_a_hostile_local_name_goes_up_as_it_is_or_is_listed(
    world: World, name: str
) -> None:
    world.drop(f"Soil cores/{name}", b"1,2")
    world.drop(f"Soil cores/deep/{name}/{name}", b"3,4")
    world.drop("Soil cores/sibling.csv", b"5,6")
    world.settle()

    report = world.sync()

    remote = world.remote("Soil cores")
    assert remote.pop("sibling.csv") == b"5,6"
    names = set() if report.not_uploadable else {name, f"deep/{name}/{name}"}
    assert set(remote) == names
    assert report.not_uploadable in (0, 2)
    assert report.exit_code == 0
    assert_quiet(world)

    shutil.rmtree(world.config.database.parent)
    world.box.log.clear()
    assert world.sync().exit_code == 0
    assert world.box.log.mutations() == ()


FOLDER_NAMES = [
    "ab",
    " leading",
    "trailing ",
    "two\nlines",
    "CON",
    "what?",
    "a:b*c",
    "<b>bold</b>",
    "&amp;x",
    "x" * 200,
    normalize("NFD", "äbc"),
    "dots...",
    "_x_",
]


@pytest.mark.parametrize("name", FOLDER_NAMES)
def test_a_hostile_folder_of_a_person_keeps_its_name_for_good(
    world: World, name: str
) -> None:
    world.drop(f"{name}/a.csv", b"1,2")
    world.settle()
    assert world.sync().exit_code == 0
    assert world.tree() == {f"{name}/a.csv": b"1,2"}
    assert_quiet(world)

    shutil.rmtree(world.config.database.parent)
    world.box.log.clear()
    report = world.sync()

    assert world.box.log.mutations() == ()
    assert world.tree() == {f"{name}/a.csv": b"1,2"}
    assert report.exit_code == 0
    assert_quiet(world)


def test_a_file_too_deep_to_come_back_is_listed(world: World) -> None:
    deep = "/".join("d" * 80)
    world.drop(f"Soil cores/{deep}/a.csv", b"1,2")
    world.drop("Soil cores/b.csv", b"3,4")
    world.settle()

    report = world.sync()

    assert world.remote("Soil cores") == {"b.csv": b"3,4"}
    assert report.not_uploadable == 1
    assert_quiet(world)


def test_a_remote_file_too_deep_for_a_disk_comes_down_at_the_top(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"deep", folder="/".join(["d" * 100] * 80))

    report = world.sync()

    assert list(world.tree().values()) == [b"deep"]
    assert report.exit_code == 0
    assert_quiet(world)


def test_record_folders_below_the_first_level_are_neither_read_nor_sent(
    world: World,
) -> None:
    world.drop("Soil cores/a.csv", b"1,2")
    world.drop("Soil cores/deep/.figshare/record.json", b'{"id": 1}')
    world.drop("Soil cores/deep/.figsync/x", b"x")
    world.settle()

    world.sync()

    assert world.remote("Soil cores") == {"a.csv": b"1,2"}
    assert_quiet(world)


def test_unsafe_names_cost_no_transfer_when_the_state_is_lost(world: World) -> None:
    item = world.box.web.create_item("Soil cores")
    names = ["../x", "a\x00b", "..", "CON", "ü" * 200]
    for name in names:
        world.box.web.add_file(item, name, name.encode())
    world.sync()
    before = world.tree()
    world.config.database.unlink()

    world.box.log.clear()
    report = world.sync()

    assert world.tree() == before
    assert (report.bytes_up, report.bytes_down) == (0, 0)
    assert world.box.log.mutations() == ()
    assert report.exit_code == 0


@pytest.mark.parametrize("name", ["CON.txt", 'a"b.txt', "dot.", "a:b"])
def test_portable_names_fit_windows_and_map_back(tmp_path: Path, name: str) -> None:
    world = World(tmp_path / "here", mirror__portable_names="yes")
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, name, b"1,2")

    world.sync()

    ((path, content),) = world.tree().items()
    assert (content, path == f"Soil cores/{name}") == (b"1,2", False)
    world.drop(path, b"edited")
    world.settle()
    world.sync()
    assert world.box.web.tree(item) == {name: b"edited"}
    (record,) = world.box.web.files(item)
    assert world.box.web.computed_md5(record.id) == md5(b"edited")
    assert_quiet(world)
