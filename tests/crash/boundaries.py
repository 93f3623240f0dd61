"""Every boundary that a run of figsync passes, counted, and the death at one of them.

Boundaries are the primitives that change the disk, the changes of the state's files
with every commit among them, and the HTTP requests; each has a before and an after.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from requests import PreparedRequest

from figsync.disk import Calls
from figsync.state import Steps
from tests.forks import DEAD, Child, Say, forked
from tests.wire import Wire
from tests.world import World

# Ids and tokens say nothing to a reader.
_OPAQUE = re.compile(r"[0-9a-f]{12,}|\d{6,}")


@dataclass(slots=True)
class Boundaries:
    """What a run passes; where *is_fatal* says so of it, the process ends.

    No clean-up code runs then, only *say* is told what was reached.
    """

    is_fatal: Callable[[list[str]], bool]
    say: Say
    passed: list[str] = field(default_factory=list)

    def reach(self, what: str) -> None:
        self.passed.append(what)
        if self.is_fatal(self.passed):
            self.say(what)
            os._exit(DEAD)

    def guard(self, world: World) -> None:
        """Let all that *world* does from now on pass by here."""
        world.calls = _Calls(self, world.calls or Calls())
        world.steps = _Steps(self)
        world.adapters = {
            prefix: Wire(adapter, self._request("before"), self._request("after"))
            for prefix, adapter in world.adapters.items()
        }

    def _request(self, moment: str) -> Callable[[PreparedRequest], None]:
        def look(request: PreparedRequest) -> None:
            path = _OPAQUE.sub("*", request.path_url.partition("?")[0])
            self.reach(f"{moment} {request.method} {path}")

        return look


class _Calls(Calls):
    def __init__(self, boundaries: Boundaries, inner: Calls) -> None:
        self._boundaries = boundaries
        self._inner = inner

    def before(self, call: str, name: str) -> None:
        self._boundaries.reach(f"before {call}")
        self._inner.before(call, name)

    def after(self, call: str, name: str) -> None:
        del name
        self._boundaries.reach(f"after {call}")


class _Steps(Steps):
    def __init__(self, boundaries: Boundaries) -> None:
        self._boundaries = boundaries

    def before(self, step: str) -> None:
        self._boundaries.reach(f"before {step} of the state")

    def after(self, step: str) -> None:
        self._boundaries.reach(f"after {step} of the state")


def dies(world: World, what: str, *, time: int = 1) -> None:
    """Sync in a process of its own that dies when it reaches *what* for that time."""

    def is_fatal(passed: list[str]) -> bool:
        return passed[-1] == what and passed.count(what) == time

    def act(say: Say) -> None:
        Boundaries(is_fatal, say).guard(world)
        world.sync()

    # Connections must not be used on both sides of a fork.
    world.box.close()
    child = forked(act)
    assert child == Child(DEAD, what), child
