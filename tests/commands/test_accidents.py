"""Accidents, one by one: nothing changes on either side, and README.md says why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from figsync.sandbox import Fault
from figsync.sync.mounts import CAME, GONE
from figsync.sync.root import MOUNT_IT, UNMOUNTED
from tests.commands.desk import Desk, everything_below

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("### What stops figsync")[2].partition("\n##")[0]
ROWS = dict(re.findall(r"^\| ([A-Z][^|]+) \| ([^|]+) \| \d+ \|$", SECTION, re.M))
CODES = dict(re.findall(r"^\| ([A-Z][^|]+) \| [^|]+ \| (\d+) \|$", SECTION, re.M))
PLACES = ("ROOT", "FOLDERS", "FOLDER", "CONFIG", "KEYS", "SAID", "URL", "ID", "N")
# What only a computer with two disks can have: sync/test_mounts.py makes believe.
OF_DISKS = {name for name in ROWS if "disk" in name}

Accident = Callable[[Desk], object]


def root_gone(desk: Desk) -> None:
    desk.root.rename(desk.home / "elsewhere")


def root_is_a_file(desk: Desk) -> None:
    root_gone(desk)
    desk.root.write_bytes(b"precious")


def root_is_a_link(desk: Desk) -> None:
    root_gone(desk)
    (desk.home / "empty").mkdir()
    desk.root.symlink_to(desk.home / "empty")


def root_is_another_folder(desk: Desk) -> None:
    root_gone(desk)
    shutil.copytree(desk.home / "elsewhere", desk.root)
    shutil.rmtree(desk.root / ".figsync")


def root_is_another_mirror(desk: Desk) -> None:
    root_is_another_folder(desk)
    marker = desk.home / "elsewhere/.figsync/marker.json"
    (desk.root / ".figsync").mkdir()
    text = re.sub(r'("mirror_id": ")[^"]+', r"\1another", marker.read_text())
    (desk.root / ".figsync/marker.json").write_text(text)


def root_emptied(desk: Desk) -> None:
    for path in desk.root.rglob("*.csv"):
        path.unlink()
    (desk.root / "Leaves/.DS_Store").write_bytes(b"of the file manager")


def another_account(desk: Desk) -> None:
    desk.box.add_account("another-token")
    desk.token_path.write_text("another-token")


def another_address(desk: Desk) -> None:
    desk.configure(account__api_url=desk.urls.api.replace("127.0.0.1", "localhost"))


def many_deleted_here(desk: Desk) -> None:
    for number in range(21):
        (desk.root / f"Many/{number:02}.csv").unlink()


def many_deleted_there(desk: Desk) -> None:
    for file in desk.box.web.files(item_id(desk, "Many"))[:21]:
        desk.box.web.delete_file(file.id)


def many_edited_here(desk: Desk) -> None:
    for number in range(21):
        desk.drop(f"Many/{number:02}.csv", b"ENCRYPTED")


def many_edited_there(desk: Desk) -> None:
    for file in desk.box.web.files(item_id(desk, "Many"))[:21]:
        desk.box.web.replace_file(file.id, b"replaced")


def item_emptied(desk: Desk) -> None:
    for path in (desk.root / "Leaves").glob("*.csv"):
        path.unlink()


def folder_deleted(desk: Desk) -> None:
    shutil.rmtree(desk.root / "Leaves")


def public_folder_deleted(desk: Desk) -> None:
    desk.box.web.publish(item_id(desk, "Leaves"))
    folder_deleted(desk)


def folder_deleted_with_unsynced_files(desk: Desk) -> None:
    desk.box.web.add_file(item_id(desk, "Leaves"), "new.csv", b"never here")
    folder_deleted(desk)


def file_in_place_of_a_folder(desk: Desk) -> None:
    folder_deleted(desk)
    (desk.root / "Leaves").write_bytes(b"precious")


def rules_changed(desk: Desk) -> None:
    desk.configure(mirror__ignore="*.tmp")
    (desk.root / "Leaves/a.csv").unlink()


def rules_changed_in_a_folder(desk: Desk) -> None:
    desk.drop("Leaves/.figsyncignore", "*.tmp")
    (desk.root / "Leaves/a.csv").unlink()
    # The same file on both sides, so that nothing of it is to be sent.
    desk.box.web.add_file(item_id(desk, "Leaves"), ".figsyncignore", b"*.tmp")


def record_and_files_gone(desk: Desk) -> None:
    folder_deleted(desk)
    (desk.root / "Leaves").mkdir()


def copies(desk: Desk) -> None:
    for copy in ("One", "Two"):
        shutil.copytree(desk.root / "Leaves", desk.root / copy)
    folder_deleted(desk)


def deleted_there(desk: Desk) -> None:
    """Delete an item, so that there is something to be wrong about."""
    desk.box.web.delete_item(item_id(desk, "Leaves"))


def list_unreadable(desk: Desk) -> None:
    deleted_there(desk)
    desk.box.fail_next(
        Fault("api", "GET", r"/account/articles$", 404, times=99, kind="html")
    )


def item_unreadable(desk: Desk) -> None:
    leaves = item_id(desk, "Leaves")
    desk.box.web.edit_item(leaves, description="so that it is read again")
    fault = Fault("api", "GET", rf"/articles/{leaves}$", 404, times=99, kind="json")
    desk.box.fail_next(fault)


STOPPED: dict[str, Accident] = {
    "The mirror's folder is gone": root_gone,
    "A file stands in its place": root_is_a_file,
    "A link to another folder stands in its place": root_is_a_link,
    "Another folder stands in its place": root_is_another_folder,
    "Another mirror stands in its place": root_is_another_mirror,
    "It was emptied": root_emptied,
    "The token is that of another account": another_account,
    "The address is that of another Figshare": another_address,
    "Figshare's list of items can not be read": list_unreadable,
}
HELD: dict[str, Accident] = {
    "Many files were deleted here": many_deleted_here,
    "Many files were deleted on the web": many_deleted_there,
    "Many files were changed here": many_edited_here,
    "Many files were changed on the web": many_edited_there,
    "All files of an item were deleted here": item_emptied,
    "An item folder was deleted": folder_deleted,
    "The folder of a public item was deleted": public_folder_deleted,
    "The folder of an item with other files was deleted": (
        folder_deleted_with_unsynced_files
    ),
    "A file stands in the place of an item folder": file_in_place_of_a_folder,
    "A rule, the root or the direction was changed": rules_changed,
    "The rules in an item folder were changed": rules_changed_in_a_folder,
    "An item folder lost its record and its files": record_and_files_gone,
    "Two copies and no original of an item folder": copies,
}
DOUBTED: dict[str, Accident] = {"An item can not be read": item_unreadable}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Return a mirror without grace: only a guard keeps anything from being done."""
    for title, number in (("Leaves", 3), ("Many", 30)):
        item = desk.box.web.create_item(title)
        files = {f"{n:02}.csv": f"{title} {n}".encode() for n in range(number)}
        if title == "Leaves":
            files = {"a.csv": b"a", "b.csv": b"b", "c.csv": b"c"}
        desk.box.web.add_files(item, files)
    desk.ok("sync")
    return desk


def item_id(desk: Desk, title: str) -> int:
    (found,) = [i for i in remote(desk) if desk.box.web.item(i)["title"] == title]
    return found


def remote(desk: Desk) -> dict[int, dict[str, bytes]]:
    web = desk.box.web
    return {item: web.tree(item) for item in web.item_ids()}


def local(desk: Desk) -> dict[str, tuple[int, bytes]]:
    """Return all below the home folder but what is figsync's own."""
    own = {".figsync", ".figshare", "state"}
    seen = everything_below(desk.home)
    return {path: f for path, f in seen.items() if not own & set(path.split("/"))}


def expression(name: str) -> str:
    """Return what README.md says of an accident, capitals standing for anything."""
    words = re.split(rf"\b({'|'.join(PLACES)})\b", ROWS[name].replace("`", ""))
    kinds = {"N": r"\d+"}
    return "".join(
        kinds.get(word, r"\S.*?") if place % 2 else re.escape(word)
        for place, word in enumerate(words)
    )


def meet(desk: Desk, accident: Accident) -> Result:
    """Let it happen and sync some times: nothing is changed on either side."""
    accident(desk)
    here, there = local(desk), remote(desk)
    desk.box.log.clear()

    dry = desk.call("sync", "--dry-run")
    results = [desk.call("-v", "sync") for _ in range(3)]

    assert desk.box.log.mutations() == ()
    assert (local(desk), remote(desk)) == (here, there)
    assert {result.exit_code for result in (dry, *results)} == {results[0].exit_code}
    return results[0]


def plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def test_what_is_said_of_disks_is_what_the_table_says() -> None:
    assert [GONE.format("FOLDER"), CAME.format("FOLDER")] == [
        ROWS["A disk was pulled from the mirror"],
        ROWS["A disk was mounted over files of the mirror"],
    ]
    assert ROWS["Its disk is not mounted"] == f"ROOT: {UNMOUNTED}; {MOUNT_IT}"


def test_the_table_names_exactly_these_accidents() -> None:
    assert ROWS.keys() - OF_DISKS == STOPPED.keys() | HELD.keys() | DOUBTED.keys()
    assert len(OF_DISKS) == 3


@pytest.mark.parametrize("name", STOPPED)
def test_an_accident_stops_the_sync_in_one_line(desk: Desk, name: str) -> None:
    result = meet(desk, STOPPED[name])

    assert result.exit_code == int(CODES[name])
    (line,) = result.stderr.splitlines()
    assert re.fullmatch(f"figsync: {expression(name)}", plain(line))
    assert desk.json("status")["error"] == line.removeprefix("figsync: ")


@pytest.mark.parametrize("name", HELD)
def test_an_accident_is_held_and_told_the_same_everywhere(
    desk: Desk, name: str
) -> None:
    result = meet(desk, HELD[name])

    assert result.exit_code == int(CODES[name])
    reasons = {r["reason"] for r in desk.json("held") if r["result"] == "held"}
    assert reasons
    for reason in reasons:
        assert re.fullmatch(expression(name), plain(reason))
        assert reason in desk.call("sync", "--dry-run").stdout
        assert reason in result.stdout
        assert reason in result.stderr, "the log does not tell it"
        assert reason in desk.ok("status")
        assert reason in desk.ok("held")


@pytest.mark.parametrize("name", DOUBTED)
def test_what_is_in_doubt_changes_nothing(desk: Desk, name: str) -> None:
    result = meet(desk, DOUBTED[name])

    assert result.exit_code == int(CODES[name])
    assert re.search(expression(name), plain(result.stdout))
