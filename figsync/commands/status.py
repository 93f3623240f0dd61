"""`figsync status`: how things are, without asking Figshare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from figsync.commands.held import as_json_row, full_path
from figsync.commands.shell import Shell, verb
from figsync.commands.show import (
    iso,
    path_text,
    plural,
    say,
    say_json,
    size_text,
    when_text,
)
from figsync.commands.words import to_do
from figsync.disk import Disk
from figsync.errors import FigsyncError
from figsync.figshare import Rest
from figsync.lock import is_owned
from figsync.model import Mode, SyncedItem
from figsync.naming import shown
from figsync.state import Conflict, HeldRow, State
from figsync.sync.facts import Ended, Facts, read_facts
from figsync.sync.hosts import read_rests
from figsync.sync.place import is_noted
from figsync.sync.root import MARKER_ID, check_marker

MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that status tells, as it was read."""

    state: str
    root: str
    facts: Facts
    held: list[HeldRow]
    conflicts: list[Conflict]
    rests: tuple[Rest, ...] = ()
    changed: tuple[SyncedItem, ...] = ()
    items: int = 0
    files: int = 0
    size: int = 0
    excluded: int = 0
    error: str = ""

    def count(self, *, waiting: bool) -> int:
        """Return how many held actions wait for a time, or for a person."""
        if waiting:
            return sum(1 for row in self.held if row.until is not None)
        return sum(1 for row in self.held if row.needs_person)


@verb(example="figsync status\nfigsync status --json", codes=(2,))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(shell: Shell, *, as_json: bool) -> None:
    """Show how the mirror stands, without asking Figshare.

    The state is never, idle, syncing, waiting, held, offline or refused.
    """
    now = look(shell)
    if as_json:
        say_json(_as_json(now))
        return
    for line in _page(now):
        say(line)


def look(shell: Shell) -> Standing:
    """Read how the mirror stands; asks neither Figshare nor for the lock."""
    root = shell.config.mirror.root
    disk = Disk(root, clock=shell.clock)
    known = is_noted(shell.config, shell.clock)
    state = State.read_only(shell.config.database, clock=shell.clock, known=known)
    owned = is_owned(disk, shell.clock)
    if state is None:
        name = "syncing" if owned else "never"
        return Standing(name, str(root), Facts(), [], [])
    with state:
        items = [i for i in state.items.all().values() if i.mode is not Mode.EXCLUDED]
        facts, error = read_facts(state), _wrong_root(state, disk)
        held, conflicts = state.decisions.held(), state.decisions.conflicts()
        return Standing(
            "syncing" if owned else _name(facts, held, conflicts, error),
            str(root),
            facts,
            held,
            conflicts,
            read_rests(state),
            _changed(state),
            items=len(items),
            files=state.files.synced_total(),
            size=state.files.synced_sizes(),
            excluded=len(state.items.all()) - len(items),
            error=error or facts.error,
        )


def _changed(state: State) -> tuple[SyncedItem, ...]:
    """Return the public items whose files were changed since their publication."""
    items = state.items.all()
    changed = state.items.changed_since_publication()
    known = (items[item_id] for item_id in changed if item_id in items)
    return tuple(item for item in known if item.mode is Mode.MIRRORED)


def _wrong_root(state: State, disk: Disk) -> str:
    """Return why the root is not the one the state knows, "" if it is."""
    expected = state.settings.get(MARKER_ID)
    try:
        if expected:
            check_marker(disk, expected)
    except FigsyncError as problem:
        return str(problem)
    return ""


def _name(
    facts: Facts, held: list[HeldRow], conflicts: list[Conflict], error: str
) -> str:
    if facts.last_try is None:
        return "never"
    if error or facts.ended is Ended.REFUSED:
        return "refused"
    if facts.ended is Ended.OFFLINE:
        return "offline"
    if conflicts or any(row.needs_person for row in held):
        return "held"
    return "waiting" if any(row.until is not None for row in held) else "idle"


def _as_json(now: Standing) -> dict[str, object]:
    facts = now.facts
    return {
        "state": now.state,
        "root": now.root,
        "account": facts.account,
        "quota": facts.quota,
        "used_quota": facts.used_quota,
        "items": now.items,
        "files": now.files,
        "bytes": now.size,
        "excluded": now.excluded,
        "not_uploadable": facts.not_uploadable,
        "conflicts": len(now.conflicts),
        "held": now.count(waiting=False),
        "waiting": now.count(waiting=True),
        "last_sync": iso(facts.last_sync),
        "last_try": iso(facts.last_try),
        "error": now.error,
        "no_room": facts.no_room,
        "changed_since_publication": [
            {"item_id": item.item_id, "folder": item.folder} for item in now.changed
        ],
        "hosts_left_alone": [as_json_rest(rest) for rest in now.rests],
        "held_actions": [as_json_row(row) for row in now.held],
        "conflict_copies": [
            {"folder": c.folder, "path": c.path, "copy": c.copy} for c in now.conflicts
        ],
        "stalled_uploads": [
            {"folder": f.folder, "path": f.path, "reason": f.reason}
            for f in facts.stalled
        ],
        "not_uploadable_files": [
            {"folder": f.folder, "path": f.path, "reason": f.reason}
            for f in facts.left_out
        ],
    }


def as_json_rest(rest: Rest) -> dict[str, object]:
    """Return a host that is left alone as programs read it."""
    return {
        "host": rest.host.name,
        "service": rest.host.service.value,
        "cause": rest.cause,
        "tried_again": iso(rest.until),
    }


_STATES = {
    "never": "nothing was synced yet; run `figsync sync`",
    "idle": "everything was in sync",
    "syncing": "a figsync is working on it now",
    "waiting": "something waits for its time",
    "held": "something waits for you",
    "offline": "Figshare could not be reached",
    "refused": "nothing can be synced until this is settled",
}


def _page(now: Standing) -> Iterator[str]:
    facts = now.facts
    yield f"State:      {now.state}: {_STATES[now.state]}"
    if now.error:
        yield f"Problem:    {shown(now.error)}"
    for rest in now.rests:
        again = f"tried again after {when_text(rest.until)}, or now by `figsync sync`"
        yield f"Left alone: {shown(rest.subject)}: {shown(rest.cause)}; {again}"
    yield f"Root:       {shown(now.root)}"
    if facts.last_try is None:
        return
    yield f"Account:    {shown(facts.account)}{_room(facts)}"
    yield f"Last sync:  {when_text(facts.last_sync) or 'none came to its end yet'}"
    if facts.no_room:
        yield f"No room:    {facts.no_room}; uploads go on, downloads wait"
    size = size_text(now.size)
    items, files = plural(now.items, "item"), plural(now.files, "file")
    yield f"In sync:    {files} ({size}) in {items}"
    if now.excluded:
        yield f"Excluded:   {plural(now.excluded, 'item')}"
    yield from _held(now)
    yield from _listed(
        f"{plural(len(now.conflicts), 'conflict')} (figsync conflicts):",
        [path_text(c.folder, c.copy) for c in now.conflicts],
    )
    changed = plural(len(now.changed), "public item")
    yield from _listed(
        f"{changed} changed since publication (publish on figshare.com):",
        [shown(item.folder or item.title) for item in now.changed],
    )
    yield from _listed(
        f"{plural(facts.not_uploadable, 'file')} can not go to Figshare:",
        [f"{path_text(f.folder, f.path)}: {shown(f.reason)}" for f in facts.left_out],
        count=facts.not_uploadable,
    )
    yield from _listed(
        f"{plural(len(facts.stalled), 'upload')} of somebody else, not finished:",
        [f"{path_text(f.folder, f.path)}: {f.reason}" for f in facts.stalled],
    )


def _room(facts: Facts) -> str:
    if not facts.quota:
        return ""
    used, quota = size_text(facts.used_quota or 0), size_text(facts.quota)
    return f", {used} of {quota} used"


def _held(now: Standing) -> Iterator[str]:
    for title, rows in (
        (
            "held for you (figsync approve NUMBER)",
            [r for r in now.held if r.needs_person],
        ),
        ("waiting", [r for r in now.held if r.until is not None]),
        ("left alone as configured", [r for r in now.held if r.listed]),
    ):
        lines = [_held_line(row) for row in rows]
        yield from _listed(f"{plural(len(rows), 'action')} {title}:", lines)


def _held_line(row: HeldRow) -> str:
    until = f", until {when_text(row.until)}" if row.until is not None else ""
    told = f"{to_do(row.key.kind)} {full_path(row)}: {shown(row.reason)}{until}"
    return f"{row.id}. {told}" if row.needs_person else told


def _listed(title: str, lines: list[str], *, count: int = 0) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield title
    yield from (f"  {line}" for line in lines[:MOST_LINES])
    if (count or len(lines)) > MOST_LINES:
        yield f"  and {(count or len(lines)) - MOST_LINES:,} more"
