"""What `/metrics` holds: how the mirror stands and what was counted, as families."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
)

from figsync import __version__
from figsync.daemon.counters import Counted
from figsync.sync.standing import STATES, Standing

Family = Metric
Labels = Mapping[tuple[str, ...], float]


def families(now: Standing, counted: Counted, at: float) -> Iterator[Family]:
    """Yield every metric, *at* a POSIX time; what is unknown has no value."""
    yield from _standing(now, at)
    yield from _waiting(now)
    yield from _account(now, counted)
    yield from _loop(counted)


def _standing(now: Standing, at: float) -> Iterator[Family]:
    yield InfoMetricFamily("figsync_build", "Its version.", {"version": __version__})
    states = {state: float(now.state == state) for state in STATES}
    yield _gauge("state", "1 for what holds now, else 0.", _by(states), "state")
    last = now.facts.last_sync
    age = None if last is None else max(0.0, at - last)
    yield _one("last_success_age_seconds", "Since a sync came to its end.", age)
    refused = float(now.error_kind == "TokenRefused")
    yield _one("token_refused", "1 if Figshare does not accept the token.", refused)
    short = float(bool(now.facts.no_room))
    yield _one("disk_short", "1 if downloads wait for room on the disk.", short)
    daemon = now.daemon
    events = float(daemon.activity.watching == "events") if daemon else None
    yield _one("watching_events", "1 if it watches, 0 if it polls.", events)
    yield _one("items", "Items that are mirrored.", now.items)
    yield _one("files", "Files that are the same on both sides.", now.files)
    yield _one("files_bytes", "The size of these files.", now.size)


def _waiting(now: Standing) -> Iterator[Family]:
    held, waiting = now.count(waiting=False), now.count(waiting=True)
    yield _one("held_actions", "Actions that wait for a person.", held)
    yield _one("waiting_actions", "Actions that wait for their time.", waiting)
    guards = _by(now.guards())
    yield _gauge("guard_held_actions", "What each guard holds.", guards, "guard")
    yield _one("conflicts", "Conflicts that wait for a person.", len(now.conflicts))
    rot = len(now.rot)
    yield _one("changed_silently_files", "Files that changed without a save.", rot)
    left_out = now.facts.not_uploadable
    yield _one("not_uploadable_files", "Files that Figshare can not take.", left_out)
    stranded = now.facts.stranded
    yield _one("stranded_saves", "Late saves that wait in the trash.", stranded)
    alone = len(now.rests)
    yield _one("hosts_left_alone", "Hosts that failed and are not asked now.", alone)


def _account(now: Standing, counted: Counted) -> Iterator[Family]:
    yield _one("quota_bytes", "What the account may hold.", now.facts.quota)
    yield _one("quota_used_bytes", "What it holds.", now.facts.used_quota)
    budget = now.budget if counted.budget is None else counted.budget
    left = None if budget is None or math.isinf(budget) else max(0.0, budget)
    yield _one("request_budget", "Requests that may go to the API at once.", left)


def _loop(counted: Counted) -> Iterator[Family]:
    yield _one("start_time_seconds", "When it started (POSIX).", counted.started)
    silence = counted.silence
    yield _one("loop_beat_age_seconds", "Since the loop said it is alive.", silence)
    yield _one("queue_actions", "Planned and not done yet.", counted.queue)
    yield _one("queue_folders", "Changed, and not still yet.", counted.folders)
    yield _count("cycles", "Cycles that ended.", {(): counted.cycles})
    yield _count("sent_bytes", "Bytes of files sent.", {(): counted.bytes_up})
    yield _count("received_bytes", "Bytes received.", {(): counted.bytes_down})
    requests = _by(counted.requests)
    yield _count("requests", "Requests sent.", requests, "service")
    yield _count("actions", "Actions ended.", counted.actions, "kind", "result")
    yield _count("errors", "Failures, by class.", _by(counted.errors), "error")


def _by(values: Mapping[str, float]) -> Labels:
    return {(name,): value for name, value in values.items()}


def _one(name: str, told: str, value: float | None) -> Family:
    return _gauge(name, told, {} if value is None else {(): value})


def _gauge(name: str, told: str, values: Labels, *labels: str) -> Family:
    family = GaugeMetricFamily(f"figsync_{name}", told, labels=labels)
    for label, value in values.items():
        family.add_metric(label, value)
    return family


def _count(name: str, told: str, values: Labels, *labels: str) -> Family:
    family = CounterMetricFamily(f"figsync_{name}", told, labels=labels)
    for label, value in values.items():
        family.add_metric(label, value)
    return family
