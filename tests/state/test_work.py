"""What lets the next process go on where the last one stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from figsync.state import Absence, CreateIntent, Retry, State, retry_wait
from tests.state.world import NOON, NOT_UTF8, SetClock, a_transfer

HOUR = 3600.0


def test_an_intent_to_create_stays_until_it_is_dropped(state: State) -> None:
    state.work.add_create_intent(NOT_UTF8, "Soil", frozenset({"1", "2"}))
    state.work.add_create_intent("B", "B", frozenset())

    state.work.drop_create_intent("B")

    intent = CreateIntent(NOT_UTF8, "Soil", NOON, frozenset({"1", "2"}))
    assert state.work.create_intents() == [intent]


def test_a_transfer_comes_back_as_it_was_saved(state: State) -> None:
    begun = replace(a_transfer(), file_id="", completed=False, started_at=5)

    state.work.save_transfer(begun)
    assert state.work.transfers("7") == {"a.txt": begun}

    state.work.save_transfer(a_transfer())
    assert state.work.transfers("7") == {"a.txt": a_transfer()}


def test_a_dropped_transfer_is_gone_from_its_item_alone(state: State) -> None:
    state.work.save_transfer(a_transfer("7"))
    state.work.save_transfer(a_transfer("8"))

    state.work.drop_transfer("7", "a.txt")

    assert state.work.transfers("7") == {}
    assert state.work.all_transfers() == [a_transfer("8")]


def test_absences_are_kept_by_scope(state: State) -> None:
    absence = Absence(5, 2, "b.txt")
    for scope in ("local:7", "local:8"):
        for name in ("a", "b", "c"):
            state.work.save_absence(scope, name, absence)

    state.work.keep_absences("local:7", {"a"})

    assert state.work.absences("local:7") == {"a": absence}
    assert list(state.work.absences("local:8")) == ["a", "b", "c"]


def test_counts_are_of_the_last_day(state: State, clock: SetClock) -> None:
    state.work.add_count("upload", "7/a d4")
    clock.at += 23 * HOUR
    state.work.add_count("upload", "7/a d4")
    assert state.work.count("upload", "7/a d4") == 2

    clock.at += 2 * HOUR

    assert state.work.count("upload", "7/a d4") == 1
    assert state.work.count("download", "7/a d4") == 0


def test_two_counts_of_one_instant_are_two(state: State) -> None:
    state.work.add_count("upload", "a")
    state.work.add_count("upload", "a")

    assert state.work.count("upload", "a") == 2


def test_each_failure_waits_longer(state: State) -> None:
    assert state.work.retry("7/a") is None
    state.work.failed("7/a", "offline")

    retry = state.work.failed("7/a", "refused")

    assert retry == state.work.retry("7/a") == Retry(2, NOON + 300, "refused")


def test_a_success_ends_the_waiting(state: State) -> None:
    state.work.failed("7/a", "offline")

    state.work.succeeded("7/a")
    state.work.succeeded("7/a")

    assert state.work.retry("7/a") is None


@pytest.mark.parametrize(
    ("tries", "minutes"),
    [(0, 1), (1, 1), (2, 5), (3, 25), (4, 125), (5, 360), (10_000, 360)],
)
def test_the_waits_grow_to_six_hours(tries: int, minutes: int) -> None:
    assert retry_wait(tries) == minutes * 60


def test_a_clock_set_back_prolongs_no_wait(state: State, clock: SetClock) -> None:
    retry = state.work.failed("Upload:1:a", "no answer")

    assert retry.is_waiting(clock.now())
    assert not retry.is_waiting(retry.next_at)
    assert not retry.is_waiting(clock.now() - 400 * 24 * 3600.0)
