"""Line 6: a very large file needs no more memory than a small one; status is quick."""

from __future__ import annotations

import os
import sys
from statistics import median

from tests.benchmarks.computer import Computer
from tests.benchmarks.ground import GIB, MIB, Ground
from tests.benchmarks.processes import run
from tests.benchmarks.results import Figure, Findings


def sparse_up(ground: Ground) -> Findings:
    """Line 6: the peak of a sync that sends a file of holes, and the time of status."""
    size = ground.sizes.sparse
    with ground.service() as service:
        account = service.new_account()
        computer = Computer(ground.room("computer"), service, account)
        computer.sync()
        path = computer.root / "Ice" / "core.bin"
        path.parent.mkdir()
        path.touch()
        os.truncate(path, size)
        peak = computer.sync().peak
        whose = {"account": account.account_id}
        (item_id,) = service.ask("GET", "items", params=whose)
        (sent,) = service.ask("GET", f"items/{item_id}/files", params=whose)
        assert (sent["size"], sent["status"]) == (size, "available")
        ratio = _status_ratio(computer, ground.sizes.asked)
        ground.clear(computer.home)
    return Findings(
        figures=[
            Figure(6, f"peak, {size / GIB:g} GiB up", peak / MIB, 150, "MiB"),
            Figure(6, "status --json to python -c pass", ratio, 16),
        ]
    )


def _status_ratio(computer: Computer, times: int) -> float:
    """Return how many times as long as Python's start `figsync status` takes."""
    status, nothing = [], []
    for _ in range(times):
        nothing.append(run([sys.executable, "-c", "pass"]).seconds)
        status.append(computer.figsync("status", "--json").seconds)
    return median(status) / median(nothing)
