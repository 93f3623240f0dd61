"""An account with many items, made before the sandbox is served.

`python -m tests.benchmarks.filling DATA TOKEN ITEMS FILES SIZE` works in a process of
its own, so that what it needs is not on anybody's bill.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from figsync.sandbox import Sandbox
from tests.benchmarks.processes import run
from tests.benchmarks.service import Account


def filled(data: Path, *, items: int, files: int = 0, size: int = 0) -> Account:
    """Make an account with so many items, each with *files* of *size* bytes."""
    token = os.urandom(16).hex()
    counts = [str(number) for number in (items, files, size)]
    words = [sys.executable, "-m", __name__, data, token, *counts]
    return Account(int(run(words).out), token)


def fill(data: Path, token: str, items: int, files: int, size: int) -> int:
    """Make the account and return its id."""
    box = Sandbox(data)
    account_id = box.add_account(token)
    web = box.web_of(account_id)
    for number in range(items):
        item_id = web.create_item(f"Measurement {number:05}")
        contents = {f"{place}.bin": os.urandom(size) for place in range(files)}
        if contents:
            web.add_files(item_id, contents)
    box.close()
    return account_id


if __name__ == "__main__":
    print(fill(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))
