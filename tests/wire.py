"""Something that happens between this computer and Figshare, at a chosen request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from tests.world import World

Look = Callable[[PreparedRequest], object]


class Killed(BaseException):
    """The process ends here, as if by kill -9."""


def nothing(request: PreparedRequest) -> None:
    """Let a request pass."""
    del request


class Wire(BaseAdapter):
    """Carries requests on, looking at each before and after it had its effect."""

    def __init__(self, inner: BaseAdapter, before: Look, after: Look) -> None:
        super().__init__()
        self._inner = inner
        self._before = before
        self._after = after

    def send(self, request: PreparedRequest, *args: Any, **more: Any) -> Response:
        self._before(request)
        response = self._inner.send(request, *args, **more)
        try:
            self._after(request)
        except BaseException:
            response.close()
            raise
        return response

    def close(self) -> None:
        self._inner.close()


@contextmanager
def wired(
    world: World, *, before: Look = nothing, after: Look = nothing
) -> Iterator[None]:
    """Let every request of this world pass by *before* and *after*."""
    plain = world.adapters
    world.adapters = {
        prefix: Wire(adapter, before, after) for prefix, adapter in plain.items()
    }
    try:
        yield
    finally:
        world.adapters = plain


class KillAt:
    """Ends the process at the request of this number, counted from 1."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __call__(self, request: PreparedRequest) -> None:
        del request
        self.left -= 1
        if self.left == 0:
            raise Killed


def dies_at(world: World, number: int, moment: str) -> bool:
    """Sync, and tell whether it got as far as the request of this *number*.

    The process then ends *moment* (`before` or `after`) that request has its effect.
    """
    kill = KillAt(number)
    try:
        with wired(world, **{moment: kill}):
            world.sync()
    except Killed:
        return True
    return False
