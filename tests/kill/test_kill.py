"""`kill -9` at any moment of a real `figsync sync`; `--kills N` makes it N moments."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random, SystemRandom

import pytest

from figsync.sandbox import Sandbox
from tests.commands.desk import TOKEN, Desk, wait_for
from tests.kill.judge import Judge
from tests.kill.people import PART, People, local_tree, trashed
from tests.world import md5

LATENCY = 0.04
KILLS = 12
CHANGES = 10
BYTES_PER_SECOND = 4 << 20


class Killings:
    """One mirror whose every figsync process dies, and what each leaves behind."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.random = Random(seed)
        self.desk = desk
        self.people = People(desk, self.random)
        self.judge = Judge(desk, self.people)
        self.had: dict[str, set[bytes]] = {}
        self.ends: Counter[str] = Counter()

    def undisturbed(self) -> float:
        """Return how many seconds a sync takes that nobody kills."""
        for changes in (0, CHANGES):
            self.people.work(changes)
            began = time.monotonic()
            result = self.desk.run("sync")
            assert result.returncode == 0, result.stdout + result.stderr
        return time.monotonic() - began

    def kill_at(self, moment: float) -> None:
        """Let people work, start a sync, kill it then, and look at what is there."""
        if self.is_quiet():
            self.people.work(CHANGES)
        process = self.desk.start("sync")
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        _, err = process.communicate()
        self.ends["killed" if process.returncode == -9 else "was over before"] += 1
        assert process.returncode in (-9, 0), f"{process.returncode}: {err}"
        self.look()

    def kill_between_parts(self) -> None:
        """Kill a sync that has sent some parts of a file, but not all."""
        self.people.add_large()
        before = self.judge.seen["parts sent"]
        process = self.desk.start("sync")
        wait_for(lambda: self.judge.seen["parts sent"] > before + 2, seconds=60)
        process.kill()
        process.communicate()
        self.ends["killed between parts"] += 1
        self.look()

    def is_quiet(self) -> bool:
        """Tell whether both sides are as people left them."""
        try:
            sides = local_tree(self.desk.root), self.people.on_figshare()
        except FileNotFoundError:
            # What the dead process asked last is only now carried out.
            return False
        return sides == (self.people.expected, self.people.expected)

    def look(self) -> None:
        """Every path holds complete bytes that somebody wrote there."""
        for path, content in local_tree(self.desk.root).items():
            assert content in self.people.versions[path], f"{path} is torn"
            self.had.setdefault(path, set()).add(content)

    def finish(self) -> None:
        """Sync as often as it takes, undisturbed."""
        codes = [self._sync() for _ in range(3)]
        assert codes[1:] == [0, 0], codes
        self.look()

    def _sync(self) -> int:
        process = self.desk.start("sync")
        process.communicate(timeout=300)
        return process.returncode

    def remote(self) -> dict[str, bytes]:
        """Return every record's bytes by path; two records of one path are wrong."""
        web, found = self.desk.box.web, {}
        for item_id in web.item_ids():
            for file in web.files(item_id):
                path = f"{self.people.title_of(item_id)}/{file.path}"
                content = web.content(file.id)
                assert path not in found, f"two records of {path}"
                assert file.status == "available", f"{path} is {file.status}"
                assert web.computed_md5(file.id) == md5(content), path
                found[path] = content
        return found

    def lost(self) -> list[str]:
        """Return the paths whose bytes from the web were here and are nowhere now."""
        kept = trashed(self.desk.root)
        kept |= {md5(content) for content in self.people.expected.values()}
        return [
            path
            for path, contents in self.had.items()
            for content in contents
            if "web-" in path and md5(content) not in kept
        ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    box = Sandbox(tmp_path / "figshare", token=TOKEN, part_size=PART)
    for service in ("api", "upload", "storage"):
        setattr(box.switches, f"{service}_latency", LATENCY)
    with box.serve() as urls:
        desk = Desk(tmp_path, box, urls)
        desk.configure(
            # How many deletions are made without asking is another test's matter.
            deletions__max_files="100000",
            transfer__bandwidth_limit=str(BYTES_PER_SECOND),
            # So that many kills come between two parts of a file.
            transfer__workers="2",
        )
        yield desk
    box.close()


def lives_through(desk: Desk, kills: int, seed: int) -> Killings:
    """Kill that many processes, at moments spread over the length of a whole sync."""
    killings = Killings(desk, seed)
    length = killings.undisturbed()
    moments = [(n + killings.random.random()) / kills * length for n in range(kills)]
    killings.random.shuffle(moments)
    while moments and killings.ends["was over before"] < kills:
        killings.kill_at(moments[-1])
        if killings.ends["killed"] + len(moments) > kills:
            moments.pop()
    killings.kill_between_parts()
    killings.finish()
    return killings


def check(killings: Killings) -> None:
    people, judge = killings.people, killings.judge
    assert judge.wrongs == []
    assert killings.remote() == people.expected
    assert local_tree(killings.desk.root) == people.expected
    assert killings.lost() == []
    assert judge.seen["uploads begun"] <= people.local_versions


def test_a_sync_killed_at_any_moment_costs_nothing(desk: Desk) -> None:
    killings = lives_through(desk, KILLS, seed=7)

    check(killings)
    assert killings.ends["killed"] == KILLS
    assert killings.judge.seen["parts found complete"] > 0


def test_more_kills(desk: Desk, request: pytest.FixtureRequest) -> None:
    wanted: int = request.config.getoption("--kills")
    if not wanted:
        pytest.skip("--kills N kills N more processes")
    seed = SystemRandom().randrange(10**6)
    print(f"seed {seed}")

    killings = lives_through(desk, wanted, seed)

    print(dict(killings.ends), dict(killings.judge.seen))
    check(killings)
    assert killings.ends["killed"] == wanted
