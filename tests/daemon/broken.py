"""figsync with a bug in it: `python -m tests.daemon.broken VERB` fails at a request."""

from __future__ import annotations

from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter

from figsync.commands.cli import figsync
from figsync.commands.shell import Shell

# A traceback shows lines of the source, so the secret stands in another one.
QUERY = "?token=5ecre7"


class Bug(BaseAdapter):
    """A bug that tells all it knows of a request, the secrets included."""

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        headers = dict(request.headers)
        raise RuntimeError(f"{request.url}{QUERY} can not be sent: {headers}")

    def close(self) -> None:
        pass


if __name__ == "__main__":
    figsync(obj=Shell(adapters={"http://": Bug()}))
