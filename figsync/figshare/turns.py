"""Waiting for one's turn: no request goes before its host's budget allows it."""

from __future__ import annotations

from figsync.clock import Clock
from figsync.errors import Interrupted, TooMany
from figsync.figshare.ask import Ask
from figsync.figshare.budget import Budget

PATIENCE = 120.0  # seconds; a longer silence is reported instead of waited for


def await_turn(ask: Ask, budget: Budget, clock: Clock, *, yields: bool) -> None:
    """Wait until *ask* may go; who *yields* waits for what others wait for.

    Interrupted as soon as somebody asks to stop, TooMany where the host wants to be
    left alone for longer than anybody has patience.
    """
    while not _has_turn(ask, budget, clock, yields=yields):
        continue


def _has_turn(ask: Ask, budget: Budget, clock: Clock, *, yields: bool) -> bool:
    """Take a turn and wait for it; False if it is to be asked for again."""
    turn = budget.turn(ask.host, yields=yields)
    if not turn.is_taken:
        if turn.pause > PATIENCE and turn.pace.is_silent(clock.monotonic()):
            raise _still_silent(ask, turn.pause)
        _wait(clock, min(turn.pause, PATIENCE))
        return False
    try:
        _wait(clock, turn.pause)
    except Interrupted:
        budget.give_back(ask.host)
        raise
    # The host may have asked somebody else for silence in the meantime.
    if turn.pause > 0 and budget.is_silent(ask.host):
        budget.give_back(ask.host)
        return False
    return True


def _wait(clock: Clock, seconds: float) -> None:
    if seconds > 0 and clock.wait(seconds):
        raise Interrupted("", "stopped on request")


def _still_silent(ask: Ask, seconds: float) -> TooMany:
    cause = f"Figshare asked for {seconds:.0f} s without requests"
    found = TooMany(ask.subject, cause, "sync again after that")
    found.retry_after = seconds
    return found
