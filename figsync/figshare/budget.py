"""The budgets of all hosts: shared by threads, and by processes through a ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import msgspec

from figsync.clock import Clock
from figsync.figshare.pacing import Latency, Pace, Turn, full_pace

AFTER_REFUSAL = 0.5
AFTER_DELAY = 0.7

Step = Callable[[Pace], Pace]


class Ledger(Protocol):
    """Where budgets outlive a process, and are shared with others.

    In one that is *read_only* nothing is counted.
    """

    @property
    def read_only(self) -> bool: ...

    def read(self) -> bytes | None:
        """Return what is written, b"" if nothing is, None if it has no place."""
        ...

    def change(self, change: Callable[[bytes], bytes]) -> bool:
        """Replace what is written, nobody else in between; tell whether it was."""
        ...


class _Line(msgspec.Struct, array_like=True):
    """What changes of the pace of one host."""

    level: float
    at: float
    share: float
    cut_at: float
    silent_until: float


class _Page(msgspec.Struct):
    """A whole ledger; its times count within one *boot* of the machine."""

    boot: str = ""
    hosts: dict[str, _Line] = {}


class Budget:
    """Gives each request its turn, host by host.

    The host *paced* has a rate and a burst; any other is limited only as long as it
    is in trouble.  What is taken is in the ledger before a request goes: a process
    that is killed leaves nothing out.
    """

    def __init__(self, clock: Clock, paced: str, *, rate: float, burst: float) -> None:
        self._clock = clock
        self._paced = paced
        self._rate = rate
        self._burst = burst
        self._lock = threading.Lock()
        self._paces: dict[str, Pace] = {}
        self._latency = Latency()
        self._ledger: Ledger | None = None
        self._boot = ""

    def keep(self, ledger: Ledger, boot: str) -> None:
        """Go on with what a ledger says, and write there; *boot* tells boots apart."""
        with self._lock:
            self._ledger, self._boot = ledger, boot
            content = ledger.read()
            known = {} if content is None else self._read(content)
            if content is None:
                # Nobody knows what others, or the process before, have just sent.
                known = {self._paced: self._empty()}
            if ledger.read_only:
                known[self._paced] = self._spare(known.get(self._paced))
            self._paces = known

    def turn(self, host: str, *, yields: bool) -> Turn:
        """Take a turn, or tell how long to wait before asking again.

        Who *yields* leaves some of the budget to others; see `Pace.turn`.
        """
        found: list[Turn] = []

        def step(pace: Pace) -> Pace:
            found.append(pace.turn(self._clock.monotonic(), yields=yields))
            return found[-1].pace

        self._change(host, step, is_kept=self._is_limited(host))
        return found[-1]

    def is_silent(self, host: str) -> bool:
        """Tell whether a host is to get nothing now, whoever was told so."""
        told = self.pace(host).silent_until
        with self._lock:
            own = self._paces[host].silent_until if host in self._paces else 0.0
        return self._clock.monotonic() < max(told, own)

    def give_back(self, host: str) -> None:
        """Undo a turn whose request was not sent."""
        self._change(host, Pace.given_back, is_kept=self._is_limited(host))

    def hush(self, host: str, seconds: float) -> None:
        """Let nothing go to a host for so long, and less after that."""
        now = self._clock.monotonic()
        self._change(
            host, lambda pace: pace.hushed(now, seconds).cut(now, AFTER_REFUSAL)
        )

    def refused(self, host: str) -> None:
        """Ask a host for less, which a firewall has begun to shield."""
        now = self._clock.monotonic()
        self._change(host, lambda pace: pace.cut(now, AFTER_REFUSAL))

    def answered(self, host: str, seconds: float) -> None:
        """Note how long an answer took; ask for less where that is growing."""
        if host != self._paced:
            return
        with self._lock:
            self._latency = self._latency.after(seconds)
            is_growing = self._latency.is_growing
        if is_growing and self._is_paced(host):
            now = self._clock.monotonic()
            self._change(host, lambda pace: pace.cut(now, AFTER_DELAY))

    @property
    def latency(self) -> float:
        """How many seconds an answer of the paced host usually takes; 0 if unknown."""
        with self._lock:
            return self._latency.usual

    def pace(self, host: str) -> Pace:
        """Return how a host may be asked now."""
        return self.paces().get(host) or self._new(host)

    def paces(self) -> dict[str, Pace]:
        """Return how the hosts that were counted may be asked now, the paced one first.

        What other processes spent meanwhile is in it.
        """
        now = self._clock.monotonic()
        with self._lock:
            shared = self._ledger and not self._ledger.read_only
            content = self._ledger.read() if self._ledger and shared else None
            known = self._paces if content is None else self._read(content)
            known = {self._paced: self._new(self._paced)} | known
        return {host: pace.refilled(now) for host, pace in known.items()}

    def _is_paced(self, host: str) -> bool:
        return host == self._paced and self._rate > 0

    def _is_limited(self, host: str) -> bool:
        """Tell whether anything has to be counted of a host now."""
        if self._is_paced(host):
            return True
        now = self._clock.monotonic()
        with self._lock:
            own = self._paces.get(host)
        return own is not None and (own.rate_at(now) > 0 or own.silent_until > now)

    def _change(self, host: str, step: Step, *, is_kept: bool = True) -> None:
        """Take a step of a host's pace; one that is not *kept* costs no file access."""

        def rewritten(content: bytes) -> bytes:
            paces = self._read(content)
            paces[host] = step(paces.get(host, self._new(host)))
            self._paces = paces
            return self._written(paces)

        with self._lock:
            if is_kept and self._ledger and self._ledger.change(rewritten):
                return
            self._paces[host] = step(self._paces.get(host, self._new(host)))

    def _new(self, host: str) -> Pace:
        now = self._clock.monotonic()
        if self._is_paced(host):
            return full_pace(self._rate, self._burst, now)
        return full_pace(0.0, self._burst if host == self._paced else 1.0, now)

    def _empty(self) -> Pace:
        return replace(self._new(self._paced), level=0.0)

    def _spare(self, pace: Pace | None) -> Pace:
        """Return a pace that takes only what would flow over a full bucket.

        What is counted nowhere must take nothing from those who count.
        """
        now = self._clock.monotonic()
        full = (pace or self._new(self._paced)).refilled(now)
        return replace(full, level=min(0.0, full.level - full.burst), burst=1.0)

    def _read(self, content: bytes) -> dict[str, Pace]:
        """Return the paces that a ledger tells; one that is damaged allows nothing."""
        if not content.strip():
            return {}
        try:
            page = msgspec.json.decode(content, type=_Page)
        except msgspec.MsgspecError:
            return {self._paced: self._empty()}
        now = self._clock.monotonic()
        line = page.hosts.get(self._paced)
        is_before = line is not None and line.at > now
        is_other = page.boot and self._boot and page.boot != self._boot
        if is_before or is_other:
            # At the instant of the boot there was nothing left, as far as is known.
            return {self._paced: replace(self._empty(), at=0.0)}
        return {host: self._pace(host, line) for host, line in page.hosts.items()}

    def _pace(self, host: str, line: _Line) -> Pace:
        fresh = self._new(host)
        return replace(
            fresh,
            level=min(fresh.burst, line.level),
            at=line.at,
            share=line.share,
            cut_at=line.cut_at,
            silent_until=line.silent_until,
        )

    def _written(self, paces: dict[str, Pace]) -> bytes:
        lines = {
            host: _Line(p.level, p.at, p.share, p.cut_at, p.silent_until)
            for host, p in paces.items()
        }
        return msgspec.json.encode(_Page(self._boot, lines))
