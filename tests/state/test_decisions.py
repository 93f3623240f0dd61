"""What people see, and what they decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from figsync.errors import StateDamaged
from figsync.model import CreateItem, DeleteRemote, Held, Where
from figsync.state import Conflict, Request, State
from tests.state.world import NOON, NOT_UTF8, SetClock, a_synced_file, run_sql


def held_deletion(path: str, md5: str = "d4", reason: str = "grace") -> Held:
    action = DeleteRemote(Where("7", "Soil"), a_synced_file(path, md5=md5))
    return Held(action, reason, until=NOON + 0.5)


def ids(state: State) -> dict[str, int]:
    return {row.key.path: row.id for row in state.decisions.held()}


def test_a_held_action_is_shown_with_all_that_matters(state: State) -> None:
    held = held_deletion("a")

    state.decisions.replace_held([held])

    (row,) = state.decisions.held()
    assert row.key == held.action.key
    assert (row.folder, row.size, row.reason) == ("Soil", 5, "grace")
    assert (row.until, row.since, row.listed) == (NOON + 0.5, NOON, False)
    assert not row.needs_person


def test_a_held_action_keeps_its_id_while_it_is_held(
    state: State, clock: SetClock
) -> None:
    state.decisions.replace_held([held_deletion("a"), held_deletion("b")])
    clock.at += 60

    state.decisions.replace_held(
        [held_deletion("c"), held_deletion("b", reason="guard")]
    )

    assert ids(state) == {"b": 2, "c": 3}
    shown = {row.key.path: (row.reason, row.since) for row in state.decisions.held()}
    assert shown == {"b": ("guard", NOON), "c": ("grace", NOON + 60)}


def test_the_id_of_a_released_action_is_never_used_again(state: State) -> None:
    state.decisions.replace_held([held_deletion("a")])
    state.decisions.replace_held([])

    state.decisions.replace_held([held_deletion("a")])

    assert ids(state) == {"a": 2}


def test_other_bytes_of_the_same_path_are_another_held_action(state: State) -> None:
    state.decisions.replace_held([held_deletion("a", md5="d4")])
    state.decisions.replace_held([held_deletion("a", md5="e5")])

    assert ids(state) == {"a": 2}


def test_two_new_folders_are_held_apart(state: State) -> None:
    new = [Held(CreateItem(Where("", name), name), "quota") for name in "AB"]

    state.decisions.replace_held(new)

    assert [row.folder for row in state.decisions.held()] == ["A", "B"]


def test_an_approval_covers_exactly_what_was_shown(state: State) -> None:
    shown, later = held_deletion("a"), held_deletion("b")
    state.decisions.replace_held([shown])

    count = state.decisions.approve([1, 2, 99])
    state.decisions.replace_held([shown, later])

    assert count == 1
    assert state.decisions.approved() == {shown.action.key}
    assert state.decisions.rejected() == frozenset()


def test_the_last_decision_counts_until_it_is_settled(state: State) -> None:
    key = held_deletion("a").action.key
    state.decisions.replace_held([held_deletion("a")])
    state.decisions.approve([1])

    state.decisions.reject([1])
    assert state.decisions.approved() == frozenset()
    assert state.decisions.rejected() == {key}

    state.decisions.settle(key)
    assert state.decisions.rejected() == frozenset()


def test_an_altered_decision_is_damage(state: State, path: Path) -> None:
    state.decisions.replace_held([held_deletion("a")])
    state.decisions.reject([1])

    run_sql(path, "UPDATE decisions SET verdict = 'approved'")

    with pytest.raises(StateDamaged, match="table decisions"):
        state.decisions.approved()


def test_requests_wait_in_order_until_they_are_dropped(state: State) -> None:
    first = state.decisions.request("include", {"item": "7"})
    second = state.decisions.request("sync", {"folder": NOT_UTF8})

    state.decisions.drop_request(first)

    waiting = Request(second, "sync", {"folder": NOT_UTF8}, NOON)
    assert state.decisions.requests() == [waiting]


def test_a_known_conflict_keeps_its_time(state: State) -> None:
    old = Conflict("7", "Soil", "a.txt", "a (conflict 1).txt", NOON)
    state.decisions.replace_conflicts([old])

    new = Conflict("7", "Soil", "b.txt", "b (conflict 2).txt", NOON + 9)
    again = Conflict("7", "Soil", "a.txt", "a (conflict 1).txt", NOON + 9)
    state.decisions.replace_conflicts([new, again])

    assert state.decisions.conflicts() == [old, new]


def test_a_resolved_conflict_is_gone(state: State) -> None:
    state.decisions.replace_conflicts([Conflict("7", "Soil", "a", "b", NOON)])

    state.decisions.replace_conflicts([])

    assert state.decisions.conflicts() == []
