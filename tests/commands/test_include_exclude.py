"""Which items are mirrored: excluded, included, and remembered without a state."""

import json

from tests.commands.desk import Desk


def with_two_items(desk: Desk) -> str:
    """Return the id of "Soil cores", beside which "Water" is mirrored."""
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_files(item, {"a.csv": b"1", "raw/b.csv": b"2"})
    other = desk.box.web.create_item("Water")
    desk.box.web.add_file(other, "c.csv", b"3")
    desk.ok("sync")
    return str(item)


def test_excluding_trashes_the_synced_files_and_leaves_figshare_alone(
    desk: Desk,
) -> None:
    item = with_two_items(desk)
    desk.box.log.clear()

    desk.ok("exclude", item)
    desk.ok("sync")

    assert desk.tree() == {"Water/c.csv": "3"}
    assert not (desk.root / "Soil cores").exists()
    assert not desk.box.log.mutations()
    assert desk.box.web.tree(int(item)) == {"a.csv": b"1", "raw/b.csv": b"2"}
    assert desk.json("status")["excluded"] == 1
    assert "Soil cores/a.csv" in desk.ok("trash")


def test_what_was_not_synced_stays(desk: Desk) -> None:
    item = with_two_items(desk)
    desk.drop("Soil cores/a.csv", "edited")
    desk.drop("Soil cores/new.csv", "new")
    desk.box.log.clear()

    out = desk.ok("exclude", "Soil cores")
    desk.ok("sync")

    assert "stays in its folder" in out
    assert desk.tree() == {
        "Soil cores/a.csv": "edited",
        "Soil cores/new.csv": "new",
        "Water/c.csv": "3",
    }
    assert not desk.box.log.mutations()
    assert desk.box.web.tree(int(item)).keys() == {"a.csv", "raw/b.csv"}


def test_an_excluded_item_stays_away_when_the_state_is_lost(desk: Desk) -> None:
    item = with_two_items(desk)
    desk.drop("Soil cores/new.csv", "new")
    desk.ok("exclude", item)
    for path in (desk.home / "state").iterdir():
        path.unlink()
    desk.box.log.clear()

    desk.ok("sync")

    assert desk.tree() == {"Soil cores/new.csv": "new", "Water/c.csv": "3"}
    assert not desk.box.log.mutations()


def test_exclusions_are_written_into_the_root_for_people_to_read(desk: Desk) -> None:
    item = with_two_items(desk)

    desk.ok("exclude", item)

    stored = json.loads((desk.root / ".figsync" / "exclusions.json").read_text())
    assert stored == [{"item_id": item, "title": "Soil cores"}]


def test_an_excluded_item_comes_back_when_it_is_included(desk: Desk) -> None:
    item = with_two_items(desk)
    before = desk.tree()
    desk.ok("exclude", item)
    desk.ok("sync")

    desk.ok("include", item)
    desk.ok("sync")

    assert desk.tree() == before
    assert desk.json("status")["excluded"] == 0
    assert desk.ok("sync").startswith("Everything is in sync")


def test_an_excluded_item_is_included_by_the_name_it_had(desk: Desk) -> None:
    item = with_two_items(desk)

    told = desk.ok("exclude", "Soil cores")
    desk.ok("include", "Soil cores")
    desk.ok("sync")

    assert f"figsync include {item}" in told
    assert desk.tree().keys() == {
        "Soil cores/a.csv",
        "Soil cores/raw/b.csv",
        "Water/c.csv",
    }


def test_including_links_what_was_left_in_the_folder(desk: Desk) -> None:
    item = with_two_items(desk)
    desk.drop("Soil cores/new.csv", "new")
    desk.ok("exclude", item)
    desk.ok("sync")

    desk.ok("include", item)
    desk.ok("sync")

    assert desk.box.web.tree(int(item)).keys() == {"a.csv", "raw/b.csv", "new.csv"}
    assert len(desk.box.web.item_ids()) == 2


def test_a_record_alone_gets_its_files_when_it_is_included(desk: Desk) -> None:
    desk.configure(mirror__new_items="metadata")
    item = with_two_items(desk)
    assert desk.tree() == {}

    desk.ok("include", item)
    desk.ok("sync")

    assert desk.tree() == {"Soil cores/a.csv": "1", "Soil cores/raw/b.csv": "2"}


def test_approving_a_file_in_a_record_alone_does_not_send_it(desk: Desk) -> None:
    desk.configure(mirror__new_items="metadata")
    item = with_two_items(desk)
    desk.drop("Soil cores/new.csv", "new")
    assert desk.call("sync").exit_code == 4

    desk.ok("approve", "--all")
    assert desk.call("sync").exit_code == 4
    before = desk.box.web.tree(int(item)).keys()
    desk.ok("include", item)
    desk.ok("sync")

    assert before == {"a.csv", "raw/b.csv"}
    assert desk.box.web.tree(int(item)).keys() == {"a.csv", "raw/b.csv", "new.csv"}


def test_an_included_item_has_its_files_though_new_ones_are_records_alone(
    desk: Desk,
) -> None:
    item = with_two_items(desk)
    desk.configure(mirror__new_items="metadata")
    desk.ok("exclude", item)
    desk.ok("sync")

    desk.ok("include", item)
    desk.ok("sync")

    assert desk.tree().keys() >= {"Soil cores/a.csv", "Soil cores/raw/b.csv"}


def test_what_is_so_already_is_a_success(desk: Desk) -> None:
    item = with_two_items(desk)

    assert "is mirrored already" in desk.ok("include", item)
    desk.ok("exclude", item)
    assert "is excluded already" in desk.ok("exclude", item)


def test_an_unknown_item_is_wrong_usage(desk: Desk) -> None:
    with_two_items(desk)

    result = desk.call("exclude", "4711")

    assert result.exit_code == 2
    assert "figsync knows no such item" in result.stderr


def test_an_excluded_item_that_is_deleted_on_figshare_is_forgotten(desk: Desk) -> None:
    item = with_two_items(desk)
    desk.ok("exclude", item)
    desk.box.web.delete_item(int(item))

    desk.ok("sync")

    assert desk.json("status")["excluded"] == 0


def test_an_included_item_takes_the_bare_folder_that_a_person_made(
    desk: Desk,
) -> None:
    desk.drop("Soil cores/a.csv", "1")
    desk.drop("Soil cores/raw/b.csv", "2")
    desk.ok("sync")
    desk.ok("exclude", "Soil cores")
    assert (desk.root / "Soil cores").is_dir()

    desk.ok("include", "Soil cores")
    desk.ok("sync", "Soil cores")

    assert desk.tree() == {"Soil cores/a.csv": "1", "Soil cores/raw/b.csv": "2"}
    assert desk.ok("sync").startswith("Everything is in sync")


def test_including_names_the_folder_where_the_files_will_be(desk: Desk) -> None:
    item = with_two_items(desk)
    desk.ok("exclude", item)
    desk.drop("Soil cores/other.csv", "other")

    told = desk.ok("include", item)
    desk.ok("sync")

    (folder,) = {p.split("/")[0] for p in desk.tree() if p.endswith("/a.csv")}
    assert folder != "Soil cores"
    assert folder in told
