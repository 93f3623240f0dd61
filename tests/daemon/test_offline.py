"""Without a network the daemon stays, keeps quiet, and catches up by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from figsync.sandbox import Sandbox
from figsync.sync.activity import Phase
from figsync.sync.facts import Ended, read_facts
from tests import only_these
from tests.daemon.house import TOKEN, House, wait_for


class Network:
    """Figshare on its ports, there or not."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._served = ExitStack()
        self.up()

    def up(self) -> None:
        self.urls = self._served.enter_context(self._box.serve())

    def down(self) -> None:
        self._served.close()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    box = Sandbox(tmp_path / "figshare", token=TOKEN)
    only_these.hold(box)
    box.switches.status_seconds = 0
    yield box
    box.close()


def ended(house: House) -> Ended:
    with house.state() as state:
        return read_facts(state).ended


def is_done(house: House, files: int) -> bool:
    """Tell whether so many files are synced and the daemon has nothing more to do."""
    activity = house.activity()
    if activity is None or activity.phase is not Phase.IDLE:
        return False
    with house.state() as state:
        return state.files.synced_total() == files


def test_what_was_saved_without_a_network_goes_up_when_it_is_back(
    box: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    network = Network(box)
    house = House(tmp_path, box, network.urls)
    with house.daemon(), caplog.at_level(logging.INFO, "figsync.daemon"):
        house.drop("Soil/a.csv", "at the desk")
        wait_for(lambda: is_done(house, 1))
        network.down()
        house.drop("Soil/b.csv", "on the train")
        wait_for(lambda: ended(house) is Ended.OFFLINE)
        house.drop("Soil/c.csv", "at home")

        network.up()
        wait_for(lambda: len(house.remote()) == 3)
        wait_for(lambda: "It works again" in caplog.messages)
    network.down()

    assert house.agreed()
    ours = [r for r in caplog.records if r.name.startswith("figsync")]
    troubles = [r for r in ours if r.levelno >= logging.WARNING]
    assert len(troubles) == 1, [r.getMessage() for r in troubles]
    assert "no connection" in troubles[0].getMessage()
