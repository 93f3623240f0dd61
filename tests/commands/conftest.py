"""A desk for every test of a verb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.sandbox import Sandbox
from tests import only_these
from tests.commands.desk import TOKEN, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    box = Sandbox(tmp_path / "figshare", token=TOKEN)
    only_these.hold(box)
    box.switches.status_seconds = 0
    with box.serve() as urls:
        yield Desk(tmp_path, box, urls)
    box.close()
