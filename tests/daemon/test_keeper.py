"""The keeper of an open mirror: which cycles look at what."""

from __future__ import annotations

from pathlib import Path

from figsync.daemon.agenda import Agenda
from figsync.sync.mirror import Mirror
from tests.simulation.daemon import OpenMirror, a_keeper
from tests.world import World


def pull(mirror: Mirror) -> None:
    """Let a keeper pull, that has heard of nothing else."""
    agenda = Agenda(0.0)
    agenda.next(0.0)
    agenda.due("pull")
    a_keeper(OpenMirror(mirror), agenda, lambda _: None).turn()


def looked_at(mirror: Mirror) -> set[str]:
    return set(mirror.state.files.local("Earth"))


def test_a_loose_file_that_stays_makes_no_pull_look_at_everything(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, mirror__direction="pull")
    world.box.web.add_file(world.box.web.create_item("Earth"), "a.csv", b"a")
    world.sync()
    world.drop("loose.csv", "loose")
    world.settle()
    world.sync()
    world.drop("Earth/b.csv", "b")
    world.settle()
    with world.mirror() as mirror:
        pull(mirror)

        assert looked_at(mirror) == {"a.csv"}


def test_a_loose_file_that_waits_for_its_folder_gets_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.root.mkdir()
    world.drop("loose.csv", "loose")
    world.sync()
    world.settle()
    with world.mirror() as mirror:
        pull(mirror)

    assert world.tree() == {"loose/loose.csv": b"loose"}
