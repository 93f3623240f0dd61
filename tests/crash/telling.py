"""The words in which scenarios are told: what people do between two syncs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from figsync.state import State
from tests.crash.stage import Arrange, Scenario
from tests.world import World

SCENARIOS: dict[str, Scenario] = {}


def scenario(
    *,
    keys: Mapping[str, str] | None = None,
    lost: Collection[tuple[str, str]] = (),
    **options: Any,  # those of Scenario
) -> Callable[[Arrange], Arrange]:
    """Enter a function that arranges a scenario into the matrix."""

    def enter(arrange: Arrange) -> Arrange:
        name = arrange.__name__
        assert name not in SCENARIOS
        settings = {"deletions__grace": "0", **(keys or {})}
        SCENARIOS[name] = Scenario(
            name, arrange, settings, lost=frozenset(lost), **options
        )
        return arrange

    return enter


def synced(world: World, **items: Mapping[str, bytes | str]) -> None:
    """Have a mirror with these items, and let some time pass."""
    for title, files in items.items():
        for path, content in files.items():
            world.drop(f"{title}/{path}", content)
    world.settle()
    assert world.sync().exit_code == 0
    world.settle()


def ice(world: World) -> int:
    """Have the item Ice with two files in sync, and return its id."""
    synced(world, Ice={"a.csv": "old a", "raw/b.csv": "old b"})
    return int(world.item_id("Ice"))


def record(world: World, item: int, path: str) -> int:
    """Return the id of the one record of this path."""
    (found,) = [file.id for file in world.box.web.files(item) if file.path == path]
    return found


def ask(world: World, verb: str, **words: str) -> None:
    """Leave a request, as a verb does while another process owns the mirror."""
    with State.open(world.config.database, clock=world.clock) as state:
        state.decisions.request(verb, words)


def approve_all(world: World) -> None:
    """Approve all that is held, as a person does."""
    with world.mirror() as mirror:
        rows = mirror.state.decisions.held()
        assert mirror.state.decisions.approve(row.id for row in rows)


def in_conflict(world: World) -> None:
    """Have Ice/a.csv edited on both sides, and the local version beside it."""
    item = ice(world)
    world.drop("Ice/a.csv", "edited here")
    world.box.web.replace_file(record(world, item, "a.csv"), b"edited on the web")
    world.settle()
    assert world.sync().exit_code == 4
    world.settle()
