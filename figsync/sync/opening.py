"""Opening a mirror: as its owner, or as a dry run that leaves no trace."""

from __future__ import annotations

import json
import logging
import random as chance
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from requests.adapters import BaseAdapter

from figsync.clock import Clock
from figsync.config import BandwidthTable, Config
from figsync.disk import Calls, Disk, Probe
from figsync.errors import StateDamaged, WrongUsage
from figsync.figshare import Figshare, Settings
from figsync.lock import locked
from figsync.naming import IgnoreRules, shown
from figsync.state import State, Steps
from figsync.sync.mirror import Mirror, Progress, Silent
from figsync.sync.pace import share_budget
from figsync.sync.place import is_noted, note_place
from figsync.sync.reserve import Reserve
from figsync.sync.rests import read_rests
from figsync.sync.root import MARKER_ID, check_marker
from figsync.sync.rules import mirror_rules
from figsync.sync.tasks import Pool, ThreadPool

ABILITIES = "abilities"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What a mirror is opened with besides its configuration.

    *control* is the socket where its owner, a daemon, can be asked.
    """

    token: str
    clock: Clock
    pool: Pool | None = None
    progress: Progress = field(default_factory=Silent)
    adapters: Mapping[str, BaseAdapter] = field(default_factory=dict)
    boot_id: str = ""
    calls: Calls | None = None
    steps: Steps | None = None
    random: Callable[[], float] = chance.random
    control: str = ""


@contextmanager
def owned_mirror(config: Config, means: Means) -> Iterator[Mirror]:
    """Open the mirror as its one owner; raises before anything is changed.

    MirrorOwned if another process owns it, NeedsPerson if the root is not the one
    the state knows, WrongUsage if it can not be a root at all.
    """
    database = config.database
    known = is_noted(config, means.clock)
    check_marker_or_make_root(config, means.clock, known=known)
    disk = Disk(config.mirror.root, clock=means.clock, calls=means.calls)
    disk.identity()
    disk.prepare()
    with locked(disk, means.clock, control=means.control):
        disk.clear_temp()
        state = open_or_rebuild(database, means.clock, means.steps, known=known)
        try:
            note_place(disk, database)
            mirror = _mirror(config, means, disk, state)
            mirror.abilities = _probe(disk, state)
            yield mirror
        except StateDamaged as problem:
            # The next opening builds a new one: what is altered stays altered.
            state.close()
            aside = State.set_aside(database, clock=means.clock, steps=means.steps)
            remedy = f"it is set aside as {aside.name}, and the next sync rebuilds it"
            raise StateDamaged(problem.subject, problem.cause, remedy) from problem
        finally:
            state.close()


@contextmanager
def dry_mirror(
    config: Config, means: Means, *, counted: bool = False
) -> Iterator[Mirror]:
    """Open the mirror to plan only: nothing on the disk changes, the state included.

    Only with *counted* the requests are, in the ledger beside the database.
    """
    disk = Disk(config.mirror.root, clock=means.clock, calls=means.calls)
    known = is_noted(config, means.clock)
    state = State.private_copy(config.database, clock=means.clock, known=known)
    try:
        mirror = _mirror(config, means, disk, state, counted=counted)
        mirror.dry_run = True
        yield mirror
    finally:
        state.close()


def _mirror(
    config: Config, means: Means, disk: Disk, state: State, *, counted: bool = True
) -> Mirror:
    transfer = config.transfer
    figshare = Figshare(
        config.account.api_url,
        means.token,
        clock=means.clock,
        impersonate=config.account.impersonate,
        settings=Settings(
            requests_per_second=transfer.requests_per_second,
            burst=transfer.burst,
            bandwidth=_bandwidth(transfer.bandwidth_limit),
            pool_size=transfer.workers + 2,
            adapters=means.adapters,
            random=means.random,
        ),
    )
    figshare.hosts.restore(read_rests(state))
    share_budget(figshare, config.database, means.boot_id, read_only=not counted)
    return Mirror(
        config=config,
        disk=disk,
        state=state,
        figshare=figshare,
        clock=means.clock,
        pool=means.pool or ThreadPool(transfer.workers),
        rules=_rules(config, disk),
        abilities=_remembered_abilities(state),
        reserve=Reserve(disk.free_bytes, transfer.disk_reserve),
        progress=means.progress,
        boot_id=means.boot_id,
    )


def _bandwidth(table: BandwidthTable) -> Callable[[float], float]:
    """Return what the table allows at a POSIX time, by the clock on the wall here."""
    return lambda now: table.at(datetime.fromtimestamp(now))


def _rules(config: Config, disk: Disk) -> IgnoreRules:
    if not disk.root.is_dir():
        return IgnoreRules(config.mirror.ignore)
    return mirror_rules(config, disk)


def open_or_rebuild(
    database: Path, clock: Clock, steps: Steps | None = None, *, known: bool = True
) -> State:
    """Open the state; one that is damaged is set aside and built anew.

    Losing the state costs time, never bytes: what is equal is adopted, what is not
    becomes a conflict, and nothing is deleted.
    """
    try:
        return State.open(database, clock=clock, steps=steps, known=known)
    except StateDamaged as problem:
        aside = State.set_aside(database, clock=clock, steps=steps)
        why = f"{problem.subject}: {problem.cause}"
        log.warning(
            "%s; it is kept as %s and built anew, no file is lost", why, aside.name
        )
        return State.open(database, clock=clock, steps=steps)


def check_marker_or_make_root(config: Config, clock: Clock, *, known: bool) -> None:
    """Make the root of a new mirror; refuse one that the state knows otherwise."""
    root = config.mirror.root
    expected = _expected_marker(config.database, clock, known=known)
    if expected:
        check_marker(Disk(root, clock=clock), expected)
        return
    if root.exists() and not root.is_dir():
        cause = "it is a file, and the mirror root must be a folder"
        raise WrongUsage(shown(str(root)), cause, "set another [mirror] root")
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        cause = f"this folder can not be made ({problem.strerror})"
        raise WrongUsage(shown(str(root)), cause, "set another root") from None


def _expected_marker(database: Path, clock: Clock, *, known: bool) -> str:
    try:
        state = State.read_only(database, clock=clock, known=known)
    except StateDamaged:
        return ""
    if state is None:
        return ""
    try:
        return state.settings.get(MARKER_ID)
    except StateDamaged:
        return ""
    finally:
        state.close()


def _probe(disk: Disk, state: State) -> Probe:
    """Find out what the file system can tell apart; remembered for dry runs."""
    probe = disk.probe()
    state.settings.set(ABILITIES, json.dumps(asdict(probe)))
    return probe


def _remembered_abilities(state: State) -> Probe:
    text = state.settings.get(ABILITIES)
    if text:
        return Probe(**json.loads(text))
    return Probe(
        case_sensitive=True, normalises=False, can_exchange=True, can_noreplace=True
    )
