"""A mirror that is open, with what watches over it and what is due on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import msgspec

from figsync.clock import Clock
from figsync.config import Config
from figsync.daemon.inbox import Due, Look, Post, Wake
from figsync.daemon.several import Several
from figsync.errors import MirrorOwned
from figsync.jobs import due_before
from figsync.jobs.schedule import Schedule
from figsync.lock import HEARTBEAT_SECONDS, beat
from figsync.model import CreateItem, Outcome
from figsync.sync.activity import Activity, Phase, store_activity
from figsync.sync.engine import SYNCING
from figsync.sync.mirror import Mirror, Silent
from figsync.sync.opening import Means, owned_mirror
from figsync.sync.tasks import ThreadPool
from figsync.watch import Watch

POLLING = "polling"


@dataclass(frozen=True, slots=True)
class Setup:
    """One reading of the configuration, and what the mirror is opened with."""

    config: Config
    means: Means


class _Noticed(Silent):
    """Notices since when a cycle carries out its plan, and whether it made items."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.syncs_since: float | None = None
        self.made_items = False

    def phase(self, name: str) -> None:
        is_syncing = name == SYNCING
        self.syncs_since = self._clock.monotonic() if is_syncing else None

    def finished(self, outcome: Outcome) -> None:
        self.made_items |= isinstance(outcome.action, CreateItem)


class Session:
    """The open mirror, its watch and its schedule; the state says how they are."""

    def __init__(self, mirror: Mirror, watch: Watch, post: Post, since: float) -> None:
        self.mirror = mirror
        self._watch = watch
        self._watching = watch.watching
        self._activity = Activity(os.getpid(), since)
        self._beaten = mirror.clock.monotonic()
        self._is_yielding = False
        self._noticed = _Noticed(mirror.clock)
        mirror.progress = Several(mirror.progress, self._noticed)
        self.schedule = Schedule(
            lambda job: post.put(Due(job)),
            self._every(),
            mirror.clock,
            last=due_before(mirror),
        )

    def tell(self, phase: Phase) -> None:
        """Let everybody know what the deciding thread does now."""
        self._activity = msgspec.structs.replace(
            self._activity,
            phase=phase,
            watching=self._watching.kind,
            watch_problem=self._watching.problem,
            next_pull=self.schedule.next_at("pull"),
        )
        store_activity(self.mirror.state, self._activity)

    @contextmanager
    def yielding(self) -> Iterator[None]:
        """Let what else is asked for have its turn before a long cycle is over."""
        self._is_yielding, self._noticed.made_items = True, False
        try:
            yield
        finally:
            self._is_yielding = False

    @property
    def has_new_items(self) -> bool:
        """Whether the cycle made items, whose files are for the next one."""
        return self._noticed.made_items

    def yields(self, seconds: float) -> bool:
        """Tell whether a cycle goes on for so many seconds and loses nothing by ending.

        An upload goes on with the parts that are missing, a download begins anew; so
        does what is read to be hashed, and a large file would never come to its end.
        """
        since, now = self._noticed.syncs_since, self.mirror.clock.monotonic()
        if not self._is_yielding or since is None or now - since <= seconds:
            return False
        return not (self.mirror.begun or self.mirror.reading)

    def attend(self) -> None:
        """Say on the disk that the owner lives, and notice how it is watched now."""
        self.beat()
        self.schedule.look()
        if self._watch.watching != self._watching:
            self._watching = self._watch.watching
            self.schedule.change(self._every())
            self.tell(self._activity.phase)

    def beat(self) -> None:
        """Say on the disk, for other hosts, that the owner lives; often is cheap.

        MirrorOwned if another one took the mirror over.
        """
        now = self.mirror.clock.monotonic()
        if now - self._beaten > HEARTBEAT_SECONDS / 3:
            # A disk that is full says so once, and uploads go on; an owner again and
            # again, until he is heard.
            self._beaten = now
            try:
                beat(self.mirror.disk, self.mirror.clock)
            except MirrorOwned:
                self._beaten = float("-inf")
                raise

    def _every(self) -> dict[str, float]:
        """Return how often each job is due, in seconds."""
        wished = self.mirror.config.schedule
        polling = self._watching.kind == POLLING
        scan = min(wished.poll_every, wished.scan_every)
        return {
            "pull": wished.pull_every,
            "scan": scan if polling else wished.scan_every,
            "trash": wished.trash_every,
            "verify": wished.verify_every,
            "upkeep": wished.upkeep_every,
        }


@contextmanager
def opened(setup: Setup, post: Post, since: float) -> Iterator[Session]:
    """Own the mirror, watch it, and post what is due; all ends with the block.

    *since* is when the process began, which may have opened it several times.
    Raises what `owned_mirror` raises.
    """
    config = setup.config
    pool = ThreadPool(config.transfer.workers)
    watch = Watch(
        config.mirror.root,
        lambda folder: post.put(Look(folder)),
        wished=config.schedule.watch,
        changed=lambda _: post.put(Wake()),
    )
    with ExitStack() as stack:
        stack.callback(pool.close)
        opening = owned_mirror(config, replace(setup.means, pool=pool))
        mirror = stack.enter_context(opening)
        stack.callback(watch.stop)
        watch.start()
        session = Session(mirror, watch, post, since)
        stack.callback(session.schedule.stop)
        session.schedule.start()
        yield session
