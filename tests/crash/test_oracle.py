"""The oracle of the crash matrix sees what it is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.crash.oracle import broken_at_once, broken_in_the_end
from tests.crash.scene import Scene
from tests.crash.stage import End, Scenario, Stage
from tests.crash.telling import ice
from tests.world import World


def an_edit(world: World) -> None:
    ice(world)
    world.drop("Ice/a.csv", "edited a")


SCENARIO = Scenario("an edit", an_edit, {"deletions__grace": "0"})


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(SCENARIO, tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def goal(stage: Stage) -> End:
    stage.restore()
    assert stage.boundaries()
    return stage.recover()


def at_once(stage: Stage, goal: End, now: Scene) -> str:
    return "\n".join(broken_at_once(SCENARIO, stage.before, now, goal.scene))


def in_the_end(goal: End, end: End) -> str:
    return "\n".join(broken_in_the_end(SCENARIO, goal.scene, goal, end))


def test_where_it_began_and_where_it_leads_all_is_well(stage: Stage, goal: End) -> None:
    assert at_once(stage, goal, stage.before) == ""
    assert at_once(stage, goal, goal.scene) == ""
    assert in_the_end(goal, goal) == ""


def test_a_half_file_is_seen(stage: Stage, goal: End) -> None:
    tree = {**goal.scene.tree, "Ice/a.csv": b"edit"}

    said = at_once(stage, goal, replace(goal.scene, tree=tree))

    assert "Ice/a.csv holds b'edit', neither old nor new" in said
    assert "b'edited a' is neither in the tree nor in the trash" in said


def test_an_instant_without_the_file_is_seen(stage: Stage, goal: End) -> None:
    tree = {path: b for path, b in goal.scene.tree.items() if path != "Ice/raw/b.csv"}
    trash = [*goal.scene.trash, b"old b"]

    said = at_once(stage, goal, replace(goal.scene, tree=tree, trash=trash))

    assert said == "Ice/raw/b.csv holds None, neither old nor new"


def test_a_record_without_successor_is_missed(stage: Stage, goal: End) -> None:
    records = {i: r for i, r in goal.scene.records.items() if r.path != "a.csv"}

    said = at_once(stage, goal, replace(goal.scene, records=records))

    assert "Ice/a.csv is gone from Figshare without a reason" in said


def test_what_is_called_synced_too_early_is_seen(stage: Stage, goal: End) -> None:
    records = {
        i: replace(r, status="moving_to_final") if r.path == "a.csv" else r
        for i, r in goal.scene.records.items()
    }

    said = at_once(stage, goal, replace(goal.scene, records=records))

    assert "unproven" in said


def test_a_change_outside_is_seen(stage: Stage, goal: End) -> None:
    now = replace(goal.scene, outside={})

    assert at_once(stage, goal, now) == "something outside was changed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tree": {}}, "the folder differs"),
        ({"records": {}}, "Figshare differs"),
        ({"synced": {}}, "what is called synced differs"),
        ({"own_records": set()}, "the set of item records differs"),
        ({"temp": [".figsync/tmp/a"]}, "temporary files are left"),
        ({"begun": (30_000_001, 51_000_009)}, "begun were (30000001, 51000009)"),
    ],
)
def test_another_end_is_seen(goal: End, change: dict[str, object], said: str) -> None:
    assert said in in_the_end(goal, replace(goal, scene=replace(goal.scene, **change)))


def test_what_an_undisturbed_sync_trashes_must_be_there(goal: End) -> None:
    trashed = replace(goal, scene=replace(goal.scene, trash=[b"old"]))

    broken = broken_in_the_end(SCENARIO, goal.scene, trashed, goal)

    assert broken == ["not in the trash: {b'old'}"]


def test_a_part_sent_twice_is_seen(goal: End) -> None:
    (record,) = [r for r in goal.scene.records.values() if r.path == "a.csv"]

    said = in_the_end(goal, replace(goal, sent=frozenset({(record.token, 1)})))

    assert said == f"part 1 of record {record.id} was sent twice"


def test_another_status_and_a_restless_end_are_seen(goal: End) -> None:
    said = in_the_end(goal, replace(goal, status="waiting", restless="sent a DELETE"))

    assert "status differs: 'waiting', undisturbed 'idle'" in said
    assert "a further sync sent a DELETE" in said
