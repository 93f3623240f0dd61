"""A house for every test of a daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.sandbox import Sandbox
from tests import only_these
from tests.commands.conftest import desk
from tests.daemon.house import TOKEN, House

__all__ = ["desk"]

PART_SIZE = 64 << 10


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    box = Sandbox(tmp_path / "figshare", token=TOKEN, part_size=PART_SIZE)
    only_these.hold(box)
    box.switches.status_seconds = 0
    with box.serve() as urls:
        yield House(tmp_path, box, urls)
    box.close()
