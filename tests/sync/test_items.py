"""Which folder is which item, what arrives, what is renamed, what may be adopted."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figsync.model import (
    ForgetItem,
    LocalFolder,
    Mode,
    Presence,
    RemoteItem,
    RenameFolder,
    SyncedItem,
    Where,
    WriteRecord,
)
from figsync.naming import fold
from figsync.sync.items import (
    Matches,
    adoptable,
    fitting_drafts,
    match_folders,
    plan_arrivals,
    plan_folder,
    plan_lost,
)


def folders(*all_folders: LocalFolder) -> dict[str, LocalFolder]:
    return {folder.name: folder for folder in all_folders}


def known(*items: SyncedItem) -> dict[str, SyncedItem]:
    return {item.item_id: item for item in items}


def listed(item_id: str, title: str, **more: object) -> RemoteItem:
    return replace(RemoteItem(item_id, title, Presence.LISTED), **more)


ITEM_7 = SyncedItem("7", "Data", 70, "Data")
ITEM_8 = SyncedItem("8", "Other", 80, "Other")


class TestRecordsAreBelieved:
    def test_a_record_that_the_state_knows(self):
        matches = match_folders(
            folders(LocalFolder("Data", 70, "7")), known(ITEM_7), set()
        )

        assert matches == Matches(pairs={"7": "Data"})

    def test_a_record_that_the_listing_knows(self):
        matches = match_folders(folders(LocalFolder("Data", 70, "7")), {}, {"7"})

        assert matches == Matches(pairs={"7": "Data"})

    def test_a_record_that_nobody_knows_is_foreign(self):
        matches = match_folders(folders(LocalFolder("Data", 70, "99")), {}, {"7"})

        assert matches == Matches(foreign={"Data": "99"}, arrivals=["7"])

    def test_a_folder_that_a_person_renamed_stays_the_item(self):
        matches = match_folders(
            folders(LocalFolder("New name", 70, "7")), known(ITEM_7), {"7"}
        )

        assert matches == Matches(pairs={"7": "New name"})

    def test_two_folders_that_changed_names_stay_their_items(self):
        matches = match_folders(
            folders(LocalFolder("Other", 70, "7"), LocalFolder("Data", 80, "8")),
            known(ITEM_7, ITEM_8),
            {"7", "8"},
        )

        assert matches == Matches(pairs={"7": "Other", "8": "Data"})

    def test_a_foreign_record_takes_no_known_folder_along(self):
        matches = match_folders(
            folders(LocalFolder("Data", 70, "99")), known(ITEM_7), {"7"}
        )

        assert matches == Matches(foreign={"Data": "99"}, lost=["7"])

    def test_an_excluded_item_whose_folder_returns_is_paired_again(self):
        excluded = replace(ITEM_7, mode=Mode.EXCLUDED)

        matches = match_folders(
            folders(LocalFolder("Data", 71, "7")), known(excluded), {"7"}
        )

        assert matches == Matches(pairs={"7": "Data"})


class TestCopiedFolders:
    def test_the_known_path_keeps_the_item(self):
        matches = match_folders(
            folders(LocalFolder("A copy", 71, "7"), LocalFolder("Data", 72, "7")),
            known(ITEM_7),
            {"7"},
        )

        assert matches == Matches(pairs={"7": "Data"}, foreign={"A copy": "7"})

    def test_the_path_counts_more_than_the_inode(self):
        matches = match_folders(
            folders(LocalFolder("Moved", 70, "7"), LocalFolder("Data", 71, "7")),
            known(ITEM_7),
            {"7"},
        )

        assert matches == Matches(pairs={"7": "Data"}, foreign={"Moved": "7"})

    def test_without_the_path_the_known_inode_keeps_the_item(self):
        matches = match_folders(
            folders(LocalFolder("A copy", 71, "7"), LocalFolder("Renamed", 70, "7")),
            known(ITEM_7),
            {"7"},
        )

        assert matches == Matches(pairs={"7": "Renamed"}, foreign={"A copy": "7"})

    def test_where_nothing_decides_the_item_is_disputed(self):
        matches = match_folders(
            folders(LocalFolder("B", 71, "7"), LocalFolder("A", 72, "7")),
            known(ITEM_7),
            {"7"},
        )

        assert matches == Matches(disputed={"7": ["A", "B"]})

    def test_an_item_unknown_to_the_state_is_disputed_and_does_not_arrive(self):
        matches = match_folders(
            folders(LocalFolder("Data", 71, "7"), LocalFolder("A copy", 72, "7")),
            {},
            {"7"},
        )

        assert matches == Matches(disputed={"7": ["A copy", "Data"]})

    def test_a_folder_in_the_place_of_a_disputed_item_is_new(self):
        matches = match_folders(
            folders(
                LocalFolder("A", 71, "7"),
                LocalFolder("B", 72, "7"),
                LocalFolder("Data", 73),
            ),
            known(ITEM_7),
            {"7"},
        )

        assert matches == Matches(disputed={"7": ["A", "B"]}, fresh=["Data"])


class TestFoldersWithoutRecord:
    def test_an_unknown_folder_is_fresh(self):
        matches = match_folders(
            folders(LocalFolder("B", 72), LocalFolder("A", 71)), {}, set()
        )

        assert matches == Matches(fresh=["A", "B"])

    def test_the_same_inode_in_the_same_place_is_the_item(self):
        matches = match_folders(folders(LocalFolder("Data", 70)), known(ITEM_7), {"7"})

        assert matches == Matches(pairs={"7": "Data"})

    def test_another_inode_in_the_same_place_is_for_its_content_to_decide(self):
        matches = match_folders(folders(LocalFolder("Data", 71)), known(ITEM_7), {"7"})

        assert matches == Matches(returning={"Data": "7"})

    def test_an_unreadable_folder_in_the_same_place_is_no_loss(self):
        unreadable = LocalFolder("Data", 71, unreadable=True)

        matches = match_folders(folders(unreadable), known(ITEM_7), {"7"})

        assert matches == Matches(pairs={"7": "Data"})

    def test_an_unreadable_folder_of_the_same_inode_is_no_loss(self):
        unreadable = LocalFolder("Renamed", 70, unreadable=True)

        matches = match_folders(folders(unreadable), known(ITEM_7), {"7"})

        assert matches == Matches(pairs={"7": "Renamed"})

    def test_a_readable_folder_of_the_same_inode_elsewhere_is_fresh(self):
        matches = match_folders(
            folders(LocalFolder("Renamed", 70)), known(ITEM_7), {"7"}
        )

        assert matches == Matches(fresh=["Renamed"], lost=["7"])

    def test_the_place_of_an_item_that_moved_away_is_free(self):
        matches = match_folders(
            folders(LocalFolder("Moved", 70, "7"), LocalFolder("Data", 71)),
            known(ITEM_7),
            {"7"},
        )

        assert matches == Matches(pairs={"7": "Moved"}, fresh=["Data"])

    def test_the_place_of_an_excluded_item_is_free(self):
        excluded = replace(ITEM_7, mode=Mode.EXCLUDED)

        matches = match_folders(
            folders(LocalFolder("Data", 70)), known(excluded), {"7"}
        )

        assert matches == Matches(fresh=["Data"])


class TestItemsWithoutFolder:
    def test_a_known_item_is_lost(self):
        assert match_folders({}, known(ITEM_8, ITEM_7), {"7"}).lost == ["7", "8"]

    def test_an_orphaned_item_is_lost_too(self):
        orphaned = replace(ITEM_7, mode=Mode.ORPHANED)

        assert match_folders({}, known(orphaned), set()).lost == ["7"]

    @pytest.mark.parametrize(
        "item",
        [replace(ITEM_7, mode=Mode.EXCLUDED), replace(ITEM_7, folder="")],
        ids=["excluded", "never had a folder"],
    )
    def test_an_item_that_needs_no_folder_is_neither_lost_nor_new(self, item):
        assert match_folders({}, known(item), {"7"}) == Matches()

    def test_a_listed_item_that_nobody_knows_arrives(self):
        assert match_folders({}, known(ITEM_7), {"9", "8"}).arrivals == ["8", "9"]


PROFILE = settings(
    max_examples=500,
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    database=None,
)
NAMES, IDS, INODES = ("A", "B", "C", "D"), ("1", "2", "3", "4"), (10, 20, 30)
FOLDERS = st.lists(
    st.builds(
        LocalFolder,
        st.sampled_from(NAMES),
        st.sampled_from(INODES),
        st.sampled_from(["", *IDS]),
        st.booleans(),
    ),
    unique_by=lambda folder: folder.name,
)
KNOWN = st.lists(
    st.builds(
        SyncedItem,
        st.sampled_from(IDS),
        st.sampled_from(["", *NAMES]),
        st.sampled_from(INODES),
        st.just("title"),
        st.sampled_from(Mode),
    ),
    unique_by=(lambda item: item.item_id, lambda item: item.folder or item.item_id),
)


@PROFILE
@given(FOLDERS, KNOWN, st.sets(st.sampled_from(IDS)))
def test_every_folder_and_every_item_has_one_place(all_folders, items, ids):
    matches = match_folders(folders(*all_folders), known(*items), ids)

    placed = [*matches.pairs.values(), *matches.returning, *matches.fresh]
    placed += [*matches.foreign, *(n for ns in matches.disputed.values() for n in ns)]
    assert sorted(placed) == sorted(folder.name for folder in all_folders)
    owners = [*matches.pairs, *matches.returning.values(), *matches.disputed]
    owners += [*matches.lost, *matches.arrivals]
    assert len(owners) == len(set(owners))


class TestArrivals:
    def test_a_listed_item_gets_a_folder_of_its_title(self):
        actions = plan_arrivals([listed("7", "Soil data")], [], Mode.MIRRORED)

        where = Where("7", "Soil data")
        assert actions == [WriteRecord(where, "Soil data", Mode.MIRRORED)]

    def test_the_mode_and_the_public_state_come_along(self):
        item = listed("7", "Soil data", is_public=True)

        (action,) = plan_arrivals([item], [], Mode.METADATA)

        assert (action.where.is_public, action.mode) == (True, Mode.METADATA)

    @pytest.mark.parametrize("presence", [Presence.UNKNOWN, Presence.GONE])
    def test_an_item_that_is_not_listed_gets_none(self, presence):
        item = listed("7", "Soil data", presence=presence)

        assert plan_arrivals([item], [], Mode.MIRRORED) == []

    def test_markup_in_a_title_is_no_part_of_the_name(self):
        item = listed("7", "<p>CO<sub>2</sub> &amp; soil</p>")

        (action,) = plan_arrivals([item], [], Mode.MIRRORED)

        assert action.where.folder == "CO2 & soil"
        assert action.title == "<p>CO<sub>2</sub> &amp; soil</p>"

    def test_two_items_of_one_title_get_two_folders(self):
        items = [listed("7", "Data"), listed("8", "DATA"), listed("9", "data")]

        names = [a.where.folder for a in plan_arrivals(items, [], Mode.MIRRORED)]

        assert names[0] == "Data"
        assert len({fold(name) for name in names}) == 3

    def test_a_taken_name_gets_a_suffix_that_stays(self):
        item = listed("7", "Data")

        first, second = (
            plan_arrivals([item], taken, Mode.MIRRORED)[0].where.folder
            for taken in (["data"], ["DATA", "something else"])
        )

        assert first == second
        assert first.startswith("Data (")

    def test_a_name_is_taken_in_any_normal_form(self):
        item = listed("7", "Gru\u0308n")

        (action,) = plan_arrivals([item], ["GR\u00dcN"], Mode.MIRRORED)

        assert fold(action.where.folder) != fold("gr\u00fcn")


class TestRenaming:
    def test_a_changed_title_renames_the_folder(self):
        actions = plan_folder(listed("7", "Soil"), ITEM_7, {"data"})

        assert actions == [RenameFolder(Where("7", "Data"), "Soil", "Soil")]

    def test_an_unchanged_title_does_not(self):
        renamed = replace(ITEM_7, folder="Something else")

        assert plan_folder(listed("7", "Data"), renamed, set()) == []

    def test_a_title_that_makes_the_same_name_does_not(self):
        assert plan_folder(listed("7", "<b>Data</b>"), ITEM_7, {"data"}) == []

    def test_a_name_that_a_person_gave_stays(self):
        mine = replace(ITEM_7, folder="My data", named_by_user=True)

        assert plan_folder(listed("7", "Soil"), mine, {"my data"}) == []

    def test_a_taken_name_gets_a_suffix(self):
        (action,) = plan_folder(listed("7", "Soil"), ITEM_7, {"data", "soil"})

        assert action.to.startswith("Soil (")

    def test_a_folder_is_not_in_its_own_way(self):
        suffixed = replace(ITEM_7, folder="SOIL", title="Old title")

        (action,) = plan_folder(listed("7", "Soil"), suffixed, {"SOIL"})

        assert action.to == "Soil"

    def test_a_folder_that_has_the_name_already_is_left_alone(self):
        already = replace(ITEM_7, folder="Soil")

        assert plan_folder(listed("7", "Soil"), already, {"Soil"}) == []

    def test_the_public_state_comes_along(self):
        (action,) = plan_folder(listed("7", "Soil", is_public=True), ITEM_7, set())

        assert action.where.is_public


class TestLostItems:
    def test_an_item_gone_from_both_sides_is_forgotten(self):
        item = listed("7", "Data", presence=Presence.GONE)

        assert plan_lost(item, ITEM_7) == [ForgetItem(Where("7", "Data"))]

    @pytest.mark.parametrize("presence", [Presence.LISTED, Presence.UNKNOWN])
    def test_an_item_that_may_still_be_there_is_not(self, presence):
        assert plan_lost(listed("7", "Data", presence=presence), ITEM_7) == []


class TestLostReplies:
    DRAFT = listed("9", "Soil data")

    def test_a_new_empty_draft_of_the_title_fits(self):
        assert fitting_drafts("Soil data", [self.DRAFT], {"7", "8"}) == ["9"]

    @pytest.mark.parametrize(
        "other",
        [
            replace(DRAFT, title="soil data"),
            replace(DRAFT, is_public=True),
            replace(DRAFT, file_count=1),
            replace(DRAFT, presence=Presence.UNKNOWN),
            replace(DRAFT, presence=Presence.GONE),
            replace(DRAFT, item_id="8"),
        ],
        ids=["other title", "public", "has a file", "unknown", "gone", "was there"],
    )
    def test_anything_else_does_not(self, other):
        assert fitting_drafts("Soil data", [other], {"7", "8"}) == []

    def test_all_that_fit_are_named(self):
        twin = replace(self.DRAFT, item_id="10")

        assert fitting_drafts("Soil data", [self.DRAFT, twin], ()) == ["9", "10"]


class TestAdoption:
    def test_equal_shared_paths_adopt(self):
        local = {"a": "1", "only here": "2"}

        assert adoptable(local, {"7": {"a": "1", "only there": "3"}}) == "7"

    @pytest.mark.parametrize(
        "remote",
        [{}, {"b": "1"}, {"a": "1", "b": "other"}, {"a": "other"}],
        ids=["no file", "no shared path", "one differs", "all differ"],
    )
    def test_anything_less_does_not(self, remote):
        assert adoptable({"a": "1", "b": "2"}, {"7": remote}) == ""

    def test_an_unknown_md5_is_equal_to_nothing(self):
        assert adoptable({"a": ""}, {"7": {"a": ""}}) == ""

    def test_the_one_that_fits_is_found_among_others(self):
        candidates = {"7": {"a": "other"}, "8": {"a": "1"}, "9": {"b": "1"}}

        assert adoptable({"a": "1"}, candidates) == "8"

    def test_of_several_that_fit_none_is_adopted(self):
        assert adoptable({"a": "1"}, {"7": {"a": "1"}, "8": {"a": "1"}}) == ""
