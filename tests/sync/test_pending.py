"""What is not proven on Figshare: `figsync wait --idle` names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from figsync.sandbox import Fault, NewFile
from figsync.sync.engine import Wish
from figsync.sync.leftover import pending_after, pending_in
from figsync.sync.loop import sync_until_quiet
from figsync.sync.pending import (
    COPY,
    MORE,
    STRANDED,
    UNREAD,
    UNSYNCED,
    Entry,
    Leftover,
    Pending,
    Why,
    pending,
)
from tests.world import World

A = "Soil cores/a.csv"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (Leftover(), []),
        (Leftover(unsettled=[A]), [(A, Why.UNSETTLED, True)]),
        (Leftover(copies=[A]), [(A, Why.CONFLICT, False)]),
        (Leftover(stranded=1), [(".figsync/trash", Why.STRANDED, False)]),
        (Leftover(is_quiet=False), [("", Why.TO_DO, True)]),
        (Leftover(problems={"7": ("no", True)}), [("item 7", Why.UNKNOWN, True)]),
        (Leftover(problems={"7": ("no", False)}), [("item 7", Why.HELD, False)]),
        (Leftover(unsynced=[A]), [(A, Why.UNKNOWN, True)]),
        (Leftover(unsynced=[A], left_out={A: "it is empty"}), []),
        (Leftover(unsynced=[A], left_out={"Soil cores": "unreadable"}), []),
        (Leftover(unsynced=[A], unsettled=[A]), [(A, Why.UNSETTLED, True)]),
    ],
)
def test_what_is_left_is_told_with_whether_it_passes(
    left: Leftover, expected: list[tuple[str, Why, bool]]
) -> None:
    assert [(p.path, p.why, p.passes) for p in pending(left)] == expected


@pytest.mark.parametrize("kind", ["Upload", "DeleteFirst", "KeepBoth", "CreateItem"])
@pytest.mark.parametrize(
    ("result", "why"),
    [
        ("planned", Why.TO_DO),
        ("failed", Why.FAILED),
        ("unproven", Why.UNPROVEN),
        ("refused", Why.HELD),
        ("held", Why.HELD),
        ("waiting", Why.WAITING),
        ("listed", Why.LEFT_ALONE),
        ("done", None),
        ("stale", None),
    ],
)
def test_what_sends_bytes_counts_until_it_is_done(
    kind: str, result: str, why: Why | None
) -> None:
    entry = Entry(kind, A, result, "a reason", 7.0 if result == "waiting" else None)

    found = pending(Leftover(entries=[entry], unsynced=[A] if why else []))

    assert [(p.path, p.why, p.reason, p.until) for p in found] == (
        [(A, why, "a reason", entry.until)] if why else []
    )


@pytest.mark.parametrize("result", ["held", "waiting", "planned", "failed"])
@pytest.mark.parametrize("kind", ["DeleteRemote", "DeleteItem", "Download", "Adopt"])
def test_deletions_and_downloads_leave_no_byte_behind(kind: str, result: str) -> None:
    assert pending(Leftover(entries=[Entry(kind, A, result)])) == []


def test_what_figshare_lost_counts_while_it_is_held_here() -> None:
    held = Entry("TrashFolder", "Soil cores", "held", "300 files were deleted")
    planned = Entry("TrashLocal", "Ice/b.csv", "planned")

    assert pending(Leftover(entries=[held, planned])) == [
        Pending("Soil cores", Why.HELD, "300 files were deleted")
    ]


def test_a_folder_stands_for_the_files_in_it() -> None:
    entry = Entry("CreateItem", "Soil cores", "planned")

    found = pending(Leftover(entries=[entry], unsynced=[A, "Soil cores 2/a.csv"]))

    assert [(p.path, p.why) for p in found] == [
        ("Soil cores", Why.TO_DO),
        ("Soil cores 2/a.csv", Why.UNKNOWN),
    ]


def test_what_a_dry_run_would_adopt_is_proven_already() -> None:
    left = Leftover(entries=[Entry("Adopt", A, "planned")], unsynced=[A])

    assert pending(left) == []


def told(world: World, *, dry_run: bool = False) -> list[tuple[str, Why]]:
    with world.mirror(dry_run=dry_run) as mirror:
        report = sync_until_quiet(mirror, Wish())
        return [(p.path, p.why) for p in pending_after(mirror, report)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.drop(A, "1,2")
    world.settle()
    world.sync()
    return world


def test_after_a_sync_of_all_that_is_there_nothing_is_left(world: World) -> None:
    world.drop("Soil cores/empty.csv", "")

    assert told(world) == told(world, dry_run=True) == []


def test_a_dry_run_names_what_a_sync_would_send(world: World) -> None:
    world.drop(A, "3,4")
    world.drop("Ice/b.csv", "5,6")
    world.settle()

    assert told(world, dry_run=True) == [("Ice", Why.TO_DO), (A, Why.TO_DO)]


def test_a_file_that_changed_a_moment_ago_is_named(world: World) -> None:
    now = world.clock.now()
    os.utime(world.drop(A, "3,4"), (now, now))

    assert told(world, dry_run=True) == [(A, Why.UNSETTLED)]


def test_an_upload_that_failed_and_then_waits_is_named(world: World) -> None:
    world.drop(A, "3,4")
    world.settle()
    world.box.fail_next(Fault("upload", "PUT", status=500, times=50))

    assert told(world) == [(A, Why.FAILED)]
    assert told(world, dry_run=True) == [(A, Why.WAITING)]


def test_local_edits_of_a_mirror_that_only_pulls_are_named(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.drop(A, "3,4")
    world.settle()

    assert (A, Why.LEFT_ALONE) in told(world)


def test_what_somebody_else_is_still_sending_is_not_taken_for_proven(
    world: World,
) -> None:
    item = world.item_id("Soil cores")
    world.box.web.start_upload(int(item), NewFile("b.csv", 5))
    world.drop("Soil cores/b.csv", "3,4")
    world.settle()

    assert told(world) == [("Soil cores/b.csv", Why.UNKNOWN)]


def test_a_conflict_copy_is_named(world: World) -> None:
    (file,) = world.box.web.files(int(world.item_id("Soil cores")))
    world.drop(A, "here")
    world.box.web.replace_file(file.id, b"there")
    world.settle()

    (found,) = told(world)

    assert found[1] is Why.CONFLICT
    assert "conflict" in found[0]


def test_the_state_alone_tells_what_it_knows_and_that_nobody_looked(
    world: World,
) -> None:
    world.configure(mirror__direction="pull")
    world.drop(A, "3,4")
    world.settle()
    world.sync()

    with world.mirror(dry_run=True) as mirror:
        found = pending_in(mirror.state, mirror.disk)

    assert found[0] == Pending("", Why.UNKNOWN, UNREAD)
    assert [(p.path, p.why) for p in found[1:]] == [(A, Why.LEFT_ALONE)]


def test_a_file_deleted_since_is_not_named(world: World) -> None:
    world.configure(mirror__direction="pull")
    world.drop(A, "3,4")
    world.settle()
    world.sync()
    (world.root / A).unlink()

    with world.mirror(dry_run=True) as mirror:
        held = [
            p for p in pending_in(mirror.state, mirror.disk) if p.why is Why.UNKNOWN
        ]

    assert [p.reason for p in held] == [UNREAD]


def test_the_reasons_are_sentences_for_people() -> None:
    assert all(text and text[-1] != "." for text in (COPY, MORE, STRANDED, UNSYNCED))
