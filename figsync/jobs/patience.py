"""When to try again after a cycle that failed as a whole (pure).

Hosts that fail are left alone by the breaker of `figshare/`, with waits that grow and
outlive the process: while the API rests, this module waits just until then, and adds
nothing.  Only what the breaker does not count, such as a refused token or a failing
disk, is waited for here.  Without a network the breaker rests for a minute at most,
because a connection that never comes about costs Figshare nothing: so soon all that
waits goes up once the network is back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from figsync.errors import (
    DiskProblem,
    FigshareProblem,
    FigsyncError,
    NeedsPerson,
    Resting,
    TokenRefused,
    TooMany,
)

MINUTE = 60.0
# The first that fits: how long to wait, longer each time.
WAITS: Mapping[type[FigsyncError], tuple[float, ...]] = {
    TokenRefused: (5 * MINUTE, 15 * MINUTE, 60 * MINUTE),
    FigshareProblem: (30.0, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE),
    # A disk that is plugged in again is to be found soon, and looking costs little.
    NeedsPerson: (MINUTE, 2 * MINUTE, 5 * MINUTE),
    DiskProblem: (MINUTE, 5 * MINUTE, 15 * MINUTE),
    FigsyncError: (MINUTE, 5 * MINUTE, 15 * MINUTE),
}
LEAST = 1.0
TOLD_AGAIN = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Patience:
    """What became of the last cycles; a new one after each that came to its end.

    *pause* is how many seconds to wait before the next; *is_news* tells whether the
    problem is worth a line in the log: a new one is, and each hour an old one.
    """

    failures: int = 0
    pause: float = 0.0
    is_news: bool = False
    cause: str = ""
    since: float = 0.0
    told_at: float = 0.0
    kind: type[FigsyncError] = FigsyncError

    @property
    def is_refused(self) -> bool:
        """Whether Figshare does not accept the token: only another one helps."""
        return self.failures > 0 and self.kind is TokenRefused

    @property
    def is_for_person(self) -> bool:
        """Whether the folder or the account was not the one that is mirrored."""
        return self.failures > 0 and self.kind is NeedsPerson

    def after(
        self, problem: FigsyncError, now: float, *, rest: float = 0.0
    ) -> Patience:
        """Return the patience after one more cycle that *problem* ended.

        *now* is monotonic; *rest* is how many seconds the API is left alone still.
        """
        kind = next(kind for kind in WAITS if isinstance(problem, kind))
        is_same = self.failures > 0 and self.kind is kind
        is_rest = isinstance(problem, Resting)
        # What was not asked can not have failed again.
        failures = (self.failures if is_same else 0) + (not is_rest)
        is_news = self._is_news(problem, now)
        return Patience(
            failures=max(1, failures),
            pause=_pause(problem, WAITS[kind], failures, rest),
            is_news=is_news,
            cause=problem.cause,
            since=self.since if self.failures else now,
            told_at=now if is_news else self.told_at,
            kind=kind,
        )

    def _is_news(self, problem: FigsyncError, now: float) -> bool:
        quiet = now - self.told_at
        if not self.failures or quiet >= TOLD_AGAIN:
            return True
        # That a host is left alone says no more than why it is.
        is_other = problem.cause != self.cause and not isinstance(problem, Resting)
        return is_other and quiet >= MINUTE


def _pause(
    problem: FigsyncError, waits: tuple[float, ...], failures: int, rest: float
) -> float:
    if rest > 0 or isinstance(problem, Resting):
        return max(LEAST, rest)
    asked = problem.retry_after if isinstance(problem, TooMany) else 0.0
    return max(asked, waits[min(failures, len(waits)) - 1])
