"""Histories drawn from seeds; `--simulate N` lives through N more of them."""

from __future__ import annotations

from pathlib import Path
from random import SystemRandom

import pytest

from tests.simulation.one_sided import OneSided
from tests.simulation.run import run, smallest
from tests.simulation.values import Lost
from tests.simulation.weather import Weather

CALM = range(1, 21)
ANY = range(100, 140)
TWO = range(200, 210)
ONE_SIDED = range(1, 16)


@pytest.mark.parametrize("seed", CALM)
def test_a_calm_history_ends_with_both_sides_equal(seed: int) -> None:
    result = run(seed, weather=Weather())

    assert not result.problem, str(smallest(result, weather=Weather()))


@pytest.mark.parametrize("seed", ANY)
def test_nothing_is_lost_in_any_weather(seed: int) -> None:
    result = run(seed)

    assert not result.problem, str(smallest(result))


@pytest.mark.parametrize("seed", ONE_SIDED)
def test_the_side_that_acts_is_left_as_it_was(tmp_path: Path, seed: int) -> None:
    history = OneSided(tmp_path / "world", seed)

    try:
        history.run()
    except Lost as lost:
        pytest.fail("\n".join([*history.trace.lines, str(lost)]))


@pytest.mark.parametrize("seed", TWO)
def test_two_computers_hold_the_same_account(seed: int) -> None:
    weather = Weather(faults=True, crashes=True, meddling=True, machines=2)

    result = run(seed, weather=weather)

    assert not result.problem, str(smallest(result, weather=weather))


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = run(117), run(117)

    assert first.lines == second.lines
    assert len(first.lines) > 20


def test_more_histories(request: pytest.FixtureRequest) -> None:
    wanted: int = request.config.getoption("--simulate")
    if not wanted:
        pytest.skip("--simulate N lives through N more histories")
    first = SystemRandom().randrange(10**6, 10**9)
    print(f"seeds {first} to {first + wanted - 1}")

    failed = [seed for seed in range(first, first + wanted) if run(seed).problem]

    assert not failed, f"seeds {failed}:\n{smallest(run(failed[0]))}"
