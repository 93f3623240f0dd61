"""What of a plan is held: accidents for a person, deletions until their time."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figsync.config import ItemDeletions
from figsync.model import (
    Action,
    ActionKey,
    Adopt,
    CreateItem,
    DeleteItem,
    DeleteRemote,
    Download,
    Held,
    KeepBoth,
    Plan,
    TrashFolder,
    TrashLocal,
    Upload,
    Where,
)
from figsync.sync.guards import Facts, Limits, Wait, guard, weight
from tests.builders import ITEM, a_file, a_record, a_row

NOW = 1_000_000.0
GRACE = 24 * 3600.0
LONG_AGO = NOW - 10 * GRACE
LIMITS = Limits()
LARGE = 10_000
PUBLIC = Where("8", "Public", is_public=True)


def deletion(number: int, where: Where = ITEM, *, moved_to: str = "") -> DeleteRemote:
    return DeleteRemote(where, a_row(f"{number}", f"{number}", "old"), moved_to)


def trashing(number: int, where: Where = ITEM) -> TrashLocal:
    path = f"{number}"
    return TrashLocal(where, a_row(path, path, "old"), a_file(path, "old"))


def upload(number: int, *, replaces: bool = True) -> Upload:
    old = a_row(f"{number}", f"{number}", "old") if replaces else None
    return Upload(ITEM, a_file(f"{number}", "new"), old)


def download(number: int, *, replaces: bool = True) -> Download:
    old = a_file(f"{number}", "old") if replaces else None
    return Download(ITEM, a_record(f"{number}", f"1{number}", "new"), old)


def item_deletion(files: int = 2, where: Where = ITEM, *, first: int = 0) -> DeleteItem:
    rows = (a_row(f"{n}", f"{n}", "old") for n in range(first, first + files))
    return DeleteItem(where, tuple(rows))


def folder_trashing(files: int) -> TrashFolder:
    rows = [a_row(f"{n}", f"{n}", "old") for n in range(files)]
    return TrashFolder(
        ITEM, tuple(rows), {row.path: a_file(row.path, "") for row in rows}
    )


MAKERS = {"on the disk": trashing, "on Figshare": deletion}
SIDES = {"on the disk": "local", "on Figshare": "remote"}


def due(*actions: Action) -> Facts:
    """Return facts of a large mirror in which every absence is old enough."""
    missed = {(action.where.item_id, action.path): LONG_AGO for action in actions}
    files = dict.fromkeys((ITEM.item_id, PUBLIC.item_id), LARGE)
    return Facts(mirror_files=80, item_files=files, missed_since=missed)


def keys(actions: list[Action] | tuple[Action, ...]) -> frozenset[ActionKey]:
    return frozenset(action.key for action in actions)


def guarded(*actions: Action, facts: Facts, limits: Limits = LIMITS) -> Plan:
    return guard(Plan(actions), limits, facts, NOW)


def reasons(plan: Plan) -> set[str]:
    return {held.reason for held in plan.held}


class TestTooManyDeletions:
    @pytest.mark.parametrize(
        "files, allowed", [(0, 20), (80, 20), (83, 20), (84, 21), (1000, 250)]
    )
    @pytest.mark.parametrize("side", MAKERS)
    def test_the_limit_is_the_larger_of_20_and_25_percent(self, side, files, allowed):
        most = [MAKERS[side](n) for n in range(allowed)]
        one_more = MAKERS[side](allowed)
        facts = replace(due(*most, one_more), mirror_files=files)

        at_the_limit = guarded(*most, facts=facts)
        above = guarded(*most, one_more, facts=facts)

        assert at_the_limit.actions == tuple(most)
        assert [h.action for h in above.held] == [*most, one_more]
        assert all(held.needs_person for held in above.held)

    def test_the_limits_are_configured(self):
        actions = [trashing(n) for n in range(6)]
        facts = replace(due(), mirror_files=10)

        strict = Limits(max_files=2, max_percent=50)

        assert guarded(*actions[:5], facts=facts, limits=strict).held == ()
        assert len(guarded(*actions, facts=facts, limits=strict).held) == 6

    @pytest.mark.parametrize("side", MAKERS)
    def test_what_was_deleted_in_the_last_day_counts(self, side):
        action = MAKERS[side](1)
        facts = replace(due(action), deleted={SIDES[side]: 20})

        assert guarded(action, facts=facts).actions == ()

    @pytest.mark.parametrize("side", MAKERS)
    def test_deletions_on_the_other_side_do_not_count(self, side):
        action = MAKERS[side](1)
        (other,) = set(SIDES.values()) - {SIDES[side]}
        facts = replace(due(action), deleted={other: 20})

        assert guarded(action, facts=facts).actions == (action,)

    def test_deletions_that_wait_for_their_time_count(self):
        waiting = [deletion(n) for n in range(20)]
        facts = due()

        plan = guarded(*waiting, deletion(20), facts=facts)

        assert all(held.needs_person for held in plan.held)

    def test_an_item_counts_as_its_files_and_at_least_as_one(self):
        assert weight(folder_trashing(21)) == 21
        assert weight(item_deletion(3)) == 3
        assert weight(item_deletion(0)) == 1
        assert guarded(folder_trashing(20), facts=due()).held == ()
        assert len(guarded(folder_trashing(21), facts=due()).held) == 1

    def test_moved_files_do_not_count(self):
        moved = [deletion(n, moved_to=f"new/{n}") for n in range(300)]

        assert guarded(*moved, facts=due()).actions == tuple(moved)

    def test_moved_files_go_on_beside_a_held_accident(self):
        moved = deletion(99, moved_to="new/99")
        lost = [deletion(n) for n in range(21)]

        plan = guarded(moved, *lost, facts=due(*lost))

        assert plan.actions == (moved,)

    def test_nothing_else_counts(self):
        actions = [
            Upload(ITEM, a_file("a", "new")),
            Adopt(ITEM, a_record("b", "1", "x"), a_file("b", "x")),
            KeepBoth(ITEM, a_record("c", "2", "x"), a_file("c", "y")),
            CreateItem(ITEM, "title"),
        ]

        assert [weight(action) for action in actions] == [0, 0, 0, 0]

    def test_the_reason_tells_how_many_and_where(self):
        lost = [trashing(n) for n in range(21)]

        (reason,) = reasons(guarded(*lost, facts=due()))

        assert "21 of 80 files were deleted on Figshare" in reason
        assert "20 allowed" in reason


class TestApprovals:
    def test_an_approved_set_goes_on(self):
        lost = [deletion(n) for n in range(21)]
        facts = replace(due(*lost), approved=keys(lost))

        assert guarded(*lost, facts=facts).actions == tuple(lost)

    def test_a_later_addition_is_not_covered(self):
        lost = [deletion(n) for n in range(21)]
        later = deletion(21)
        facts = replace(due(*lost, later), approved=keys(lost))

        plan = guarded(*lost, later, facts=facts)

        assert plan.actions == tuple(lost)
        assert [held.action for held in plan.held] == [later]
        assert plan.held[0].needs_person

    def test_another_record_under_the_same_path_is_not_covered(self):
        lost = [deletion(n) for n in range(21)]
        other = replace(lost[0], synced=a_row("0", "99", "old"))
        facts = replace(due(*lost), approved=keys(lost))

        plan = guarded(other, *lost[1:], facts=facts)

        assert [held.action for held in plan.held] == [other]

    def test_other_bytes_under_the_same_path_are_not_covered(self):
        edits = [upload(n) for n in range(41)]
        other = replace(edits[0], local=a_file("0", "newer still"))
        facts = replace(due(), approved=keys(edits))

        plan = guarded(other, *edits[1:], facts=facts)

        assert [held.action for held in plan.held] == [other]

    def test_an_item_that_gained_a_file_is_not_covered(self):
        shown, now = item_deletion(2), item_deletion(3)
        facts = replace(due(now), approved=keys([shown]))

        assert guarded(now, facts=facts).actions == ()

    def test_an_approval_does_not_shorten_the_grace_period(self):
        lost = [deletion(n) for n in range(21)]
        facts = replace(due(), approved=keys(lost))

        plan = guarded(*lost, facts=facts)

        assert plan.actions == ()
        assert not any(held.needs_person for held in plan.held)


class TestEmptiedItems:
    def test_emptying_an_item_of_two_files_is_held(self):
        lost = [deletion(1), deletion(2)]
        facts = replace(due(*lost), item_files={ITEM.item_id: 2})

        plan = guarded(*lost, facts=facts)

        assert [held.action for held in plan.held] == lost
        assert reasons(plan) == {"it would empty the item of all its 2 files"}

    def test_the_only_file_of_an_item_may_go(self):
        facts = replace(due(deletion(1)), item_files={ITEM.item_id: 1})

        assert guarded(deletion(1), facts=facts).actions == (deletion(1),)

    def test_all_but_one_may_go(self):
        lost = [deletion(1), deletion(2)]
        facts = replace(due(*lost), item_files={ITEM.item_id: 3})

        assert guarded(*lost, facts=facts).actions == tuple(lost)

    def test_items_are_looked_at_one_by_one(self):
        elsewhere = Where("9", "Other")
        lost = [deletion(1), deletion(2, elsewhere)]
        facts = replace(due(*lost), item_files={ITEM.item_id: 1, "9": 1})

        assert guarded(*lost, facts=facts).actions == tuple(lost)

    @pytest.mark.parametrize("arrival", [upload(3, replaces=False), download(3)])
    def test_an_item_that_gains_a_file_is_not_emptied(self, arrival):
        lost = [deletion(1), deletion(2)]
        facts = replace(due(*lost), item_files={ITEM.item_id: 2})

        assert guarded(*lost, arrival, facts=facts).held == ()

    def test_an_arrival_that_waits_is_no_arrival(self):
        lost, arrival = [deletion(1), deletion(2)], upload(3, replaces=False)
        facts = replace(
            due(*lost),
            item_files={ITEM.item_id: 2},
            waits={arrival.key: Wait("it failed", NOW + 60)},
        )

        assert guarded(*lost, arrival, facts=facts).actions == ()

    def test_moving_every_file_empties_nothing(self):
        moved = [deletion(n, moved_to=f"new/{n}") for n in range(2)]
        facts = replace(due(), item_files={ITEM.item_id: 2})

        assert guarded(*moved, facts=facts).actions == tuple(moved)

    def test_emptying_a_folder_of_the_disk_is_not_held(self):
        lost = [trashing(1), trashing(2)]
        facts = replace(due(), item_files={ITEM.item_id: 2})

        assert guarded(*lost, facts=facts).actions == tuple(lost)

    def test_an_approval_lifts_it(self):
        lost = [deletion(1), deletion(2)]
        facts = replace(due(*lost), item_files={ITEM.item_id: 2}, approved=keys(lost))

        assert guarded(*lost, facts=facts).actions == tuple(lost)


class TestTooManyReplacements:
    @pytest.mark.parametrize("files, allowed", [(0, 20), (40, 20), (42, 21), (80, 40)])
    @pytest.mark.parametrize("edit", [upload, download], ids=["here", "there"])
    def test_the_limit_is_the_larger_of_20_and_half(self, edit, files, allowed):
        edits = [edit(n) for n in range(allowed + 1)]
        facts = replace(due(), mirror_files=files)

        assert guarded(*edits[:-1], facts=facts).held == ()
        assert [h.action for h in guarded(*edits, facts=facts).held] == edits

    def test_the_two_sides_are_counted_apart(self):
        edits = [edit(n) for n in range(40) for edit in (upload, download)]

        assert guarded(*edits, facts=due()).actions == tuple(edits)

    @pytest.mark.parametrize("edit", [upload, download], ids=["here", "there"])
    def test_new_files_are_no_replacements(self, edit):
        arrivals = [edit(n, replaces=False) for n in range(100)]

        assert guarded(*arrivals, facts=due()).actions == tuple(arrivals)

    def test_new_files_go_on_beside_held_replacements(self):
        arrival = upload(99, replaces=False)
        edits = [upload(n) for n in range(41)]

        assert guarded(arrival, *edits, facts=due()).actions == (arrival,)

    def test_approved_replacements_go_on_and_later_ones_do_not(self):
        edits, later = [upload(n) for n in range(41)], upload(41)
        facts = replace(due(), approved=keys(edits))

        plan = guarded(*edits, later, facts=facts)

        assert plan.actions == tuple(edits)
        assert [held.action for held in plan.held] == [later]


class TestGrace:
    def test_an_absence_seen_once_waits(self):
        plan = guarded(deletion(1), facts=due())

        (held,) = plan.held
        assert not held.needs_person
        assert held.until == NOW

    @pytest.mark.parametrize("action", [deletion(1), item_deletion()])
    def test_an_absence_waits_until_its_grace_is_over(self, action):
        key = (ITEM.item_id, action.path)
        facts = replace(due(), missed_since={key: NOW - GRACE + 1})
        limits = replace(LIMITS, items=ItemDeletions.PROPAGATE)

        plan = guarded(action, facts=facts, limits=limits)

        assert [held.until for held in plan.held] == [NOW + 1]

    @pytest.mark.parametrize("action", [deletion(1), item_deletion()])
    def test_a_deletion_is_due_exactly_when_its_grace_is_over(self, action):
        key = (ITEM.item_id, action.path)
        facts = replace(due(), missed_since={key: NOW - GRACE})
        limits = replace(LIMITS, items=ItemDeletions.PROPAGATE)

        assert guarded(action, facts=facts, limits=limits).actions == (action,)

    def test_grace_is_of_one_item_and_one_path(self):
        facts = replace(
            due(), missed_since={("9", "1"): LONG_AGO, (ITEM.item_id, "2"): LONG_AGO}
        )

        assert guarded(deletion(1), facts=facts).actions == ()

    def test_grace_can_be_none_but_two_scans_are_needed(self):
        limits = replace(LIMITS, grace=0.0)
        facts = replace(due(), missed_since={(ITEM.item_id, "2"): NOW})

        plan = guarded(deletion(1), deletion(2), facts=facts, limits=limits)

        assert plan.actions == (deletion(2),)

    def test_a_move_has_no_grace(self):
        moved = deletion(1, moved_to="new/1")

        assert guarded(moved, facts=due()).actions == (moved,)

    @pytest.mark.parametrize("action", [trashing(1), folder_trashing(2)])
    def test_what_goes_to_the_trash_has_no_grace(self, action):
        assert guarded(action, facts=due()).actions == (action,)


class TestDeletedItemFolders:
    def test_a_deleted_item_folder_is_held_by_default(self):
        (held,) = guarded(item_deletion(), facts=due(item_deletion())).held

        assert held.needs_person
        assert "items = hold" in held.reason

    def test_it_is_propagated_where_configured(self):
        action = item_deletion()
        limits = replace(LIMITS, items=ItemDeletions.PROPAGATE)

        plan = guarded(action, facts=due(action), limits=limits)

        assert plan.actions == (action,)

    @pytest.mark.parametrize("items", [ItemDeletions.HOLD, ItemDeletions.PROPAGATE])
    def test_an_item_with_unknown_files_is_always_held(self, items):
        action = replace(item_deletion(), whole=False)
        limits = replace(LIMITS, items=items)

        (held,) = guarded(action, facts=due(action), limits=limits).held

        assert held.needs_person
        assert "only stops mirroring" in held.reason

    @pytest.mark.parametrize("items", [ItemDeletions.HOLD, ItemDeletions.PROPAGATE])
    def test_a_public_item_is_always_held(self, items):
        action = item_deletion(where=PUBLIC)
        limits = replace(LIMITS, items=items)

        (held,) = guarded(action, facts=due(action), limits=limits).held

        assert held.needs_person
        assert "only stops mirroring" in held.reason

    def test_an_approved_one_goes_on_after_its_grace(self):
        action = item_deletion()
        approved = replace(due(action), approved=keys([action]))
        young = replace(approved, missed_since={})

        assert guarded(action, facts=approved).actions == (action,)
        assert guarded(action, facts=young).actions == ()


class TestScopeAndDoubt:
    DELETIONS = (
        trashing(1),
        deletion(2),
        folder_trashing(1),
        deletion(3, moved_to="x"),
    )

    def test_a_changed_scope_stops_every_deletion_and_nothing_else(self):
        others = (upload(4), download(5))
        facts = replace(due(*self.DELETIONS), scope_change="the ignore rules changed")

        plan = guarded(*self.DELETIONS, *others, facts=facts)

        assert plan.actions == others
        assert all(held.needs_person for held in plan.held)
        assert reasons(plan) == {
            "the ignore rules changed; figsync approve --scope acknowledges it"
        }

    def test_an_unsure_item_is_left_alone_and_others_go_on(self):
        elsewhere = deletion(1, Where("9", "Other"))
        actions = (*self.DELETIONS, upload(4), download(5), elsewhere)
        facts = replace(due(*actions), unsure={ITEM.item_id: "is it mounted?"})

        plan = guarded(*actions, facts=facts)

        assert plan.actions == (elsewhere,)
        assert reasons(plan) == {"is it mounted?"}


class TestWaits:
    def test_a_failed_action_waits_for_its_time(self):
        facts = replace(due(), waits={upload(1).key: Wait("it failed", NOW + 60)})

        plan = guarded(upload(1), upload(2), facts=facts)

        assert plan.actions == (upload(2),)
        assert plan.held == (Held(upload(1), "it failed", NOW + 60, failing=True),)

    def test_a_wait_ends_exactly_at_its_time(self):
        facts = replace(due(), waits={upload(1).key: Wait("it failed", NOW)})

        assert guarded(upload(1), facts=facts).actions == (upload(1),)

    def test_what_was_repeated_too_often_needs_a_person(self):
        facts = replace(due(), waits={upload(1).key: Wait("twice in 24 hours")})

        (held,) = guarded(upload(1), facts=facts).held

        assert held.needs_person

    def test_what_figshare_refuses_is_listed_and_asks_nothing_of_anybody(self):
        wait = Wait("the item is under embargo", listed=True)
        facts = replace(due(), waits={download(1).key: wait})

        (held,) = guarded(download(1), facts=facts).held

        assert held.listed
        assert not held.needs_person

    def test_a_person_allows_what_was_repeated_too_often(self):
        facts = replace(
            due(),
            waits={upload(1).key: Wait("twice in 24 hours")},
            approved=keys([upload(1)]),
        )

        assert guarded(upload(1), facts=facts).actions == (upload(1),)

    def test_an_approval_does_not_shorten_the_wait_after_a_failure(self):
        facts = replace(
            due(),
            waits={upload(1).key: Wait("it failed", NOW + 60)},
            approved=keys([upload(1)]),
        )

        assert guarded(upload(1), facts=facts).actions == ()


def test_what_was_held_before_stays_held():
    held = Held(upload(1), "direction = pull", listed=True)

    plan = guard(Plan((upload(2),), (held,)), LIMITS, due(), NOW)

    assert plan == Plan((upload(2),), (held,))


def test_a_person_lets_go_what_was_held_before():
    held = Held(trashing(1), "direction = push; approve to let it")
    facts = replace(due(), approved=keys([trashing(1)]))

    plan = guard(Plan((upload(2),), (held,)), LIMITS, facts, NOW)

    assert plan == Plan((upload(2), trashing(1)))


@pytest.mark.parametrize(
    "held",
    [
        Held(upload(1), "direction = pull", listed=True),
        Held(upload(1), "a loose file is not still yet", NOW + 60),
    ],
    ids=["listed", "waiting"],
)
def test_no_approval_lets_go_what_asks_nobody(held):
    facts = replace(due(), approved=keys([upload(1)]))

    assert guard(Plan((), (held,)), LIMITS, facts, NOW) == Plan((), (held,))


def test_what_a_person_let_go_is_guarded_all_the_same():
    held = Held(deletion(1), "asked before")
    facts = replace(due(), approved=keys([deletion(1)]))

    (waiting,) = guard(Plan((), (held,)), LIMITS, facts, NOW).held

    assert waiting.until == NOW


PROFILE = settings(
    max_examples=300,
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    database=None,
)
WHERES = (ITEM, PUBLIC, Where("9", "Other"))
ACTIONS = [
    *(deletion(n, where) for n in range(12) for where in WHERES),
    *(deletion(n, moved_to=f"new/{n}") for n in range(20, 24)),
    *(trashing(n, where) for n in range(30, 40) for where in WHERES),
    *(make(n) for n in range(40, 64) for make in (upload, download)),
    *(upload(n, replaces=False) for n in range(70, 74)),
    *(item_deletion(size, where) for size in (0, 3, 30) for where in WHERES),
    folder_trashing(25),
]
KEYS = [action.key for action in ACTIONS]
PLANS = st.lists(st.sampled_from(ACTIONS), unique_by=lambda a: a.key, max_size=80).map(
    lambda actions: Plan(tuple(actions))
)
TIMES = st.sampled_from([LONG_AGO, NOW - GRACE, NOW - 1, NOW])
WAITS = st.sampled_from(
    [Wait("it failed", NOW + 60), Wait("it failed", NOW), Wait("twice")]
)
FACTS = st.builds(
    Facts,
    mirror_files=st.sampled_from([0, 10, 100, 1000]),
    deleted=st.dictionaries(st.sampled_from(["local", "remote"]), st.integers(0, 30)),
    item_files=st.dictionaries(st.sampled_from(["7", "8", "9"]), st.integers(0, 30)),
    missed_since=st.dictionaries(
        st.sampled_from(sorted({(key.item_id, key.path) for key in KEYS})), TIMES
    ),
    waits=st.dictionaries(st.sampled_from(KEYS), WAITS, max_size=5),
    unsure=st.dictionaries(st.just("9"), st.just("is it mounted?")),
    approved=st.frozensets(st.sampled_from(KEYS)),
    scope_change=st.sampled_from(["", "", "the root changed"]),
)
ITEM_RULES = st.sampled_from([ItemDeletions.HOLD, ItemDeletions.PROPAGATE])


@PROFILE
@given(PLANS, PLANS, FACTS, ITEM_RULES)
def test_a_guard_adds_nothing_and_drops_nothing(plan, before, facts, items):
    held = tuple(Held(action, "asked before") for action in before.actions)

    result = guard(Plan(plan.actions, held), Limits(items=items), facts, NOW)

    given = Counter(action.key for action in plan.actions + before.actions)
    left = [*result.actions, *(held.action for held in result.held)]
    assert Counter(action.key for action in left) == given


@PROFILE
@given(PLANS, FACTS, ITEM_RULES)
def test_with_everything_approved_and_due_only_waits_are_held(plan, facts, items):
    missed = dict.fromkeys(((key.item_id, key.path) for key in KEYS), LONG_AGO)
    facts = replace(facts, approved=frozenset(KEYS), missed_since=missed)

    result = guard(plan, Limits(items=items), facts, NOW)

    for held in result.held:
        assert held.until == facts.waits[held.action.key].until
        assert held.until is not None and held.until > NOW
