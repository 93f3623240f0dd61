"""What holds for every tree: five properties of the planner over random trees.

A scene is drawn path by path: what both sides agreed on, and what happened to it
since on either side.  A small interpreter carries actions out on three
dictionaries, as the executor would on disk, Figshare and state.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from figsync.model import (
    Adopt,
    DeleteRemote,
    Download,
    FileAction,
    Forget,
    KeepBoth,
    LocalFile,
    MoveLocal,
    RemoteFile,
    SyncedFile,
    TrashLocal,
    Unknown,
    Upload,
)
from figsync.naming import record_suffix
from figsync.sync.plan import plan_files
from figsync.sync.twins import one_record_a_path
from tests.builders import ITEM, a_file, a_link, a_record, a_row, md5

PROFILE = settings(
    max_examples=1000,
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    database=None,
)

PATHS = ("a.txt", "b.txt", "d/a.txt", "d/b.txt", "d/e/c.txt", "n (#12).txt", "n.txt")
CONTENTS = ("one", "two", "three", "four")
HERE_VAGUE = (Unknown.UNREADABLE, Unknown.NOT_SETTLED, Unknown.NOT_HASHED)
THERE_VAGUE = (
    Unknown.IN_FLIGHT,
    Unknown.UNPROVEN,
    Unknown.NOT_LISTED,
    Unknown.UNCONFIRMED,
)


@dataclass
class World:
    """Disk, Figshare and state of one item, and the next id Figshare gives."""

    local: dict[str, LocalFile] = field(default_factory=dict)
    records: dict[str, RemoteFile] = field(default_factory=dict)
    synced: dict[str, SyncedFile] = field(default_factory=dict)
    copies: dict[str, set[str]] = field(default_factory=dict)
    next_id: int = 100

    def plan(self) -> list[FileAction]:
        """Return what the planner makes of what it may see."""
        there = {record.md5 for record in self.records.values()}
        local = {path: _seen(file, there) for path, file in self.local.items()}
        records = [_listed(record) for record in self.records.values()]
        return plan_files(ITEM, local, records, self.synced)

    def remote(self) -> dict[str, RemoteFile]:
        """Return the records by the path that each one has now."""
        return one_record_a_path(self.records.values(), self.local, self.synced)

    def add_record(self, path: str, content_md5: str) -> RemoteFile:
        """Add an available record; ids rise and are never used again."""
        self.next_id += 1
        record = replace(a_record(path, str(self.next_id), ""), md5=content_md5)
        self.records[record.file_id] = record
        return record

    def apply(self, actions: Iterable[FileAction]) -> None:
        """Carry out what the plan says, deletions last."""
        for action in sorted(actions, key=lambda action: bool(action.deletes)):
            self._apply(action)

    def _apply(self, action: FileAction) -> None:
        match action:
            case Upload():
                self._upload(action)
            case Download():
                self._download(action)
            case MoveLocal(remote=remote, local=local):
                assert remote.path not in self.local, "a move covers a file"
                del self.local[local.path], self.synced[local.path]
                self._agree(remote)
            case TrashLocal(synced=synced):
                assert self.local[synced.path].md5 == synced.md5, "an edit is trashed"
                del self.local[synced.path], self.synced[synced.path]
            case DeleteRemote():
                self._delete(action)
            case KeepBoth(remote=remote, local=local):
                self.copies.setdefault(local.path, set()).add(
                    self.local[local.path].md5
                )
                self._agree(remote)
            case Adopt(remote=remote, local=local, supersedes=old):
                assert self.local[local.path].md5 == remote.md5
                self._agree(remote)
                if old is not None:
                    del self.records[old.file_id]
            case Forget(synced=synced):
                del self.synced[synced.path]

    def _upload(self, action: Upload) -> None:
        assert not action.local.refusal, "a refused file is sent"
        self._agree(self.add_record(action.path, action.local.md5))
        if action.replaces is not None:
            del self.records[action.replaces.file_id]

    def _download(self, action: Download) -> None:
        here = self.local.get(action.path)
        assert (here is None) == (action.replaces is None), "a download covers a file"
        self._agree(action.remote)

    def _delete(self, action: DeleteRemote) -> None:
        synced, new = action.synced, self.synced.get(action.moved_to)
        if not action.moved_to or (new is not None and new.md5 == synced.md5):
            del self.records[synced.file_id], self.synced[synced.path]

    def _agree(self, record: RemoteFile) -> None:
        path, content = record.path, record.md5
        if path not in self.local or self.local[path].md5 != content:
            self.local[path] = replace(a_file(path, ""), md5=content)
        self.synced[path] = replace(a_row(path, record.file_id, ""), md5=content)

    def clear_up(self) -> None:
        """Make everything known that was not."""
        for path, file in self.local.items():
            self.local[path] = replace(file, unknown=None)
        for file_id, record in self.records.items():
            self.records[file_id] = replace(record, unknown=None)

    def settle(self, rounds: int = 3) -> None:
        """Plan and apply until nothing is left to do, within *rounds*."""
        for _ in range(rounds):
            self.apply(self.plan())
        assert self.plan() == [], "it does not converge"

    def contents(self, path: str) -> set[str]:
        """Return every content that can be found for *path* on either side."""
        found = {r.md5 for r in self.records.values() if r.path == path}
        if path in self.local:
            found.add(self.local[path].md5)
        return found | self.copies.get(path, set())


def _seen(file: LocalFile, there: Collection[str]) -> LocalFile:
    # A refused file is hashed only where Figshare may hold the same bytes.
    is_hashed = not file.unknown and (not file.refusal or file.md5 in there)
    return file if is_hashed else replace(file, md5="")


def _listed(record: RemoteFile) -> RemoteFile:
    hidden = record.unknown in (Unknown.IN_FLIGHT, Unknown.UNPROVEN)
    return replace(record, md5="") if hidden else record


@dataclass(frozen=True)
class Fate:
    """What became of one side of a path since both agreed."""

    what: str = "keep"
    vague: Unknown | None = None
    refused: bool = False


@dataclass(frozen=True)
class Twin:
    """Another record under the same path, older or newer than what was agreed."""

    content: str
    is_older: bool


@dataclass(frozen=True)
class Spot:
    """One path: what was agreed on, and what happened to it on either side."""

    path: str
    base: str
    here: Fate
    there: Fate
    twin: Twin | None = None
    link: bool = False


@dataclass(frozen=True)
class Scene:
    """Everything that happened; the folder `d` may have become `g` on one side."""

    spots: tuple[Spot, ...]
    renamed: str = ""


KEEP = Fate()
PLAIN = [Fate(), Fate(), Fate("gone"), *map(Fate, CONTENTS)]
HERE_PLAIN = [*PLAIN, *(Fate(f, why) for f in ("keep", "one") for why in HERE_VAGUE)]
THERE_PLAIN = [*PLAIN, *(Fate(f, why) for f in ("keep", "one") for why in THERE_VAGUE)]
MOVED = [Fate(f"to {path}") for path in PATHS]
HERE = [*HERE_PLAIN, *MOVED, *(Fate(c, refused=True) for c in CONTENTS)]
THERE = [*THERE_PLAIN, *MOVED]
TWINS = [None] * 6 + [Twin(c, older) for c in CONTENTS[:3] for older in (False, True)]


def scenes() -> st.SearchStrategy[Scene]:
    """Draw what happened at up to five paths."""
    spot = st.builds(
        Spot,
        st.sampled_from(PATHS),
        st.sampled_from(["", *CONTENTS]),
        st.sampled_from(HERE),
        st.sampled_from(THERE),
        st.sampled_from(TWINS),
        st.sampled_from([False] * 5 + [True]),
    )
    renamed = st.sampled_from(["", "", "", "here", "there"])
    return st.builds(Scene, _some(spot), renamed)


def plain_scenes() -> st.SearchStrategy[Scene]:
    """Draw scenes in which each path has one record and nothing special about it."""
    spot = st.builds(
        Spot,
        st.sampled_from(PATHS),
        st.sampled_from(["", *CONTENTS]),
        st.sampled_from(HERE_PLAIN),
        st.sampled_from(THERE_PLAIN),
    )
    return st.builds(Scene, _some(spot))


def _some(spot: st.SearchStrategy[Spot]) -> st.SearchStrategy[tuple[Spot, ...]]:
    return st.lists(spot, max_size=5, unique_by=lambda spot: spot.path).map(tuple)


def world_of(scene: Scene) -> World:
    """Build the world in which everything of *scene* happened."""
    world = World()
    for number, spot in enumerate(scene.spots, start=1):
        _begin(world, spot, f"{number}2")
        _change_there(world, spot, f"{number}2")
        _change_here(world, spot)
        _add_twin(world, spot, f"{number}1")
    for spot in scene.spots:
        _move_here(world, spot)
    if scene.renamed == "here":
        world.local = {_renamed(path): file for path, file in world.local.items()}
        world.local = {p: replace(file, path=p) for p, file in world.local.items()}
    if scene.renamed == "there":
        for file_id, record in world.records.items():
            world.records[file_id] = replace(record, path=_renamed(record.path))
    return world


def _renamed(path: str) -> str:
    return f"g/{path.removeprefix('d/')}" if path.startswith("d/") else path


def _add_twin(world: World, spot: Spot, older_id: str) -> None:
    if spot.twin is not None and spot.twin.is_older:
        world.records[older_id] = a_record(spot.path, older_id, spot.twin.content)
    elif spot.twin is not None:
        world.add_record(spot.path, md5(spot.twin.content))


def _move_here(world: World, spot: Spot) -> None:
    new_path = spot.here.what.removeprefix("to ")
    if new_path != spot.here.what and spot.path in world.local:
        moved = replace(world.local[spot.path], path=new_path)
        if new_path not in world.local:
            del world.local[spot.path]
            world.local[new_path] = moved


def _begin(world: World, spot: Spot, file_id: str) -> None:
    """Let both sides agree on what the spot began with."""
    if spot.base:
        record = (a_link if spot.link else a_record)(spot.path, file_id, spot.base)
        world.records[file_id] = record
        world.local[spot.path] = a_file(spot.path, spot.base)
        world.synced[spot.path] = a_row(spot.path, file_id, spot.base)


def _change_there(world: World, spot: Spot, file_id: str) -> None:
    what, vague = spot.there.what, spot.there.vague
    old = world.records.pop(file_id, None)
    if what in CONTENTS:
        new = world.add_record(spot.path, md5(what))
        link = "https://example.org/" if spot.link else ""
        world.records[new.file_id] = replace(new, unknown=vague, link=link)
    elif old is not None and what == "keep":
        world.records[file_id] = replace(old, unknown=vague)
    elif old is not None and what.startswith("to "):
        world.records[file_id] = replace(old, path=what.removeprefix("to "))


def _change_here(world: World, spot: Spot) -> None:
    path, fate = spot.path, spot.here
    if fate.what == "gone":
        world.local.pop(path, None)
    elif fate.what in CONTENTS:
        refusal = "it is too large" if fate.refused else ""
        world.local[path] = a_file(path, fate.what, refusal=refusal)
    if path in world.local:
        world.local[path] = replace(world.local[path], unknown=fate.vague)


@PROFILE
@given(scenes())
def test_it_converges(scene: Scene) -> None:
    world = world_of(scene)

    world.settle()
    world.clear_up()
    world.settle()

    remote = world.remote()
    here = {p: f.md5 for p, f in world.local.items() if not f.refusal}
    there = {p: r.md5 for p, r in remote.items()}
    refused = {p for p, f in world.local.items() if f.refusal}
    assert here == {p: content for p, content in there.items() if p not in refused}


@PROFILE
@given(scenes())
def test_it_loses_no_edit(scene: Scene) -> None:
    world = world_of(scene)
    edits_here = list(_edits_here(world))
    edits_there = list(_edits_there(world))

    world.settle()
    world.clear_up()
    world.settle()

    for path, content in edits_here:
        assert content in world.contents(path), f"the edit of {path} is lost"
    for file_id in edits_there:
        assert file_id in world.records, f"the record {file_id} is lost"


def _edits_here(world: World) -> Iterable[tuple[str, str]]:
    """Yield path and content of what is new here, shortcuts of links aside."""
    links = {r.file_id for r in world.records.values() if r.link}
    for path, file in world.local.items():
        row = world.synced.get(path)
        is_shortcut = row is not None and row.file_id in links
        if not is_shortcut and (row is None or row.md5 != file.md5):
            yield path, file.md5


def _edits_there(world: World) -> Iterable[str]:
    """Yield the records that are not, at their path, what both agreed on."""
    for file_id, record in world.records.items():
        beside = (record_suffix(record.path, file_id, number) for number in (1, 2))
        places = (record.path, *beside)
        rows = [world.synced[place] for place in places if place in world.synced]
        if file_id not in {row.file_id for row in rows}:
            yield file_id


@PROFILE
@given(scenes())
def test_nothing_happens_to_what_is_unknown(scene: Scene) -> None:
    world = world_of(scene)

    for action in world.plan():
        file, record = world.local.get(action.path), world.remote().get(action.path)
        assert file is None or file.unknown is None
        assert record is None or record.unknown is None


MIRRORED = {
    "Upload": "Download",
    "Download": "Upload",
    "TrashLocal": "DeleteRemote",
    "DeleteRemote": "TrashLocal",
    "KeepBoth": "KeepBoth",
    "Adopt": "Adopt",
    "Forget": "Forget",
}


@PROFILE
@given(plain_scenes())
def test_it_is_symmetric(scene: Scene) -> None:
    # Equal bytes in a new record have no counterpart among local files.
    spots = [s for s in scene.spots if s.base not in (s.here.what, s.there.what)]
    mirrored = map(_mirrored, spots)

    actions = {(a.path, a.kind) for a in world_of(Scene(tuple(spots))).plan()}
    opposite = {(a.path, a.kind) for a in world_of(Scene(tuple(mirrored))).plan()}

    assert opposite == {(path, MIRRORED[kind]) for path, kind in actions}


def _mirrored(spot: Spot) -> Spot:
    here = replace(spot.there, vague=spot.there.vague and Unknown.NOT_HASHED)
    there = replace(spot.here, vague=spot.here.vague and Unknown.NOT_LISTED)
    return replace(spot, here=here, there=there)


@PROFILE
@given(scenes())
def test_it_is_silent_when_all_agree(scene: Scene) -> None:
    world = World()
    for number, spot in enumerate(scene.spots, start=1):
        _begin(world, spot, f"{number}2")
        if spot.base and spot.twin and spot.twin.content != spot.base:
            beside = record_suffix(spot.path, f"{number}1")
            _begin(world, Spot(beside, spot.twin.content, KEEP, KEEP), f"{number}1")
            record = world.records[f"{number}1"]
            world.records[f"{number}1"] = replace(record, path=spot.path)

    assert world.plan() == []


@PROFILE
@given(scenes())
def test_it_moves_no_bytes_when_contents_are_equal(scene: Scene) -> None:
    world = world_of(scene)
    remote = world.remote()
    there = {record.md5 for record in world.records.values()}
    at_hand = {_seen(file, there).md5 for file in world.local.values()} - {""}

    for action in world.plan():
        if isinstance(action, Upload | Download | KeepBoth):
            here, there = world.local.get(action.path), remote.get(action.path)
            assert here is None or there is None or here.md5 != there.md5
        if isinstance(action, Download) and not action.remote.link:
            assert (action.source is not None) == (action.remote.md5 in at_hand)
