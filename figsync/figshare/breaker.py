"""When a host that fails is left alone, and when it is tried again (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto

from figsync.errors import Resting

# So many different requests in a row have to fail, with no success in between: what
# fails for one file alone says nothing about the others.
FAILURES = 5
WAITS = (60.0, 300.0, 900.0, 3600.0, 4 * 3600.0)
# What never reached the host costs it nothing.
WAITS_UNREACHED = WAITS[:3]
# Without the API nothing is known or done; mostly this computer is offline, and what
# was saved meanwhile is to go up soon after it is back.
WAITS_OFFLINE = (15.0, 30.0, 60.0)
JITTER = 0.2
LONGEST_WAIT = WAITS[-1] * (1 + JITTER)


class Service(StrEnum):
    """What a host is asked for; one host may do several of these."""

    API = "api"
    UPLOADS = "uploads"
    DOWNLOADS = "downloads"  # the API's own download endpoint
    STORAGE = "storage"  # the downloader, and where redirects lead


_WORDS = {
    Service.API: "",
    Service.UPLOADS: "uploads to ",
    Service.DOWNLOADS: "downloads from ",
    Service.STORAGE: "downloads from ",
}


@dataclass(frozen=True, slots=True)
class Host:
    """A host in one of its services: what works or fails as one."""

    service: Service
    name: str


@dataclass(frozen=True, slots=True)
class Rest:
    """A host that is left alone until a time (POSIX seconds), after *rounds* trials.

    In the last *reached* of them it was there, and failed.
    """

    host: Host
    cause: str
    until: float
    rounds: int = 1
    reached: int = 0

    @property
    def subject(self) -> str:
        """What is left alone, in words."""
        return f"{_WORDS[self.host.service]}{self.host.name}"

    def problem(self) -> Resting:
        """Return what to raise instead of sending a request there."""
        at = datetime.fromtimestamp(self.until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        found = Resting(self.subject, self.cause, f"it is tried again at {at}")
        found.until = self.until
        return found


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got nothing from its host.

    *about* is what may fail alone, "" when the whole service is meant.
    """

    cause: str
    about: str = ""
    is_firewall: bool = False
    was_reached: bool = True
    is_api: bool = False

    @property
    def waits(self) -> tuple[float, ...]:
        """How long to leave the host alone, in seconds: longer each time."""
        if self.was_reached:
            return WAITS
        return WAITS_OFFLINE if self.is_api else WAITS_UNREACHED


class Admission(Enum):
    """What becomes of the next request."""

    GO = auto()
    TRIAL = auto()  # it goes, and what becomes of it decides
    WAIT = auto()  # a trial is on its way
    REST = auto()


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of one host; while *rounds* is 0 it works.

    In the last *reached* rounds it was there, and failed.
    *failing* are the different requests that failed in a row, *count* how many they
    are. When *until* (POSIX seconds) has come, or with *is_asked* at once, one request
    goes as a trial; when it *answers*, others go too, and the first of them to end
    decides.
    """

    count: int = 0
    failing: frozenset[str] = frozenset()
    rounds: int = 0
    reached: int = 0
    until: float = 0.0
    cause: str = ""
    is_tried: bool = False
    is_asked: bool = False
    answers: bool = False

    def admission(self, now: float) -> Admission:
        """Say what becomes of a request now."""
        if not self.rounds or self.answers:
            return Admission.GO
        if self.is_tried:
            return Admission.WAIT
        # A time beyond every wait is from a clock that was set back since.
        rests = now < self.until <= now + LONGEST_WAIT
        return Admission.REST if rests and not self.is_asked else Admission.TRIAL

    def tried(self) -> Circuit:
        """Return the circuit with a trial on its way."""
        return replace(self, is_tried=True, is_asked=False)

    def asked(self) -> Circuit:
        """Return the circuit with one trial allowed before its time."""
        return replace(self, is_asked=bool(self.rounds))

    def released(self) -> Circuit:
        """Return the circuit after a trial that told nothing."""
        return replace(self, is_tried=False)

    def answered(self, rounds: int) -> Circuit:
        """Return the circuit after an answer whose body is still to come.

        *rounds*, here and below, is what it was when the request began: one from
        before the host was left alone says nothing about how it is now.
        """
        if not self.rounds or rounds != self.rounds:
            return self
        return replace(self, is_tried=False, answers=True)

    def succeeded(self, rounds: int) -> Circuit:
        """Return the circuit after a request that went well."""
        return Circuit() if rounds == self.rounds else self

    def failed(
        self, failure: Failure, rounds: int, *, now: float, jitter: float
    ) -> Circuit:
        """Return the circuit after a failed request; *jitter* is in 0..1."""
        if rounds != self.rounds:
            return self
        if self.rounds and now < self.until:
            # A trial before its time makes nobody wait longer.
            return replace(self, is_tried=False, answers=False, cause=failure.cause)
        if self.rounds:
            return self._opened(failure, now, jitter)
        if failure.about in self.failing:
            return self
        names = self.failing | ({failure.about} if failure.about else set())
        counted = replace(self, count=self.count + 1, failing=names)
        at_once = failure.is_firewall and not failure.about
        if counted.count < FAILURES and not at_once:
            return counted
        return counted._opened(failure, now, jitter)

    def _opened(self, failure: Failure, now: float, jitter: float) -> Circuit:
        # However long the line was down, that says nothing about the host.
        before = self.reached if failure.was_reached else self.rounds
        wait = failure.waits[min(before, len(failure.waits) - 1)]
        return Circuit(
            rounds=self.rounds + 1,
            reached=self.reached + 1 if failure.was_reached else 0,
            until=now + wait * (1 + JITTER * jitter),
            cause=failure.cause,
        )
