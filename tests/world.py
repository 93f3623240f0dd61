"""A whole mirror for tests: a sandbox in-process, a real folder, a real database."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import ClassVar

import requests

from figsync.config import Config, load_config
from figsync.disk import Calls
from figsync.model import Outcome
from figsync.sandbox import Fault, Sandbox
from figsync.state import State, Steps
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Mirror
from figsync.sync.opening import Means, dry_mirror, owned_mirror
from figsync.sync.tasks import InlinePool, Pool
from tests import only_these
from tests.configuring import ini
from tests.sandbox.contract import Recorder

TOKEN = "sandbox-token"
START = 1_790_000_000.0
HOUR = 3600.0


class TestClock:
    """Time that passes only when somebody waits or says so."""

    __test__ = False

    def __init__(self, start: float = START) -> None:
        self._now = start
        self._ahead = 0.0
        self.waited = 0.0
        self.stopped = False

    def now(self) -> float:
        return self._now + self._ahead

    def monotonic(self) -> float:
        return self._now

    def wait(self, seconds: float) -> bool:
        self._now += max(0.0, seconds)
        self.waited += max(0.0, seconds)
        return self.stopped

    def advance(self, seconds: float) -> None:
        self._now += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock: no time passes."""
        self._ahead += seconds


class World:
    """One account on a sandbox and one computer that mirrors it."""

    recorder: ClassVar[Recorder | None] = None

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        part_size: int = 10 << 20,
        beside: World | None = None,
        clock: TestClock | None = None,
        **keys: str,
    ) -> None:
        """Make a world in *folder*; *beside* another it shares account and time."""
        self.folder = folder
        if beside is None:
            # File times are the real ones, so the clock starts where they are.
            self.clock = clock or TestClock(time.time())
            self.box = Sandbox(
                folder / "figshare",
                token=TOKEN,
                part_size=part_size,
                clock=self.clock,
                random=Random(seed),
            )
            only_these.hold(self.box)
            if World.recorder is not None:
                World.recorder.watch(self.box)
            self.box.switches.status_seconds = 0
        else:
            folder.mkdir(exist_ok=True)
            self.clock, self.box = beside.clock, beside.box
        self.make_pool: Callable[[], Pool] = InlinePool
        self.calls: Calls | None = None
        self.steps: Steps | None = None
        session = requests.Session()
        self.urls = self.box.mount(session)
        self.adapters = dict(session.adapters)
        self.root = folder / "mirror"
        self.token = TOKEN
        self.boot_id = "the same boot"
        self.keys = keys
        self.config_path = folder / "config.ini"
        self.configure(**keys)

    def configure(self, **keys: str) -> None:
        """Write the configuration; keys are written `section__key`."""
        settings = {
            "account__api_url": self.urls.api,
            "mirror__root": str(self.root),
            "transfer__requests_per_second": "0",
            "schedule__settle": "5s",
            "state__database": str(self.folder / "state" / "state.db"),
            **self.keys,
            **keys,
        }
        self.config_path.write_text(ini(settings))

    @property
    def config(self) -> Config:
        return load_config(self.config_path, {"HOME": str(self.folder)})

    def means(self) -> Means:
        return Means(
            self.token,
            self.clock,
            pool=self.make_pool(),
            adapters=self.adapters,
            boot_id=self.boot_id,
            calls=self.calls,
            steps=self.steps,
        )

    @contextmanager
    def mirror(self, *, dry_run: bool = False) -> Iterator[Mirror]:
        opened = dry_mirror if dry_run else owned_mirror
        with opened(self.config, self.means()) as mirror:
            yield mirror

    def sync(
        self, *only: str, dry_run: bool = False, scheduled: bool = False
    ) -> Report:
        """Run `figsync sync` once."""
        with self.mirror(dry_run=dry_run) as mirror:
            return sync_until_quiet(
                mirror, Wish(frozenset(only), retry_now=not scheduled)
            )

    def drop(self, path: str, content: bytes | str) -> Path:
        """Put a file into the mirror, as a person would."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def settle(self) -> None:
        """Let some minutes pass, so that everything dropped is still."""
        self.clock.advance(120)

    @contextmanager
    def served(self) -> Iterator[None]:
        """Talk to the sandbox over real sockets while the context lasts."""
        before = self.urls, self.adapters
        with self.box.serve() as self.urls:
            self.adapters = {}
            self.configure()
            yield
        self.urls, self.adapters = before
        self.configure()

    def without_zips(self) -> None:
        """Let files come one by one only, as from a server that makes no zips."""
        path = r"/articles/[^/]+/download$"
        self.box.fail_next(Fault("api", "GET", path, status=405, times=1_000_000))

    def wipe(self) -> None:
        """Lose the root and the state, as with a new computer."""
        shutil.rmtree(self.root)
        shutil.rmtree(self.folder / "state")

    def tree(self) -> dict[str, bytes]:
        """Return the mirrored files by path, without figsync's own."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {".figsync", ".figshare"} & set(path.parts)
        }

    def trash(self) -> list[bytes]:
        """Return the content of everything in the trash."""
        trash = self.root / ".figsync" / "trash"
        return [path.read_bytes() for path in trash.rglob("*") if path.is_file()]

    def state(self) -> State:
        """Open the state to look at it."""
        state = State.read_only(self.config.database, clock=self.clock)
        assert state is not None
        return state

    def remote(self, title: str) -> dict[str, bytes]:
        """Return the files of the item of this title by path."""
        return self.box.web.tree(self.item_id(title))

    def item_id(self, title: str) -> str:
        (found,) = [
            item_id
            for item_id in self.box.web.item_ids()
            if self.box.web.item(item_id)["title"] == title
        ]
        return str(found)


def assert_agreed(world: World) -> None:
    """Assert that both sides hold the same, each file in exactly one proven record."""
    web = world.box.web
    with world.state() as state:
        folders = {i: item.folder for i, item in state.items.all().items()}
        assert state.work.all_transfers() == []
        assert state.work.create_intents() == []
    remote: dict[str, bytes] = {}
    for item_id in web.item_ids():
        for file in web.files(item_id):
            path = f"{folders[str(item_id)]}/{file.path}"
            assert path not in remote, f"two records of {path}"
            assert file.status == "available", f"{path} is {file.status}"
            remote[path] = web.content(file.id)
            assert web.computed_md5(file.id) == md5(remote[path])
    assert world.tree() == remote


def told(report: Report) -> list[tuple[str, str, str]]:
    """Return kind, path and result of what a sync did, records of items aside."""
    return sorted(
        (o.action.kind, o.action.path, o.result)
        for o in report.outcomes
        if o.action.kind != "WriteRecord"
    )


def failures(report: Report) -> list[Outcome]:
    """Return what did not go well in the end."""
    return [o for o in report.last().values() if o.result not in ("done", "stale")]


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
