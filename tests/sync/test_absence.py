"""A glitch is not a deletion: what it takes until something counts as gone."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from requests import ConnectionError, ReadTimeout, Response

from figsync.errors import FigshareProblem
from figsync.sandbox import Fault
from figsync.sync.engine import Cycle, Wish, sync_once
from tests.sync.liar import Change, between, lying
from tests.sync.seen import everything
from tests.world import HOUR, World

DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a mirror of two items with three files each, in sync."""
    world = World(tmp_path)
    for title in ("Soil cores", "Leaves"):
        item = world.box.web.create_item(title)
        names = ("a.csv", "b.csv", "raw/c.csv")
        world.box.web.add_files(item, {name: (title + name).encode() for name in names})
    assert world.sync().exit_code == 0
    return world


def one_cycle(world: World) -> Cycle:
    """Look at both sides once, as one cycle of many does."""
    with world.mirror() as mirror:
        return sync_once(mirror, Wish())


def test_an_item_seen_again_in_between_is_not_gone(world: World) -> None:
    local, item = world.tree(), int(world.item_id("Leaves"))
    liar = lying(world, "/account/articles", {item})
    for _ in range(3):
        liar.lies = 3  # the listing, the confirming one, and its empty page
        world.box.fail_next(Fault("api", "GET", rf"/articles/{item}$", status=404))
        assert one_cycle(world).view.again
        liar.lies = 0
        one_cycle(world)

    assert world.tree() == local


# Every kind of bad answer, at every place from which an absence is concluded


def bad(status: int, body: bytes, **headers: str) -> Change:
    """Return a change of any reply into this one."""

    def change(response: Response) -> None:
        assert response.content is not None  # read, so that nothing else is streamed
        response.status_code, response._content = status, body
        response.headers.clear()
        response.headers.update({n.replace("_", "-"): v for n, v in headers.items()})

    return change


def cut(response: Response) -> None:
    """Lose the second half of a reply."""
    response._content = response.content[: len(response.content) // 2]


def broken(response: Response) -> None:
    raise ConnectionError("cut off", request=response.request)


def late(response: Response) -> None:
    raise ReadTimeout("no answer", request=response.request)


JSON = b'{"message": "no", "code": 0}'
PAGE = b"<!DOCTYPE html><html><body>Checking your browser</body></html>"
NOT_FOUND = "404 of the API"
BAD: dict[str, Change] = {
    "401": bad(401, JSON),
    "403": bad(403, JSON),
    "403 page": bad(403, PAGE),
    NOT_FOUND: bad(404, b'{"message": "Entity not found", "code": "EntityNotFound"}'),
    "404 page": bad(404, PAGE),
    "404 empty": bad(404, b""),
    "404 text": bad(404, b"Not Found"),
    "409": bad(409, JSON),
    "410 page": bad(410, PAGE),
    "422": bad(422, JSON),
    "429": bad(429, JSON, Retry_After="1"),
    "500": bad(500, JSON),
    "502 page": bad(502, PAGE),
    "503 empty": bad(503, b""),
    "202 empty": bad(202, b""),
    "202 challenge": bad(202, b"", x_amzn_waf_action="challenge"),
    "200 challenge": bad(200, PAGE, x_amzn_waf_action="challenge"),
    "200 page": bad(200, PAGE),
    "200 empty": bad(200, b""),
    "200 null": bad(200, b"null"),
    "200 nonsense": bad(200, JSON),
    "204": bad(204, b""),
    "206 cut": cut,
    "cut off": broken,
    "too late": late,
}
ACCOUNT, LISTING = r"/account(\?|$)", r"/account/articles(\?|$)"
LISTING_END = r"/account/articles\?.*page=2"
RECORD, FILES = r"/articles/{item}$", r"/articles/{item}/files(\?|$)"
FILES_END, FILE = r"/articles/{item}/files\?.*page=2", r"/articles/{item}/files/{file}$"
ITEM_PLACES = {
    "account": ACCOUNT,
    "listing": LISTING,
    "end of the listing": LISTING_END,
    "record": RECORD,
}
FILE_PLACES = {
    "account": ACCOUNT,
    "listing": LISTING,
    "record": RECORD,
    "files": FILES,
    "end of the files": FILES_END,
    "file": FILE,
}


def assert_believes_nothing(world: World, place: str, *, unless: str = "") -> None:
    """Meet every bad answer at one place for some days: nothing changes anywhere."""
    local, remote = everything_mirrored(world), remote_trees(world)
    adapters = world.adapters
    for name in [name for name in BAD if name != unless]:
        liar = between(world, place, BAD[name])
        world.box.log.clear()
        for _ in range(2):
            world.clock.advance(25 * HOUR)
            with suppress(FigshareProblem):
                world.sync()
        assert liar.lies < -1, f"{name}: nobody asked"
        assert world.box.log.mutations() == (), name
        assert (everything_mirrored(world), remote_trees(world)) == (local, remote), (
            name
        )
        assert world.trash() == [], name
        world.adapters = adapters


def everything_mirrored(world: World) -> dict[str, tuple[object, ...]]:
    """Return all that stands in the root but records and figsync's own folder."""
    seen = everything(world.root)
    own = {".figsync", ".figshare"}
    return {path: s for path, s in seen.items() if not own & set(path.split("/"))}


def remote_trees(world: World) -> dict[int, dict[str, bytes]]:
    web = world.box.web
    return {item_id: web.tree(item_id) for item_id in web.item_ids()}


def test_two_lists_that_differ_prove_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    ids = world.box.web.add_files(item, {f"f{n:02}": b"%d" % n for n in range(15)})
    world.clock.advance(60)
    world.sync()
    world.box.web.delete_file(ids[1])
    world.clock.advance(60)
    liar = between(world, FILES.format(item=item), lambda _: None, lies=100)

    def shorten_the_last_list(response: Response) -> None:
        # Asked are a quick list, a complete one of two pages, and one of two more.
        if liar.lies == 100 - 4:
            rows = json.loads(response.content)
            assert len(rows) == 14
            response._content = json.dumps(rows[:5]).encode()

    liar.change = shorten_the_last_list
    cycle = one_cycle(world)

    assert liar.lies == 100 - 5
    assert [action.kind for action in cycle.plan.actions] == ["WriteRecord"]
    world.sync()
    assert world.trash() == [b"1"]


@pytest.mark.parametrize("place", ITEM_PLACES)
def test_no_bad_answer_makes_an_item_gone(world: World, place: str) -> None:
    item = int(world.item_id("Leaves"))
    world.box.web.delete_item(item)
    world.clock.advance(60)

    # That the item itself is not found is the one answer that is right.
    unless = NOT_FOUND if place == "record" else ""
    assert_believes_nothing(world, ITEM_PLACES[place].format(item=item), unless=unless)

    world.sync()
    assert not (world.root / "Leaves").exists()
    assert len(world.trash()) >= 3


@pytest.mark.parametrize(
    ("place", "files"),
    [*((place, 3) for place in FILE_PLACES), ("record", 15), ("files", 15)],
)
def test_no_bad_answer_makes_a_file_gone(
    tmp_path: Path, place: str, files: int
) -> None:
    world = World(tmp_path)
    item = world.box.web.create_item("Leaves")
    ids = world.box.web.add_files(item, {f"f{n:02}": b"%d" % n for n in range(files)})
    world.clock.advance(60)
    assert world.sync().exit_code == 0
    world.box.web.delete_file(ids[1])
    world.clock.advance(60)

    unless = NOT_FOUND if place == "file" else ""
    where = FILE_PLACES[place].format(item=item, file=ids[1])
    assert_believes_nothing(world, where, unless=unless)

    world.sync()
    assert not (world.root / "Leaves/f01").exists()
    assert world.trash() == [b"1"]
