"""Which replacements go at once, which in turn, which are held (pure)."""

from __future__ import annotations

from dataclasses import replace

from figsync.figshare import Account
from figsync.model import (
    CreateItem,
    DeleteFirst,
    DeleteRemote,
    Held,
    LocalFile,
    Outcome,
    Plan,
    Upload,
    Where,
)
from figsync.sync.fitting import account_after
from figsync.sync.replacing import Space, fit
from tests.builders import ITEM, a_file, a_row

OTHER = Where("8", "Other")
PUBLIC = Where("9", "Public", is_public=True)


def upload(path: str, size: int, old: int | None = None, where: Where = ITEM) -> Upload:
    """Return an upload of *size* bytes that replaces *old* bytes, if any."""
    file = sized(a_file(path, path), size)
    row = None if old is None else replace(a_row(path, f"1{path}", "old"), size=old)
    return Upload(where, file, row)


def sized(file: LocalFile, size: int) -> LocalFile:
    return replace(file, stat=file.stat._replace(size=size))


def words(space: Space, *uploads: Upload) -> dict[str, str]:
    """Return what becomes of each upload, by path."""
    found = fit(Plan(uploads), space)
    said = {path.path: "lacking" for path, _ in found.lacking}
    for action in found.plan.actions:
        assert isinstance(action, Upload)
        said[action.path] = "alone" if action.alone else "with others"
    for held in found.plan.held:
        assert isinstance(held.action, DeleteFirst)
        said[held.action.path] = "listed" if held.listed else "held"
    return said


def test_nothing_is_said_where_no_quota_is_stated():
    plan = Plan((upload("a", 10**12, 1), upload("b", 10**12)))

    assert fit(plan, Space()).plan is plan


def test_what_fits_at_once_goes_at_once():
    space = Space(free=20)

    assert words(space, upload("a", 10, 10), upload("b", 10, 10)) == {
        "a": "with others",
        "b": "with others",
    }


def test_what_fits_only_in_turn_goes_in_turn():
    assert words(Space(free=19), upload("a", 10, 10), upload("b", 10, 10)) == {
        "a": "alone",
        "b": "alone",
    }


def test_what_one_replacement_grows_by_is_missing_to_the_next():
    assert words(Space(free=19), upload("a", 10, 1), upload("b", 11, 9)) == {
        "a": "alone",
        "b": "held",
    }


def test_what_one_replacement_frees_the_next_may_use():
    assert words(Space(free=10), upload("a", 1, 9), upload("b", 18, 2)) == {
        "a": "alone",
        "b": "alone",
    }


def test_the_boundary_is_exact():
    assert words(Space(free=10), upload("a", 10, 5), upload("b", 1)) == {
        "a": "alone",
        "b": "with others",
    }
    assert words(Space(free=9), upload("a", 10, 5)) == {"a": "held"}
    assert words(Space(free=5), upload("a", 10, 5)) == {"a": "held"}
    assert words(Space(free=4), upload("a", 10, 5)) == {"a": "lacking"}


def test_new_files_come_after_the_replacements_and_get_what_is_left():
    space = Space(free=10)

    said = words(space, upload("a", 8), upload("b", 10, 7), upload("c", 7))

    assert said == {"b": "alone", "a": "lacking", "c": "with others"}


def test_a_full_item_holds_its_replacements_and_no_other_items():
    space = Space(files={"7": 3, "8": 2}, files_per_item=3)

    said = words(space, upload("a", 1, 1), upload("b", 1, 1, OTHER))

    assert said == {"a": "held", "b": "with others"}


def test_one_free_place_is_enough_for_one_at_a_time():
    space = Space(files={"7": 2}, files_per_item=3)

    assert words(space, upload("a", 1, 1), upload("b", 1, 1)) == {
        "a": "alone",
        "b": "alone",
    }


def test_a_limit_that_an_item_exceeds_is_none():
    space = Space(files={"7": 4}, files_per_item=3)

    assert words(space, upload("a", 1, 1)) == {"a": "with others"}


def test_a_public_version_keeps_its_bytes():
    assert words(Space(free=9), upload("a", 10, 5, PUBLIC)) == {"a": "lacking"}
    space = Space(files={"9": 3}, files_per_item=3)
    assert words(space, upload("a", 10, 5, PUBLIC)) == {"a": "held"}


def test_what_has_its_record_needs_no_more_room():
    space = Space(free=0, begun={("7", "a"), ("7", "b")})

    said = words(space, upload("a", 10, 10), upload("b", 10), upload("c", 10, 10))

    assert said == {"a": "alone", "b": "with others", "c": "alone"}


def test_a_rejected_one_asks_nothing():
    first = fit(Plan((upload("a", 10, 5),)), Space(free=5)).plan.held[0]
    assert isinstance(first, Held)

    space = Space(free=5, rejected={first.action.key})

    assert words(space, upload("a", 10, 5)) == {"a": "listed"}


def test_the_consent_to_delete_first_is_not_that_of_an_upload():
    plain = upload("a", 10, 5)
    held = fit(Plan((plain,)), Space(free=5)).plan.held[0]

    assert held.action.key != plain.key
    assert held.action.key.md5 == plain.local.md5


ACCOUNT = Account(
    id="1",
    email="",
    first_name="",
    last_name="",
    quota=100,
    used_quota=10,
    used_quota_private=None,
    used_quota_public=None,
    maximum_file_size=0,
    group_id="",
    active=True,
    raw={},
)


def test_a_new_file_takes_its_size():
    after = account_after(ACCOUNT, Outcome(upload("a", 5), "done"))

    assert after == replace(ACCOUNT, used_quota=15)


def test_what_changes_nothing_there_leaves_the_room_as_it_was():
    outcome = Outcome(CreateItem(Where("", "New"), "New"), "done")

    assert account_after(ACCOUNT, outcome) is ACCOUNT


def test_what_may_take_or_free_any_room_has_it_asked_for():
    old = upload("a", 5, 3)
    assert old.replaces is not None
    deletion = DeleteRemote(ITEM, old.replaces)
    outcomes = [
        Outcome(old, "done"),
        Outcome(DeleteFirst(ITEM, old.local, None), "done"),
        Outcome(upload("a", 5), "failed"),
        Outcome(upload("a", 5), "stale"),
        Outcome(deletion, "done"),
    ]

    assert [account_after(ACCOUNT, outcome) for outcome in outcomes] == [None] * 5


def test_room_that_figshare_does_not_state_is_not_made_up():
    unstated = replace(ACCOUNT, used_quota=None)

    assert account_after(unstated, Outcome(upload("a", 5), "done")) is unstated
    assert account_after(None, Outcome(upload("a", 5), "done")) is None
