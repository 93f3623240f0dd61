"""Values survive the way through SQLite's columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figsync.state.columns import (
    from_text,
    from_time,
    sealed,
    to_integer,
    to_text,
    to_time,
    unsealed,
)

any_text = st.text(st.characters(exclude_categories=()))


@given(any_text)
def test_every_text_comes_back_and_is_storable(text: str) -> None:
    stored = to_text(text)

    stored.encode()
    assert from_text(stored) == text


@given(st.text())
def test_ordinary_text_is_stored_as_itself(text: str) -> None:
    assert to_text(text) == text


def test_a_text_that_looks_escaped_comes_back_as_it_was() -> None:
    text = "not-utf8:caf\\udce9"

    assert from_text(to_text(text)) == text


@given(st.floats(0, 4e9))
def test_a_time_is_kept_to_the_millisecond_and_then_stays(at: float) -> None:
    once = from_time(to_time(at))

    assert abs(once - at) <= 0.001
    assert from_time(to_time(once)) == once


def test_a_time_reads_as_iso_utc() -> None:
    assert to_time(1_795_176_000.25) == "2026-11-20T12:00:00.250Z"


@given(st.integers(-(2**70), 2**70))
def test_every_integer_fits_or_is_text(number: int) -> None:
    stored = to_integer(number)

    assert int(stored) == number
    assert isinstance(stored, str) or -(2**63) <= stored < 2**63


@pytest.mark.parametrize("column", range(4))
def test_a_seal_breaks_when_any_field_changes(column: int) -> None:
    row = list(sealed("items", "7", "a b", 3, True))
    row[column] = "other"

    with pytest.raises(ValueError, match="table items"):
        unsealed("items", tuple(row))


def test_a_seal_is_of_one_table() -> None:
    row = sealed("items", "7")

    with pytest.raises(ValueError, match="table absences, row 7"):
        unsealed("absences", row)


def test_a_sealed_row_gives_its_fields_back() -> None:
    assert unsealed("items", sealed("items", "7", True, 1.5)) == ("7", 1, 1.5)
