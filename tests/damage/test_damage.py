"""After any damage: nothing is deleted, every byte is there, the second sync is well.

`--damage N` damages the database N more times.
"""

from __future__ import annotations

from random import Random, SystemRandom

import pytest
from click.testing import CliRunner

from figsync.commands.cli import figsync
from figsync.errors import StateDamaged
from tests.damage.damages import damaged
from tests.damage.ground import Ground, local_bytes, remote_bytes
from tests.world import World

SEEDS = range(1, 33)
READERS = ("status", "held", "history", "conflicts")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("damage"))


@pytest.mark.parametrize("seed", SEEDS)
def test_damage_deletes_nothing_and_mends_itself(ground: Ground, seed: int) -> None:
    live_on(ground, seed)


def test_more_damages(ground: Ground, request: pytest.FixtureRequest) -> None:
    wanted: int = request.config.getoption("--damage")
    if not wanted:
        pytest.skip("--damage N damages the database N more times")
    first = SystemRandom().randrange(10**6, 10**9)
    print(f"seeds {first} to {first + wanted - 1}")
    failed = [
        why for seed in range(first, first + wanted) if (why := tried(ground, seed))
    ]

    assert not failed, "\n".join(failed)


def tried(ground: Ground, seed: int) -> str:
    """Return why a seed fails, "" if it does not."""
    try:
        live_on(ground, seed)
    except Exception as problem:  # every seed has its turn
        return f"seed {seed}: {type(problem).__name__}: {problem}"
    return ""


def live_on(ground: Ground, seed: int) -> None:
    """Damage the database, sync thrice, and compare with what was there before."""
    world = ground.fresh()
    local, remote = local_bytes(world), remote_bytes(world)
    how = f"seed {seed}, {damaged(world.config.database, Random(seed))}"
    try:
        read(world, how)
        first_sync(world)
        world.settle()
        second = world.sync()
        assert not world.box.log.find(method="DELETE"), how
        world.box.log.clear()
        world.settle()
        third = world.sync()
        assert second.exit_code == third.exit_code == 4, how
        assert third.cycles == 1, how
        assert not world.box.log.mutations(), how
        assert not local - local_bytes(world), how
        assert remote.items() <= remote_bytes(world).items(), how
    finally:
        world.box.close()


def read(world: World, how: str) -> None:
    """Ask everything that a person might: a line may say no, a bug may not show."""
    for verb in READERS:
        words = [verb, "--config", str(world.config_path)]
        result = CliRunner().invoke(figsync, words, env={"HOME": str(world.folder)})
        assert result.exit_code in (0, 1, 2), f"{how}: {verb}: {result.output}"


def first_sync(world: World) -> None:
    """Sync once; it may end with the one line that says what is set aside."""
    try:
        world.sync()
    except StateDamaged as problem:
        assert "it is set aside as state.db.damaged-" in str(problem)
