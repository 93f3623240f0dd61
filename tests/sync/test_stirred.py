"""Cycles over what was stirred alone do what cycles over everything would have done."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from figsync.sandbox import Fault, NewFile
from figsync.sync.engine import Wish
from figsync.sync.facts import read_facts
from figsync.sync.glance import changed_folders
from figsync.sync.loop import Report, sync_until_quiet
from tests.simulation.peril import hidden_from
from tests.sync.doings import change
from tests.sync.liar import lying
from tests.world import HOUR, TestClock, World, told

DAY = 24 * HOUR
START = 1_900_000_000.0


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A mirror with an item in agreement, read twice."""
    world = World(tmp_path)
    world.drop("Earth/a.csv", "a")
    for _ in range(2):
        world.settle()
        world.sync()
    return world


# Both ways to the same end


@pytest.mark.parametrize("seed", range(4))
def test_partial_and_full_cycles_do_the_same(
    seed: int, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    live_twice(tmp_path / "0", seed, steps=8)
    for more in range(pytestconfig.getoption("--simulate") // 4):
        live_twice(tmp_path / f"{more + 1}", 1000 * (more + 1) + seed, steps=12)


def live_twice(folder: Path, seed: int, *, steps: int) -> None:
    """Let the same happen to two mirrors; one only looks at what was stirred."""
    folder.mkdir()
    partly, fully = (a_mirror(folder / name, seed) for name in ("partly", "fully"))
    for step in range(steps):
        made = [stir(world, Random(f"{seed}:{step}")) for world in (partly, fully)]
        assert made[0] == made[1]
        for world in (partly, fully):
            world.clock.advance(
                Random(f"{seed}:{step}").choice((120.0, 120.0, 2 * DAY))
            )
        did = told(sync_stirred(partly)), told(fully.sync(scheduled=True))
        assert did[0] == did[1], f"seed {seed}, step {step}: {made[0]}"
        assert partly.tree() == fully.tree(), f"seed {seed}, step {step}: {made[0]}"
        assert there(partly) == there(fully), f"seed {seed}, step {step}: {made[0]}"
        assert waiting(partly) == waiting(fully), f"seed {seed}, step {step}: {made[0]}"
    assert told(partly.sync(scheduled=True)) == [], f"seed {seed}"


def a_mirror(folder: Path, seed: int) -> World:
    folder.mkdir()
    keys = Random(seed).choice(({"deletions__grace": "0"}, {}))
    world = World(folder, seed=seed, clock=TestClock(START), **keys)
    world.root.mkdir()
    return world


def stir(world: World, chance: Random) -> list[str]:
    """Let people do something here, and something on the web."""
    made = [change(world, chance) for _ in range(chance.randrange(5))]
    made += [change_there(world, chance) for _ in range(chance.randrange(3))]
    return [told.replace(str(world.root), "") for told in made]


def change_there(world: World, chance: Random) -> str:
    web = world.box.web
    content = chance.randbytes(3)
    items = web.item_ids()
    if not items or chance.random() < 0.1:
        title = chance.choice(["Earth", "Mars", "Venus", "Ceres"])
        web.add_file(web.create_item(title), "w.csv", content)
        return f"web creates {title}"
    item = chance.choice(items)
    files = web.files(item)
    doing = chance.choice(["add", "add", "replace", "replace", "delete", "title", "go"])
    match doing:
        case "add":
            web.add_file(item, f"{chance.choice('abcw')}.csv", content)
        case "replace" if files:
            web.replace_file(chance.choice(files).id, content)
        case "delete" if files:
            web.delete_file(chance.choice(files).id)
        case "title":
            web.edit_item(item, title=chance.choice(["Earth", "Titan", "Callisto"]))
        case "go" if chance.random() < 0.3:
            web.delete_item(item)
    return f"web: {doing} in #{items.index(item)}"


def sync_stirred(world: World) -> Report:
    """Sync as a daemon does after a look at everything."""
    with world.mirror() as mirror:
        stirred = changed_folders(mirror)
        wish = Wish(stirred=None if "" in stirred else frozenset(stirred))
        return sync_until_quiet(mirror, wish)


def there(world: World) -> list[dict[str, bytes]]:
    web = world.box.web
    return [web.tree(item) for item in web.item_ids()]


def waiting(world: World) -> list[tuple[str, str, str, str]]:
    with world.state() as state:
        rows = state.decisions.held()
    return sorted((r.key.kind, r.folder, r.key.path, r.reason) for r in rows)


# Guards

ITEMS, EACH = 8, 6
ALLOWED = ITEMS * EACH // 4


@pytest.mark.parametrize("seed", range(2))
def test_guards_count_alike_in_partial_and_full_cycles(
    seed: int, tmp_path: Path
) -> None:
    worlds = [full_of_files(tmp_path / name, seed) for name in ("partly", "fully")]
    partly, fully = worlds
    for step in range(8):
        for world in worlds:
            chance = Random(f"{seed}:{step}")
            for _ in range(chance.randrange(4)):
                delete_one(world, chance, chance.choice(("here", "there")))
            world.clock.advance(chance.choice((120, 3 * HOUR, 3 * HOUR, 25 * HOUR)))

        did = told(sync_stirred(partly)), told(fully.sync(scheduled=True))

        assert did[0] == did[1], f"seed {seed}, step {step}"
        assert there(partly) == there(fully), f"seed {seed}, step {step}"
        assert partly.tree() == fully.tree(), f"seed {seed}, step {step}"
        assert waiting(partly) == waiting(fully), f"seed {seed}, step {step}"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("side", ["here", "there"])
def test_cycles_that_see_few_folders_each_delete_no_more_than_is_allowed(
    side: str, seed: int, tmp_path: Path
) -> None:
    world = full_of_files(tmp_path / "world", seed, deletions__grace="0")
    chance = Random(seed)
    with world.mirror() as mirror:
        for _ in range(10):
            for _ in range(3):
                delete_one(world, chance, side)
            world.clock.advance(chance.choice((60, 600)))
            changed = sorted(changed_folders(mirror))
            heard = frozenset(chance.sample(changed, min(2, len(changed))))
            sync_until_quiet(mirror, Wish(stirred=heard))
        held = sync_until_quiet(mirror, Wish(stirred=frozenset())).held
        since, other = START, "local" if side == "there" else "remote"
        deleted = mirror.state.history.deletions(other, since)

    assert 0 < deleted <= ALLOWED
    assert held
    assert all(one.needs_person for one in held)


def full_of_files(folder: Path, seed: int, **keys: str) -> World:
    folder.mkdir()
    limit = {"deletions__max_files": "3", **keys}
    world = World(folder, seed=seed, clock=TestClock(START), **limit)
    for number in range(ITEMS):
        item = world.box.web.create_item(f"Item {number}")
        files = {f"f{n}": f"{number} {n}".encode() for n in range(EACH)}
        world.box.web.add_files(item, files)
    for _ in range(2):
        world.settle()
        world.sync()
    return world


def delete_one(world: World, chance: Random, side: str) -> None:
    """Delete a file on one side; items keep one file for good."""
    web, item = world.box.web, f"Item {chance.randrange(ITEMS)}"
    records = {f.name: f.id for f in web.files(int(world.item_id(item)))}
    name = f"f{chance.randrange(1, EACH)}"
    path = world.root / item / name
    if side == "here":
        path.unlink(missing_ok=True)
    elif name in records and path.exists():
        web.delete_file(records[name])


# What nothing tells of any more


def test_a_new_item_comes_with_its_files(world: World) -> None:
    item = world.box.web.create_item("Mars")
    world.box.web.add_file(item, "m.csv", b"m")
    world.clock.advance(60)

    sync_partly(world)

    assert world.tree()["Mars/m.csv"] == b"m"


def test_a_download_that_failed_is_tried_again(world: World) -> None:
    world.box.web.add_file(int(world.item_id("Earth")), "b.csv", b"b")
    world.clock.advance(60)
    with world.mirror() as mirror:
        world.box.fail_next(Fault("storage", status=500, times=20))
        report = sync_until_quiet(mirror, Wish(stirred=frozenset()))
        assert report.count("failed") == 1
        world.box.world.faults.clear()
        world.clock.advance(600)

        sync_until_quiet(mirror, Wish(stirred=frozenset()))

    assert world.tree()["Earth/b.csv"] == b"b"


def test_an_upload_that_failed_is_tried_again(world: World) -> None:
    world.drop("Earth/b.csv", "b")
    world.clock.advance(60)
    with world.mirror() as mirror:
        world.box.fail_next(Fault("api", "POST", r"/files$", status=500, times=20))
        sync_until_quiet(mirror, Wish(stirred=frozenset({"Earth"})))
        assert "b.csv" not in world.remote("Earth")
        world.box.world.faults.clear()
        world.clock.advance(600)

        sync_until_quiet(mirror, Wish(stirred=frozenset()))

    assert world.remote("Earth")["b.csv"] == b"b"


def test_a_file_that_could_not_be_read_is_tried_again(world: World) -> None:
    world.drop("Earth/b.csv", "b")
    world.clock.advance(60)
    with world.mirror() as mirror:
        whole = mirror.disk
        mirror.disk = hidden_from(whole, {"Earth/b.csv"})
        sync_until_quiet(mirror, Wish(stirred=frozenset({"Earth"})))
        assert "b.csv" not in world.remote("Earth")
        mirror.disk = whole

        sync_until_quiet(mirror, Wish(stirred=frozenset()))

    assert world.remote("Earth")["b.csv"] == b"b"


def test_an_edit_is_sent_once_a_list_is_whole_again(world: World) -> None:
    world.drop("Earth/a.csv", "edited")
    world.clock.advance(60)
    earth = world.item_id("Earth")
    liar = lying(world, "/account/articles", {int(earth)})
    with world.mirror() as mirror:
        liar.lies = 1000
        sync_until_quiet(mirror, Wish(stirred=frozenset({"Earth"})))
        assert world.box.web.tree(earth) == {"a.csv": b"a"}
        liar.lies = 0

        sync_until_quiet(mirror, Wish(stirred=frozenset(changed_folders(mirror))))

    assert world.box.web.tree(earth) == {"a.csv": b"edited"}


def test_what_found_no_room_goes_up_when_there_is_more(world: World) -> None:
    world.box.switches.quota = 3
    world.drop("Earth/large.csv", "larger than that")
    world.drop("Mars/empty.csv", "")
    world.clock.advance(60)
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        assert "large.csv" not in world.remote("Earth")
        world.box.switches.quota = 1000

        sync_until_quiet(mirror, Wish(stirred=frozenset()))

    assert world.remote("Earth")["large.csv"] == b"larger than that"


def test_what_is_left_out_is_known_without_a_cycle_over_everything(
    world: World,
) -> None:
    world.drop("Earth/empty.csv", "")
    world.clock.advance(60)
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        world.drop("Mars/empty.csv", "")
        (world.root / "Earth").rename(world.root / "Terra")
        world.clock.advance(60)

        sync_until_quiet(mirror, Wish(stirred=frozenset(changed_folders(mirror))))

        left_out = {f"{f.folder}/{f.path}" for f in read_facts(mirror.state).left_out}

    assert left_out == {"Terra/empty.csv", "Mars/empty.csv"}


def test_an_approval_ends_with_what_was_approved(world: World) -> None:
    path = world.drop("Earth/b.csv", "b")
    world.settle()
    world.sync()
    path.unlink()
    world.settle()
    world.sync()
    with world.mirror() as mirror:
        (row,) = mirror.state.decisions.held()
        mirror.state.decisions.approve([row.id])
        world.drop("Earth/b.csv", "b")
        world.clock.advance(60)

        sync_until_quiet(mirror, Wish(stirred=frozenset({"Earth"})))

        assert mirror.state.decisions.approved() == frozenset()


def test_an_upload_of_somebody_else_that_stalls_is_named(world: World) -> None:
    item = int(world.item_id("Earth"))
    world.box.web.start_upload(item, NewFile("half.csv", 10))
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        world.clock.advance(8 * DAY)

        sync_until_quiet(mirror, Wish(stirred=frozenset()))

        (stalled,) = read_facts(mirror.state).stalled
    assert stalled.path == "half.csv"


def test_a_folder_nobody_told_of_yet_is_the_item_it_holds(world: World) -> None:
    item = world.box.web.create_item("Mars")
    world.box.web.add_file(item, "m.csv", b"m")
    world.drop("Mars/m.csv", "m")
    world.clock.advance(60)
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish(stirred=frozenset()))
        sync_until_quiet(mirror, Wish(stirred=frozenset({"Mars"})))

    assert world.tree() == {"Earth/a.csv": b"a", "Mars/m.csv": b"m"}
    assert len(world.box.web.item_ids()) == 2


def sync_partly(world: World) -> Report:
    with world.mirror() as mirror:
        return sync_until_quiet(mirror, Wish(stirred=frozenset()))


def test_edits_spread_over_many_cycles_are_held_like_edits_at_once(
    tmp_path: Path,
) -> None:
    """What writes all files anew, folder by folder, is stopped half-way."""
    world = World(tmp_path)
    for folder in range(8):
        for name in range(8):
            world.drop(f"Item {folder}/{name}.csv", f"good {folder} {name}")
    world.settle()
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        for folder in range(8):
            for name in range(8):
                world.drop(f"Item {folder}/{name}.csv", f"spoilt {folder} {name}")
            world.settle()
            sync_until_quiet(mirror, Wish(stirred=frozenset({f"Item {folder}"})))
        held = mirror.state.decisions.held()
    spoilt = [
        content
        for item_id in world.box.web.item_ids()
        for content in world.box.web.tree(item_id).values()
        if content.startswith(b"spoilt")
    ]
    assert len(spoilt) == 32
    assert len(held) == 32
    assert all(row.needs_person for row in held)


def test_edits_of_a_day_are_no_edits_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    for name in range(30):
        world.drop(f"Soil/{name}.csv", f"first {name}")
    world.settle()
    with world.mirror() as mirror:
        sync_until_quiet(mirror, Wish())
        for name in range(30):
            world.drop(f"Soil/{name}.csv", f"second {name}")
            world.clock.advance(600)
            sync_until_quiet(mirror, Wish(stirred=frozenset({"Soil"})))
        assert mirror.state.decisions.held() == []
