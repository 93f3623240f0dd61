"""Every job by its name in the schedule, and when each one ran."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from figsync.errors import Interrupted
from figsync.jobs import trash, upkeep, verify
from figsync.state import State
from figsync.sync.mirror import Mirror

Job = Callable[[Mirror], str]

JOBS: Mapping[str, Job] = {
    "trash": trash.run,
    "verify": verify.run,
    "upkeep": upkeep.run,
}
RAN = "jobs"
# Between two slices of a long job whatever else waits gets its turn.
SLICE_PAUSE = 5.0


def due_before(mirror: Mirror) -> dict[str, float]:
    """Return when each job was due last (POSIX seconds), also before this process.

    One that never was counts from now: a daemon that never lives for a whole
    interval comes to it all the same.
    """
    now, known = mirror.clock.now(), _read(mirror.state)
    due = {name: min(known.get(name, now), now) for name in JOBS}
    if due != known:
        _store(mirror.state, due)
    return due


def run_job(mirror: Mirror, name: str) -> tuple[str, float | None]:
    """Do one job; return a sentence about it, and the seconds until it goes on.

    The sentence is "" if there is nothing to tell, the seconds are None if the job
    is done.  Interrupted when the clock says to stop; the next process goes on.
    """
    before = _read(mirror.state)
    # Noted first: a job that ends the process is not the first thing of the next.
    _store(mirror.state, {**before, name: mirror.clock.now()})
    try:
        told = JOBS[name](mirror)
    except Interrupted:
        _store(mirror.state, before)
        raise
    if not (name == "verify" and verify.is_unfinished(mirror.state)):
        return told, None
    _store(mirror.state, before)
    return told, SLICE_PAUSE


def _read(state: State) -> dict[str, float]:
    try:
        text = state.settings.get(RAN) or "{}"
        return msgspec.json.decode(text, type=dict[str, float])
    except msgspec.MsgspecError:
        return {}


def _store(state: State, due: Mapping[str, float]) -> None:
    state.settings.set(RAN, msgspec.json.encode(due).decode())
