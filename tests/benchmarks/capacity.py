"""What the sandbox can take, so that nobody mistakes its limits for figsync's."""

from __future__ import annotations

import time
from pathlib import Path

from tests.benchmarks.curl import Call, Curl, call_all
from tests.benchmarks.ground import MIB, Ground
from tests.benchmarks.results import Findings
from tests.benchmarks.service import Account, Service

ASKED = 1000
CONNECTIONS = (1, 4, 8)


def capacity(ground: Ground) -> Findings:
    """Measure requests a second, and bytes in and out, by curl without latency."""
    folder = ground.room("capacity")
    folder.mkdir()
    with ground.service() as service:
        account = service.new_account()
        rates = [_requests(service, account, folder, n) for n in CONNECTIONS]
        into, out = _bytes(ground, service, account, folder)
    ground.clear(folder)
    told = ", ".join(
        f"{rate:.0f} a second on {n}"
        for n, rate in zip(CONNECTIONS, rates, strict=True)
    )
    return Findings(
        about=[
            f"The sandbox takes, from `curl`: API requests {told} connections; "
            f"parts at {into:.0f} MiB/s, files at {out:.0f} MiB/s, four at a time."
        ]
    )


def _requests(service: Service, account: Account, folder: Path, at_once: int) -> float:
    """Return how many requests a second it answers on so many connections."""
    header = f"Authorization: token {account.token}"
    url = f"{service.api}/account/articles?page_size=10"
    call = Call(url, Path("/dev/null"), headers=[header])
    began = time.perf_counter()
    call_all([call] * ASKED, folder, at_once=at_once)
    return ASKED / (time.perf_counter() - began)


def _bytes(
    ground: Ground, service: Service, account: Account, folder: Path
) -> tuple[float, float]:
    """Return the MiB a second that go in as parts and come out as files."""
    files = ground.large_file()
    size = ground.sizes.large / MIB
    curl = Curl(service, account, folder / "sent")
    _, into = curl.send("capacity", files)
    (item_id,) = service.ask("GET", "items", params={"account": account.account_id})
    out = Curl(service, account, folder / "fetched").fetch(item_id)
    return size / into, size / out
