"""Bytes that stay free on the disk: what would use them up is not downloaded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from figsync.errors import DiskProblem, Stale
from figsync.model import Action, DeleteFirst, Download, Held, KeepBoth, Plan
from figsync.naming import shown, size_text
from figsync.sync.left_out import NO_ROOM

LOOK_AGAIN = 300.0  # seconds; the next sync looks, however soon it comes


class Growing(Protocol):
    """A file on its way to the disk: *size* is what of it is there."""

    @property
    def size(self) -> int: ...


class Reserve:
    """What may still be written: free bytes less those kept and those on their way.

    Many threads may claim; together they never use what is kept. With *keep* 0 there
    is no limit.
    """

    def __init__(self, free: Callable[[], int], keep: int) -> None:
        self.keep = keep
        self._free = free
        self._lock = threading.Lock()
        self._claims: list[tuple[Growing, int]] = []

    def spare(self) -> int | None:
        """Return how many bytes may be written, None without limit; DiskProblem."""
        if not self.keep:
            return None
        with self._lock:
            return self._spare()

    @contextmanager
    def claimed(self, size: int, file: Growing, path: str) -> Iterator[None]:
        """Keep room for *file* until it is whole; Stale when there is none by now."""
        claim = file, size
        with self._lock:
            if self.keep and size > self._spare():
                raise Stale(shown(path), "the disk has filled up a moment ago")
            self._claims.append(claim)
        try:
            yield
        finally:
            with self._lock:
                self._claims.remove(claim)

    def shortage(self) -> str:
        """Return in words how little room there is."""
        free, keep = size_text(self._free()), size_text(self.keep)
        return f"the disk has {free} free, and disk_reserve keeps {keep} of it"

    def _spare(self) -> int:
        # First what is on its way: what is written in between counts twice, not never.
        coming = sum(max(0, size - file.size) for file, size in self._claims)
        return self._free() - self.keep - coming


def within(reserve: Reserve, plan: Plan, now: float) -> Plan:
    """Return *plan* with every download held that there is no room for."""
    try:
        spare = reserve.spare()
    except DiskProblem:
        # A root that is not there yet: the first sync makes it.
        return plan
    if spare is None or _needed(plan) <= spare:
        return plan
    reason, until = f"{NO_ROOM}: {reserve.shortage()}", now + LOOK_AGAIN
    todo, held = [], list(plan.held)
    for action in plan.actions:
        size = _comes(action)
        if size > max(0, spare):
            held.append(Held(action, reason, until, failing=True))
        else:
            spare -= size
            todo.append(action)
    return Plan(tuple(todo), tuple(held))


def _needed(plan: Plan) -> int:
    return sum(_comes(action) for action in plan.actions)


def _comes(action: Action) -> int:
    """Return how many bytes an action brings to this disk."""
    match action:
        case Download() | KeepBoth():
            return action.size
        case DeleteFirst() if action.replaces is not None:
            return action.replaces.size
        case _:
            return 0
