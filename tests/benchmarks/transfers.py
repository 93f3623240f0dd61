"""Lines 1 to 3 and 8: files up and down, against `curl` and other clients."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks.computer import Computer
from tests.benchmarks.curl import Curl, md5sum_seconds
from tests.benchmarks.ground import Ground
from tests.benchmarks.processes import run
from tests.benchmarks.results import (
    BEST,
    CURL,
    FIGSYNC,
    PYFIGSHARE,
    SERIAL,
    Contest,
    Figure,
    Findings,
)
from tests.benchmarks.rivals import serial, settings_of
from tests.benchmarks.service import Account, Service

# Whoever takes longer than this runs once: so long a time varies little.
LONG = 20.0
QUIET = "quiet sync"
WORK = "sync with the work"
FSYNC = "curl + md5sum + fsync"
TITLE = "Soil cores"


@dataclass(slots=True)
class Bout:
    """One contest under way: whose turn it is, on which ground."""

    ground: Ground
    service: Service
    contest: Contest
    files: list[Path]
    requests: list[Counter[str]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def begin(self) -> tuple[Account, Path]:
        """Begin the next round with a fresh account and an empty folder."""
        return self.service.new_account(), self.ground.room("round")

    def takes_part(self, name: str) -> bool:
        """Tell whether a contestant has to run once more."""
        before = self.contest.seconds.get(name, [])
        return not before or median(before) < LONG

    def time(self, name: str, work: Callable[[], float]) -> None:
        """Let a contestant work, unless it took too long before."""
        if self.takes_part(name):
            self.contest.add(name, work())

    def time_figsync(self, computer: Computer) -> None:
        """Time a sync with the work and a quiet one, and count its requests."""
        self.service.forget_requests()
        work = computer.sync()
        self.requests.append(self.service.counts())
        quiet = computer.sync()
        self.contest.add(WORK, work.seconds)
        self.cpu.append(work.cpu - quiet.cpu)
        self.contest.add(QUIET, quiet.seconds)

    def requests_a_file(self, service: str) -> float:
        """Return the requests of the worst sync with work to a service, per file."""
        most = max(counts[service] for counts in self.requests)
        return most / len(self.files)

    def finish(self) -> None:
        """Take the quiet sync off: what is left is the work."""
        net = self.contest.median(WORK) - self.contest.median(QUIET)
        self.contest.add(FIGSYNC, net)


def upload(bout: Bout) -> None:
    """Let everybody send the files once."""
    account, folder = bout.begin()
    computer = Computer(folder / "figsync", bout.service, account)
    computer.sync()
    computer.drop(TITLE, bout.files)
    bout.time_figsync(computer)
    _check_upload(bout, account)
    curl = Curl(bout.service, account, folder / "curl")
    whole, from_parts = curl.send("curl", bout.files)
    hashing = md5sum_seconds(bout.files)
    bout.contest.add(CURL, (from_parts if len(bout.files) == 1 else whole) + hashing)
    _let_rivals(bout, "up", account, folder)
    bout.service.clear(account)
    bout.ground.clear(folder)


def download(bout: Bout) -> None:
    """Let everybody fetch the files once."""
    account, folder = bout.begin()
    computer = Computer(folder / "figsync", bout.service, account)
    computer.sync()
    item_id = bout.service.add_item(account, TITLE, bout.files)
    os.sync()
    bout.time_figsync(computer)
    _check_download(bout, computer.root / TITLE)
    curl = Curl(bout.service, account, folder / "curl")
    fetched = curl.fetch(item_id)
    copies = [curl.folder / path.name for path in bout.files]
    hashing = md5sum_seconds(copies)
    bout.contest.add(CURL, fetched + hashing)
    bout.contest.add(FSYNC, fetched + hashing + run(["sync", *copies]).seconds)
    _let_rivals(bout, "down", account, folder, item_id=item_id)
    bout.service.clear(account)
    bout.ground.clear(folder)


def _let_rivals(
    bout: Bout, way: str, account: Account, folder: Path, *, item_id: int = 0
) -> None:
    """Let the serial script and pyfigshare do the same."""
    bout.time(SERIAL, lambda: _serial(bout, way, account, folder, item_id))
    if bout.ground.pyfigshare is None:
        return
    if item_id:
        # It shows its token where Figshare's storage wants none, unless all is public.
        bout.service.publish(account, item_id)
    for setting in settings_of(way, len(bout.files)):
        name = f"{PYFIGSHARE}{setting.name}"
        if bout.takes_part(name):
            target = _target(bout, folder / name, way)
            what = str(item_id) if item_id else name
            seconds = bout.ground.pyfigshare.work(
                way, bout.service, account, name=what, folder=target, setting=setting
            )
            bout.contest.add(name, seconds + _hashing(bout, way, target))


def _serial(
    bout: Bout, way: str, account: Account, folder: Path, item_id: int
) -> float:
    target = _target(bout, folder / "serial", way)
    what = str(item_id) if item_id else SERIAL
    return serial(way, bout.service, account, name=what, folder=target)


def _target(bout: Bout, folder: Path, way: str) -> Path:
    """Return the folder to send, or an empty one to fetch into."""
    if way == "up":
        return bout.files[0].parent
    folder.mkdir(parents=True)
    return folder


def _hashing(bout: Bout, way: str, folder: Path) -> float:
    """Return how long the check takes that pyfigshare does not make."""
    if way == "up":
        return 0.0
    return md5sum_seconds([folder / path.name for path in bout.files])


def _check_upload(bout: Bout, account: Account) -> None:
    whose = {"account": account.account_id}
    (item_id,) = bout.service.ask("GET", "items", params=whose)
    there = bout.service.ask("GET", f"items/{item_id}/files", params=whose)
    assert [one["status"] for one in there] == ["available"] * len(bout.files)


def _check_download(bout: Bout, folder: Path) -> None:
    for path in bout.files:
        assert (folder / path.name).stat().st_size == path.stat().st_size


Round = Callable[[Bout], None]


def _fight(
    ground: Ground, title: str, files: list[Path], one_round: Round, *, latency: float
) -> Bout:
    with ground.service() as service:
        bout = Bout(ground, service, Contest(title), files)
        service.delay(latency)
        for _ in range(ground.repeats):
            one_round(bout)
        bout.finish()
        ground.tell(bout.contest, cpu=median(bout.cpu))
        return bout


def large_up(ground: Ground) -> Findings:
    """Line 1: one large file up, without latency and with it."""
    files, size = ground.large_file(), ground.sizes.told_large
    fast = _fight(ground, f"{size} up, fast server", files, upload, latency=0)
    title = f"{size} up, {ground.told_latency}"
    slow = _fight(ground, title, files, upload, latency=ground.sizes.latency)
    figures = [
        _ratio(1, fast.contest, CURL, 1.6, "md5sum + curl from the parts on"),
        _ratio(1, slow.contest, SERIAL, 0.65, "the serial script"),
    ]
    figures += _beside_pyfigshare(1, [fast.contest, slow.contest])
    return Findings(contests=[fast.contest, slow.contest], figures=figures)


def small_up(ground: Ground) -> Findings:
    """Line 2: many small files up into one item, with latency."""
    files = ground.small_files()
    title = f"{ground.told_small} up, {ground.told_latency}"
    bout = _fight(ground, title, files, upload, latency=ground.sizes.latency)
    figures = [
        _ratio(2, bout.contest, SERIAL, 0.15, "the serial script"),
        Figure(2, "API requests a file", bout.requests_a_file("api"), 2.1, ""),
        Figure(2, "upload requests a file", bout.requests_a_file("upload"), 2, ""),
    ]
    figures += _beside_pyfigshare(2, [bout.contest])
    return Findings(contests=[bout.contest], figures=figures)


def down(ground: Ground) -> Findings:
    """Line 3: one large file down, and many small ones with latency."""
    large, small = ground.large_file(), ground.small_files()
    title = f"{ground.sizes.told_large} down, fast server"
    one = _fight(ground, title, large, download, latency=0)
    title = f"{ground.told_small} down, {ground.told_latency}"
    many = _fight(ground, title, small, download, latency=ground.sizes.latency)
    api = max(counts["api"] for counts in many.requests)
    figures = [
        _ratio(3, one.contest, CURL, 1.2, "curl + md5sum"),
        _ratio(3, one.contest, FSYNC, 1.2, "the same with an fsync"),
        _ratio(3, many.contest, SERIAL, 0.1, "the serial loop"),
        Figure(3, f"API requests for {ground.told_small}", api, 6, ""),
    ]
    figures += _beside_pyfigshare(3, [one.contest, many.contest])
    return Findings(contests=[one.contest, many.contest], figures=figures)


def _ratio(line: int, contest: Contest, to: str, most: float, told: str) -> Figure:
    value = contest.median(FIGSYNC) / contest.median(to)
    return Figure(line, f"{contest.title}: net time to that of {told}", value, most)


def _beside_pyfigshare(line: int, contests: Sequence[Contest]) -> list[Figure]:
    """Compare with pyfigshare's best setting, and remember which one that was."""
    figures = []
    for contest in contests:
        if best := contest.best_of(PYFIGSHARE):
            contest.seconds[BEST] = contest.seconds[best]
            told = f"{best} (its best)"
            figures.append(_ratio(line, contest, BEST, 1.0, told))
    return figures
