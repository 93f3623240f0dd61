"""Where those who ask a daemon are served: what each wants, and what they are told.

The loop takes an Ask to the desk, runs the cycle that the desk returns for it, and
brings back how it went:

    errand = desk.take(ask, mirror)             # None: it is answered
    errand = desk.next(clock.monotonic())       # of those who still wait
    problem = run(errand.wish, report)
    desk.ended(errand, mirror, report, problem)

`hear` is for the thread that receives the asks, `decline` for an ask that comes while
no mirror is open, `lost` for when it has to be closed in the midst of an errand;
`seconds` says when `next` will have something, and `close` ends them all.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from figsync.daemon.answers import Broadcast
from figsync.daemon.inbox import Ask, Told
from figsync.errors import (
    FigsyncError,
    Interrupted,
    NeedsPerson,
    TokenRefused,
    WrongUsage,
)
from figsync.naming import shown
from figsync.sync.activity import begin_pause, end_pause, read_pause
from figsync.sync.engine import Wish
from figsync.sync.leftover import left_out, pending_after, pending_in, waited
from figsync.sync.loop import Report
from figsync.sync.mirror import Mirror
from figsync.sync.pending import Pending, Why

Render = Callable[[Report, FigsyncError | None], Told]

# What failed, or can not be reached, is looked at again so often for who waits.
PATIENCE = 60.0
LEAST_WAIT = 1.0
# What ends a cycle and passes only by what a person does is not waited for.
FOR_PERSON = (NeedsPerson, TokenRefused)
PAUSED = "figsync is paused; `figsync resume` lets it go on"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    """A cycle that somebody waits for; a pause does not put it off.

    Being *patient* it waits once for files that were dropped just before.
    """

    ask: Ask
    wish: Wish
    patient: bool = True


class Desk:
    """Serves those who ask; the loop's thread alone calls it, `hear` aside.

    *render* makes the answer to `sync` of a report and of what ended it too early.
    """

    def __init__(self, broadcast: Broadcast, render: Render) -> None:
        self._broadcast = broadcast
        self._render = render
        self._later: list[tuple[float, Errand]] = []
        self._now: Errand | None = None

    def hear(self, ask: Ask) -> None:
        """Let who asks see at once what goes on already; for any thread."""
        if ask.verb in ("sync", "wait"):
            self._broadcast.join(ask.tell)

    def take(self, ask: Ask, mirror: Mirror) -> Errand | None:
        """Do what can be done at once; return the cycle to run for it, if it needs one.

        What goes wrong with it is told to who asked.
        """
        try:
            self._now = self._taken(ask, mirror)
        except FigsyncError as problem:
            self.decline(ask, problem)
            return None
        return self._now

    def _taken(self, ask: Ask, mirror: Mirror) -> Errand | None:
        self.hear(ask)
        match ask.verb:
            case "sync":
                return Errand(ask, _sync_wish(ask.words))
            case "wait" if not _is_paused(mirror):
                return Errand(ask, Wish())
            case "wait":
                self._answer(ask, _waited_in_vain(mirror))
            case "look":
                return self._look(ask, mirror)
            case "pause":
                self._answer(ask, self._pause(ask, mirror))
            case "resume":
                self._answer(ask, {"was_paused": _resumed(mirror)})
            case _:
                raise WrongUsage("", f"this figsync can not {shown(ask.verb)}")
        return None

    def decline(self, ask: Ask, problem: FigsyncError) -> None:
        """Tell somebody why nothing can be done for him now."""
        told = {"error": str(problem), "code": problem.exit_code}
        self._answer(ask, told)

    def ended(
        self,
        errand: Errand,
        mirror: Mirror,
        report: Report,
        problem: FigsyncError | None,
    ) -> None:
        """Answer with how a cycle went, or plan the next one for who waits."""
        if errand.ask.verb == "sync":
            self._answer(errand.ask, self._render(report, problem))
        elif errand.ask.verb == "wait":
            self._go_on_waiting(errand, mirror, report, problem)
        # Only now: where the state can not be read any more `lost` has to answer.
        self._now = None

    def lost(self, problem: FigsyncError) -> None:
        """Tell who asked for the cycle of this moment why it can not go on."""
        if self._now is not None:
            self.decline(self._now.ask, problem)
            self._now = None

    def next(self, now: float) -> Errand | None:
        """Return a cycle that is due for who waits (monotonic time), None if none is.

        Who has gone is forgotten.
        """
        for due in sorted(self._later, key=lambda due: due[0]):
            at, errand = due
            if errand.ask.is_gone():
                self._later.remove(due)
                self._broadcast.leave(errand.ask.tell)
            elif at <= now:
                self._later.remove(due)
                self._now = errand
                return errand
        return None

    def seconds(self, now: float) -> float | None:
        """Return how long no cycle will be due, None if none waits."""
        due = [at for at, _ in self._later]
        return max(0.0, min(due) - now) if due else None

    def close(self, problem: FigsyncError) -> None:
        """Tell everybody who still waits why there is no answer."""
        self.lost(problem)
        for _, errand in self._later:
            self.decline(errand.ask, problem)
        self._later.clear()

    def _answer(self, ask: Ask, told: Told) -> None:
        self._broadcast.leave(ask.tell)
        ask.tell({**told, "end": True})

    def _look(self, ask: Ask, mirror: Mirror) -> Errand | None:
        """Answer at once; what was left in the state is the first thing a cycle does.

        While paused there is no cycle: then the wishes wait with everything else.
        """
        paused = _is_paused(mirror)
        self._answer(ask, {"paused": paused})
        return None if paused else Errand(ask, Wish(stirred=frozenset()), False)

    def _pause(self, ask: Ask, mirror: Mirror) -> Told:
        """Begin a pause; who waits for all to be proven need not wait for its end."""
        until = begin_pause(mirror.state, ask.words, mirror.clock.now())
        log.info("Paused")
        for _, errand in self._later:
            self._answer(errand.ask, _waited_in_vain(mirror))
        self._later.clear()
        return {"until": until}

    def _go_on_waiting(
        self,
        errand: Errand,
        mirror: Mirror,
        report: Report,
        problem: FigsyncError | None,
    ) -> None:
        """Answer if nothing is left, or nothing that passes; else plan another look."""
        now = mirror.clock.monotonic()
        if isinstance(problem, Interrupted):
            # Something more urgent is done first.
            self._later.append((now, errand))
            return
        left = pending_after(mirror, report, problem)
        told = waited(left, left_out(report))
        if any(one.passes for one in left) and not isinstance(problem, FOR_PERSON):
            errand.ask.tell(told)
            self._later.append((now + _seconds_to(left, mirror), errand))
        else:
            self._answer(errand.ask, told)


def _is_paused(mirror: Mirror) -> bool:
    return read_pause(mirror.state, mirror.clock.now()) is not None


def _resumed(mirror: Mirror) -> bool:
    was_paused = end_pause(mirror.state, mirror.clock.now())
    if was_paused:
        log.info("Resumed")
    return was_paused


def _waited_in_vain(mirror: Mirror) -> Told:
    """Return what is told to who waits while nothing is synced."""
    left = pending_in(mirror.state, mirror.disk, PAUSED)
    return waited(left, {}) | {"paused": True}


def _seconds_to(left: list[Pending], mirror: Mirror) -> float:
    """Return how long to wait until looking again may find less *left*."""
    wall, settle = mirror.clock.now(), mirror.config.schedule.settle
    waits = [PATIENCE]
    for one in left:
        if one.why is Why.UNSETTLED:
            waits.append(settle)
        elif one.until is not None and one.until > wall:
            waits.append(one.until - wall)
    return max(LEAST_WAIT, min(waits))


def _sync_wish(words: Mapping[str, str]) -> Wish:
    try:
        only = json.loads(words.get("only") or "[]")
    except (ValueError, RecursionError):
        only = None
    if not isinstance(only, list) or not all(isinstance(name, str) for name in only):
        raise WrongUsage("", "`only` is no list of folders")
    is_scheduled = bool(words.get("scheduled"))
    return Wish(frozenset(only), retry_now=not is_scheduled, yields=is_scheduled)
