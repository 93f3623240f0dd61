"""`figsync status`: how things are, without asking Figshare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from figsync.commands.shell import Shell, verb
from figsync.commands.show import (
    full_path,
    path_text,
    plural,
    say,
    say_json,
    size_text,
    when_text,
)
from figsync.commands.watching import follow, json_line
from figsync.naming import shown
from figsync.state import HeldRow
from figsync.sync.facts import Facts
from figsync.sync.standing import Running, Standing, look
from figsync.sync.standing import as_json as as_json_standing
from figsync.sync.words import to_do

MOST_LINES = 10


@verb(example="figsync status\nfigsync status --watch", codes=(2,))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--watch", is_flag=True, help="Follow it until Ctrl-C.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of --json.")
def status(shell: Shell, *, as_json: bool, watch: bool, schema: bool) -> None:
    """Show how the mirror stands, without asking Figshare.

    The state is never, idle, syncing, paused, waiting, held, offline or refused.

    With --watch it is looked at every two seconds: drawn anew on a terminal, and
    else printed whenever it changed, with --json as one object a line. Ctrl-C ends
    it, with exit code 0.
    """
    if schema:
        say(schema_text())
        return
    if watch:
        follow(shell, lambda: _told(shell, as_json=as_json))
        return
    now = look(shell.config, shell.clock)
    if as_json:
        say_json(as_json_standing(now))
        return
    for line in page(now):
        say(line)


def _told(shell: Shell, *, as_json: bool) -> Sequence[str]:
    now = look(shell.config, shell.clock)
    return json_line(as_json_standing(now)) if as_json else list(page(now))


def schema_text() -> str:
    """Return the JSON schema of what --json prints."""
    from importlib.resources import files

    text = files("figsync").joinpath("status.schema.json").read_text(encoding="utf-8")
    return text.rstrip("\n")


_STATES = {
    "never": "nothing was synced yet; run `figsync sync`",
    "idle": "everything was in sync",
    "syncing": "a figsync is working on it now",
    "paused": "nothing is synced until the pause ends",
    "waiting": "something waits for its time",
    "held": "something waits for you",
    "offline": "Figshare could not be reached",
    "refused": "nothing can be synced until this is settled",
}


def _story(now: Standing) -> str:
    if now.state == "idle" and now.error:
        return "nothing is done now; the last sync did not come to its end"
    return _STATES[now.state]


def page(now: Standing) -> Iterator[str]:
    """Yield the lines that tell a person how the mirror stands."""
    facts = now.facts
    yield f"State:      {now.state}: {_story(now)}"
    if now.error:
        yield f"Problem:    {shown(now.error)}"
    for rest in now.rests:
        again = f"tried again after {when_text(rest.until)}, or now by `figsync sync`"
        yield f"Left alone: {shown(rest.subject)}: {shown(rest.cause)}; {again}"
    if now.daemon is not None:
        yield from _daemon(now.daemon)
    yield f"Root:       {shown(now.root)}"
    if facts.last_try is None:
        return
    yield f"Account:    {shown(facts.account)}{_room(facts)}"
    yield f"Last sync:  {when_text(facts.last_sync) or 'none came to its end yet'}"
    yield from _requests(now)
    if facts.stranded:
        saves = plural(facts.stranded, "late save")
        yield f"Late saves: {saves} in the trash, to be brought back by the next sync"
    if facts.no_room:
        yield f"No room:    {facts.no_room}; uploads go on, downloads wait"
    size = size_text(now.size)
    items, files = plural(now.items, "item"), plural(now.files, "file")
    yield f"In sync:    {files} ({size}) in {items}"
    if now.excluded:
        yield f"Excluded:   {plural(now.excluded, 'item')}"
    yield from _held(now)
    yield from _lists(now)


def _lists(now: Standing) -> Iterator[str]:
    facts = now.facts
    yield from _listed(
        f"{plural(len(now.conflicts), 'conflict')} (figsync conflicts):",
        [path_text(c.folder, c.copy) for c in now.conflicts],
    )
    rotten = plural(len(now.rot), "file")
    yield from _listed(
        f"{rotten} changed without a save (figsync verify --repair):",
        [f"{path_text(f.folder, f.path)}: {shown(f.reason)}" for f in now.rot],
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


def _daemon(running: Running) -> Iterator[str]:
    activity, pause = running.activity, running.pause
    yield f"Daemon:     process {activity.pid}, since {when_text(activity.since)}"
    if activity.watching == "events":
        yield "Watching:   the folder, as it changes"
    else:
        why = f": {shown(activity.watch_problem)}" if activity.watch_problem else ""
        yield f"Watching:   by a look through the folder now and then{why}"
    if pause is not None:
        until = when_text(pause.until)
        yield f"Paused:     until {until or '`figsync resume`'}"
    if activity.next_pull is not None:
        yield f"Next pull:  {when_text(activity.next_pull)}"


def _room(facts: Facts) -> str:
    if not facts.quota:
        return ""
    used, quota = size_text(facts.used_quota or 0), size_text(facts.quota)
    return f", {used} of {quota} used"


def _requests(now: Standing) -> Iterator[str]:
    """Yield what may be asked of each host whose requests are counted."""
    for host, pace in now.paces.items():
        rate = pace.rate_at(pace.at)
        if pace.is_silent(pace.at):
            seconds = pace.silent_until - pace.at
            yield f"Requests:   none to {host} for {seconds:.0f} s, as it asked"
        elif rate:
            count = plural(max(0, int(pace.level)), "request")
            often = f"{rate:.2g} a second" + (" for a while" if pace.is_cut else "")
            yield f"Requests:   {count} to {host} at once, then {often}"


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
