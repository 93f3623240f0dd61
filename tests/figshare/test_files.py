"""Files of an item: the list and the record have to agree before absence counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from figsync.errors import NotFound, Refused, Unreachable
from figsync.figshare import ItemFiles
from tests.figshare.world import Give, Got, gives, serving, talking

MD5 = "4114f0120c74bd83d89bb82ac365488a"
FORBIDDEN = gives({"message": "Forbidden"}, 403)


def a_file(id: int, **fields: object) -> dict[str, object]:
    known = {"id": id, "name": f"f{id}", "size": id, "status": "available"}
    return {**known, "computed_md5": MD5, **fields}


@dataclass
class Shown:
    """An item as Figshare shows it: ten files in the record, the list in pages."""

    files: Sequence[dict[str, object]]
    record: dict[str, object] = field(default_factory=dict)
    listed: Callable[[Got], Give] | None = None

    def __call__(self, got: Got) -> Give:
        if got.path.endswith("/files"):
            return self.listed(got) if self.listed else self.page(got)
        size = sum(int(str(file["size"])) for file in self.files)
        record = {"id": 7, "size": size, "files": list(self.files[:10]), **self.record}
        return gives({key: v for key, v in record.items() if v != "left out"})

    def page(self, got: Got) -> Give:
        size = int(got.query.get("page_size", 10))
        first = (int(got.query.get("page", 1)) - 1) * size
        return gives(list(self.files[first : first + size]))


def read(
    shown: Shown, *, expect_many: bool = False, confirm: bool = False
) -> tuple[ItemFiles, str]:
    """Return what is read, and the requests for it: R(ecord) and L(ist)."""
    with serving(shown) as server, talking(server) as figshare:
        found = figshare.read_files("7", expect_many=expect_many, confirm=confirm)
        kinds = ["L" if got.path.endswith("/files") else "R" for got in server.got]
    return found, "".join(kinds)


def ids(found: ItemFiles) -> list[str]:
    return [file.id for file in found.files or ()]


MANY = [a_file(n) for n in range(1, 26)]


def test_below_ten_files_the_record_is_enough() -> None:
    found, asked = read(Shown([a_file(n) for n in range(1, 10)]))

    assert (asked, len(ids(found)), found.complete) == ("R", 9, True)


def test_an_item_without_files_is_complete() -> None:
    found, asked = read(Shown([]))

    assert (asked, found.files, found.complete) == ("R", (), True)


def test_from_ten_files_on_the_list_is_read_and_held_against_the_record() -> None:
    found, asked = read(Shown(MANY), confirm=True)

    assert (asked, len(ids(found)), found.complete) == ("RLL", 25, True)


def test_a_record_that_does_not_fit_the_list_after_it_is_read_again() -> None:
    found, asked = read(Shown(MANY, {"size": 7}), confirm=True)

    assert (asked, len(ids(found)), found.complete) == ("RLLR", 25, False)


def test_a_record_that_names_a_file_which_is_gone_is_read_again() -> None:
    folders = {"1": "raw", "99": "raw"}

    _, asked = read(Shown(MANY, {"folder_structure": folders}), confirm=True)

    assert asked == "RLLR"


def test_a_record_without_a_size_is_no_witness() -> None:
    _, asked = read(Shown(MANY, {"size": None}), confirm=True)

    assert asked == "RLLR"


def test_an_item_known_to_have_many_files_is_not_tried_by_its_record() -> None:
    found, asked = read(Shown(MANY), expect_many=True, confirm=True)

    assert (asked, len(ids(found)), found.complete) == ("LLR", 25, True)


def test_without_confirmation_nothing_counts_as_missing() -> None:
    found, asked = read(Shown(MANY), expect_many=True)

    assert (asked, len(ids(found)), found.complete) == ("LR", 25, False)


def test_exactly_ten_files_are_listed() -> None:
    found, asked = read(Shown(MANY[:10]), confirm=True)

    assert (asked, len(ids(found)), found.complete) == ("RLL", 10, True)


def test_eighteen_hundred_files_are_listed_once_each() -> None:
    found, _ = read(Shown([a_file(n) for n in range(1, 1801)]), confirm=True)

    assert len(set(ids(found))) == len(ids(found)) == 1800
    assert found.complete


def test_files_know_their_folders() -> None:
    folders = {"1": "raw/2024", "3": "/code/"}
    shown = Shown([a_file(n) for n in (1, 2, 3)], {"folder_structure": folders})

    found, _ = read(shown)

    assert [file.folder for file in found.files or ()] == ["raw/2024", "", "code"]


def test_a_name_with_slashes_stays_as_it_is() -> None:
    found, _ = read(Shown([a_file(1, name="./app/static/a.png")]))

    assert [(file.folder, file.name) for file in found.files or ()] == [
        ("", "./app/static/a.png")
    ]


def test_a_record_without_files_leads_to_the_list() -> None:
    shown = Shown([a_file(1), a_file(2)], {"files": "left out"})

    found, asked = read(shown, confirm=True)

    assert (asked, ids(found), found.complete) == ("RLL", ["1", "2"], True)


def test_files_nobody_may_list_are_unknown() -> None:
    shown = Shown([a_file(1)], {"files": "left out"}, lambda _: FORBIDDEN)

    found, _ = read(shown)

    assert (found.files, found.complete) == (None, False)


@pytest.mark.parametrize("answer", [Give(500), gives({"message": "gone"}, 404)])
def test_an_accident_with_the_list_is_no_unknown_list(answer: Give) -> None:
    shown = Shown(MANY, {}, lambda _: answer)

    with pytest.raises((Unreachable, NotFound)):
        read(shown)


def test_a_folder_of_an_unlisted_file_leaves_the_list_incomplete() -> None:
    shown = Shown([a_file(1)], {"folder_structure": {"1": "a", "2": "a"}})

    found, _ = read(shown, confirm=True)

    assert not found.complete


def test_a_size_that_does_not_add_up_leaves_the_list_incomplete() -> None:
    found, asked = read(Shown([a_file(1), a_file(2)], {"size": 10}), confirm=True)

    assert (asked, found.complete) == ("RLLR", False)


def test_a_file_of_the_record_missing_in_the_list_leaves_it_incomplete() -> None:
    shown = Shown(
        MANY, {}, lambda got: gives(MANY[1:] if "1" in got.query["page"] else [])
    )

    found, _ = read(shown, confirm=True)

    assert not found.complete


def test_a_list_cut_short_leaves_the_list_incomplete() -> None:
    def cut(got: Got) -> Give:
        return gives(MANY[:12] if got.query["page"] == "1" else [])

    found, _ = read(Shown(MANY, {}, cut), confirm=True)

    assert not found.complete


def test_links_and_files_on_their_way_do_not_disturb_the_sum() -> None:
    link = a_file(3, is_link_only=True, size=0)
    going_up = a_file(4, status="created", computed_md5="")
    for size in (1, 5):
        found, asked = read(Shown([a_file(1), link, going_up], {"size": size}))

        assert (asked, found.complete) == ("R", True)


def test_a_size_that_is_not_stated_is_no_obstacle() -> None:
    found, _ = read(Shown([a_file(1)], {"size": None}))

    assert found.complete


def test_a_refused_record_is_an_error() -> None:
    with (
        serving(lambda _: FORBIDDEN) as server,
        talking(server) as figshare,
        pytest.raises(Refused),
    ):
        figshare.read_files("7")


def test_a_list_alone_knows_no_folders() -> None:
    with serving(Shown(MANY)) as server, talking(server) as figshare:
        listing = figshare.list_files("7", confirm=True)

    assert len(listing.rows) == 25
    assert listing.complete
    assert {file.folder for file in listing.rows} == {""}
