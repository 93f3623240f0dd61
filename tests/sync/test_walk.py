"""One pass over a folder: what is known and unchanged costs next to nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.errors import Interrupted
from figsync.model import LocalFile, Unknown
from figsync.naming import IGNORE_FILE, IgnoreRules
from figsync.state import KnownFile, Scanned
from figsync.sync.scan import Scan, scan
from figsync.sync.walk import Lens, walk_folder

ITEM = "Soil"
LATER = 4e9


class Watched(IgnoreRules):
    """Rules that remember what they were asked about."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        super().__init__(patterns)
        self.asked: list[str] = []

    def ignored(self, path: str, is_dir: bool) -> bool:
        self.asked.append(path)
        return super().ignored(path, is_dir)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.csv", "deep/b.csv", "deep/c.csv"):
        write(tmp_path / ITEM / name)
    return tmp_path


def write(path: Path, content: bytes = b"5 g") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def lens(root: Path, rules: IgnoreRules) -> Lens:
    return Lens(Disk(root, clock=SystemClock()), rules, LATER, 5.0, 10)


def scanned(root: Path, rules: IgnoreRules) -> Scanned:
    """Return what is stored after a first scan that read all files."""
    walk = walk_folder(lens(root, rules), ITEM)
    rows = {
        path: KnownFile(LocalFile(path, stat, "d4"), LATER, LATER)
        for path, stat in walk.stats.items()
    }
    return Scanned(rows, walk.rules.fingerprint)


def look(root: Path, rules: IgnoreRules, before: Scanned) -> Scan:
    """Return the next scan."""
    walk = walk_folder(lens(root, rules), ITEM, before)
    return scan(lens(root, rules), walk, before.files, expected=before.files)


def test_only_folders_and_new_names_are_matched_against_the_rules(root: Path) -> None:
    before = scanned(root, IgnoreRules())
    write(root / ITEM / "deep" / "new.csv")
    rules = Watched()

    look(root, rules, before)

    assert sorted(rules.asked) == [f"{ITEM}/deep", f"{ITEM}/deep/new.csv"]


def test_an_unchanged_file_is_handed_on_as_it_is_known(root: Path) -> None:
    before = scanned(root, IgnoreRules())

    found = look(root, IgnoreRules(), before)

    assert found.tree.keys() == {"a.csv", "deep/b.csv", "deep/c.csv"}
    assert all(found.tree[path] is row.file for path, row in before.files.items())
    assert all(found.seen[path] is row for path, row in before.files.items())
    assert (found.gone, found.open) == ([], [])


def test_an_edited_file_and_one_that_is_gone_are_seen(root: Path) -> None:
    before = scanned(root, IgnoreRules())
    write(root / ITEM / "a.csv", b"more than before")
    (root / ITEM / "deep" / "b.csv").unlink()

    found = look(root, IgnoreRules(), before)

    assert found.tree["a.csv"].md5 == ""
    assert found.open == ["a.csv"]
    assert found.gone == ["deep/b.csv"]


def test_a_folder_in_the_place_of_a_known_file_is_entered(root: Path) -> None:
    before = scanned(root, IgnoreRules())
    (root / ITEM / "a.csv").unlink()
    write(root / ITEM / "a.csv" / "inside.csv")

    found = look(root, IgnoreRules(), before)

    assert "a.csv" not in found.tree
    assert "a.csv/inside.csv" in found.tree


def test_a_link_in_the_place_of_a_known_file_is_no_file(root: Path) -> None:
    before = scanned(root, IgnoreRules())
    (root / ITEM / "a.csv").unlink()
    (root / ITEM / "a.csv").symlink_to("deep/b.csv")

    found = look(root, IgnoreRules(), before)

    assert found.tree["a.csv"].unknown is Unknown.NOT_A_FILE


def test_other_rules_are_asked_about_every_known_file(root: Path) -> None:
    before = scanned(root, IgnoreRules())

    found = look(root, IgnoreRules(["b.*"]), before)

    assert found.tree["deep/b.csv"].unknown is Unknown.IGNORED
    assert found.tree["deep/c.csv"].unknown is None


def test_rules_that_came_into_a_folder_hide_what_is_known(root: Path) -> None:
    before = scanned(root, IgnoreRules())
    write(root / ITEM / "deep" / IGNORE_FILE, b"b.*\n")

    found = look(root, IgnoreRules(), before)

    assert found.tree["deep/b.csv"].unknown is Unknown.IGNORED


def test_rules_that_were_edited_in_a_folder_hide_what_is_known(root: Path) -> None:
    write(root / ITEM / "deep" / IGNORE_FILE, b"x.*\n")
    before = scanned(root, IgnoreRules())
    write(root / ITEM / "deep" / IGNORE_FILE, b"c.csv\n")

    found = look(root, IgnoreRules(), before)

    assert found.tree["deep/c.csv"].unknown is Unknown.IGNORED


def test_rules_of_a_folder_that_stay_are_no_reason_to_ask_again(root: Path) -> None:
    write(root / ITEM / "deep" / IGNORE_FILE, b"x.*\n")
    before = scanned(root, IgnoreRules())
    rules = Watched()

    look(root, rules, before)

    assert rules.asked == [f"{ITEM}/deep"]


def test_a_record_with_the_name_of_a_conflict_copy_stays_one(root: Path) -> None:
    name = "a (conflict 2026-11-20 153012).csv"
    write(root / ITEM / name)
    before = scanned(root, IgnoreRules())
    stat = lens(root, IgnoreRules()).disk.stat(f"{ITEM}/{name}")
    assert stat is not None
    before.files[name] = KnownFile(LocalFile(name, stat, "d4"), LATER, LATER)

    found = look(root, IgnoreRules(), before)

    assert found.walk.conflicts == [name]
    assert found.tree[name].unknown is Unknown.CONFLICT_COPY


def test_a_file_saved_just_before_its_hashing_is_read_again(root: Path) -> None:
    before = scanned(root, IgnoreRules())
    row = before.files["a.csv"]
    hashed_at = row.stat.mtime_ns / 1e9 + 1.0
    before.files["a.csv"] = KnownFile(row.file, hashed_at, LATER)

    found = look(root, IgnoreRules(), before)

    assert found.open == ["a.csv"]
    assert found.tree["a.csv"].md5 == ""


def test_a_stop_ends_the_look_through_one_large_folder(root: Path) -> None:
    for number in range(5000):
        os.mknod(root / ITEM / f"{number}.csv")
    asked = []

    def stop() -> bool:
        asked.append(1)
        return True

    disk = Disk(root, clock=SystemClock())
    wide = Lens(disk, IgnoreRules(), LATER, 5.0, 10, stop=stop)
    with pytest.raises(Interrupted):
        walk_folder(wide, ITEM)
    assert len(asked) == 1
