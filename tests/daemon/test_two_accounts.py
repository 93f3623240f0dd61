"""Two configurations side by side: two accounts, two mirrors, nothing in common."""

from __future__ import annotations

from pathlib import Path

from figsync.clock import SystemClock
from figsync.sandbox.web import Web
from tests.daemon.house import House, wait_for
from tests.daemon.test_life import ask


def test_two_daemons_do_not_meet(house: House, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    box = house.box
    account = box.add_account("another-token")
    other = House(second, box, house.urls)
    other.token = "another-token"
    with house.daemon(), other.daemon():
        house.drop("Soil/a.csv", "of the first")
        other.drop("Ice/b.csv", "of the second")
        wait_for(lambda: house.remote() == {"Soil/a.csv": b"of the first"})
        theirs = box.web_of(account)
        wait_for(lambda: titles_and_files(theirs) == {"Ice": ["b.csv"]})
    assert house.tree() == {"Soil/a.csv": b"of the first"}
    assert other.tree() == {"Ice/b.csv": b"of the second"}
    assert house.database != other.database


def titles_and_files(web: Web) -> dict[str, list[str]]:
    return {
        web.item(item_id)["title"]: [
            file.path for file in web.files(item_id) if file.status == "available"
        ]
        for item_id in web.item_ids()
    }


def test_the_pause_of_one_is_not_the_others(house: House, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    house.box.add_account("another-token")
    other = House(second, house.box, house.urls)
    other.token = "another-token"
    with house.daemon(), other.daemon() as paused:
        assert paused.daemon is not None
        wait_for(lambda: other.activity())
        ask(paused, "pause").end()
        other.drop("Ice/b.csv", "kept back")
        house.drop("Soil/a.csv", "sent")
        wait_for(lambda: house.remote() == {"Soil/a.csv": b"sent"})
        SystemClock().wait(0.5)
        assert not [m for m in house.mutations() if "Ice" in m]
