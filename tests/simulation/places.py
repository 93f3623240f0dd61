"""The two places of a history: a computer with a mirror, and the account."""

from __future__ import annotations

import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import requests

from figsync.config import Config, load_config
from figsync.errors import FigsyncError
from figsync.naming import is_conflict_copy
from figsync.sandbox import Sandbox
from figsync.state import State
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror
from figsync.sync.opening import Means, dry_mirror, owned_mirror
from figsync.sync.tasks import InlinePool, Pool
from tests.pools import SeededPool
from tests.simulation.peril import (
    Peril,
    PerilousCalls,
    endanger_state,
    hidden_from,
    perilous,
)

# Far ahead: the change times that the system gives lie before it for ever, so
# that a history depends on nothing but its seed.
START = 4_000_000_000.0
TOKEN = "sandbox-token"
PART_SIZE = 1000
GRAIN = 1e-6
OWN = {".figsync", ".figshare"}
API = "/v2/"
BUDGET = 30 + 60  # of the default configuration, in a minute


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
        except (FileNotFoundError, NotADirectoryError):
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
        # Less than its grain would leave it standing for ever.
        self._now += max(seconds, GRAIN) if seconds > 0 else 0.0
        return False

    def advance(self, seconds: float) -> None:
        self._now += seconds


class MachineClock:
    """The clock of one computer: it may be wrong, be set, and it counts from a boot."""

    def __init__(self, world: SimulatedClock) -> None:
        self._world = world
        self._booted = world.now()
        self.ahead = 0.0
        self.boots = 1

    def now(self) -> float:
        return self._world.now() + self.ahead

    def monotonic(self) -> float:
        return self._world.now() - self._booted

    def passed(self) -> float:
        """Return the time of this world, whatever is set or booted."""
        return self._world.now()

    def wait(self, seconds: float) -> bool:
        return self._world.wait(seconds)

    def is_told_to_stop(self) -> bool:
        """Tell whether whoever waits, or reads for long, is interrupted."""
        return self._world.stop_after is not None and self._world.stop_after < 0

    def advance(self, seconds: float) -> None:
        self._world.advance(seconds)

    def boot(self) -> None:
        self._world.advance(60)
        self._booted = self._world.now()
        self.boots += 1


def a_box(folder: Path, clock: SimulatedClock, random: Random) -> Sandbox:
    """Return an account whose habits are drawn at random."""
    box = Sandbox(folder, token=TOKEN, part_size=PART_SIZE, clock=clock, random=random)
    box.switches.status_seconds = random.choice((0, 0, 0.05))
    box.switches.uuid_ids = random.random() < 0.1
    box.switches.light_dates = random.random() < 0.9
    box.switches.record_files = random.random() < 0.95
    for habit in ("zip_by_storage", "zip_top", "zip_renamed", "zip_packed"):
        setattr(box.switches, habit, random.random() < 0.2)
    return box


class Machine:
    """One computer that mirrors the account."""

    def __init__(self, folder: Path, box: Sandbox, clock: SimulatedClock) -> None:
        folder.mkdir()
        self.folder = folder
        self.name = folder.name
        self.root = folder / "mirror"
        # Where people put what they take out of the mirror for a while.
        self.aside = folder / "aside"
        self.aside.mkdir()
        self.clock = MachineClock(clock)
        self.unreadable: set[str] = set()
        # Is told method and path of every request just before it is answered.
        self.witness: Callable[[str, str], None] = lambda _, __: None
        session = requests.Session()
        self._urls = box.mount(session)
        self._adapters = dict(session.adapters)
        self._asked: deque[float] = deque()
        self.keys: dict[str, str] = {}
        self.first_keys: dict[str, str] = {}
        self.config = self.configured()

    def configured(self) -> Config:
        """Write the configuration and load it, as each start of figsync does."""
        path = self.folder / "config.ini"
        settings = {
            "account.api_url": self._urls.api,
            "mirror.root": str(self.root),
            "transfer.requests_per_second": "0",
            "state.database": str(self.folder / "state" / "state.db"),
            "transfer.disk_reserve": "0",
            "deletions.grace": "0",
            "deletions.trash_days": "3650",
            **self.keys,
        }
        sections: dict[str, list[str]] = {}
        for name, value in settings.items():
            section, key = name.split(".")
            sections.setdefault(section, []).append(f"{key} = {value}")
        text = [f"[{name}]\n" + "\n".join(lines) for name, lines in sections.items()]
        path.write_text("\n".join(text) + "\n")
        return load_config(path, {"HOME": str(self.folder)})

    def set_up(self, **keys: str) -> None:
        """Set keys, written `section__key`, that no later change is to outlast."""
        self.first_keys = {k.replace("__", "."): value for k, value in keys.items()}
        self.configure_as_at_first()

    def _sees(self, method: str, path: str) -> None:
        """Hold a request against the budget, and let the witness see it."""
        if path.startswith(API) and self.config.transfer.requests_per_second:
            self._spend()
        self.witness(method, path)

    def _spend(self) -> None:
        """Assert that no minute holds more than the budget allows, restarts included.

        One request that has its turn may be under way for long.
        """
        if not self.config.database.with_name("state.db-pace").exists():
            # Who deletes the state deletes what it counted.
            self._asked.clear()
        now = self.clock.passed()
        self._asked.append(now)
        while self._asked[0] < now - 60:
            self._asked.popleft()
        assert len(self._asked) <= BUDGET + 1, "more requests than the budget allows"

    def configure(self, key: str, value: str) -> None:
        """Change one key, for all later starts."""
        self.keys[key] = value
        self.config = self.configured()

    def configure_as_at_first(self) -> None:
        """Take back every change of the configuration."""
        self.keys = dict(self.first_keys)
        self.config = self.configured()

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
            adapters=perilous(self._adapters, peril, self._sees),
            calls=PerilousCalls(peril),
            boot_id=f"boot {self.clock.boots}",
            random=(random or Random(1)).random,
        )
        with owned_mirror(self.config, means) as mirror:
            endanger_state(mirror, peril)
            if self.unreadable:
                mirror.disk = hidden_from(mirror.disk, self.unreadable)
            yield mirror

    def sync(
        self, peril: Peril, random: Random | None, only: frozenset[str] = frozenset()
    ) -> Report:
        """Run `figsync sync` once."""
        with self.mirror(peril, random) as mirror:
            return sync_until_quiet(mirror, Wish(only, retry_now=True))

    def dry_sync(self) -> Report:
        """Run `figsync sync --dry-run`."""
        means = Means(TOKEN, self.clock, pool=InlinePool(), adapters=self._adapters)
        with dry_mirror(self.config, means) as mirror:
            return sync_until_quiet(mirror, Wish(retry_now=True))

    def state(self) -> State | None:
        """Open the state to look at it."""
        return State.read_only(self.config.database, clock=self.clock)

    def has_bare_state(self) -> bool:
        """Tell whether the state knows too little to miss the root or its files.

        One that the next sync finds to be damaged knows nothing at all.
        """
        database = self.config.database
        try:
            state = State.private_copy(database, clock=self.clock, known=True)
        except FigsyncError:
            return True
        with state:
            settings = state.settings
            if state.damage() or not settings.get("mirror_id"):
                return True
            is_acknowledged = bool(settings.get("root_acknowledged"))
            return is_acknowledged or state.files.synced_total() < 2

    def agreed(
        self, which: Callable[[tuple[str, str]], bool] = lambda _: True
    ) -> dict[str, str]:
        """Return the ids of the records that both sides hold, and the paths.

        *which* tells of an item's id and folder whether its records are wanted.
        """
        return self._told(partial(_agreed, which=which))

    def unmounted(self) -> str:
        """Return the id of the item whose folder's content is unmounted now, or ""."""
        record = self.aside / "mount" / ".figshare" / "record.json"
        named = json.loads(record.read_bytes()) if record.is_file() else {}
        return str(named.get("id") or named.get("uuid") or "")

    def sent(self) -> dict[str, str]:
        """Return the ids of the records of unfinished uploads, and the paths."""
        return self._told(_sent)

    def let_go(self) -> dict[str, str]:
        """Return the records whose deletion a person approved, and the paths."""
        return self._told(_let_go)

    def giving_way(self) -> dict[str, str]:
        """Return the records that a person let go before their successors are sent."""
        return self._told(_giving_way)

    def _told(self, ask: Callable[[State], dict[str, str]]) -> dict[str, str]:
        try:
            state = self.state()
            if state is None:
                return {}
            with state:
                return ask(state)
        except FigsyncError:  # it is damaged, which the next opening finds out
            return {}

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

    def everything(self, *, but: str = " ") -> dict[str, tuple[int, int, bytes]]:
        """Return inode, time and content of all files in this computer's folder.

        What begins with *but* is passed over, as is what figsync says of itself.
        """
        found = {}
        for path, kind in walk(self.folder):
            own = path.endswith(("-shm", "-wal", "/lock", "/owner.json"))
            own = own or "/.figsync/tmp/" in path  # leftovers of a kill are cleared
            if kind != "folder" and not own and not path.startswith(but):
                stat = (self.folder / path).lstat()
                is_file = kind == "file"
                content = (self.folder / path).read_bytes() if is_file else b""
                found[path] = (stat.st_ino, stat.st_mtime_ns, content)
        return found

    def kept_aside(self) -> list[bytes]:
        """Return the content of every file that people took out for a while."""
        found = walk(self.aside)
        return [(self.aside / e.path).read_bytes() for e in found if e.kind == "file"]

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


def _agreed(state: State, which: Callable[[tuple[str, str]], bool]) -> dict[str, str]:
    items = state.items.all().values()
    wanted = [item.item_id for item in items if which((item.item_id, item.folder))]
    trees = [state.files.synced(item_id) for item_id in wanted]
    return {row.file_id: row.path for tree in trees for row in tree.values()}


def _let_go(state: State) -> dict[str, str]:
    approved = state.decisions.approved()
    return {key.file_id: key.path for key in approved if key.kind == "DeleteRemote"}


def _giving_way(state: State) -> dict[str, str]:
    approved = state.decisions.approved()
    first = [key for key in approved if key.kind == "DeleteFirst"]
    rows = {key: state.files.synced(key.item_id).get(key.path) for key in first}
    return {row.file_id: key.path for key, row in rows.items() if row is not None}


def _sent(state: State) -> dict[str, str]:
    return {t.file_id: t.path for t in state.work.all_transfers() if t.file_id}
