"""Cycles until one leaves nothing to do: what `figsync sync` runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace

from figsync.errors import FigshareProblem, FigsyncError, Interrupted, Refused
from figsync.lock import beat
from figsync.model import Action, Held, Outcome
from figsync.state import Conflict
from figsync.sync.engine import Cycle, Wish, check_figshare, sync_once
from figsync.sync.facts import store_end
from figsync.sync.hosts import keep_rests
from figsync.sync.left_out import NotUploadable
from figsync.sync.mirror import Mirror

MOST_CYCLES = 5


@dataclass(slots=True)
class Report:
    """What a sync did, over all its cycles, and what it leaves behind.

    *is_quiet* tells that the last cycle left nothing to do at once.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    held: tuple[Held, ...] = ()
    problems: dict[str, FigshareProblem] = field(default_factory=dict)
    not_uploadable: int = 0
    conflicts: int = 0
    unsettled: list[str] = field(default_factory=list)
    stranded: int = 0
    not_found: list[str] = field(default_factory=list)
    cycles: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    bytes_up: int = 0
    bytes_down: int = 0
    is_quiet: bool = True
    left_out: list[NotUploadable] = field(default_factory=list)
    copies: list[Conflict] = field(default_factory=list)

    def last(self) -> dict[tuple[str, ...], Outcome]:
        """Return how each kind of action on each path ended in the end."""
        return {_what(outcome.action): outcome for outcome in self.outcomes}

    def count(self, result: str) -> int:
        """Return how many actions ended this way in the end."""
        return sum(1 for outcome in self.last().values() if outcome.result == result)

    @property
    def needs_person(self) -> bool:
        held = any(held.needs_person for held in self.held)
        refused = any(_is_refused_write(o) for o in self.last().values())
        return held or refused or self.conflicts > 0

    @property
    def waiting(self) -> int:
        return sum(1 for held in self.held if held.until is not None)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether something failed and will be tried again."""
        failing = any(held.failing for held in self.held) or self.stranded > 0
        # An item that Figshare keeps to itself (403) is unknown, and stays so.
        unread = any(not isinstance(p, Refused) for p in self.problems.values())
        return failing or self.count("failed") > 0 or unread or not self.is_quiet

    @property
    def exit_code(self) -> int:
        """Return 2 for unknown names, 4 if a person is needed, 1 after failures."""
        if self.not_found:
            return 2
        if self.needs_person:
            return 4
        return 1 if self.is_unfinished else 0


def _what(action: Action) -> tuple[str, ...]:
    """Return kind and place of an action, whatever the bytes were at the time."""
    where = action.where
    return action.kind, where.item_id, where.folder, action.path


def _is_refused_write(outcome: Outcome) -> bool:
    reading = outcome.action.kind in ("Download", "KeepBoth")
    return outcome.result == "refused" and not reading


def sync_until_quiet(
    mirror: Mirror,
    wish: Wish,
    *,
    report: Report | None = None,
    patient: bool = True,
) -> Report:
    """Repeat the cycle until one leaves nothing to do, at most five times.

    Being *patient* it waits once, at most `settle`, for files dropped just before,
    unless it is to bring only what is not here.  What was done before an error ends
    it all is in the *report* that was given.
    """
    report = Report() if report is None else report
    problem: FigsyncError | None = None
    before = _measured(mirror)
    try:
        background = mirror.figshare.yielding() if wish.yields else nullcontext()
        with background:
            _cycles(mirror, wish, report, patient=patient)
    except FigsyncError as failure:
        problem = failure
        raise
    finally:
        _measure(mirror, report, before)
        if not mirror.dry_run:
            store_end(mirror, problem)
            # The problem itself is what has to be told.
            with suppress(FigsyncError):
                keep_rests(mirror)
    return report


def _cycles(mirror: Mirror, wish: Wish, report: Report, *, patient: bool) -> None:
    patient = patient and not (wish.bring_only or mirror.dry_run)
    mirror.fresh.clear()
    mirror.account = None
    for _ in range(1 if mirror.dry_run else MOST_CYCLES):
        cycle = sync_once(mirror, wish)
        wish = replace(wish, retry_now=False)
        _add(mirror, report, cycle)
        if mirror.dry_run:
            break
        beat(mirror.disk, mirror.clock)
        if cycle.survey.unsettled and patient:
            patient = False
            if mirror.clock.wait(mirror.config.schedule.settle):
                raise Interrupted("", "stopped while waiting for files to settle")
        elif not cycle.due_again(mirror.clock.now()):
            break
    if cycle.met_outage:
        check_figshare(mirror)


def _add(mirror: Mirror, report: Report, cycle: Cycle) -> None:
    report.cycles += 1
    report.outcomes += cycle.outcomes
    report.held = cycle.plan.held
    report.problems = cycle.view.problems
    report.left_out, report.copies = cycle.survey.not_uploadable, cycle.survey.conflicts
    report.not_uploadable = len(report.left_out)
    report.conflicts = len(report.copies)
    report.unsettled = cycle.survey.unsettled
    report.stranded = cycle.stranded
    report.not_found = cycle.not_found
    report.is_quiet = mirror.dry_run or not cycle.due_again(mirror.clock.now())


@dataclass(frozen=True, slots=True)
class _Measured:
    """What went over the wire since the mirror was opened."""

    requests: Counter[str]
    up: int
    down: int


def _measured(mirror: Mirror) -> _Measured:
    figshare = mirror.figshare
    requests = Counter(figshare.requests)
    return _Measured(requests, figshare.bytes_up, figshare.bytes_down)


def _measure(mirror: Mirror, report: Report, before: _Measured) -> None:
    """Put down what this sync sent and received: a mirror may be open for months."""
    now = _measured(mirror)
    report.requests = dict(now.requests - before.requests)
    report.bytes_up = now.up - before.up
    report.bytes_down = now.down - before.down
