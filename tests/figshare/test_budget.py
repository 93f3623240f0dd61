"""One budget for each host: shared by all threads and processes, kept over kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from figsync.errors import Blocked, Interrupted, TooMany
from figsync.figshare import Figshare, Settings
from figsync.figshare.pacing import RECOVERY
from figsync.state import RequestLedger
from tests.figshare.world import (
    TOKEN,
    FastClock,
    Give,
    Got,
    Server,
    gives,
    in_turn,
    page,
    serving,
    talking,
)

ACCOUNT = gives({"id": 1})
PACED = Settings(requests_per_second=1, burst=3, random=lambda: 0.5)
UNPACED = Settings(requests_per_second=0, random=lambda: 0.5)

PROCESS = """
import sys
from pathlib import Path
from figsync.clock import SystemClock, boot_id
from figsync.figshare import Figshare, Settings
from figsync.state import RequestLedger

url, database, token = sys.argv[1:]
paced = Settings(requests_per_second=2, burst=4)
figshare = Figshare(url, token, clock=SystemClock(), settings=paced)
figshare.keep_budget(RequestLedger(Path(database)), boot_id())
while True:
    figshare.account()
"""


@pytest.fixture
def ledger(tmp_path: Path) -> RequestLedger:
    return RequestLedger(tmp_path / "state.db")


def test_another_process_goes_on_where_the_last_one_was(ledger: RequestLedger) -> None:
    clock = FastClock()
    with serving(in_turn(ACCOUNT)) as server:
        for _ in range(3):
            with talking(server, clock=clock, settings=PACED) as figshare:
                figshare.keep_budget(ledger, "boot")
                figshare.account()
                figshare.account()

    assert clock.waits == [1.0, 1.0, 1.0]


def test_two_at_once_spend_one_budget(ledger: RequestLedger) -> None:
    clock = FastClock()
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, clock=clock, settings=PACED) as one,
        talking(server, clock=clock, settings=PACED) as other,
    ):
        one.keep_budget(ledger, "boot")
        other.keep_budget(ledger, "boot")
        for figshare in (one, other, one):
            figshare.account()
        assert other.pace_level == 0

        other.account()

    assert clock.waits == [1.0]


def test_a_clock_that_is_set_refills_nothing(ledger: RequestLedger) -> None:
    class SetClock(FastClock):
        ahead = 0.0

        def now(self) -> float:
            return super().now() + self.ahead

    clock = SetClock()
    with serving(in_turn(ACCOUNT)) as server:
        for _ in range(4):
            with talking(server, clock=clock, settings=PACED) as figshare:
                figshare.keep_budget(ledger, "boot")
                figshare.account()
            clock.ahead += 3600

    assert clock.waits == [1.0]


def test_after_a_boot_only_the_time_since_then_counts(ledger: RequestLedger) -> None:
    with serving(in_turn(ACCOUNT)) as server:
        with talking(server, clock=FastClock(50.0), settings=PACED) as figshare:
            figshare.keep_budget(ledger, "boot 1")
            figshare.account()
        with talking(server, clock=FastClock(2.0), settings=PACED) as figshare:
            figshare.keep_budget(ledger, "boot 2")

            assert figshare.pace_level == 2.0


def test_a_ledger_that_is_damaged_allows_nothing_at_once(
    ledger: RequestLedger,
) -> None:
    clock = FastClock()
    ledger.path.write_bytes(b"\xff garbage" * 20_000)
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, clock=clock, settings=PACED) as figshare,
    ):
        figshare.keep_budget(ledger, "boot")
        for _ in range(3):
            figshare.account()

    assert clock.waits == [1.0, 1.0, 1.0]


def test_where_nothing_can_be_kept_there_is_no_burst(tmp_path: Path) -> None:
    clock = FastClock()
    nowhere = RequestLedger(tmp_path / "not made yet" / "state.db")
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, clock=clock, settings=PACED) as figshare,
    ):
        figshare.keep_budget(nowhere, "boot")
        figshare.account()

    assert clock.waits == [1.0]
    assert list(tmp_path.iterdir()) == []


def test_a_host_without_a_limit_costs_no_file(ledger: RequestLedger) -> None:
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, settings=UNPACED) as figshare,
    ):
        figshare.keep_budget(ledger, "boot")
        figshare.account()

    assert not ledger.path.exists()


def test_many_threads_and_processes_never_write_at_once(tmp_path: Path) -> None:
    database = tmp_path / "state.db"
    count = (
        "import sys; from pathlib import Path\n"
        "from figsync.state import RequestLedger\n"
        "ledger = RequestLedger(Path(sys.argv[1]))\n"
        "for _ in range(500):\n"
        "    ledger.change(lambda b: b'%d' % (int(b or 0) + 1))\n"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", count, str(database)]) for _ in "ab"
    ]
    ledger = RequestLedger(database)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(400):
            pool.submit(ledger.change, lambda b: b"%d" % (int(b or 0) + 1))

    assert [other.wait(60) for other in others] == [0, 0]
    assert ledger.read() == b"1400"


def test_processes_killed_at_any_moment_keep_to_the_budget(tmp_path: Path) -> None:
    with serving(in_turn(ACCOUNT)) as server:
        began = time.monotonic()
        for wanted in (2, 3, 1, 4):
            _killed_after(server, tmp_path / "state.db", len(server.got) + wanted)
        seconds = time.monotonic() - began

    assert 10 <= len(server.got) <= 4 + 2 * seconds


def _killed_after(server: Server, database: Path, count: int) -> None:
    """Let a process send requests and kill it as soon as so many have come."""
    command = [sys.executable, "-c", PROCESS, f"{server.url}/v2", str(database), TOKEN]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 60
    while len(server.got) < count and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


class Meanwhile(FastClock):
    """A clock during whose next wait something else happens first."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = None

    def wait(self, seconds: float) -> bool:
        if self.meanwhile is not None and seconds > 0:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return super().wait(seconds)


SEVEN = gives({"message": "Too many"}, 429, Retry_After="7")


def refused(figshare: Figshare) -> None:
    """Send what is not sent again, and be told to wait."""
    with pytest.raises(TooMany):
        figshare.create_item("New")


def test_seven_seconds_asked_for_are_kept_by_the_next_process_too(
    ledger: RequestLedger,
) -> None:
    clock = FastClock()
    with serving(in_turn(SEVEN, ACCOUNT)) as server:
        with talking(server, clock=clock, settings=UNPACED) as figshare:
            figshare.keep_budget(ledger, "boot")
            refused(figshare)
        said = clock.now()
        with talking(server, clock=clock, settings=UNPACED) as figshare:
            figshare.keep_budget(ledger, "boot")
            figshare.account()

    assert clock.now() - said >= 7


def test_a_service_that_names_the_time_of_its_return_is_left_alone_until_then() -> None:
    clock = FastClock()
    with (
        serving(in_turn(gives({}, 503, Retry_After="7"), ACCOUNT)) as server,
        talking(server, clock=clock, settings=UNPACED) as figshare,
    ):
        figshare.account()

    assert sum(clock.waits) >= 7
    assert len(server.got) == 2


def test_who_waits_for_a_turn_already_waits_seven_seconds_too(
    ledger: RequestLedger,
) -> None:
    clock, times = Meanwhile(), []

    def script(got: Got) -> Give:
        times.append(clock.now())
        return SEVEN if got.method == "POST" else ACCOUNT

    with (
        serving(script) as server,
        talking(server, clock=clock, settings=PACED) as figshare,
        talking(server, clock=clock, settings=UNPACED) as other,
    ):
        figshare.keep_budget(ledger, "boot")
        other.keep_budget(ledger, "boot")
        for _ in range(3):
            figshare.account()
        clock.meanwhile = lambda: refused(other)
        figshare.account()

    assert len(times) == 5
    assert times[-1] - times[-2] >= 7


def test_the_upload_service_is_left_alone_for_seven_seconds_as_well() -> None:
    clock, times = FastClock(), []

    def script(_: Got) -> Give:
        times.append(clock.now())
        return SEVEN if len(times) == 1 else Give(200, b"OK")

    with (
        serving(in_turn(ACCOUNT)) as api,
        serving(script) as uploads,
        talking(api, clock=clock) as figshare,
        ThreadPoolExecutor(4) as pool,
    ):
        figshare.reset_part(f"{uploads.url}/upload/t", 1)
        for number in range(2, 8):
            pool.submit(figshare.reset_part, f"{uploads.url}/upload/t", number)
        figshare.account()

    assert len(times) == 8
    assert times[1] - times[0] >= 7
    # After that less is sent for a while, though this host has no limit of its own.
    assert times[-1] > times[1]


@pytest.mark.parametrize("sign", [SEVEN, page(403)])
def test_a_refusal_halves_the_rate_and_time_brings_it_back(sign: Give) -> None:
    clock = FastClock()
    with (
        serving(in_turn(sign, ACCOUNT)) as server,
        talking(server, clock=clock, settings=PACED) as figshare,
    ):
        with pytest.raises((TooMany, Blocked)):
            figshare.create_item("New")
        slow = figshare.pace.rate_at(clock.now())
        burst = figshare.pace_level
        clock.wait(RECOVERY)

        assert (slow, burst) == (0.5, 0.0)
        assert figshare.pace.rate_at(clock.now()) == 1.0
        assert figshare.pace_level == 3


def test_answers_that_become_slow_lower_the_rate() -> None:
    clock, slow = FastClock(), [0.1]

    def script(_: Got) -> Give:
        clock.wait(slow[0])
        return ACCOUNT

    with (
        serving(script) as server,
        talking(server, clock=clock, settings=PACED) as figshare,
    ):
        for _ in range(20):
            figshare.account()
        assert figshare.pace.rate_at(clock.now()) == 1.0

        slow[0] = 9.0
        for _ in range(5):
            figshare.account()

        assert figshare.pace.rate_at(clock.now()) < 0.8


def test_work_in_the_background_leaves_requests_to_people() -> None:
    clock = FastClock()
    paced = Settings(requests_per_second=1, burst=30)
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, clock=clock, settings=paced) as figshare,
    ):
        with figshare.yielding():
            for _ in range(40):
                figshare.account()
        assert sum(clock.waits) == pytest.approx(20, abs=0.1)
        clock.waits.clear()

        for _ in range(10):
            figshare.account()

    assert clock.waits == []


def test_a_turn_that_was_not_used_is_given_back() -> None:
    clock = FastClock()
    with (
        serving(in_turn(ACCOUNT)) as server,
        talking(server, clock=clock, settings=PACED) as figshare,
    ):
        for _ in range(3):
            figshare.account()
        clock.stopped = True
        with pytest.raises(Interrupted):
            figshare.account()

        assert figshare.pace_level == 0
