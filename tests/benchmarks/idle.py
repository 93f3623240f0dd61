"""Line 4: what an idle cycle asks for, and what a first pull asks for."""

from __future__ import annotations

from statistics import median

from tests.benchmarks.computer import Computer
from tests.benchmarks.ground import KIB, Ground
from tests.benchmarks.results import Figure, Findings
from tests.benchmarks.service import Account, Service

FILES_AN_ITEM = 3


def idle(ground: Ground) -> Findings:
    """Line 4, with and without dates in the rows of Figshare's list."""
    figures = []
    for dated in (True, False):
        figures += _records_alone(ground, dated=dated)
    figures += _with_files(ground)
    return Findings(figures=figures)


def _records_alone(ground: Ground, *, dated: bool) -> list[Figure]:
    """Pull the records of all items, and then look again while nothing changes."""
    count = ground.sizes.items
    rows = "rows with dates" if dated else "rows without dates"
    with ground.filled(items=count) as (service, account):
        service.switch(light_dates=dated)
        computer = _computer(ground, service, account, "metadata")
        first = _requests(service, computer)
        computer.sync()
        idle_requests, seconds = [], []
        for _ in range(ground.repeats):
            service.forget_requests()
            seconds.append(computer.sync().cpu)
            idle_requests.append(service.counts()["api"])
        ground.clear(computer.home)
    told = f"{count} unchanged items, {rows}"
    return [
        _first(f"records of {count} items, {rows}", first, count, 1.01),
        Figure(4, f"{told}: requests of an idle cycle", max(idle_requests), 11, ""),
        Figure(4, f"{told}: CPU of an idle sync", median(seconds), 2, "s"),
    ]


def _with_files(ground: Ground) -> list[Figure]:
    """Pull items with a few small files each."""
    count = ground.sizes.pulled
    with ground.filled(items=count, files=FILES_AN_ITEM, size=2 * KIB) as served:
        service, account = served
        computer = _computer(ground, service, account, "all")
        first = _requests(service, computer)
        came = len(list(computer.root.glob("*/*.bin")))
        ground.clear(computer.home)
    assert came == count * FILES_AN_ITEM, came
    what = f"{count} items with {FILES_AN_ITEM} small files each"
    return [_first(what, first, count, 2.01)]


def _computer(
    ground: Ground, service: Service, account: Account, new_items: str
) -> Computer:
    place = ground.room("computer")
    return Computer(place, service, account, mirror__new_items=new_items)


def _requests(service: Service, computer: Computer) -> int:
    """Return how many requests to the API a sync makes."""
    service.forget_requests()
    computer.sync()
    return service.counts()["api"]


def _first(what: str, requests: int, count: int, each: float) -> Figure:
    return Figure(4, f"first pull, {what}: requests", requests, each * count + 10, "")
