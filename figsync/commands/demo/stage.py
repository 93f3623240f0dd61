"""Where the demo plays: a sandbox on real sockets, mirrors of it, and who watches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from rich.console import Console

from figsync.clock import SystemClock
from figsync.commands.demo.account import Cast, fill
from figsync.commands.demo.watching import comes_true
from figsync.commands.show import size_text
from figsync.config import Config, load_config, write_config, write_private
from figsync.errors import FigsyncError
from figsync.sandbox import Sandbox, Urls, Web
from figsync.sync import words
from figsync.sync.carry import Asked, carry_out
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.opening import Means, owned_mirror

TOKEN = "demo-token"
SEED = 2026


class StepFailed(FigsyncError):
    """A step of the demo is not as it should be; the demo ends there."""


@dataclass(slots=True)
class Totals:
    """What all syncs together asked and moved."""

    checks: int = 0
    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def add(self, report: Report) -> None:
        """Count one more sync."""
        self.requests += sum(report.requests.values())
        self.bytes_up += report.bytes_up
        self.bytes_down += report.bytes_down


@dataclass(slots=True)
class Stage:
    """One account, one mirror of it, and what was said and checked so far."""

    box: Sandbox
    urls: Urls
    folder: Path
    config: Config
    cast: Cast
    clock: SystemClock
    console: Console
    random: Random
    step: str = ""
    totals: Totals = field(default_factory=Totals)

    @property
    def root(self) -> Path:
        """The mirror root."""
        return self.config.mirror.root

    @property
    def web(self) -> Web:
        """The owner of the account, at work on the web pages."""
        return self.box.web

    def sync(self, config: Config | None = None) -> Report:
        """Run `figsync sync` in this process; another configuration may be meant."""
        self.box.log.clear()
        with owned_mirror(config or self.config, Means(TOKEN, self.clock)) as mirror:
            report = sync_until_quiet(mirror, Wish(retry_now=True))
        self.totals.add(report)
        self.say(f"figsync sync: {_told(report)}")
        return report

    def ask(self, verb: str, **words: str) -> None:
        """Carry out a wish as its verb does."""
        with owned_mirror(self.config, Means(TOKEN, self.clock)) as mirror:
            said = carry_out(mirror, Asked(verb, words))
        self.say(f"figsync {verb}: {said}")

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.console.print(f"   {text}", markup=False, soft_wrap=True)

    def check(self, claim: str, holds: bool, *, found: object = "") -> None:
        """Tell that *claim* holds; StepFailed, with what was *found*, if not."""
        if not holds:
            cause = f"it is not so that {claim}"
            raise StepFailed(self.step, f"{cause} (found: {found})" if found else cause)
        self.totals.checks += 1
        self.console.print("   [green]ok[/] ", end="")
        self.console.print(claim, markup=False, soft_wrap=True)

    def comes_true(self, holds: Callable[[], bool]) -> bool:
        """Wait until something holds; False when it does not within a minute."""
        return comes_true(holds, self.clock)

    def strangers(self) -> list[str]:
        """Return what lies around the mirror and was not put there on purpose."""
        around = [*self.folder.iterdir(), *self.config.path.parent.iterdir()]
        names = {path.name for path in around if not path.name.startswith("state.db")}
        return sorted(
            names - {"figshare", "computer", "Figshare", "config.ini", "token"}
        )

    def second_computer(self) -> Config:
        """Return the configuration of another mirror of the same account."""
        return _configured(self.folder / "second computer", self.urls)


def _told(report: Report) -> str:
    """Say in one line what a sync did."""
    done = [o for o in report.outcomes if o.result == "done"]
    counts = Counter(words.done(outcome.action.kind) for outcome in done)
    parts = [f"{word} ({count})" for word, count in counts.items()]
    if not parts:
        parts.append("Nothing was sent or fetched")
    if report.needs_person:
        held = sum(held.needs_person for held in report.held)
        parts.append(f"a person decides ({held + report.conflicts})")
    if moved := report.bytes_up + report.bytes_down:
        parts.append(size_text(moved))
    return ", ".join(parts)


@contextmanager
def staged(clock: SystemClock, console: Console) -> Iterator[Stage]:
    """Set up everything in a temporary folder; nothing of it is left afterwards."""
    with TemporaryDirectory(prefix="figsync-demo-") as name:
        folder = Path(name)
        box = Sandbox(folder / "figshare", token=TOKEN)
        random = Random(SEED)
        cast = fill(box.web, random)
        try:
            with box.serve() as urls:
                config = _configured(folder / "computer", urls)
                yield Stage(box, urls, folder, config, cast, clock, console, random)
        finally:
            box.close()


def _configured(folder: Path, urls: Urls) -> Config:
    """Write configuration and token as `figsync init` would, and read them."""
    folder.mkdir()
    write_private(folder / "token", TOKEN)
    answers: Mapping[str, str] = {
        "account.api_url": urls.api,
        "account.token_file": str(folder / "token"),
        "mirror.root": str(folder / "Figshare"),
        "deletions.grace": "0",
        "transfer.requests_per_second": "0",
        "schedule.settle": "0.2s",
        "schedule.pull_every": "2s",
        "state.database": str(folder / "state.db"),
    }
    write_config(folder / "config.ini", answers)
    return load_config(folder / "config.ini", {})
