"""The trash: what is in it, and the way back."""

import pytest

from tests.commands.desk import Desk

FILE = "Soil cores/a.csv"


def with_a_trashed_file(desk: Desk) -> None:
    """Have a file deleted on the web, and so moved to the trash here."""
    desk.drop(FILE, "precious")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()
    (file,) = [f for f in desk.box.web.files(item) if f.name == "a.csv"]
    desk.box.web.delete_file(file.id)
    desk.ok("sync")
    assert FILE not in desk.tree()


def test_the_trash_of_a_new_mirror_is_empty(desk: Desk) -> None:
    assert desk.ok("trash") == "The trash is empty.\n"
    assert not desk.root.exists()


def test_what_went_to_the_trash_is_listed(desk: Desk) -> None:
    with_a_trashed_file(desk)

    out = desk.ok("trash", "list")

    assert out == desk.ok("trash")
    assert "\t8 bytes\t" in out
    assert out.splitlines()[0].endswith(FILE)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_restored_file_goes_up_again(desk: Desk, absolute: bool) -> None:
    with_a_trashed_file(desk)

    desk.ok("trash", "restore", str(desk.root / FILE) if absolute else FILE)

    assert desk.tree()[FILE] == "precious"
    desk.ok("sync")
    (item,) = desk.box.web.item_ids()
    assert desk.box.web.tree(item)["a.csv"] == b"precious"


def test_restoring_overwrites_nothing(desk: Desk) -> None:
    with_a_trashed_file(desk)
    desk.drop(FILE, "written since")

    out = desk.ok("trash", "restore", FILE)

    assert "a (restored).csv" in out
    assert desk.tree()[FILE] == "written since"
    assert desk.tree()["Soil cores/a (restored).csv"] == "precious"


def test_what_is_not_in_the_trash_can_not_be_restored(desk: Desk) -> None:
    with_a_trashed_file(desk)

    result = desk.call("trash", "restore", "Soil cores/c.csv")

    assert result.exit_code == 2
    assert "it is not in the trash; see: figsync trash list" in result.stderr


def test_a_running_figsync_restores_it_in_its_next_cycle(desk: Desk) -> None:
    with_a_trashed_file(desk)

    with desk.owned_elsewhere():
        out = desk.ok("trash", "restore", FILE)
    assert FILE not in desk.tree()
    desk.ok("sync")

    assert out.startswith("Asked the running figsync")
    assert desk.tree()[FILE] == "precious"
