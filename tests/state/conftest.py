"""A state in a folder of its own, with a clock that a test sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.state import State
from tests.state.world import SetClock


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "figsync" / "state.db"


@pytest.fixture
def state(path: Path, clock: SetClock) -> Iterator[State]:
    with State.open(path, clock=clock) as opened:
        yield opened
