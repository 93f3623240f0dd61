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
BY_DAEMON = range(1000, 1010)


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


@pytest.mark.parametrize("seed", BY_DAEMON)
def test_a_daemon_that_hears_of_some_changes_loses_nothing(seed: int) -> None:
    result = run(seed, daemon=True)

    assert not result.problem, str(smallest(result))


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

    lived = (run(s, daemon=s % 2 == 0) for s in range(first, first + wanted))
    failed = [result for result in lived if result.problem]

    seeds = [f"{r.seed}{' --daemon' * r.weather.daemon}" for r in failed]
    assert not failed, f"seeds {', '.join(seeds)}:\n{smallest(failed[0])}"
