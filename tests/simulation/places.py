"""The two places of a history: a computer with a mirror, and the account."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import requests

from figsync.config import Config, load_config
from figsync.naming import is_conflict_copy
from figsync.sandbox import Sandbox
from figsync.state import State
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror
from figsync.sync.opening import Means, owned_mirror
from figsync.sync.tasks import InlinePool, Pool
from tests.pools import SeededPool
from tests.simulation.peril import Peril, PerilousCalls, endanger_state, perilous

# Far ahead: the change times that the system gives lie before it for ever, so
# that a history depends on nothing but its seed.
START = 4_000_000_000.0
TOKEN = "sandbox-token"
PART_SIZE = 1000
OWN = {".figsync", ".figshare"}


class Entry(NamedTuple):
    """A path below a folder, and what stands there: file, folder or other."""

    path: str
    kind: str


def walk(
    root: Path, below: str = "", *, without: Collection[str] = ()
) -> Iterator[Entry]:
    """Yield all that is below *root*/*below*; names in *without* are passed over."""
    pending = [below]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(f"{root}/{here}") as entries:
                found = list(entries)
        except FileNotFoundError:
            continue
        for entry in found:
            if entry.name in without:
                continue
            path = f"{here}/{entry.name}" if here else entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
                yield Entry(path, "folder")
            else:
                is_file = entry.is_file(follow_symlinks=False)
                yield Entry(path, "file" if is_file else "other")


class SimulatedClock:
    """Time that passes when somebody waits or says so; it may be told to stop."""

    def __init__(self) -> None:
        self._now = START
        self.stop_after: int | None = None

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def wait(self, seconds: float) -> bool:
        if self.stop_after is not None:
            self.stop_after -= 1
            if self.stop_after < 0:
                return True
        self._now += max(0.0, seconds)
        return False

    def advance(self, seconds: float) -> None:
        self._now += seconds


def a_box(folder: Path, clock: SimulatedClock, random: Random) -> Sandbox:
    """Return an account whose habits are drawn at random."""
    box = Sandbox(folder, token=TOKEN, part_size=PART_SIZE, clock=clock, random=random)
    box.switches.status_seconds = random.choice((0, 0, 0.05))
    box.switches.uuid_ids = random.random() < 0.1
    box.switches.light_dates = random.random() < 0.9
    box.switches.record_files = random.random() < 0.95
    return box


class Machine:
    """One computer that mirrors the account."""

    def __init__(self, folder: Path, box: Sandbox, clock: SimulatedClock) -> None:
        folder.mkdir()
        self.folder = folder
        self.name = folder.name
        self.root = folder / "mirror"
        self.clock = clock
        session = requests.Session()
        self._urls = box.mount(session)
        self._adapters = dict(session.adapters)
        self.keys: dict[str, str] = {}
        self.config = self.configured()

    def configured(self) -> Config:
        """Write the configuration and load it, as each start of figsync does."""
        path = self.folder / "config.ini"
        settings = {
            "account.api_url": self._urls.api,
            "mirror.root": str(self.root),
            "transfer.requests_per_second": "0",
            "state.database": str(self.folder / "state" / "state.db"),
            "deletions.grace": "0",
            **self.keys,
        }
        sections: dict[str, list[str]] = {}
        for name, value in settings.items():
            section, key = name.split(".")
            sections.setdefault(section, []).append(f"{key} = {value}")
        text = [f"[{name}]\n" + "\n".join(lines) for name, lines in sections.items()]
        path.write_text("\n".join(text) + "\n")
        return load_config(path, {"HOME": str(self.folder)})

    @contextmanager
    def mirror(self, peril: Peril, random: Random | None) -> Iterator[Mirror]:
        """Own the mirror, with a peril at every boundary; *random* reorders jobs."""
        pool: Pool = InlinePool()
        if random is not None:
            pool = SeededPool(random, self.clock, between=lambda: peril.boundary("job"))
        means = Means(
            TOKEN,
            self.clock,
            pool=pool,
            adapters=perilous(self._adapters, peril),
            calls=PerilousCalls(peril),
            random=(random or Random(1)).random,
        )
        with owned_mirror(self.config, means) as mirror:
            endanger_state(mirror, peril)
            yield mirror

    def sync(self, peril: Peril, random: Random | None) -> Report:
        """Run `figsync sync` once."""
        with self.mirror(peril, random) as mirror:
            return sync_until_quiet(mirror)

    def state(self) -> State | None:
        """Open the state to look at it."""
        return State.read_only(self.config.database, clock=self.clock)

    def agreed(self) -> dict[str, str]:
        """Return the ids of the records that both sides hold, and the paths."""
        state = self.state()
        if state is None:
            return {}
        with state:
            trees = [state.files.synced(item_id) for item_id in state.items.all()]
        return {row.file_id: row.path for tree in trees for row in tree.values()}

    def files(self, below: str = "") -> list[str]:
        """Return the paths of all files, without figsync's own."""
        found = walk(self.root, below, without=OWN)
        return sorted(e.path for e in found if e.kind == "file")

    def folders(self, below: str = "") -> list[str]:
        """Return the paths of all folders, without figsync's own."""
        found = walk(self.root, below, without=OWN)
        return sorted(e.path for e in found if e.kind == "folder")

    def item_folders(self) -> list[str]:
        return [path for path in self.folders() if "/" not in path]

    def conflict_copies(self) -> list[str]:
        return [path for path in self.files() if is_conflict_copy(path)]

    def read(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def tree(self) -> dict[str, bytes]:
        return {path: self.read(path) for path in self.files()}

    def trash(self) -> list[tuple[str, bytes]]:
        """Return name and content of everything in the trash."""
        return [
            (entry.path.rpartition("/")[2], self.read(entry.path))
            for entry in walk(self.root, ".figsync/trash")
            if entry.kind == "file"
        ]

    def write(self, path: str, content: bytes, *, in_place: bool = True) -> None:
        """Save a file as a program would, with the time of this world."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if not in_place:
            target = target.with_name("being-saved.part")
        target.write_bytes(content)
        self.touch(target)
        if not in_place:
            target.rename(self.root / path)

    def touch(self, path: Path) -> None:
        self.clock.advance(0.01)
        at = int(self.clock.now() * 1e9)
        os.utime(path, ns=(at, at))

    def snapshot(self) -> dict[str, tuple[int, int, bytes]]:
        """Return inode, time and content of all but figsync's own folder."""
        found = {}
        for entry in walk(self.root, without={".figsync"}):
            stat = (self.root / entry.path).lstat()
            content = self.read(entry.path) if entry.kind == "file" else b""
            found[entry.path] = (stat.st_ino, stat.st_mtime_ns, content)
        return found

    def remove_folder(self, path: str) -> None:
        shutil.rmtree(self.root / path)
