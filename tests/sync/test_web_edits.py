"""What people change on figshare.com comes down, files and metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests import PreparedRequest

from figsync.sandbox import NewFile
from tests.wire import wired
from tests.world import HOUR, TOKEN, World, told


@pytest.fixture(params=["as today", "rows without dates", "ids are uuids"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    world = World(tmp_path)
    world.box.switches.light_dates = request.param != "rows without dates"
    world.box.switches.uuid_ids = request.param == "ids are uuids"
    return world


def an_item(world: World, title: str = "Soil cores", **files: bytes) -> int:
    """Make an item on the web and mirror it."""
    item = world.box.web.create_item(title)
    for name, content in (files or {"a": b"1,2", "b": b"3,4"}).items():
        world.box.web.add_file(item, f"{name}.csv", content)
    world.settle()
    assert world.sync().exit_code == 0
    return item


def file_of(world: World, item: int, name: str) -> int:
    (found,) = [file.id for file in world.box.web.files(item) if file.name == name]
    return found


def replacing(
    world: World,
    item: int,
    name: str,
    contents: Iterable[bytes],
    is_time: Callable[[PreparedRequest], bool],
) -> Callable[[PreparedRequest], None]:
    """Return what gives a file the next content on the web when it *is_time*."""
    left = iter(contents)

    def replace(request: PreparedRequest) -> None:
        if is_time(request) and (content := next(left, None)) is not None:
            world.box.web.replace_file(file_of(world, item, name), content)

    return replace


def api_record(world: World, item: int) -> Any:  # as JSON
    """Return the record as the API gives it to anybody who asks."""
    session = requests.Session()
    world.box.mount(session)
    url = f"{world.urls.api}/account/articles/{item}"
    return session.get(url, headers={"Authorization": f"token {TOKEN}"}).json()


def local_record(world: World, folder: str) -> Any:  # as JSON
    return json.loads((world.root / folder / ".figshare/record.json").read_bytes())


def without_upload_fields(record: Any) -> Any:
    for file in record["files"]:
        assert "upload_url" in file
        file["upload_url"] = file["upload_token"] = ""
    return record


def test_the_record_file_is_the_record_without_upload_secrets(world: World) -> None:
    item = an_item(world)

    record = local_record(world, "Soil cores")

    assert record == without_upload_fields(api_record(world, item))
    assert all(f["upload_token"] == f["upload_url"] == "" for f in record["files"])


def test_a_new_description_arrives_in_the_record(world: World) -> None:
    item = an_item(world)

    world.box.web.edit_item(item, description="<p>From the north</p>", tags=["soil"])
    world.clock.advance(10)
    report = world.sync()

    record = local_record(world, "Soil cores")
    assert report.exit_code == 0
    assert record["description"] == "<p>From the north</p>"
    assert record == without_upload_fields(api_record(world, item))
    assert world.tree() == {"Soil cores/a.csv": b"1,2", "Soil cores/b.csv": b"3,4"}


def test_a_new_title_renames_the_folder(world: World) -> None:
    item = an_item(world)

    world.box.web.edit_item(item, title="Soil cores 2026")
    world.clock.advance(10)
    report = world.sync()

    assert report.exit_code == 0
    assert set(world.tree()) == {"Soil cores 2026/a.csv", "Soil cores 2026/b.csv"}
    assert not (world.root / "Soil cores").exists()
    assert local_record(world, "Soil cores 2026")["title"] == "Soil cores 2026"
    assert report.bytes_down == 0


def test_a_new_title_comes_with_other_edits_at_once(world: World) -> None:
    item = an_item(world)

    world.box.web.edit_item(item, title="Renamed")
    world.box.web.add_file(item, "c.csv", b"5,6", folder="new")
    world.box.web.delete_file(file_of(world, item, "a.csv"))
    world.clock.advance(10)
    world.drop("Soil cores/here.txt", "edited here meanwhile")
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {
        "Renamed/b.csv": b"3,4",
        "Renamed/new/c.csv": b"5,6",
        "Renamed/here.txt": b"edited here meanwhile",
    }
    assert set(world.remote("Renamed")) == {"b.csv", "new/c.csv", "here.txt"}


def test_a_folder_that_a_person_named_keeps_its_name(world: World) -> None:
    item = an_item(world)

    (world.root / "Soil cores").rename(world.root / "my cores")
    world.settle()
    first = world.sync()
    world.box.web.edit_item(item, title="Soil cores 2026")
    world.clock.advance(10)
    second = world.sync()

    assert first.exit_code == second.exit_code == 0
    assert set(world.tree()) == {"my cores/a.csv", "my cores/b.csv"}
    assert local_record(world, "my cores")["title"] == "Soil cores 2026"
    assert world.box.web.item(item)["title"] == "Soil cores 2026"


def test_a_title_that_changes_twice_renames_twice(world: World) -> None:
    item = an_item(world)

    for title in ("Second", "Third", "Soil cores"):
        world.box.web.edit_item(item, title=title)
        world.clock.advance(10)
        assert world.sync().exit_code == 0
        assert set(world.tree()) == {f"{title}/a.csv", f"{title}/b.csv"}


def test_titles_that_are_swapped_swap_the_folders(world: World) -> None:
    first = an_item(world, "First", a=b"1")
    second = an_item(world, "Second", a=b"2")

    world.box.web.edit_item(first, title="Second")
    world.box.web.edit_item(second, title="First")
    world.clock.advance(10)
    report = world.sync()
    world.box.log.clear()
    again = world.sync()

    assert report.exit_code == again.exit_code == 0
    assert sorted(world.tree().values()) == [b"1", b"2"]
    assert world.box.log.mutations() == ()
    assert told(again) == []


def test_two_items_given_one_title_have_a_folder_each(world: World) -> None:
    items = [an_item(world, "First", a=b"1"), an_item(world, "Second", a=b"2")]

    for item in items:
        world.box.web.edit_item(item, title="The same")
    world.clock.advance(10)
    report = world.sync()
    again = world.sync()

    assert report.exit_code == again.exit_code == 0
    assert sorted(world.tree().values()) == [b"1", b"2"]
    assert not (world.root / "First").exists()
    assert not (world.root / "Second").exists()
    assert told(again) == []


def test_an_added_file_arrives(world: World) -> None:
    item = an_item(world)

    world.box.web.add_file(item, "c.csv", b"5,6", folder="raw/2024")
    world.clock.advance(10)
    report = world.sync()

    assert told(report) == [("Download", "raw/2024/c.csv", "done")]
    assert world.tree()["Soil cores/raw/2024/c.csv"] == b"5,6"
    assert report.exit_code == 0


def test_a_replaced_file_arrives_and_the_old_bytes_are_in_the_trash(
    world: World,
) -> None:
    item = an_item(world)

    world.box.web.replace_file(file_of(world, item, "a.csv"), b"new")
    world.clock.advance(10)
    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {"Soil cores/a.csv": b"new", "Soil cores/b.csv": b"3,4"}
    assert world.trash() == [b"1,2"]
    assert report.bytes_down == 3


def test_a_removed_file_goes_to_the_trash(world: World) -> None:
    item = an_item(world)

    world.box.web.delete_file(file_of(world, item, "a.csv"))
    world.clock.advance(10)
    report = world.sync()

    assert told(report) == [("TrashLocal", "a.csv", "done")]
    assert world.tree() == {"Soil cores/b.csv": b"3,4"}
    assert world.trash() == [b"1,2"]
    assert report.exit_code == 0


def test_a_removed_file_that_was_edited_here_goes_up_again(world: World) -> None:
    item = an_item(world)

    world.box.web.delete_file(file_of(world, item, "a.csv"))
    world.drop("Soil cores/a.csv", "edited here")
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("Soil cores") == {"a.csv": b"edited here", "b.csv": b"3,4"}
    assert world.trash() == []


def test_a_file_that_changed_its_folder_is_moved_and_not_fetched(world: World) -> None:
    item = an_item(world)
    file_id = file_of(world, item, "a.csv")
    with world.box.world.store.writing() as db:
        db.execute("UPDATE files SET folder = 'raw/2026' WHERE id = ?", (file_id,))
    world.box.web.edit_item(item, description="moved")
    world.clock.advance(10)

    report = world.sync()

    assert told(report) == [("MoveLocal", "raw/2026/a.csv", "done")]
    assert set(world.tree()) == {"Soil cores/raw/2026/a.csv", "Soil cores/b.csv"}
    assert (report.bytes_down, report.bytes_up, world.trash()) == (0, 0, [])
    assert report.exit_code == 0


def test_a_file_moved_back_leaves_no_empty_folder_behind(world: World) -> None:
    item = an_item(world)
    file_id = file_of(world, item, "a.csv")
    for folder in ("raw/2026", ""):
        with world.box.world.store.writing() as db:
            db.execute("UPDATE files SET folder = ? WHERE id = ?", (folder, file_id))
        world.box.web.edit_item(item, description=f"moved to {folder}")
        world.clock.advance(10)
        assert world.sync().exit_code == 0

    assert set(world.tree()) == {"Soil cores/a.csv", "Soil cores/b.csv"}
    assert not (world.root / "Soil cores/raw").exists()


def test_equal_bytes_added_on_the_web_are_copied_and_not_fetched(world: World) -> None:
    item = an_item(world)

    world.box.web.add_file(item, "copy.csv", b"1,2", folder="again")
    world.clock.advance(10)
    report = world.sync()

    assert world.tree()["Soil cores/again/copy.csv"] == b"1,2"
    assert report.bytes_down == 0


def test_a_new_item_arrives(world: World) -> None:
    an_item(world)

    item = world.box.web.create_item("Tree rings")
    world.box.web.add_files(item, {f"rings/{n:02}.txt": b"%d" % n for n in range(25)})
    world.clock.advance(10)
    report = world.sync()

    arrived = {p: c for p, c in world.tree().items() if p.startswith("Tree rings/")}
    assert arrived == {f"Tree rings/rings/{n:02}.txt": b"%d" % n for n in range(25)}
    assert report.exit_code == 0


def test_an_item_without_files_arrives_as_a_folder_with_its_record(
    world: World,
) -> None:
    item = world.box.web.create_item("Only words")
    world.settle()

    report = world.sync()

    assert report.exit_code == 0
    assert local_record(world, "Only words") == api_record(world, item)


def test_a_deleted_draft_takes_its_files_to_the_trash(world: World) -> None:
    an_item(world, "Stays", a=b"stays")
    item = an_item(world)

    world.box.web.delete_item(item)
    world.clock.advance(10)
    report = world.sync()

    assert told(report) == [("TrashFolder", "", "done")]
    assert world.tree() == {"Stays/a.csv": b"stays"}
    assert not (world.root / "Soil cores").exists()
    assert {b"1,2", b"3,4"} <= set(world.trash())
    assert report.exit_code == 0


def test_a_deleted_draft_leaves_what_was_never_sent(world: World) -> None:
    item = an_item(world)

    world.box.web.delete_item(item)
    world.drop("Soil cores/a.csv", "edited here")
    world.drop("Soil cores/notes.txt", "never sent")
    world.settle()
    report = world.sync()
    again = world.sync()

    assert world.tree() == {
        "Soil cores/a.csv": b"edited here",
        "Soil cores/notes.txt": b"never sent",
    }
    assert report.exit_code == again.exit_code == 4
    assert world.box.web.item_ids() == []


def test_a_published_item_that_is_edited_brings_its_next_draft(world: World) -> None:
    item = an_item(world)
    world.box.web.publish(item)
    world.clock.advance(10)
    assert world.sync().exit_code == 0

    world.box.web.edit_item(item, title="Soil cores, corrected")
    world.box.web.replace_file(file_of(world, item, "a.csv"), b"corrected")
    world.box.web.add_file(item, "erratum.txt", b"sorry")
    world.clock.advance(10)
    report = world.sync()

    assert report.exit_code == 0
    assert world.tree() == {
        "Soil cores, corrected/a.csv": b"corrected",
        "Soil cores, corrected/b.csv": b"3,4",
        "Soil cores, corrected/erratum.txt": b"sorry",
    }
    record = local_record(world, "Soil cores, corrected")
    assert record == without_upload_fields(api_record(world, item))
    assert record["status"] == "public" or record["is_public"]


def test_a_local_edit_of_a_published_item_goes_to_its_next_draft(world: World) -> None:
    item = an_item(world)
    world.box.web.publish(item)
    world.clock.advance(10)
    world.sync()
    world.box.log.clear()

    world.drop("Soil cores/a.csv", "corrected here")
    world.settle()
    report = world.sync()

    assert report.exit_code == 0
    assert world.remote("Soil cores") == {"a.csv": b"corrected here", "b.csv": b"3,4"}
    assert world.box.log.count("api", path="/publish") == 0


def test_edits_of_both_sides_in_different_files_meet(world: World) -> None:
    item = an_item(world)

    world.box.web.replace_file(file_of(world, item, "a.csv"), b"from the web")
    world.drop("Soil cores/b.csv", "from here")
    world.settle()
    report = world.sync()

    both = {"a.csv": b"from the web", "b.csv": b"from here"}
    assert report.exit_code == 0
    assert world.remote("Soil cores") == both
    assert world.tree() == {f"Soil cores/{name}": one for name, one in both.items()}


def test_the_record_is_as_the_api_gives_it_after_every_kind_of_edit(
    world: World,
) -> None:
    item = an_item(world)
    web = world.box.web
    edits = [
        lambda: web.edit_item(item, title="Other"),
        lambda: web.add_files(item, {f"{n}.txt": b"%d" % n for n in range(12)}),
        lambda: web.replace_file(file_of(world, item, "a.csv"), b"new"),
        lambda: web.delete_file(file_of(world, item, "b.csv")),
        lambda: web.publish(item),
        lambda: web.edit_item(item, description="after publication"),
    ]

    for edit in edits:
        edit()
        world.clock.advance(10)
        world.sync()
        folder = "Other" if (world.root / "Other").exists() else "Soil cores"
        expected = without_upload_fields(api_record(world, item))
        assert local_record(world, folder) == expected


def test_the_record_follows_what_this_computer_sends(world: World) -> None:
    item = an_item(world)

    world.drop("Soil cores/sub/new.txt", "mine")
    world.drop("Soil cores/a.csv", "edited")
    world.settle()
    world.sync()

    record = local_record(world, "Soil cores")
    assert record == without_upload_fields(api_record(world, item))


def test_a_record_file_that_a_person_changed_is_written_again(world: World) -> None:
    item = an_item(world)
    before = local_record(world, "Soil cores")
    path = world.root / "Soil cores/.figshare/record.json"

    path.write_text(json.dumps({**before, "title": "Mine"}))
    world.box.web.edit_item(item, description="changed")
    world.clock.advance(10)
    report = world.sync()

    record = local_record(world, "Soil cores")
    assert report.exit_code == 0
    assert record == {**before, "description": "changed"} | {
        "modified_date": record["modified_date"]
    }


def test_a_file_without_its_md5_yet_arrives_once_it_has_one(world: World) -> None:
    item = an_item(world)

    world.box.web.add_file(item, "late.csv", b"late", md5_delay=HOUR)
    world.clock.advance(10)
    first = world.sync()
    early = set(world.tree())
    world.clock.advance(HOUR)
    second = world.sync()

    assert first.exit_code == second.exit_code == 0
    assert "Soil cores/late.csv" not in early
    assert world.tree()["Soil cores/late.csv"] == b"late"


def test_an_upload_of_somebody_else_arrives_when_it_is_finished(world: World) -> None:
    item = an_item(world)
    other = world.box.web.start_upload(item, NewFile("half.csv", 4, folder="x"))
    world.clock.advance(10)
    first = world.sync()

    world.box.web.delete_file(other)
    world.box.web.add_file(item, "half.csv", b"full", folder="x")
    world.clock.advance(10)
    second = world.sync()

    assert first.exit_code == second.exit_code == 0
    assert world.tree()["Soil cores/x/half.csv"] == b"full"


def test_items_around_ten_files_are_read_whole(world: World) -> None:
    """A record shows ten files at most, so ten is where another way begins."""
    item = world.box.web.create_item("Around ten")
    present: dict[str, bytes] = {}
    for number in range(13):
        world.box.web.add_file(item, f"{number}.txt", b"%d" % number, folder="x")
        present[f"x/{number}.txt"] = b"%d" % number
        world.clock.advance(10)
        world.sync()
        assert world.tree() == {f"Around ten/{p}": one for p, one in present.items()}
    for number in range(13):
        world.box.web.delete_file(file_of(world, item, f"{number}.txt"))
        del present[f"x/{number}.txt"]
        world.clock.advance(10)
        world.sync()
        assert world.tree() == {f"Around ten/{p}": one for p, one in present.items()}


def test_many_removed_files_go_to_the_trash_at_once(world: World) -> None:
    item = world.box.web.create_item("Hundred")
    ids = world.box.web.add_files(item, {f"{n:03}.txt": b"%d" % n for n in range(100)})
    world.settle()
    world.sync()

    for file_id in ids[:24]:
        world.box.web.delete_file(file_id)
    world.clock.advance(10)
    report = world.sync()

    assert report.exit_code == 0
    assert len(world.tree()) == 76
    assert sorted(world.trash()) == sorted(b"%d" % n for n in range(24))


def test_a_partial_sync_brings_the_named_folder_alone(world: World) -> None:
    first = an_item(world, "First", a=b"1")
    second = an_item(world, "Second", a=b"2")
    world.box.web.add_file(first, "new.txt", b"for first")
    world.box.web.add_file(second, "new.txt", b"for second")
    world.clock.advance(10)

    partial = world.sync("Second")
    between = set(world.tree())
    full = world.sync()

    assert partial.exit_code == full.exit_code == 0
    assert between == {"First/a.csv", "Second/a.csv", "Second/new.txt"}
    assert world.tree()["First/new.txt"] == b"for first"


def test_edits_in_the_second_of_the_reading_are_met_by_this_or_the_next_sync(
    world: World,
) -> None:
    item = an_item(world)
    world.drop("Soil cores/a.csv", "edited here")
    world.settle()
    world.box.web.add_file(item, "c.csv", b"new")
    contents = (b"while it was sent", b"right after it")
    edit = replacing(world, item, "b.csv", contents, lambda r: r.method == "POST")

    with wired(world, before=edit):
        first = world.sync()
    second = world.sync()

    assert (first.exit_code, second.exit_code) == (0, 0)
    both = {"a.csv": b"edited here", "b.csv": b"right after it", "c.csv": b"new"}
    assert world.remote("Soil cores") == both
    assert world.tree() == {f"Soil cores/{path}": both[path] for path in both}


def test_a_file_edited_before_it_is_superseded_becomes_a_conflict_at_once(
    world: World,
) -> None:
    item = an_item(world)
    world.drop("Soil cores/a.csv", "edited here")
    world.settle()
    world.box.web.add_file(item, "c.csv", b"new")
    edit = replacing(
        world, item, "a.csv", (b"edited there",), lambda r: "/files?" in (r.url or "")
    )

    with wired(world, before=edit):
        report = world.sync()

    assert report.conflicts == 1
    assert world.tree()["Soil cores/a.csv"] == b"edited there"


def test_a_file_replaced_before_it_comes_down_comes_in_the_same_sync(
    world: World,
) -> None:
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_file(item, "a.csv", b"first")
    edit = replacing(
        world, item, "a.csv", (b"second",), lambda r: "download" in (r.url or "")
    )

    world.without_zips()
    with wired(world, before=edit):
        report = world.sync()

    assert world.tree() == {"Soil cores/a.csv": b"second"}
    assert [o.result for o in report.outcomes if o.action.kind == "Download"] == [
        "failed",
        "done",
    ]
