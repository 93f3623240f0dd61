"""How the mirror stands: the one story that people, programs and monitors are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from figsync.clock import Clock, iso
from figsync.config import Config
from figsync.disk import Disk
from figsync.errors import FigsyncError
from figsync.figshare import Pace, Rest
from figsync.lock import is_owned, living_owner
from figsync.model import Mode, SyncedItem
from figsync.state import Conflict, HeldRow, State
from figsync.sync.activity import Activity, Pause, Phase, read_activity, read_pause
from figsync.sync.facts import Ended, Facts, LeftOut, read_facts
from figsync.sync.guard_names import GUARDS, guard_of
from figsync.sync.pace import request_paces
from figsync.sync.place import is_noted
from figsync.sync.rests import read_rests
from figsync.sync.root import MARKER_ID, check_marker
from figsync.sync.rot import Rotten, read_rot

STATES = (
    "never",
    "idle",
    "syncing",
    "paused",
    "waiting",
    "held",
    "offline",
    "refused",
)


@dataclass(frozen=True, slots=True)
class Running:
    """The daemon that owns the mirror by its own word, and the pause if one is on."""

    activity: Activity
    pause: Pause | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything there is to tell, as it was read; *state* is one of STATES.

    *at_rest* is what it is apart from a daemon or a sync that works on it now.
    """

    state: str
    root: str
    facts: Facts
    held: list[HeldRow]
    conflicts: list[Conflict]
    rests: tuple[Rest, ...] = ()
    changed: tuple[SyncedItem, ...] = ()
    rot: tuple[Rotten, ...] = ()
    items: int = 0
    files: int = 0
    size: int = 0
    excluded: int = 0
    error: str = ""
    error_kind: str = ""
    paces: Mapping[str, Pace] = field(default_factory=dict)
    daemon: Running | None = None
    at_rest: str = "never"

    @property
    def budget(self) -> int | None:
        """How many requests may go to the API at once, None before the first sync."""
        return next((max(0, int(pace.level)) for pace in self.paces.values()), None)

    def count(self, *, waiting: bool) -> int:
        """Return how many held actions wait for a time, or for a person."""
        if waiting:
            return sum(1 for row in self.held if row.until is not None)
        return sum(1 for row in self.held if row.needs_person)

    def guards(self) -> dict[str, int]:
        """Return how many actions each guard holds for a person."""
        holding = [guard_of(row.reason) for row in self.held if row.needs_person]
        return {guard: holding.count(guard) for guard in GUARDS}


def look(config: Config, clock: Clock) -> Standing:
    """Read how the mirror stands; asks neither Figshare nor for the lock.

    Raises StateDamaged or DiskProblem when the state can not be read.
    """
    disk = Disk(config.mirror.root, clock=clock)
    known = is_noted(config, clock)
    state = State.read_only(config.database, clock=clock, known=known)
    owned = is_owned(disk, clock)
    if state is None:
        name = "syncing" if owned else "never"
        return Standing(name, str(disk.root), Facts(), [], [])
    with state:
        return _read(state, config, disk, clock)


def _read(state: State, config: Config, disk: Disk, clock: Clock) -> Standing:
    known = state.items.all()
    items = [item for item in known.values() if item.mode is not Mode.EXCLUDED]
    facts, wrong = read_facts(state), _wrong_root(state, disk)
    held, conflicts = state.decisions.held(), state.decisions.conflicts()
    daemon = _daemon(state, disk, clock)
    is_syncing = daemon is None and is_owned(disk, clock)
    phase = Phase.SYNCING if is_syncing else daemon and daemon.activity.phase
    told = _derived(facts, held, conflicts, str(wrong or ""))
    return Standing(
        phase.value if phase in (Phase.SYNCING, Phase.PAUSED) else told,
        str(disk.root),
        facts,
        held,
        conflicts,
        read_rests(state),
        _changed(state, known),
        tuple(one for one in read_rot(state) if not one.is_gone),
        items=len(items),
        files=state.files.synced_total(),
        size=state.files.synced_sizes(),
        excluded=len(known) - len(items),
        error=str(wrong or facts.error),
        error_kind=type(wrong).__name__ if wrong else facts.error_kind,
        paces=request_paces(config, clock),
        daemon=daemon,
        at_rest=told,
    )


def _daemon(state: State, disk: Disk, clock: Clock) -> Running | None:
    """Return the daemon that owns the mirror; a plain sync owns it without a word."""
    activity, owner = read_activity(state), living_owner(disk, clock)
    if activity is None or owner is None or activity.pid != owner.pid:
        return None
    return Running(activity, read_pause(state, clock.now()))


def _changed(state: State, known: Mapping[str, SyncedItem]) -> tuple[SyncedItem, ...]:
    """Return the public items whose files were changed since their publication."""
    changed = state.items.changed_since_publication()
    items = (known[item_id] for item_id in changed if item_id in known)
    return tuple(item for item in items if item.mode is Mode.MIRRORED)


def _wrong_root(state: State, disk: Disk) -> FigsyncError | None:
    """Return why the root is not the one the state knows, None if it is."""
    expected = state.settings.get(MARKER_ID)
    try:
        if expected:
            check_marker(disk, expected)
    except FigsyncError as problem:
        return problem
    return None


def _derived(
    facts: Facts, held: list[HeldRow], conflicts: list[Conflict], error: str
) -> str:
    """Return the state of a mirror that nobody works on now."""
    if facts.last_try is None:
        return "never"
    if error or facts.ended is Ended.REFUSED:
        return "refused"
    if facts.ended is Ended.OFFLINE:
        return "offline"
    if conflicts or any(row.needs_person for row in held):
        return "held"
    return "waiting" if any(row.until is not None for row in held) else "idle"


def as_json(now: Standing) -> dict[str, object]:
    """Return what status.schema.json describes."""
    facts = now.facts
    return {
        "state": now.state,
        "root": now.root,
        "account": facts.account,
        "quota": facts.quota,
        "used_quota": facts.used_quota,
        "request_budget": now.budget,
        "items": now.items,
        "files": now.files,
        "bytes": now.size,
        "excluded": now.excluded,
        "not_uploadable": facts.not_uploadable,
        "conflicts": len(now.conflicts),
        "held": now.count(waiting=False),
        "waiting": now.count(waiting=True),
        "guards": now.guards(),
        "stranded_saves": facts.stranded,
        "last_sync": iso(facts.last_sync),
        "last_try": iso(facts.last_try),
        "error": now.error,
        "error_kind": now.error_kind,
        "no_room": facts.no_room,
        "daemon": _daemon_json(now.daemon),
        **_lists(now),
    }


def _lists(now: Standing) -> dict[str, object]:
    facts = now.facts
    return {
        "changed_since_publication": [
            {"item_id": item.item_id, "folder": item.folder} for item in now.changed
        ],
        "hosts_left_alone": [as_json_rest(rest) for rest in now.rests],
        "held_actions": [as_json_row(row) for row in now.held],
        "conflict_copies": [
            {"folder": c.folder, "path": c.path, "copy": c.copy} for c in now.conflicts
        ],
        "changed_silently": [
            {
                "folder": f.folder,
                "path": f.path,
                "reason": f.reason,
                "since": iso(f.since),
            }
            for f in now.rot
        ],
        "stalled_uploads": [_left_out(file) for file in facts.stalled],
        "not_uploadable_files": [_left_out(file) for file in facts.left_out],
    }


def _left_out(file: LeftOut) -> dict[str, object]:
    return {"folder": file.folder, "path": file.path, "reason": file.reason}


def _daemon_json(running: Running | None) -> dict[str, object]:
    if running is None:
        told: dict[str, object] = dict.fromkeys(
            ("pid", "since", "watching", "next_pull", "paused_until")
        )
        return {"running": False, **told, "watch_problem": ""}
    activity, pause = running.activity, running.pause
    return {
        "running": True,
        "pid": activity.pid,
        "since": iso(activity.since),
        "watching": activity.watching,
        "watch_problem": activity.watch_problem,
        "next_pull": iso(activity.next_pull),
        "paused_until": iso(pause.until) if pause else None,
    }


def as_json_rest(rest: Rest) -> dict[str, object]:
    """Return a host that is left alone as programs read it."""
    return {
        "host": rest.host.name,
        "service": rest.host.service.value,
        "cause": rest.cause,
        "tried_again": iso(rest.until),
    }


def as_json_row(row: HeldRow) -> dict[str, object]:
    """Return a held action as programs read it."""
    return {
        "id": row.id,
        "kind": row.key.kind,
        "item_id": row.key.item_id,
        "folder": row.folder,
        "path": row.key.path,
        "bytes": row.size,
        "result": result_of(row),
        "reason": row.reason,
        "until": iso(row.until),
        "since": iso(row.since),
    }


def result_of(row: HeldRow) -> str:
    """Return `held` for a person, `waiting` for its time, `listed` for good."""
    if row.needs_person:
        return "held"
    return "waiting" if row.until is not None else "listed"
