"""Which files come together: whatever is cheaper, in requests and in bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from figsync.model import RemoteFile
from figsync.sync.packing import (
    LARGEST_FILE,
    LARGEST_ZIP,
    Package,
    packages,
    worth_of_a_request,
)

WORTH = 1 << 20
KIB = 1 << 10


def records(**sizes: int) -> list[RemoteFile]:
    """Return records named after their keys, `raw__a` being `a` in the folder raw."""
    made = []
    for file_id, size in sizes.items():
        folder, _, name = file_id.replace("__", "/").rpartition("/")
        path = f"{folder}/{name}".lstrip("/")
        made.append(RemoteFile(path, file_id, size, "md5", folder=folder, name=name))
    return made


def chosen(found: list[RemoteFile], *wanted: str) -> dict[str, set[str]]:
    ids = wanted or tuple(record.file_id for record in found)
    return {p.folder: set(p.wanted) for p in packages(found, ids, worth=WORTH)}


def test_two_small_files_come_together() -> None:
    assert chosen(records(a=1, b=2)) == {"": {"a", "b"}}


def test_one_file_comes_alone() -> None:
    assert chosen(records(a=1)) == {}
    assert chosen(records(a=1, b=2), "a") == {}


def test_what_is_not_wanted_may_cost_less_than_the_requests_that_are_spared() -> None:
    assert chosen(records(a=1, b=1, c=WORTH), "a", "b") == {"": {"a", "b"}}
    assert chosen(records(a=1, b=1, c=WORTH + 1), "a", "b") == {}


def test_a_large_file_is_never_wanted_of_a_zip() -> None:
    found = records(a=1, b=1, large=LARGEST_FILE + 1)

    assert chosen(found) == {}
    assert chosen(records(a=1, b=1, large=LARGEST_FILE)) == {"": {"a", "b", "large"}}


def test_folders_come_for_themselves_where_all_would_be_too_much() -> None:
    found = records(large=LARGEST_FILE + 1, raw__a=1, raw__b=1, raw__in__c=1, x__d=1)

    assert chosen(found) == {"raw": {"raw__a", "raw__b", "raw__in__c"}}


def test_no_zip_is_larger_than_its_bound() -> None:
    many = {f"f{n}": LARGEST_FILE for n in range(LARGEST_ZIP // LARGEST_FILE)}

    assert chosen(records(**many)) != {}
    assert chosen(records(**many, one_more=1)) == {}


def test_an_unknown_size_is_no_ground_to_stand_on() -> None:
    assert chosen(records(a=1, b=1, unknown=-1), "a", "b") == {}


def test_links_have_no_bytes() -> None:
    link = RemoteFile("l.url", "l", 40, "md5", name="l", link="https://example.org")

    assert chosen([link, *records(a=1)], "l", "a") == {}


def test_names_that_nest_without_end_do_no_harm() -> None:
    deep = [
        RemoteFile("x", str(n), 1, "md5", folder="a/" * 5000, name=str(n))
        for n in range(2)
    ]

    assert chosen(deep) == {"": {"0", "1"}}


def test_a_request_is_worth_what_a_line_brings_meanwhile() -> None:
    assert worth_of_a_request(1) == 1 << 20
    assert worth_of_a_request(0.5) == 2 << 20
    assert worth_of_a_request(0) == worth_of_a_request(1000)


FOLDERS = st.sampled_from(["", "a", "a/b", "a/b/c", "d"])
SIZES = st.integers(1, 20) | st.integers(1, 12 << 20)


@given(st.lists(st.tuples(FOLDERS, SIZES, st.booleans()), max_size=12))
def test_zips_never_cost_more_than_files_one_by_one(
    drawn: list[tuple[str, int, bool]],
) -> None:
    found = [
        RemoteFile(f"{n}", f"{n}", size, "md5", folder=folder, name=f"{n}")
        for n, (folder, size, _) in enumerate(drawn)
    ]
    wanted = {f"{n}" for n, (*_, is_wanted) in enumerate(drawn) if is_wanted}

    by_zip = packages(found, wanted, worth=WORTH)

    inside = [_inside(found, package) for package in by_zip]
    together = set().union(*(package.wanted for package in by_zip))
    assert together <= wanted
    assert sum(len(package.wanted) for package in by_zip) == len(together)
    alone = sum(WORTH + r.size for r in found if r.file_id in wanted)
    rest = sum(WORTH + r.size for r in found if r.file_id in wanted - together)
    assert rest + sum(WORTH + size for size in inside) <= alone
    assert all(size < p.most for size, p in zip(inside, by_zip, strict=True))


def _inside(found: list[RemoteFile], package: Package) -> int:
    prefix = f"{package.folder}/" if package.folder else ""
    return sum(r.size for r in found if f"{r.folder}/".startswith(prefix))
