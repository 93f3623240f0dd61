"""`verify`: every difference is named, and mending one loses nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from figsync.errors import NeedsPerson
from figsync.model import FileStat, LocalFile, RemoteFile, SyncedFile, Unknown, Where
from figsync.sandbox import Fault
from figsync.sync.carry import Asked, carry_out
from figsync.sync.compare import Memory, Sides, differences
from figsync.sync.differences import ABOUT, REPAIRS, Difference, Kind, Mend
from figsync.sync.mend import wanted
from figsync.sync.verify import Findings, Question, verify
from tests.rot import rot
from tests.world import World, assert_agreed

DAY = 24 * 3600.0
ROTTEN = b"Leaves A.csv"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "world")
    for title in ("Leaves", "Stones"):
        item = world.box.web.create_item(title)
        names = ("a.csv", "b.csv", "raw/c.csv")
        world.box.web.add_files(item, {n: f"{title} {n}".encode() for n in names})
    world.clock.advance(60)
    world.sync()
    return world


def look(world: World, *only: str, remote: bool = False) -> Findings:
    with world.mirror(dry_run=True) as mirror:
        question = Question(frozenset(only), remote)
        return verify(mirror, question, is_owned=False)


def kinds(findings: Findings) -> list[tuple[Kind, str]]:
    return [
        (found.kind, "/".join(p for p in (found.where.folder, found.path) if p))
        for found in findings.differences
    ]


def mend(world: World, findings: Findings) -> str:
    with world.mirror() as mirror:
        what = {"what": wanted(findings.differences)}
        return carry_out(mirror, Asked("verify --repair", what))


def test_where_all_agree_there_is_nothing_to_tell(world: World) -> None:
    here, there = look(world), look(world, remote=True)

    assert (here.differences, there.differences) == ([], [])
    assert (here.items, here.files, here.size) == (2, 6, 80)
    assert not world.box.log.mutations()


def test_links_twins_odd_names_and_items_left_out_are_no_differences(
    world: World,
) -> None:
    web = world.box.web
    web.add_link(web.create_item("Link"), "https://example.org/data")
    odd = web.create_item("Odd")
    web.add_file(odd, "a\u202eb.csv", b"bidi")
    web.add_file(odd, "twin.csv", b"one")
    web.add_file(odd, "twin.csv", b"other")
    web.add_file(odd, "same.csv", b"same")
    web.add_file(odd, "same.csv", b"same")
    world.drop("Leaves/.DS_Store", b"ignored")
    world.clock.advance(60)
    world.sync()
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", {"item": "Stones"}))
    world.sync()

    found = look(world, remote=True)

    assert kinds(found) == []
    assert found.items == 3


def test_what_figshare_never_takes_is_no_difference(world: World) -> None:
    world.drop("Leaves/__init__.py", "")
    (world.root / "Leaves" / os.fsdecode(b"\xff.csv")).write_bytes(b"1")
    world.drop("Leaves/new.csv", "new")

    assert kinds(look(world)) == [(Kind.NEW, "Leaves/new.csv")]


def test_a_verification_changes_nothing(world: World) -> None:
    rot(world)
    before = world.config.database.read_bytes()
    tree = world.tree()

    look(world, remote=True)

    assert world.config.database.read_bytes() == before
    assert world.tree() == tree
    assert not world.box.log.mutations()


def test_rotten_bytes_are_found_that_no_sync_would_see(world: World) -> None:
    rot(world)
    world.clock.advance(DAY)
    assert world.sync().exit_code == 0

    assert kinds(look(world)) == [(Kind.CHANGED, "Leaves/a.csv")]
    assert kinds(look(world, remote=True)) == [(Kind.CHANGED, "Leaves/a.csv")]
    assert kinds(look(world, "Stones")) == []


def test_a_program_that_sets_the_time_back_is_seen_before_a_sync_sends_it(
    world: World,
) -> None:
    target = world.root / "Leaves/a.csv"
    known = target.stat()
    target.write_bytes(ROTTEN)
    os.utime(target, ns=(known.st_atime_ns, known.st_mtime_ns))

    found = look(world)
    mend(world, found)
    report = world.sync()

    assert kinds(found) == [(Kind.CHANGED, "Leaves/a.csv")]
    assert report.conflicts == 1
    assert world.remote("Leaves")["a.csv"] == b"Leaves a.csv"
    assert ROTTEN in world.tree().values()


def test_mended_rot_is_a_conflict_and_both_versions_are_kept(world: World) -> None:
    rot(world)
    world.box.log.clear()

    said = mend(world, look(world))
    assert not world.box.log.entries()
    report = world.sync()

    assert said.startswith("Repaired: 1;")
    assert report.conflicts == 1
    assert not world.box.log.mutations()
    assert world.tree()["Leaves/a.csv"] == b"Leaves a.csv"
    assert ROTTEN in world.tree().values()
    assert world.remote("Leaves")["a.csv"] == b"Leaves a.csv"
    assert kinds(look(world))[0][0] is Kind.CONFLICT


def test_rot_is_not_mended_where_figshare_has_no_good_copy(world: World) -> None:
    rot(world)
    leaves = int(world.item_id("Leaves"))
    (file,) = [f.id for f in world.box.web.files(leaves) if f.path == "a.csv"]
    world.box.web.delete_file(file)

    found = look(world, remote=True)

    kind = (Kind.CHANGED_ALONE, "Leaves/a.csv")
    assert kinds(found) == [kind, (Kind.GONE, "Leaves/a.csv")]
    assert found.differences[0].mend is None
    assert found.differences[0].needs_person


def test_a_file_edited_after_the_verification_is_left_alone(world: World) -> None:
    rot(world)
    found = look(world)
    world.drop("Leaves/a.csv", b"edited since")
    world.settle()
    world.sync()

    assert mend(world, found).startswith("Repaired: 0, 1 left alone")
    assert world.sync().exit_code == 0
    assert world.remote("Leaves")["a.csv"] == b"edited since"
    assert_agreed(world)


def test_what_happens_to_files_is_named(world: World) -> None:
    world.drop("Leaves/a.csv", b"edited")
    (world.root / "Leaves/b.csv").unlink()
    world.drop("Leaves/new.csv", b"new")
    world.drop("Stones/a (conflict 2026-11-20 153012).csv", b"mine")
    (world.root / "Stones/b.csv").unlink()
    (world.root / "Stones/b.csv").symlink_to("a.csv")
    world.drop("Fresh/x.csv", b"x")
    world.drop("loose.csv", b"loose")

    assert kinds(look(world)) == [
        (Kind.EDITED, "Leaves/a.csv"),
        (Kind.MISSING, "Leaves/b.csv"),
        (Kind.NEW, "Leaves/new.csv"),
        (Kind.CONFLICT, "Stones/a (conflict 2026-11-20 153012).csv"),
        (Kind.NOT_A_FILE, "Stones/b.csv"),
        (Kind.NEW_FOLDER, "Fresh"),
        (Kind.NEW, "loose.csv"),
    ]


def test_what_happens_to_folders_is_named(world: World) -> None:
    (world.root / "Leaves").rename(world.root / "Foliage")
    (world.root / "Stones").rename(world.folder / "Stones")

    assert kinds(look(world)) == [
        (Kind.RENAMED, "Foliage"),
        (Kind.NO_FOLDER, "Stones"),
    ]


def test_folders_that_swapped_their_names_are_renamed_and_no_more(
    world: World,
) -> None:
    (world.root / "Leaves").rename(world.root / "x")
    (world.root / "Stones").rename(world.root / "Leaves")
    (world.root / "x").rename(world.root / "Stones")

    assert sorted(kinds(look(world))) == [
        (Kind.RENAMED, "Leaves"),
        (Kind.RENAMED, "Stones"),
    ]


def test_the_copy_of_a_folder_is_not_taken_for_it(world: World) -> None:
    shutil.copytree(world.root / "Leaves", world.root / "A copy")

    assert kinds(look(world)) == [(Kind.NEW_FOLDER, "A copy")]


def test_a_list_that_was_cut_short_makes_nothing_gone(world: World) -> None:
    world.box.switches.cut_lists = 1

    found = kinds(look(world, remote=True))

    assert (Kind.INCOMPLETE, "Leaves") in found
    assert not {Kind.ITEM_GONE, Kind.GONE, Kind.MISSING} & {kind for kind, _ in found}


def test_what_happens_on_figshare_is_named(world: World) -> None:
    web = world.box.web
    leaves, stones = int(world.item_id("Leaves")), int(world.item_id("Stones"))
    ids = {file.path: file.id for file in web.files(leaves)}
    web.replace_file(ids["a.csv"], b"newer")
    web.delete_file(ids["b.csv"])
    web.add_file(leaves, "more.csv", b"more")
    web.delete_item(stones)
    web.create_item("Another")

    found = look(world, remote=True)

    assert kinds(found) == [
        (Kind.REPLACED, "Leaves/a.csv"),
        (Kind.GONE, "Leaves/b.csv"),
        (Kind.REMOTE_ALONE, "Leaves/more.csv"),
        (Kind.ITEM_GONE, "Stones"),
        (Kind.ITEM_NEW, "Another"),
    ]
    assert kinds(look(world)) == []


def test_a_change_that_no_date_betrays_is_read_again(world: World) -> None:
    leaves = int(world.item_id("Leaves"))
    books_of = world.box.world.writing
    with books_of() as books:
        (date,) = books.execute(
            "SELECT modified FROM items WHERE id = ?", (leaves,)
        ).fetchone()
    world.box.web.add_file(leaves, "more.csv", b"more")
    with books_of() as books:
        books.update("items", leaves, modified=date)
    world.sync()
    assert "Leaves/more.csv" not in world.tree()

    mend(world, look(world, remote=True))
    world.sync()

    assert world.tree()["Leaves/more.csv"] == b"more"


def test_an_item_that_can_not_be_read_is_named_and_compared_here(
    world: World,
) -> None:
    rot(world)
    leaves = world.item_id("Leaves")
    fault = Fault("api", "GET", rf"/articles/{leaves}$", status=403, times=9)
    world.box.fail_next(fault)

    assert kinds(look(world, remote=True)) == [
        (Kind.ITEM_UNREAD, "Leaves"),
        (Kind.CHANGED, "Leaves/a.csv"),
    ]


def _remove(record: Path) -> None:
    record.unlink()


def _garble(record: Path) -> None:
    record.write_bytes(b"{]")


def _edit(record: Path) -> None:
    record.write_text(record.read_text().replace("Leaves", "My leaves"))


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (_remove, Kind.NO_RECORD),
        (_garble, Kind.OTHER_RECORD),
        (_edit, Kind.OTHER_RECORD),
    ],
)
def test_a_record_is_written_again(
    world: World, damage: Callable[[Path], None], kind: Kind
) -> None:
    record = world.root / "Leaves/.figshare/record.json"
    before = record.read_bytes()
    damage(record)
    altered = [record.read_bytes()] if record.exists() else []
    found = look(world)

    mend(world, found)

    assert kinds(found) == [(kind, "Leaves")]
    assert record.read_bytes() == before
    assert world.trash() == altered
    assert kinds(look(world)) == []


def test_a_record_of_another_item_is_left_to_a_person(world: World) -> None:
    record = world.root / "Leaves/.figshare/record.json"
    other = (world.root / "Stones/.figshare/record.json").read_bytes()
    record.write_bytes(other)

    found = look(world, "Leaves")

    assert kinds(found) == [(Kind.FOREIGN_RECORD, "Leaves")]
    assert found.differences[0].mend is None


def test_a_record_missing_together_with_files_is_left_to_a_person(
    world: World,
) -> None:
    for path in (".figshare/record.json", "a.csv", "b.csv"):
        (world.root / "Leaves" / path).unlink()

    found = look(world)

    first = found.differences[0]
    assert (first.kind, first.mend, first.needs_person) == (Kind.NO_RECORD, None, True)


def test_stray_temporary_files_are_removed(world: World) -> None:
    stray = world.root / ".figsync/tmp/file-7.1.1"
    stray.write_bytes(b"half")
    found = look(world)

    mend(world, found)

    assert kinds(found) == [(Kind.STRAY, ".figsync/tmp/file-7.1.1")]
    assert not stray.exists()


def test_damaged_rows_are_named_one_by_one(world: World) -> None:
    with closing(sqlite3.connect(world.config.database)) as db, db:
        db.execute("UPDATE synced_files SET size = size + 1 WHERE path = 'a.csv'")

    with world.mirror(dry_run=True) as mirror:
        damage = mirror.state.damage()

    assert len(damage) == 2
    assert all(row.startswith("table synced_files, row ") for row in damage)


def test_a_wrong_root_is_not_compared(world: World) -> None:
    (world.root / ".figsync/marker.json").unlink()

    with pytest.raises(NeedsPerson):
        look(world)


def test_a_name_that_nothing_has_is_told(world: World) -> None:
    assert look(world, "Leaf").not_found == ["Leaf"]
    assert look(world, world.item_id("Leaves")).items == 1


# The comparison alone


STAT = FileStat(5, 10, 11, 12)
LATER = FileStat(5, 20, 21, 12)


def sides(
    *,
    disk: str = "",
    known: str = "",
    agreed: str = "",
    record: str | None = None,
    file_id: str = "1",
    later: bool = False,
) -> list[Kind]:
    """Return the kinds of difference for one path; "" is not there, None not asked."""
    local = {"a": LocalFile("a", LATER if later else STAT, disk)} if disk else {}
    memory = {"a": Memory(STAT, known)} if known else {}
    synced = {"a": SyncedFile("a", "1", agreed, 5)} if agreed else {}
    found = None
    if record is not None:
        found = {"a": RemoteFile("a", file_id, 5, record)} if record else {}
    by_id = {file.file_id: file for file in (found or {}).values()}
    where = Where("7", "Soil")
    compared = Sides(where, local, memory, synced, found, by_id)
    return [difference.kind for difference in differences(compared)]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"disk": "x", "known": "x", "agreed": "x"}, []),
        ({"disk": "x", "known": "x", "agreed": "x", "record": "x"}, []),
        ({"disk": "y", "known": "x", "agreed": "x"}, [Kind.CHANGED]),
        ({"disk": "y", "known": "x", "agreed": "x", "record": "x"}, [Kind.CHANGED]),
        (
            {"disk": "y", "known": "x", "agreed": "x", "record": ""},
            [Kind.CHANGED_ALONE, Kind.GONE],
        ),
        ({"disk": "y", "known": "x", "agreed": "x", "later": True}, [Kind.EDITED]),
        ({"disk": "y", "agreed": "x", "later": True}, [Kind.EDITED]),
        ({"disk": "x", "known": "y", "agreed": "x"}, [Kind.WRONG_SUM]),
        ({"disk": "z", "known": "y", "agreed": "x"}, [Kind.WRONG_SUM]),
        ({"disk": "y", "known": "x"}, [Kind.WRONG_SUM]),
        ({"disk": "y", "agreed": "x"}, [Kind.EDITED]),
        ({"disk": "x"}, [Kind.NEW]),
        ({"agreed": "x"}, [Kind.MISSING]),
        ({"agreed": "x", "record": ""}, [Kind.MISSING, Kind.GONE]),
        ({"record": "x"}, [Kind.REMOTE_ALONE]),
        ({"disk": "x", "record": "x"}, [Kind.NOT_RECORDED]),
        ({"disk": "x", "record": "y"}, [Kind.BOTH_NEW]),
        (
            {"disk": "x", "known": "x", "agreed": "x", "record": "y"},
            [Kind.OTHER_BYTES],
        ),
        (
            {"disk": "x", "known": "x", "agreed": "x", "record": "y", "file_id": "2"},
            [Kind.REPLACED],
        ),
    ],
    ids=str,
)
def test_one_path_compared(case: dict[str, str], expected: list[Kind]) -> None:
    assert sides(**case) == expected  # type: ignore[arg-type]  # later is a bool


def test_a_record_in_another_folder_is_told_once() -> None:
    record = RemoteFile("raw/a", "1", 5, "x")
    synced = {"a": SyncedFile("a", "1", "x", 5)}
    local = {"a": LocalFile("a", STAT, "x")}
    remote = {"raw/a": record}

    compared = Sides(Where("7", "Soil"), local, {}, synced, remote, {"1": record})

    assert [(d.kind, d.path) for d in differences(compared)] == [(Kind.MOVED, "a")]


def test_an_unproven_record_is_no_copy() -> None:
    record = RemoteFile("a", "1", 5, "x", unknown=Unknown.UNPROVEN)
    local = {"a": LocalFile("a", STAT, "y")}
    synced = {"a": SyncedFile("a", "1", "x", 5)}
    memory = {"a": Memory(STAT, "x")}

    compared = Sides(
        Where("7", "Soil"), local, memory, synced, {"a": record}, {"1": record}
    )

    assert [d.kind for d in differences(compared)] == [
        Kind.CHANGED_ALONE,
        Kind.UNPROVEN,
    ]


def test_every_kind_and_every_repair_has_its_words() -> None:
    assert ABOUT.keys() == set(Kind)
    assert REPAIRS.keys() == set(Mend)
    for kind in Kind:
        found = Difference(kind, Where("", ""), detail="x")
        assert found.told
        assert found.remedy
        assert not (found.mend and found.needs_person)
