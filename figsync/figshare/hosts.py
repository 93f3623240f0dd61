"""Which hosts are left alone now, for all threads together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from figsync.clock import Clock
from figsync.errors import (
    Blocked,
    FigshareProblem,
    Interrupted,
    NotFound,
    Refused,
    TokenRefused,
    Unreachable,
)
from figsync.figshare.answers import LinkExpired
from figsync.figshare.breaker import (
    Admission,
    Circuit,
    Failure,
    Host,
    Rest,
    Service,
)

LOOK_SECONDS = 0.2  # how often who waits for a trial looks whether to stop
WORKS = Circuit()
# The service itself said so: it works.
SPOKEN = (NotFound, Refused, TokenRefused)


@dataclass(slots=True)
class Turn:
    """One request on its way.

    With *body_follows* its answer is only begun, with *leads_on* it is a redirect.
    """

    host: Host
    about: str
    rounds: int = 0
    is_trial: bool = False
    body_follows: bool = False
    leads_on: bool = False


class Hosts:
    """A breaker for each host: many threads ask it, and tell how it went."""

    def __init__(self, clock: Clock, random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._changed = threading.Condition()
        self._circuits: dict[Host, Circuit] = {}
        self._useful: set[Host] = set()

    @contextmanager
    def asking(self, host: Host, about: str) -> Iterator[Turn]:
        """Learn from one request; Resting, with nothing sent, while the host rests.

        While a trial is on its way, others wait for what becomes of it.
        """
        turn = self._enter(host, about)
        with self.judged(turn):
            yield turn

    @contextmanager
    def judged(self, turn: Turn) -> Iterator[None]:
        """Learn from how a request ends; what is not about the host tells nothing."""
        try:
            yield
        except FigshareProblem as problem:
            self._failed(turn, problem)
            raise
        except BaseException:
            self._change(turn.host, partial(_released, turn))
            raise
        if turn.body_follows:
            self._change(turn.host, lambda circuit: circuit.answered(turn.rounds))
            return
        self._change(turn.host, lambda circuit: circuit.succeeded(turn.rounds))
        if not turn.leads_on:
            self._useful.add(turn.host)

    def rests(self) -> tuple[Rest, ...]:
        """Return the hosts that are left alone or on trial, to outlive the process."""
        with self._changed:
            circuits = sorted(
                self._circuits.items(), key=lambda pair: (pair[0].service, pair[0].name)
            )
        return tuple(_rest(host, c) for host, c in circuits if c.rounds)

    def restore(self, rests: Iterable[Rest]) -> None:
        """Take up what `rests` returned in an earlier process."""
        with self._changed:
            for rest in rests:
                self._circuits[rest.host] = Circuit(
                    rounds=rest.rounds,
                    reached=rest.reached,
                    until=rest.until,
                    cause=rest.cause,
                )

    def try_now(self) -> None:
        """Let one request go to each host that is left alone, before its time."""
        with self._changed:
            for host, circuit in self._circuits.items():
                self._circuits[host] = circuit.asked()

    def resting(self, service: Service) -> Rest | None:
        """Return why nothing of a service can be had now, None if something may.

        Files may be in several storages: one of them may work, while another rests.
        """
        now = self._clock.now()
        with self._changed:
            own = [(h, c) for h, c in self._circuits.items() if h.service is service]
            useful = set(self._useful)
        rests: list[Rest] = []
        for host, circuit in own:
            if circuit.admission(now) is Admission.REST:
                rests.append(_rest(host, circuit))
            elif circuit.rounds or host in useful:
                return None
        return min(rests, key=lambda rest: rest.until, default=None)

    def _enter(self, host: Host, about: str) -> Turn:
        with self._changed:
            while True:
                circuit = self._of(host)
                match circuit.admission(self._clock.now()):
                    case Admission.GO:
                        return Turn(host, about, circuit.rounds)
                    case Admission.TRIAL:
                        self._circuits[host] = circuit.tried()
                        return Turn(host, about, circuit.rounds, is_trial=True)
                    case Admission.REST:
                        raise _rest(host, circuit).problem()
                    case Admission.WAIT:
                        self._await_trial()

    def _await_trial(self) -> None:
        self._changed.wait(LOOK_SECONDS)
        if self._clock.wait(0):
            raise Interrupted("", "stopped on request")

    def _failed(self, turn: Turn, problem: FigshareProblem) -> None:
        found = failure(problem, turn.host.service, turn.about)
        if found is not None:
            now, jitter = self._clock.now(), self._random()
            self._change(
                turn.host,
                lambda circuit: circuit.failed(
                    found, turn.rounds, now=now, jitter=jitter
                ),
            )
        elif isinstance(problem, SPOKEN) and problem.status:
            self._change(turn.host, lambda circuit: circuit.succeeded(turn.rounds))
        else:
            self._change(turn.host, partial(_released, turn))

    def _of(self, host: Host) -> Circuit:
        return self._circuits.get(host, WORKS)

    def _change(self, host: Host, change: Callable[[Circuit], Circuit]) -> None:
        with self._changed:
            self._circuits[host] = change(self._of(host))
            self._changed.notify_all()


def _released(turn: Turn, circuit: Circuit) -> Circuit:
    mine = turn.is_trial and turn.rounds == circuit.rounds
    return circuit.released() if mine else circuit


def _rest(host: Host, circuit: Circuit) -> Rest:
    return Rest(host, circuit.cause, circuit.until, circuit.rounds, circuit.reached)


def failure(problem: FigshareProblem, service: Service, about: str) -> Failure | None:
    """Return what *problem* says against its host, None when it says nothing."""
    if isinstance(problem, LinkExpired):
        return None
    if isinstance(problem, Blocked):
        cause = "a firewall or a web page answers in Figshare's place"
        return Failure(cause, about, is_firewall=True)
    if not isinstance(problem, Unreachable):
        return None
    if problem.status:
        return Failure(f"Figshare has a problem of its own ({problem.status})", about)
    cause = problem.cause.partition(": ")[2] or problem.cause
    is_api = service is Service.API
    return Failure(cause, about, was_reached=problem.was_reached, is_api=is_api)
