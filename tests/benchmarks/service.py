"""The sandbox as a process of its own, and its owner's way in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

SERVICES = ("api", "upload", "storage")


@dataclass(frozen=True, slots=True)
class Account:
    """Whose items they are."""

    account_id: int
    token: str

    @property
    def header(self) -> dict[str, str]:
        """Return what shows the API who asks."""
        return {"Authorization": f"token {self.token}"}


class Service:
    """A Figshare of our own that somebody else's process serves."""

    def __init__(self, ready: dict[str, str], admin: requests.Session) -> None:
        self.api, self.data = ready["api_url"], Path(ready["data"])
        self._root = ready["admin_url"]
        self._admin = admin

    def ask(self, method: str, path: str, **given: Any) -> Any:  # JSON both ways
        """Make one administrative call and return its JSON, None if it has none."""
        reply = self._admin.request(method, f"{self._root}/{path}", **given)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def delay(self, seconds: float) -> None:
        """Let every request take so much longer from now on."""
        self.switch(**{f"{service}_latency": seconds for service in SERVICES})

    def switch(self, **switches: float | bool) -> None:
        """Set switches of the sandbox."""
        self.ask("PUT", "switches", json=switches)

    def new_account(self, token: str = "") -> Account:
        """Return an account that has nothing yet."""
        token = token or uuid4().hex
        made = self.ask("POST", "accounts", json={"token": token})
        return Account(made["id"], token)

    def add_item(self, account: Account, title: str, files: list[Path]) -> int:
        """Make a draft that holds *files*, as its owner would on the web."""
        whose = {"account": account.account_id}
        made = self.ask("POST", "items", params=whose, json={"title": title})
        for path in files:
            with path.open("rb") as content:
                query = whose | {"name": path.name}
                where = f"items/{made['id']}/files"
                self.ask("POST", where, params=query, data=content)
        return int(made["id"])

    def publish(self, account: Account, item_id: int) -> None:
        """Make an item public."""
        whose = {"account": account.account_id}
        self.ask("POST", f"items/{item_id}/publish", params=whose)

    def clear(self, account: Account) -> None:
        """Delete the drafts of an account, and with them the room they take."""
        whose = {"account": account.account_id}
        for item_id in self.ask("GET", "items", params=whose):
            if not self.ask("GET", f"items/{item_id}", params=whose)["is_public"]:
                self.ask("DELETE", f"items/{item_id}", params=whose)

    def forget_requests(self) -> None:
        """Count requests from now on."""
        self.ask("DELETE", "log")

    def requests(self) -> list[dict[str, Any]]:  # as the log gives them
        """Return the requests since they were forgotten last."""
        found: list[dict[str, Any]] = self.ask("GET", "log")  # the same
        return found

    def counts(self) -> Counter[str]:
        """Return how many requests each service got since then."""
        totals = self.ask("GET", "counters")
        return Counter({name: total["requests"] for name, total in totals.items()})


@contextmanager
def served(folder: Path, *, part_size: int = 10 << 20) -> Iterator[Service]:
    """Serve a sandbox that keeps all it has in *folder*."""
    words = [sys.executable, "-m", "figsync", "sandbox", "--data", str(folder)]
    words += ["--part-size", str(part_size)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        with requests.Session() as admin:
            yield Service(ready, admin)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
