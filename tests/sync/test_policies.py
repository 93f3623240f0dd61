"""What direction, deletion policy and decisions of people make of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest

from figsync.config import Direction, FileDeletions, ItemDeletions
from figsync.model import (
    Action,
    ActionKey,
    Adopt,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    Download,
    FileAction,
    FileAway,
    Forget,
    ForgetItem,
    Held,
    ItemAction,
    KeepBoth,
    LinkFolder,
    Mode,
    MoveLocal,
    Plan,
    RemoteFile,
    RenameFolder,
    SetAsideRecord,
    TrashFolder,
    TrashLocal,
    Upload,
    WriteRecord,
)
from figsync.sync.policies import (
    KEPT,
    PULL_ONLY,
    PUSH_ONLY,
    REJECTED,
    Policy,
    apply_policy,
)
from tests.builders import ITEM, a_file, a_record, a_row

FILE = a_file("a", "new")
ROW = a_row("a", "17", "old")
RECORD = a_record("a", "17", "old")
OTHER = a_record("a", "18", "other")
REMOTE = {"17": RECORD}

ACTIONS: dict[str, Action] = {
    "upload": Upload(ITEM, FILE, ROW),
    "download": Download(ITEM, OTHER),
    "move local": MoveLocal(ITEM, replace(RECORD, path="d/a"), FILE),
    "trash local": TrashLocal(ITEM, ROW, a_file("a", "old")),
    "delete remote": DeleteRemote(ITEM, ROW),
    "delete what moved": DeleteRemote(ITEM, ROW, moved_to="b"),
    "keep both": KeepBoth(ITEM, OTHER, FILE),
    "adopt": Adopt(ITEM, a_record("a", "18", "new"), FILE, ROW),
    "forget": Forget(ITEM, ROW),
    "create item": CreateItem(ITEM, "title"),
    "link folder": LinkFolder(ITEM, "title"),
    "write new record": WriteRecord(ITEM, "title", Mode.MIRRORED, is_new=True),
    "write record again": WriteRecord(ITEM, "title", Mode.MIRRORED, is_new=False),
    "rename folder": RenameFolder(ITEM, "new name", "title"),
    "set aside record": SetAsideRecord(ITEM, "99"),
    "forget item": ForgetItem(ITEM),
    "file away": FileAway(ITEM, "loose.txt", FILE.stat),
    "trash folder": TrashFolder(ITEM, (ROW,), {"a": FILE}),
    "delete item": DeleteItem(ITEM, (ROW,)),
}


def test_every_kind_of_action_is_tested():
    assert {type(action) for action in ACTIONS.values()} == {
        *get_args(FileAction),
        *get_args(ItemAction),
    }


def judged(
    name: str, policy: Policy, remote: Mapping[str, RemoteFile] = REMOTE
) -> Plan:
    return apply_policy([ACTIONS[name]], policy, remote)


def go(*actions: Action) -> Plan:
    return Plan(actions)


def held(name: str, reason: str, *, listed: bool = True) -> Plan:
    return Plan(held=(Held(ACTIONS[name], reason, listed=listed),))


@pytest.mark.parametrize("name", ACTIONS)
def test_in_both_directions_everything_goes(name):
    assert judged(name, Policy()) == go(ACTIONS[name])


def test_the_order_stays():
    assert apply_policy(ACTIONS.values(), Policy(), {}).actions == (*ACTIONS.values(),)


class TestPull:
    POLICY = Policy(Direction.PULL)

    @pytest.mark.parametrize("name", ["upload", "create item", "file away"])
    def test_nothing_is_sent_and_everything_is_listed(self, name):
        assert judged(name, self.POLICY) == held(name, PULL_ONLY)

    @pytest.mark.parametrize("name", ["delete remote", "delete what moved"])
    def test_a_missing_file_comes_back(self, name):
        assert judged(name, self.POLICY) == go(Download(ITEM, RECORD))

    def test_a_missing_folder_comes_back(self):
        assert judged("delete item", self.POLICY) == go(ForgetItem(ITEM))

    def test_adopting_deletes_no_record(self):
        adopt = replace(ACTIONS["adopt"], supersedes=None)

        assert judged("adopt", self.POLICY) == go(adopt)

    @pytest.mark.parametrize(
        "name",
        [
            "download",
            "move local",
            "trash local",
            "keep both",
            "forget",
            "link folder",
            "write new record",
            "write record again",
            "rename folder",
            "set aside record",
            "forget item",
            "trash folder",
        ],
    )
    def test_what_changes_only_this_computer_goes(self, name):
        assert judged(name, self.POLICY) == go(ACTIONS[name])


class TestPush:
    POLICY = Policy(Direction.PUSH)

    @pytest.mark.parametrize(
        "name", ["download", "move local", "rename folder", "write new record"]
    )
    def test_nothing_comes_down_and_everything_is_listed(self, name):
        assert judged(name, self.POLICY) == held(name, PUSH_ONLY)

    @pytest.mark.parametrize("name", ["keep both", "trash local", "trash folder"])
    def test_what_would_change_local_files_asks_a_person(self, name):
        (kept,) = judged(name, self.POLICY).held

        assert kept.needs_person
        assert kept.reason.startswith(PUSH_ONLY)

    @pytest.mark.parametrize(
        "name",
        [
            "upload",
            "delete remote",
            "delete what moved",
            "adopt",
            "forget",
            "create item",
            "link folder",
            "write record again",
            "set aside record",
            "forget item",
            "file away",
            "delete item",
        ],
    )
    def test_what_changes_figshare_goes(self, name):
        assert judged(name, self.POLICY) == go(ACTIONS[name])


FILE_DELETIONS = ["delete remote", "trash local"]
ITEM_DELETIONS = ["delete item", "trash folder"]


class TestKeep:
    FILES = Policy(files=FileDeletions.KEEP)
    ITEMS = Policy(items=ItemDeletions.KEEP)

    @pytest.mark.parametrize("name", FILE_DELETIONS)
    def test_a_file_missing_on_one_side_is_kept_on_the_other(self, name):
        assert judged(name, self.FILES) == held(name, KEPT)

    @pytest.mark.parametrize("name", ITEM_DELETIONS)
    def test_an_item_missing_on_one_side_is_kept_on_the_other(self, name):
        assert judged(name, self.ITEMS) == held(name, KEPT)

    @pytest.mark.parametrize("name", ACTIONS.keys() - {*FILE_DELETIONS})
    def test_keeping_files_changes_nothing_else(self, name):
        assert judged(name, self.FILES) == go(ACTIONS[name])

    @pytest.mark.parametrize("name", ACTIONS.keys() - {*ITEM_DELETIONS})
    def test_keeping_items_changes_nothing_else(self, name):
        assert judged(name, self.ITEMS) == go(ACTIONS[name])

    def test_pulling_keeps_local_files_too(self):
        policy = Policy(Direction.PULL, FileDeletions.KEEP, ItemDeletions.KEEP)

        assert judged("trash local", policy) == held("trash local", KEPT)
        assert judged("trash folder", policy) == held("trash folder", KEPT)

    def test_pushing_keeps_records_too(self):
        policy = Policy(Direction.PUSH, FileDeletions.KEEP, ItemDeletions.KEEP)

        assert judged("delete remote", policy) == held("delete remote", KEPT)
        assert judged("delete item", policy) == held("delete item", KEPT)


def rejecting(name: str, direction: Direction = Direction.BOTH) -> Policy:
    return Policy(direction, rejected=frozenset({ACTIONS[name].key}))


class TestRejections:
    def test_a_rejected_deletion_brings_the_file_back(self):
        policy = rejecting("delete remote")

        assert judged("delete remote", policy) == go(Download(ITEM, RECORD))

    def test_it_brings_back_the_very_record_under_the_very_path(self):
        twin = replace(ACTIONS["delete remote"], synced=replace(ROW, path="a (#17)"))
        policy = Policy(rejected=frozenset({twin.key}))

        plan = apply_policy([twin], policy, {"18": OTHER, "17": RECORD})

        assert plan == go(Download(ITEM, replace(RECORD, path="a (#17)")))

    def test_a_rejected_trashing_sends_the_file_again(self):
        plan = judged("trash local", rejecting("trash local"))

        assert plan == go(Upload(ITEM, a_file("a", "old")))

    @pytest.mark.parametrize("name", ITEM_DELETIONS)
    def test_a_rejected_loss_of_an_item_lets_it_arrive_anew(self, name):
        assert judged(name, rejecting(name)) == go(ForgetItem(ITEM))

    @pytest.mark.parametrize("name", ["upload", "download", "keep both", "create item"])
    def test_what_has_no_opposite_is_left_alone_and_listed(self, name):
        assert judged(name, rejecting(name)) == held(name, REJECTED)

    def test_a_rejection_sends_nothing_when_pulling(self):
        plan = judged("trash local", rejecting("trash local", Direction.PULL))

        assert plan.actions == ()
        assert [kept.reason for kept in plan.held] == [PULL_ONLY]

    def test_a_rejection_fetches_nothing_when_pushing(self):
        plan = judged("delete remote", rejecting("delete remote", Direction.PUSH))

        assert plan.actions == ()
        assert [kept.reason for kept in plan.held] == [PUSH_ONLY]

    def test_a_rejection_is_of_exactly_what_was_shown(self):
        shown = ActionKey("DeleteRemote", ITEM.item_id, "a", "16", ROW.md5)
        policy = Policy(rejected=frozenset({shown}))

        assert judged("delete remote", policy) == go(ACTIONS["delete remote"])


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("files", FileDeletions)
@pytest.mark.parametrize("items", ItemDeletions)
@pytest.mark.parametrize("rejected", [True, False], ids=["rejected", "undecided"])
@pytest.mark.parametrize("name", ACTIONS)
def test_no_policy_drops_anything_silently(name, direction, files, items, rejected):
    keys = frozenset({ACTIONS[name].key} if rejected else ())

    plan = judged(name, Policy(direction, files, items, keys))

    assert len(plan.actions) + len(plan.held) == 1
