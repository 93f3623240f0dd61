"""`figsync why`: it says what the next sync does, and asking changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from figsync.commands.reasons import page
from figsync.sandbox import Fault
from figsync.sync.carry import Asked, carry_out
from figsync.sync.inquiry import Inquiry, inquire
from figsync.sync.why import Explanation, explain
from tests.sync.seen import everything
from tests.sync.test_deletions import DAY, soil_and_leaves
from tests.sync.why_cases import golden, texts
from tests.world import HOUR, World

GOLDEN = Path(__file__).with_name("why.txt")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return soil_and_leaves(tmp_path)


def ask(world: World, path: str) -> tuple[Inquiry, Explanation]:
    """Ask about a path; it costs no request and changes no byte of this computer."""
    before = everything(world.folder)
    world.box.log.clear()
    with world.mirror(dry_run=True) as mirror:
        found = inquire(mirror, path)
    assert world.box.log.count() == 0
    assert everything(world.folder) == before
    return found, explain(found.subject)


def why(world: World, path: str, *names: str) -> list[str]:
    """Return the lines about a path, or those of these names alone."""
    lines = list(page(*ask(world, path)))
    if not names:
        return lines
    return [line for line in lines if line.partition(":")[0] in names]


def decisions(world: World, path: str) -> list[tuple[str, str]]:
    _, said = ask(world, path)
    return [(step.kind, step.standing) for step in said.steps]


# Word for word


def test_every_outcome_is_told_word_for_word() -> None:
    """The cases are in why_cases.py, which says how to print the file anew."""
    assert golden() == GOLDEN.read_text(encoding="utf-8")


def test_every_case_has_a_name_of_its_own() -> None:
    names = [name for name, _ in texts()]

    assert len(names) == len(set(names)) > 80


# What it says happens


def with_everything_going_on(world: World) -> list[str]:
    """Change much on both sides; return the paths that have something to tell."""
    web, item = world.box.web, int(world.item_id("Leaves"))
    records = {file.path: file.id for file in web.files(item)}
    web.replace_file(records["a.csv"], b"edited there")
    web.delete_file(records["b.csv"])
    web.add_file(item, "new there.csv", b"new there")
    world.clock.advance(60)
    world.sync(dry_run=True)
    world.drop("Soil cores/a.csv", "edited here")
    world.drop("Soil cores/empty.csv", "")
    world.drop("Soil cores/ignored.swp", "x")
    (world.root / "Soil cores/link.csv").symlink_to("a.csv")
    (world.root / "Soil cores/b.csv").unlink()
    (world.root / "Soil cores/raw/c.csv").rename(world.root / "Soil cores/c.csv")
    world.drop("New folder/x.csv", "new here")
    world.drop("loose.csv", "loose")
    world.settle()
    names = ("a.csv", "b.csv", "c.csv", "empty.csv", "link.csv", "raw/c.csv")
    paths = [f"Soil cores/{name}" for name in names]
    return [*paths, "Soil cores/raw/d.csv", "New folder/x.csv", "loose.csv"]


def test_it_says_what_a_dry_run_says(world: World) -> None:
    paths = with_everything_going_on(world)

    report = world.sync(dry_run=True)

    planned: dict[str, list[tuple[str, str]]] = {path: [] for path in paths}
    todo = [(outcome.action, "next") for outcome in report.outcomes]
    todo += [
        (held.action, "held" if held.needs_person else "waiting")
        for held in report.held
    ]
    for action, standing in todo:
        whole = "" if action.path else "x.csv"
        path = f"{action.where.folder}/{action.path or whole}".strip("/")
        if path in planned:
            planned[path].append((action.kind, standing))
    # The new place of a moved file is part of its old record's deletion, too.
    planned["Soil cores/c.csv"].append(("DeleteRemote", "next"))
    assert {p: sorted(decisions(world, p)) for p in paths} == {
        path: sorted(steps) for path, steps in planned.items()
    }


def test_a_file_that_is_the_same_on_both_sides(world: World) -> None:
    lines = why(world, "Leaves/a.csv", "Rule", "Decision", "Note")

    assert lines == [
        "Rule:      unchanged here, unchanged on Figshare: nothing",
        "Note:      both sides agree: there is nothing to do",
    ]


def test_the_times_of_all_three_states_are_told(world: World) -> None:
    here, there, agreed = why(world, "Leaves/a.csv", "Here", "Figshare", "Synced")

    assert "11 bytes, MD5 2eee7aa4a4bf13b42fd6b7288120bce9, changed 20" in here
    assert ", record " in there
    assert "(as of 20" in there
    assert ", since 20" in agreed


def test_a_deleted_file_waits_from_the_first_sync_that_missed_it(
    world: World,
) -> None:
    (world.root / "Leaves/a.csv").unlink()
    assert why(world, "Leaves/a.csv", "Here", "Decision") == [
        "Here:      not here",
        "Decision:  delete on Figshare: waits for the next sync: deleted here; the"
        " grace period is not over",
    ]

    world.sync()
    found, said = ask(world, "Leaves/a.csv")

    assert found.missed is not None
    assert [step.until for step in said.steps] == [found.missed + DAY]
    world.clock.advance(DAY + HOUR)
    assert decisions(world, "Leaves/a.csv") == [("DeleteRemote", "next")]


def test_a_file_that_was_asked_back_is_not_deleted(world: World) -> None:
    (world.root / "Leaves/a.csv").unlink()
    world.sync()
    with world.mirror() as mirror:
        carry_out(mirror, Asked("restore", {"path": "Leaves/a.csv"}))

    lines = why(world, "Leaves/a.csv", "Decision", "Note")

    assert lines == [
        "Decision:  download, in the next sync",
        "Note:      a person wants it back: its deletion is not sent to Figshare",
    ]


def test_a_guard_that_counts_all_items_is_named_for_one_file(tmp_path: Path) -> None:
    world = World(tmp_path, deletions__grace="0")
    for title in ("One", "Two", "Three"):
        item = world.box.web.create_item(title)
        files = {f"{n}.csv": f"{title}{n}".encode() for n in range(20)}
        world.box.web.add_files(item, files)
    world.sync()
    for title in ("One", "Two", "Three"):
        for number in range(9):
            (world.root / title / f"{number}.csv").unlink()
    world.sync()

    (line,) = why(world, "Two/3.csv", "Decision")

    assert "held for you as " in line
    assert line.endswith(
        "27 of 60 files were deleted on this computer, more than the 20 allowed"
        " without asking"
    )


def test_an_upload_that_figshare_refuses_says_so(world: World) -> None:
    world.drop("Leaves/new.csv", "new here")
    world.settle()
    world.box.fail_next(Fault("upload", "PUT", status=400, times=1000))
    world.sync()

    (line,) = why(world, "Leaves/new.csv", "Decision")

    assert "upload: " in line
    assert "Figshare refuses this (400: Failed on purpose)" in line


def test_a_deleted_item_folder_decides_on_its_files(world: World) -> None:
    shutil.rmtree(world.root / "Leaves")
    world.sync()

    assert decisions(world, "Leaves") == [("DeleteItem", "held")]
    assert decisions(world, "Leaves/raw/c.csv") == [("DeleteItem", "held")]
    assert why(world, "Leaves/raw", "Figshare", "Synced")[1] == "Synced:    2 files"


def test_an_item_can_be_named_by_its_id(world: World) -> None:
    assert why(world, world.item_id("Leaves"))[0] == "Leaves"


def test_a_huge_new_file_is_not_read_to_answer(world: World) -> None:
    huge = world.drop("Leaves/huge.bin", "")
    with huge.open("r+b") as file:
        file.truncate(2 << 30)
    world.drop("Leaves/small.csv", "new here")
    world.settle()

    with world.mirror(dry_run=True) as mirror:
        of_huge = explain(inquire(mirror, "Leaves/huge.bin").subject)
        of_small = explain(inquire(mirror, "Leaves/small.csv").subject)

    assert of_huge.notes == ("it was not read yet: the next sync reads it",)
    assert of_huge.steps == ()
    assert [step.kind for step in of_small.steps] == ["Upload"]


# Outside the table


def test_the_rule_that_ignores_a_file_and_where_it_stands(world: World) -> None:
    world.configure(mirror__ignore="*.tmp")
    world.drop("Leaves/.figsyncignore", "raw/\n")
    world.drop("Leaves/a.tmp", "x")

    assert why(world, "Leaves/a.tmp", "Rule", "Note") == [
        "Note:      ignored: `*.tmp` in [mirror] ignore; neither side looks at it,"
        " nothing deletes it",
    ]
    assert why(world, "Leaves/raw/c.csv", "Rule", "Note") == [
        "Note:      ignored by its folder Leaves/raw: `raw/` in"
        " Leaves/.figsyncignore; neither side looks at it, nothing deletes it",
    ]
    assert "`.*` in the rules for names in the root" in why(world, ".hidden/x")[-1]
    assert "figsync's own" in why(world, "Leaves/.figshare/record.json")[-1]


def test_rules_that_can_not_be_read_hide_nothing_and_explain_themselves(
    world: World,
) -> None:
    (world.root / "Leaves/.figsyncignore").mkdir()

    found, _ = ask(world, "Leaves/a.csv")

    assert found.subject.rule is None


def test_a_path_that_was_never_seen(world: World) -> None:
    assert why(world, "Leaves/never.csv", "Decision", "Rule", "Note") == [
        "Note:      it is nowhere: not here, not on Figshare, and was never synced",
    ]
    assert why(world, "Roots/never.csv", "Decision", "Rule", "Note") == [
        "Note:      it is nowhere: not here, not on Figshare, and was never synced",
    ]


def test_what_went_to_the_trash_names_the_way_back(world: World) -> None:
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.delete_file(record.id)
    world.clock.advance(60)
    world.sync()

    lines = why(world, "Leaves/a.csv", "Note", "History")

    assert lines[0] == (
        "Note:      the trash has a version of it:"
        ' `figsync trash restore "Leaves/a.csv"`'
    )
    assert lines[1].endswith("Moved to the trash: Leaves/a.csv")


def test_both_versions_of_a_conflict_are_named(world: World) -> None:
    item = int(world.item_id("Leaves"))
    (record,) = [f for f in world.box.web.files(item) if f.name == "a.csv"]
    world.box.web.replace_file(record.id, b"edited there")
    world.drop("Leaves/a.csv", "edited here")
    world.settle()
    world.sync()
    (copy,) = [path for path in world.tree() if "(conflict" in path]

    assert f"your version is {copy}" in why(world, "Leaves/a.csv", "Note")[0]
    assert "the local version of a conflict" in why(world, copy, "Note")[0]


def test_an_excluded_item_says_how_to_include_it(world: World) -> None:
    item = world.item_id("Leaves")
    with world.mirror() as mirror:
        carry_out(mirror, Asked("exclude", {"item": item}))

    assert why(world, "Leaves/a.csv", "Note") == [
        "Note:      its item is excluded: nothing of it is mirrored until"
        f" `figsync include {item}`",
        "Note:      the trash has a version of it:"
        ' `figsync trash restore "Leaves/a.csv"`',
    ]


def test_a_record_alone_says_how_to_include_it(tmp_path: Path) -> None:
    world = World(tmp_path, mirror__new_items="metadata")
    item = world.box.web.create_item("Leaves")
    world.box.web.add_file(item, "a.csv", b"a")
    world.sync()
    world.drop("Leaves/new.csv", "new")
    world.settle()

    lines = why(world, "Leaves/new.csv", "Decision", "You can", "Note")

    assert lines == [
        "Decision:  upload: held for you: only the record of this item is mirrored;"
        f" figsync include {item} changes it",
        "Note:      only the record of its item is mirrored until"
        f" `figsync include {item}`",
    ]


def test_an_orphaned_folder(world: World) -> None:
    world.drop("Leaves/a.csv", b"edited here")
    world.settle()
    world.box.web.delete_item(int(world.item_id("Leaves")))
    world.sync()
    world.clock.advance(60)
    world.sync()

    assert decisions(world, "Leaves/a.csv") == [("SetAsideRecord", "held")]
    assert why(world, "Leaves", "Note") == [
        "Note:      its item was deleted on Figshare: the folder is a mirror of nothing"
    ]


def test_a_root_that_is_not_to_be_trusted_stops_everything(world: World) -> None:
    shutil.rmtree(world.root / "Leaves")
    shutil.rmtree(world.root / "Soil cores")

    lines = why(world, "Leaves/a.csv", "Here", "Decision", "Rule", "Note")

    assert lines[0] == "Here:      not looked at"
    assert len(lines) == 2
    assert "nothing is synced now: " in lines[1]
    assert "it is empty, but 8 files were in it" in lines[1]


def test_before_the_first_sync_a_new_folder_is_explained(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.drop("Leaves/a.csv", "new")
    world.settle()

    lines = why(world, "Leaves/a.csv", "Figshare", "Decision")

    assert lines == [
        "Figshare:  not there (never asked)",
        "Decision:  make a draft item, in the next sync",
    ]


def test_a_folder_whose_record_names_an_item_never_seen(world: World) -> None:
    world.drop("Copied/.figshare/record.json", '{"id": 4711}')
    world.drop("Copied/a.csv", "new")
    world.settle()

    assert decisions(world, "Copied/a.csv") == []
    assert why(world, "Copied/a.csv", "Note") == [
        "Note:      its folder names item 4711, which Figshare was not asked about"
        " yet: the next sync asks"
    ]
