"""Line 7: the budget of requests is kept, by processes that die and start anew too."""

from __future__ import annotations

import subprocess
import time
from collections import deque
from collections.abc import Iterable

from tests.benchmarks.computer import Computer
from tests.benchmarks.ground import Ground, Sizes
from tests.benchmarks.results import Figure, Findings
from tests.benchmarks.service import Service

WINDOW = 60.0
BURST, RATE = 30, 1.0
MOST_LIVES = 20


def budget(ground: Ground) -> Findings:
    """Line 7, with more records to fetch than the budget lets through."""
    seconds = ground.sizes.budget_seconds
    with ground.filled(items=int(BURST + seconds * RATE * 2)) as (service, account):
        keys = {"transfer__requests_per_second": f"{RATE:g}"}
        place = ground.room("computer")
        computer = Computer(place, service, account, **keys)
        lives = _live_and_die(computer, seconds, life=ground.sizes.life)
        most = most_in_a_window(_times(service))
        silence = _silence(service, computer, ground.sizes)
        ground.clear(place)
    told = (
        f"API requests in any {WINDOW:g} s, {lives} processes killed in {seconds:g} s"
    )
    allowed = BURST + WINDOW * RATE
    after = (
        f"seconds without a request after 429 with Retry-After: {ground.sizes.silence}"
    )
    return Findings(
        figures=[
            Figure(7, told, most, allowed, ""),
            Figure(7, after, silence, ground.sizes.silence, "s", at_least=True),
        ]
    )


def most_in_a_window(times: Iterable[float]) -> int:
    """Return how many of *times* the fullest window has."""
    inside: deque[float] = deque()
    most = 0
    for at in sorted(times):
        inside.append(at)
        while inside[0] <= at - WINDOW:
            inside.popleft()
        most = max(most, len(inside))
    return most


def _live_and_die(computer: Computer, seconds: float, *, life: float) -> int:
    """Kill one sync after the other, and return how many it were."""
    ends = time.monotonic() + seconds
    lives = 0
    while time.monotonic() < ends:
        process = subprocess.Popen(
            computer.command("sync", "--quiet"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=computer.environ,
        )
        try:
            process.wait(life)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        lives += 1
    return lives


def _times(service: Service) -> list[float]:
    return [one["at"] for one in service.requests() if one["service"] == "api"]


def _silence(service: Service, computer: Computer, sizes: Sizes) -> float:
    """Return how long the API is left alone once it asked for some rest."""
    fault = {"status": 429, "headers": [["Retry-After", str(sizes.silence)]]}
    service.ask("POST", "faults", json=fault)
    later: list[float] = []
    for _ in range(MOST_LIVES):
        _live_and_die(computer, sizes.silence, life=sizes.life)
        asked = [one for one in service.requests() if one["service"] == "api"]
        refused = [one["at"] for one in asked if one["status"] == 429]
        later = [one["at"] for one in asked if refused and one["at"] > refused[0]]
        if later:
            break
    return min(later) - refused[0]
