"""When what is done regularly is due, whatever becomes of the clock meanwhile."""

from __future__ import annotations

import logging
import random as chance
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from figsync.clock import Clock

log = logging.getLogger(__name__)
# It tells of every job that it adds or runs.
logging.getLogger("apscheduler").setLevel(logging.WARNING)

JITTER = 0.1  # up to this share earlier than configured, never later
JUMP_SECONDS = 10.0
LATE_SECONDS = 1.0
# What was missed while nothing ran is not made up for in the rush of the start.
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class JumpWatch:
    """Both clocks at one moment: told later readings, it sees that one was set.

    The monotonic clock has to go on while the machine sleeps, as `SystemClock`'s
    does: then a sleep is no jump.
    """

    wall: float
    monotonic: float

    def jump(self, wall: float, monotonic: float) -> float:
        """Return by how many seconds the wall clock was set since, 0 if it was not."""
        ahead = (wall - self.wall) - (monotonic - self.monotonic)
        return ahead if abs(ahead) > JUMP_SECONDS else 0.0


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """So many seconds after the last time, a little earlier by chance.

    It counts from now, not from the time that was missed: once is enough, however
    far the clock was set forward.
    """

    def __init__(self, seconds: float, random: Callable[[], float]) -> None:
        self.seconds = seconds
        self._random = random

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """Return the next time; APScheduler asks with the time it has now."""
        del previous
        return now + timedelta(seconds=self.seconds * (1 - JITTER * self._random()))


class Schedule:
    """Posts each name when it is due; nothing wakes up in between.

    *every* gives the seconds for each name, *last* when a name was due before this
    process (POSIX seconds).  `look` has to be called now and then, such as when the
    loop wakes: it notices that the clock was set or the machine slept.
    """

    def __init__(
        self,
        post: Callable[[str], None],
        every: Mapping[str, float],
        clock: Clock,
        *,
        last: Mapping[str, float] | None = None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._post = post
        self._every = dict(every)
        self._clock = clock
        self._random = random
        self._watch = JumpWatch(clock.now(), clock.monotonic())
        self._counted = {name: self._since(name, last or {}) for name in every}
        # Posting takes no time: it is done where it falls due, without more threads.
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": DebugExecutor()},
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": None,
            },
        )

    def start(self) -> None:
        """Begin to post; what was due before this process, within two minutes."""
        for name, seconds in self._every.items():
            quiet = min(seconds, START_SECONDS * (1 + self._random()))
            self._add(name, max(quiet, self._left(name)))
        self._scheduler.start()

    def stop(self) -> None:
        """Post nothing any more; the thread has ended when this returns."""
        if self._scheduler.running:
            self._scheduler.shutdown()

    def again(self) -> None:
        """Count anew, by the time that really passed; what is overdue is due now."""
        self._watch = JumpWatch(self._clock.now(), self._clock.monotonic())
        for name in self._every:
            self._set(name, self._left(name))

    def look(self) -> None:
        """Notice a clock that was set, and what fell due while the machine slept."""
        now = self._clock.now()
        if jump := self._watch.jump(now, self._clock.monotonic()):
            log.info("The clock was set by %+.0f s; the schedule counts anew", jump)
            self.again()
            return
        for name in self._every:
            # The time that APScheduler waits stands still while the machine sleeps.
            if self._is_late(name, now):
                self._set(name, 0.0)

    def soon(self, name: str, seconds: float) -> None:
        """Let a name be due again after so many seconds, whenever it was meant to."""
        self._set(name, seconds)

    def change(self, every: Mapping[str, float]) -> None:
        """Go on with other intervals; what they make overdue is due now."""
        before, self._every = self._every, dict(every)
        for name in before.keys() - every.keys():
            self._scheduler.remove_job(name)
        for name, seconds in every.items():
            if name not in before:
                self._counted[name] = self._clock.monotonic()
                self._add(name, self._left(name))
            elif before[name] != seconds:
                self._set(name, self._left(name), trigger=self._trigger(name))

    def next_at(self, name: str) -> float | None:
        """Return when a name is due next (POSIX seconds), None for an unknown one."""
        at = self._next_run(name)
        return None if at is None else max(at, self._clock.now())

    def _next_run(self, name: str) -> float | None:
        job = self._scheduler.get_job(name)
        at: datetime | None = getattr(job, "next_run_time", None)
        return None if at is None else at.timestamp()

    def _due(self, name: str) -> None:
        self._counted[name] = self._clock.monotonic()
        self._post(name)

    def _since(self, name: str, last: Mapping[str, float]) -> float:
        """Return the monotonic time that the interval of a name counts from."""
        passed = self._clock.now() - last.get(name, self._clock.now())
        # A time in the future is from a clock that was set back since.
        return self._clock.monotonic() - max(0.0, passed)

    def _left(self, name: str) -> float:
        passed = self._clock.monotonic() - self._counted[name]
        return max(0.0, self._every[name] * (1 - JITTER * self._random()) - passed)

    def _is_late(self, name: str, now: float) -> bool:
        at = self._next_run(name)
        return at is not None and at < now - LATE_SECONDS

    def _trigger(self, name: str) -> Every:
        return Every(self._every[name], self._random)

    def _at(self, seconds: float) -> datetime:
        # What was over long ago is due, whatever the clock is set to by then.
        at = self._clock.now() + seconds if seconds > 0 else 0.0
        return datetime.fromtimestamp(at, UTC)

    def _add(self, name: str, seconds: float) -> None:
        at, trigger = self._at(seconds), self._trigger(name)
        self._scheduler.add_job(self._due, trigger, [name], id=name, next_run_time=at)

    # Any: what APScheduler can change of a job.
    def _set(self, name: str, seconds: float, **more: Any) -> None:  # Any: see above
        at = self._at(seconds)
        self._scheduler.modify_job(name, next_run_time=at, **more)
