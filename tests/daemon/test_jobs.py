"""What the daemon does besides syncing, when it is due."""

from __future__ import annotations

import logging

import msgspec
import pytest

from figsync.daemon.inbox import Due
from figsync.jobs import JOBS
from figsync.jobs.verify import read_round
from tests.daemon.house import House, wait_for


def rounds_ended(house: House) -> float:
    with house.state() as state:
        return read_round(state).ended or 0.0


def test_files_are_read_again_round_after_round(house: House) -> None:
    house.configure(schedule__verify_every="1s", schedule__verify_percent="100")
    with house.daemon():
        house.drop("Soil/a.csv", "one")
        house.drop("Soil/b.csv", "two")
        wait_for(lambda: len(house.remote()) == 2)
        wait_for(lambda: rounds_ended(house))
        first = rounds_ended(house)
        wait_for(lambda: rounds_ended(house) > first)


def test_each_job_of_the_schedule_is_done(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "figsync"), house.daemon() as running:
        house.drop("Soil/a.csv", "one")
        wait_for(lambda: len(house.remote()) == 1)
        (first,) = set(noted(house).values())
        assert running.daemon is not None
        for name in JOBS:
            running.daemon.put(Due(name))
        wait_for(lambda: len(set(noted(house).values()) - {first}) == len(JOBS))
    assert caplog.messages == []


def noted(house: House) -> dict[str, float]:
    """Return when each job was done, or first heard of."""
    with house.state() as state:
        text = state.settings.get("jobs")
    return msgspec.json.decode(text, type=dict[str, float])
