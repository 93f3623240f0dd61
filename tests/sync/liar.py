"""A connection that changes what comes through it: short lists, bad answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from tests.world import World

Change = Callable[[Response], None]


class Between(BaseAdapter):
    """Hands on requests; *change* is given the replies to GETs whose address fits.

    It does so as often as *lies* says, for ever when that is negative.
    """

    def __init__(
        self, honest: BaseAdapter, address: str, change: Change, lies: int
    ) -> None:
        super().__init__()
        self.honest = honest
        self.address = address
        self.change = change
        self.lies = lies

    def send(
        self, request: PreparedRequest, *args: Any, **kwargs: Any
    ) -> Response:  # Any: passed through
        response = self.honest.send(request, *args, **kwargs)
        is_meant = request.method == "GET" and re.search(self.address, response.url)
        if self.lies and is_meant:
            self.lies -= 1
            self.change(response)
        return response

    def close(self) -> None:
        self.honest.close()


def between(world: World, address: str, change: Change, *, lies: int = -1) -> Between:
    """Change what the API answers to GETs whose address the expression fits."""
    fits = [prefix for prefix in world.adapters if world.urls.api.startswith(prefix)]
    prefix = max(fits, key=len)
    found = Between(world.adapters[prefix], address, change, lies)
    world.adapters = {**world.adapters, prefix: found}
    return found


def lying(world: World, path: str, hidden: set[int]) -> Between:
    """Let the API's lists at *path* hide ids, as often as `lies` says."""

    def hide(response: Response) -> None:
        if response.status_code != 200:
            return
        rows = json.loads(response.content)
        kept = [row for row in rows if row["id"] not in hidden]
        response._content = json.dumps(kept).encode()

    return between(world, rf"{path}(\?|$)", hide, lies=0)
