"""After any damage: nothing is deleted, every byte is there, the second sync is well.

`--damage N` damages the database N more times.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

import pytest
from click.testing import CliRunner

from figsync.commands.cli import figsync
from figsync.errors import StateDamaged
from tests.damage.damages import FATAL, change_by_sql, damaged
from tests.damage.ground import (
    CHANGED_ON_THE_WEB,
    Ground,
    local_bytes,
    remote_bytes,
)
from tests.world import World

SEEDS = range(1, 33)
READERS = ("status", "held", "history", "conflicts")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("damage"))


@pytest.mark.parametrize("seed", SEEDS)
def test_damage_deletes_nothing_and_mends_itself(ground: Ground, seed: int) -> None:
    live_on(ground, f"seed {seed}", by_seed(seed))


@pytest.mark.parametrize("name", FATAL)
def test_what_would_be_fatal_is_not_believed(ground: Ground, name: str) -> None:
    def change(database: Path) -> str:
        change_by_sql(database, FATAL[name])
        return name

    live_on(ground, "by hand", change)


def by_seed(seed: int) -> Callable[[Path], str]:
    return lambda database: damaged(database, Random(seed))


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
        live_on(ground, f"seed {seed}", by_seed(seed))
    except Exception as problem:  # every seed has its turn
        return f"seed {seed}: {type(problem).__name__}: {problem}"
    return ""


def live_on(ground: Ground, name: str, damage: Callable[[Path], str]) -> None:
    """Damage the database, sync thrice, and compare with what was there before."""
    world = ground.fresh()
    tree, local, remote = world.tree(), local_bytes(world), remote_bytes(world)
    how = f"{name}, {damage(world.config.database)}"
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
        assert_in_place(world, tree, how)
    finally:
        world.box.close()


def assert_in_place(world: World, before: dict[str, bytes], how: str) -> None:
    """Every file is where it was, with its bytes, but for what the web changed."""
    after = world.tree()
    for path, content in before.items():
        assert path in CHANGED_ON_THE_WEB or after.get(path) == content, (how, path)
    titles = {str(i): world.box.web.item(i)["title"] for i in world.box.web.item_ids()}
    for (item, path), content in remote_bytes(world).items():
        here = f"{titles[item]}/{path}"
        assert after.get(here, content) == content, (how, here)


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
