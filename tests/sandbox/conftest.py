"""A fresh sandbox for each test, with somebody who uses it."""

from pathlib import Path

import pytest

from figsync.sandbox import Sandbox
from tests.sandbox.client import Client, FrozenClock, make_box
from tests.sandbox.contract import Recorder


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def box(tmp_path: Path, clock: FrozenClock, suite_contract: Recorder | None) -> Sandbox:
    box = make_box(tmp_path, clock)
    if suite_contract is not None:
        suite_contract.watch(box)
    return box


@pytest.fixture
def client(box: Sandbox) -> Client:
    return Client(box)


@pytest.fixture
def item(box: Sandbox) -> int:
    return box.web.create_item("Soil cores")
