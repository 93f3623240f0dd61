"""Several records under one path: one owner, everything else beside it."""

from __future__ import annotations

import pytest

from figsync.model import RemoteFile, Unknown
from figsync.sync.twins import age, one_record_a_path, stands_at
from tests.builders import a_record, agreed, on_disk, on_figshare


def shown(records: tuple[RemoteFile, ...]) -> dict[str, str]:
    tree = one_record_a_path(records, {}, {})
    return {path: record.file_id for path, record in tree.items()}


def test_single_records_keep_their_path():
    records = on_figshare({"a": ("17", "x"), "d/b": ("18", "x")})

    assert one_record_a_path(records, {}, {}) == {"a": records[0], "d/b": records[1]}


def test_the_highest_id_owns_the_name():
    records = on_figshare({"d/a.txt": [("99", "x"), ("100", "y"), ("17", "z")]})

    assert shown(records) == {
        "d/a.txt": "100",
        "d/a (#99).txt": "99",
        "d/a (#17).txt": "17",
    }


def test_a_record_beside_its_name_knows_its_new_path_and_its_own_name():
    (beside,) = [
        record
        for record in one_record_a_path(
            on_figshare(a=[("17", "x"), ("18", "y")]), {}, {}
        ).values()
        if record.file_id == "17"
    ]

    assert (beside.path, beside.name) == ("a (#17)", "a")


@pytest.mark.parametrize("order", [1, -1], ids=["listed up", "listed down"])
def test_the_order_of_the_list_does_not_matter(order):
    records = on_figshare(a=[("17", "x"), ("18", "y"), ("19", "x"), ("20", "y")])

    assert shown(records[::order]) == {"a": "20", "a (#17)": "17"}


def test_equal_twins_of_the_owner_show_once():
    assert shown(on_figshare(a=[("17", "x"), ("18", "x")])) == {"a": "18"}


def test_equal_twins_beside_the_owner_show_once_as_the_oldest():
    records = on_figshare(a=[("16", "x"), ("17", "x"), ("18", "y")])

    assert shown(records) == {"a": "18", "a (#16)": "16"}


@pytest.mark.parametrize("why", [Unknown.IN_FLIGHT, Unknown.UNPROVEN])
def test_a_record_that_is_not_available_owns_no_name(why):
    records = on_figshare(a=[("17", "x"), ("18", "y", why)])

    assert shown(records)["a"] == "17"


@pytest.mark.parametrize("why", [Unknown.NOT_LISTED, Unknown.UNCONFIRMED])
def test_a_record_of_doubtful_absence_still_owns_its_name(why):
    records = on_figshare(a=[("17", "x"), ("18", "y", why)])

    assert shown(records)["a"] == "18"


@pytest.mark.parametrize("why", Unknown)
def test_a_doubtful_record_beside_its_name_is_not_gone(why):
    for content in ("other", "the owner's"):
        records = on_figshare(a=[("17", content, why), ("18", "the owner's")])

        tree = one_record_a_path(records, {}, {})

        assert tree["a (#17)"].unknown is why


@pytest.mark.parametrize("why", Unknown)
def test_a_doubtful_synced_record_keeps_its_name(why):
    records = on_figshare(a=[("17", "x"), ("18", "y", why)])

    tree = one_record_a_path(records, {}, agreed(a=("18", "y")))

    assert tree["a"].file_id == "18"


def test_where_nothing_is_available_the_path_is_unknown():
    records = on_figshare(
        a=[("17", "x", Unknown.IN_FLIGHT), ("18", "y", Unknown.IN_FLIGHT)]
    )

    assert one_record_a_path(records, {}, {})["a"] == records[1]


def test_a_record_of_that_very_name_and_a_twin_do_not_hide_each_other():
    records = on_figshare({"a": [("17", "x"), ("18", "y")], "a (#17)": ("16", "z")})

    assert shown(records) == {"a": "18", "a (#17)": "16", "a (#17 2)": "17"}


def test_a_record_stands_at_its_name_and_at_those_beside_it():
    record, other = on_figshare({"d/a.txt": ("17", "x"), "d/b.txt": ("18", "x")})

    for path in ("d/a.txt", "d/a (#17).txt", "d/a (#17 2).txt"):
        assert stands_at(record, path)
        assert not stands_at(other, path)


CRASH = on_figshare(a=[("17", "old"), ("18", "new")])


def test_a_superseded_record_is_on_its_way_out():
    tree = one_record_a_path(CRASH, on_disk(a="new"), agreed(a=("17", "old")))

    assert tree == {"a": CRASH[1]}


def test_a_superseded_record_waits_while_the_local_file_is_unknown():
    local = on_disk(a=Unknown.NOT_SETTLED)

    tree = one_record_a_path(CRASH, local, agreed(a=("17", "old")))

    assert tree == {"a": CRASH[1]}


@pytest.mark.parametrize("here", ["old", "newest"])
def test_the_synced_record_stays_while_the_local_file_is_another(here):
    tree = one_record_a_path(CRASH, on_disk(a=here), agreed(a=("17", "old")))

    assert sorted(tree) == ["a", "a (#17)"]


def test_an_equal_local_file_hides_no_record_but_the_synced_one():
    tree = one_record_a_path(CRASH, on_disk(a="new"), agreed(a=("18", "new")))

    assert sorted(tree) == ["a", "a (#17)"]


def test_ids_are_ordered_by_value_and_numbers_are_newer_than_other_text():
    ids = ["100", "b-uuid", "99", "a-uuid", "9"]

    assert sorted(ids, key=age) == ["a-uuid", "b-uuid", "9", "99", "100"]


def test_ids_that_are_no_numbers_work_too():
    records = (a_record("a", "uuid-1", "x"), a_record("a", "uuid-2", "y"))

    assert shown(records) == {"a": "uuid-2", "a (#uuid-1)": "uuid-1"}
