"""What holds for the whole suite: every sandbox reply is held to the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import only_these
from tests.sandbox.contract import Recorder, suite_contract
from tests.world import World

__all__ = ["suite_contract"]

# How long an example takes says something of the machine, not of figsync.
settings.register_profile("figsync", deadline=None)
settings.load_profile("figsync")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer what makes long tests longer."""
    told = "live through N more simulated histories"
    parser.addoption("--simulate", type=int, default=0, metavar="N", help=told)
    told = "damage the state database N more times"
    parser.addoption("--damage", type=int, default=0, metavar="N", help=told)
    told = "die at every boundary of every crash scenario, not only at some"
    parser.addoption("--crash-matrix", action="store_true", help=told)
    told = "kill N more processes of figsync at random moments"
    parser.addoption("--kills", type=int, default=0, metavar="N", help=told)
    told = "send and fetch a file of 2 GiB, which takes 7 GiB of disk"
    parser.addoption("--big", action="store_true", help=told)
    told = "stand idle for a minute over 20,000 watched files, and stir them for long"
    parser.addoption("--soak", action="store_true", help=told)


@pytest.fixture(autouse=True, scope="session")
def _watch_every_world(suite_contract: Recorder | None) -> None:
    World.recorder = suite_contract


@pytest.fixture(autouse=True, scope="session")
def _hold_every_request() -> Iterator[None]:
    yield
    if only_these.found:
        pytest.fail("Never to be sent:\n" + "\n".join(sorted(set(only_these.found))))
