"""The table for files: what two changes of one path mean together."""

from __future__ import annotations

import pytest

from figsync.model import (
    Adopt,
    DeleteRemote,
    Download,
    FileAction,
    Forget,
    KeepBoth,
    LocalTree,
    MoveLocal,
    RemoteFile,
    SyncedTree,
    TrashLocal,
    Unknown,
    Upload,
)
from figsync.sync.plan import plan_files
from tests.builders import (
    ITEM,
    a_file,
    a_link,
    a_record,
    a_row,
    a_vague_file,
    a_vague_record,
    agreed,
    on_disk,
    on_figshare,
)

ROW = a_row("a", "17", "old")
OLD = a_record("a", "17", "old")
OTHER = a_record("a", "18", "other")
SAME_HERE = a_file("a", "old")
EDITED_HERE = a_file("a", "new")
EQUAL_EDIT = a_record("a", "18", "new")


def plan(
    local: LocalTree, records: tuple[RemoteFile, ...], synced: SyncedTree
) -> list[FileAction]:
    return plan_files(ITEM, local, records, synced)


TABLE = {
    "same, same: nothing": (SAME_HERE, OLD, None),
    "same, edited: download": (SAME_HERE, OTHER, Download(ITEM, OTHER, SAME_HERE)),
    "same, gone: trash": (SAME_HERE, None, TrashLocal(ITEM, ROW, SAME_HERE)),
    "edited, same: upload": (EDITED_HERE, OLD, Upload(ITEM, EDITED_HERE, ROW)),
    "edited, edited equally: adopt": (
        EDITED_HERE,
        EQUAL_EDIT,
        Adopt(ITEM, EQUAL_EDIT, EDITED_HERE),
    ),
    "edited, edited: keep both": (
        EDITED_HERE,
        OTHER,
        KeepBoth(ITEM, OTHER, EDITED_HERE),
    ),
    "edited, gone: upload": (EDITED_HERE, None, Upload(ITEM, EDITED_HERE)),
    "gone, same: delete": (None, OLD, DeleteRemote(ITEM, ROW)),
    "gone, edited: download": (None, OTHER, Download(ITEM, OTHER)),
    "gone, gone: forget": (None, None, Forget(ITEM, ROW)),
}


@pytest.mark.parametrize("here, there, action", TABLE.values(), ids=TABLE)
def test_the_table(here, there, action):
    local = on_disk(a=here) if here else {}
    records = (there,) if there else ()

    actions = plan(local, records, {"a": ROW})

    assert actions == ([action] if action else [])


NEVER_AGREED = {
    "only here: upload": (EDITED_HERE, None, Upload(ITEM, EDITED_HERE)),
    "only there: download": (None, OTHER, Download(ITEM, OTHER)),
    "both, equal: adopt": (
        EDITED_HERE,
        EQUAL_EDIT,
        Adopt(ITEM, EQUAL_EDIT, EDITED_HERE),
    ),
    "both, different: keep both": (
        EDITED_HERE,
        OTHER,
        KeepBoth(ITEM, OTHER, EDITED_HERE),
    ),
    "nowhere: nothing": (None, None, None),
}


@pytest.mark.parametrize("here, there, action", NEVER_AGREED.values(), ids=NEVER_AGREED)
def test_a_file_that_was_never_agreed_on(here, there, action):
    local = on_disk(a=here) if here else {}
    records = (there,) if there else ()

    actions = plan(local, records, {})

    assert actions == ([action] if action else [])


BOTH_TREES = {"agreed": {"a": ROW}, "never agreed": {}}
THERE = {"same": (OLD,), "edited": (OTHER,), "gone": ()}
HERE = {"same": {"a": SAME_HERE}, "edited": {"a": EDITED_HERE}, "gone": {}}


@pytest.mark.parametrize("why", Unknown)
@pytest.mark.parametrize("there", THERE.values(), ids=THERE)
@pytest.mark.parametrize("synced", BOTH_TREES.values(), ids=BOTH_TREES)
def test_an_unknown_local_file_decides_nothing(why, there, synced):
    local = {"a": a_vague_file("a", why)}

    assert plan(local, there, synced) == []


@pytest.mark.parametrize("why", Unknown)
@pytest.mark.parametrize("here", HERE.values(), ids=HERE)
@pytest.mark.parametrize("synced", BOTH_TREES.values(), ids=BOTH_TREES)
@pytest.mark.parametrize("file_id", ["17", "18"])
def test_an_unknown_record_decides_nothing(why, here, synced, file_id):
    records = (a_vague_record("a", file_id, "old", why),)

    assert plan(here, records, synced) == []


@pytest.mark.parametrize("why", Unknown)
def test_unknown_on_both_sides_decides_nothing(why):
    local = {"a": a_vague_file("a", why)}
    records = (a_vague_record("a", "17", "old", why),)

    assert plan(local, records, {"a": ROW}) == []


def test_one_unknown_file_does_not_stop_its_neighbours():
    local = on_disk(a=Unknown.UNREADABLE, b="new")

    actions = plan(local, (), {"a": ROW})

    assert actions == [Upload(ITEM, local["b"])]


def test_actions_come_in_the_order_of_paths():
    local = on_disk({"b/c": "1", "a": "2", "b-c": "3"})

    actions = plan(local, (), {})

    assert [action.path for action in actions] == ["a", "b-c", "b/c"]


class TestEqualContents:
    def test_a_record_replaced_by_an_equal_one_is_adopted(self):
        local = on_disk(a="old")
        records = on_figshare(a=("18", "old"))

        actions = plan(local, records, agreed(a=("17", "old")))

        assert actions == [Adopt(ITEM, records[0], local["a"])]

    def test_the_same_edit_on_both_sides_supersedes_the_synced_record(self):
        local = on_disk(a="new")
        records = on_figshare(a=[("17", "old"), ("18", "new")])
        synced = agreed(a=("17", "old"))

        actions = plan(local, records, synced)

        assert actions == [Adopt(ITEM, records[1], local["a"], synced["a"])]

    def test_an_equal_twin_of_the_synced_record_is_never_deleted(self):
        local = on_disk(a="old")
        records = on_figshare(a=[("17", "old"), ("18", "old")])

        actions = plan(local, records, agreed(a=("17", "old")))

        assert actions == [Adopt(ITEM, records[1], local["a"])]

    def test_a_record_that_moved_away_is_not_superseded(self):
        local = on_disk(a="new")
        records = on_figshare(a=("18", "new"), b=("17", "old"))

        actions = plan(local, records, agreed(a=("17", "old")))

        assert actions == [
            Adopt(ITEM, records[0], local["a"]),
            Download(ITEM, records[1]),
        ]

    def test_a_file_moved_by_another_machine_is_copied_here(self):
        local = on_disk(a="moved")
        records = on_figshare(b=("18", "moved"))
        synced = agreed(a=("17", "moved"))

        actions = plan(local, records, synced)

        assert actions == [
            TrashLocal(ITEM, synced["a"], local["a"]),
            Download(ITEM, records[0], source=local["a"]),
        ]

    def test_a_download_names_an_equal_local_file(self):
        local = on_disk(b="same bytes")
        records = on_figshare(a=("17", "same bytes"), b=("18", "same bytes"))

        actions = plan(local, records, agreed(b=("18", "same bytes")))

        assert actions == [Download(ITEM, records[0], source=local["b"])]

    def test_an_unknown_local_file_is_no_source(self):
        local = on_disk(b=Unknown.NOT_SETTLED)
        records = on_figshare(a=("17", "bytes"), b=("18", "bytes"))

        actions = plan(local, records, agreed(b=("18", "bytes")))

        assert actions == [Download(ITEM, records[0])]


class TestNotUploadable:
    REFUSED = a_file("a", "", refusal="it is empty")

    @pytest.mark.parametrize("records", [(), (OLD,)], ids=["gone", "same"])
    @pytest.mark.parametrize("synced", BOTH_TREES.values(), ids=BOTH_TREES)
    def test_a_refused_file_is_never_sent(self, records, synced):
        actions = plan({"a": self.REFUSED}, records, synced)

        assert Upload not in map(type, actions)
        assert TrashLocal not in map(type, actions)

    def test_a_refused_file_is_kept_beside_another_edit(self):
        actions = plan({"a": self.REFUSED}, (OTHER,), {"a": ROW})

        assert actions == [KeepBoth(ITEM, OTHER, self.REFUSED)]

    def test_a_refused_file_that_figshare_already_holds_is_adopted(self):
        large = a_file("a", "other", refusal="it is too large")

        actions = plan({"a": large}, (OTHER,), {})

        assert actions == [Adopt(ITEM, OTHER, large)]


class TestLinks:
    def test_a_new_link_comes_down(self):
        link = a_link("a.url", "17", "shortcut")

        assert plan({}, (link,), {}) == [Download(ITEM, link)]

    def test_a_link_never_has_a_source(self):
        link = a_link("a.url", "17", "shortcut")
        local = on_disk({"b.url": "shortcut"})
        records = (link, a_record("b.url", "18", "shortcut"))

        actions = plan(local, records, agreed({"b.url": ("18", "shortcut")}))

        assert actions == [Download(ITEM, link)]

    def test_an_edited_shortcut_is_undone(self):
        link = a_link("a.url", "17", "shortcut")
        local = on_disk({"a.url": "scribbled"})

        actions = plan(local, (link,), agreed({"a.url": ("17", "shortcut")}))

        assert actions == [Download(ITEM, link, replaces=local["a.url"])]

    def test_a_deleted_shortcut_comes_back(self):
        link = a_link("a.url", "17", "shortcut")

        actions = plan({}, (link,), agreed({"a.url": ("17", "shortcut")}))

        assert actions == [Download(ITEM, link)]

    def test_a_removed_link_takes_its_shortcut_along(self):
        local = on_disk({"a.url": "shortcut"})
        synced = agreed({"a.url": ("17", "shortcut")})

        actions = plan(local, (), synced)

        assert actions == [TrashLocal(ITEM, synced["a.url"], local["a.url"])]

    def test_a_link_does_not_replace_a_file_of_the_user(self):
        link = a_link("a.url", "17", "shortcut")
        local = on_disk({"a.url": "my own"})

        actions = plan(local, (link,), {})

        assert actions == [KeepBoth(ITEM, link, local["a.url"])]

    def test_a_link_does_not_replace_an_edit(self):
        link = a_link("a", "18", "shortcut")
        local = on_disk(a="new")

        actions = plan(local, (link,), agreed(a=("17", "old")))

        assert actions == [KeepBoth(ITEM, link, local["a"])]


class TestMovesOnFigshare:
    def test_a_record_in_another_folder_moves_the_local_file(self):
        local = on_disk(a="old")
        records = on_figshare({"d/a": ("17", "old")})

        actions = plan(local, records, agreed(a=("17", "old")))

        assert actions == [MoveLocal(ITEM, records[0], local["a"])]

    def test_moves_come_before_everything_else(self):
        local = on_disk(b="new", z="old")
        records = on_figshare({"y/z": ("17", "old")})

        actions = plan(local, records, agreed(z=("17", "old")))

        assert [type(action) for action in actions] == [MoveLocal, Upload]

    def test_an_edited_file_is_not_moved_and_loses_nothing(self):
        local = on_disk(a="new")
        records = on_figshare({"d/a": ("17", "old")})

        actions = plan(local, records, agreed(a=("17", "old")))

        assert actions == [Upload(ITEM, local["a"]), Download(ITEM, records[0])]

    @pytest.mark.parametrize("there", ["taken", Unknown.NOT_A_FILE])
    def test_a_move_never_covers_a_local_file(self, there):
        local = on_disk({"a": "old", "d/a": there})
        records = on_figshare({"d/a": ("17", "old")})

        actions = plan(local, records, agreed(a=("17", "old")))

        assert MoveLocal not in map(type, actions)

    def test_an_unknown_record_moves_nothing(self):
        local = on_disk(a="old")
        records = on_figshare({"d/a": ("17", "old", Unknown.UNCONFIRMED)})

        actions = plan(local, records, agreed(a=("17", "old")))

        assert MoveLocal not in map(type, actions)

    def test_a_file_deleted_here_and_moved_there_comes_back(self):
        records = on_figshare({"d/a": ("17", "old")})
        synced = agreed(a=("17", "old"))

        actions = plan({}, records, synced)

        assert actions == [Forget(ITEM, synced["a"]), Download(ITEM, records[0])]


class TestMovesOnTheDisk:
    def test_a_deletion_names_where_its_bytes_are_sent_again(self):
        local = on_disk({"z": "old"})
        records = on_figshare(a=("17", "old"))
        synced = agreed(a=("17", "old"))

        actions = plan(local, records, synced)

        assert actions == [
            DeleteRemote(ITEM, synced["a"], moved_to="z"),
            Upload(ITEM, local["z"]),
        ]

    def test_one_arrival_justifies_one_deletion(self):
        local = on_disk(c="old")
        records = on_figshare(a=("17", "old"), b=("18", "old"))

        actions = plan(local, records, agreed(a=("17", "old"), b=("18", "old")))

        deletions = [a for a in actions if isinstance(a, DeleteRemote)]
        assert [deletion.moved_to for deletion in deletions] == ["c", ""]

    def test_two_arrivals_justify_two_deletions(self):
        local = on_disk(c="old", d="old")
        records = on_figshare(a=("17", "old"), b=("18", "old"))

        actions = plan(local, records, agreed(a=("17", "old"), b=("18", "old")))

        deletions = [a for a in actions if isinstance(a, DeleteRemote)]
        assert [deletion.moved_to for deletion in deletions] == ["c", "d"]

    def test_an_edit_to_equal_bytes_is_no_move(self):
        local = on_disk(b="old")
        records = on_figshare(a=("17", "old"), b=("18", "b"))
        synced = agreed(a=("17", "old"), b=("18", "b"))

        actions = plan(local, records, synced)

        assert DeleteRemote(ITEM, synced["a"]) in actions

    def test_other_bytes_are_no_move(self):
        local = on_disk(b="new")
        synced = agreed(a=("17", "old"))

        actions = plan(local, (OLD,), synced)

        assert DeleteRemote(ITEM, synced["a"]) in actions

    def test_a_move_stays_a_move_when_its_proof_came_late(self):
        local = on_disk(b="old")
        records = on_figshare(a=("17", "old"), b=("18", "old"))
        synced = agreed(a=("17", "old"))

        actions = plan(local, records, synced)

        assert actions == [
            DeleteRemote(ITEM, synced["a"], moved_to="b"),
            Adopt(ITEM, records[1], local["b"]),
        ]


class TestSupersededRecords:
    def test_only_the_synced_record_is_replaced(self):
        local = on_disk(a="new")
        records = on_figshare(a=[("16", "older"), ("17", "old")])
        synced = agreed({"a": ("17", "old"), "a (#16)": ("16", "older")})

        actions = plan({**local, **on_disk({"a (#16)": "older"})}, records, synced)

        assert actions == [Upload(ITEM, local["a"], synced["a"])]

    def test_a_crash_between_proof_and_deletion_ends_in_one_record(self):
        local = on_disk(a="new")
        records = on_figshare(a=[("17", "old"), ("18", "new")])
        synced = agreed(a=("17", "old"))

        actions = plan(local, records, synced)

        assert actions == [Adopt(ITEM, records[1], local["a"], synced["a"])]

    def test_the_same_crash_beside_an_owner_ends_in_one_record(self):
        local = on_disk({"a": "own", "a (#17)": "new"})
        records = on_figshare(
            {"a": [("17", "old"), ("18", "own")], "a (#17)": ("19", "new")}
        )
        synced = agreed({"a": ("18", "own"), "a (#17)": ("17", "old")})

        actions = plan(local, records, synced)

        assert actions == [Adopt(ITEM, records[2], local["a (#17)"], synced["a (#17)"])]

    def test_a_record_that_came_to_own_another_name_is_not_superseded(self):
        local = on_disk({"a": "old", "a (#17)": "new"})
        records = on_figshare({"a": ("17", "old"), "a (#17)": ("18", "new")})
        synced = agreed({"a (#17)": ("17", "old")})

        actions = plan(local, records, synced)

        assert actions == [
            Adopt(ITEM, records[0], local["a"]),
            Adopt(ITEM, records[1], local["a (#17)"]),
        ]

    def test_a_record_that_is_a_hidden_twin_elsewhere_is_not_superseded(self):
        local = on_disk(a="new", b="old")
        records = on_figshare(a=("18", "new"), b=[("17", "old"), ("19", "old")])
        synced = agreed(a=("17", "old"), b=("19", "old"))

        actions = plan(local, records, synced)

        assert actions == [Adopt(ITEM, records[0], local["a"])]

    def test_an_edit_in_the_meantime_keeps_both(self):
        local = on_disk(a="newest")
        records = on_figshare(a=[("17", "old"), ("18", "new")])

        actions = plan(local, records, agreed(a=("17", "old")))

        assert KeepBoth(ITEM, records[1], local["a"]) in actions
