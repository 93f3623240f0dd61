"""A daemon that lives in a thread of the test, its mirror, and its Figshare."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from figsync.clock import SystemClock, boot_id
from figsync.commands.outcome import as_told
from figsync.config import load_config
from figsync.daemon.daemon import Around, Daemon
from figsync.daemon.inbox import Wake
from figsync.daemon.session import Setup
from figsync.daemon.supervisor import Supervisor
from figsync.sandbox import Sandbox, Urls
from figsync.state import State
from figsync.sync.activity import Activity, read_activity
from figsync.sync.opening import Means
from tests.configuring import ini

TOKEN = "sandbox-token"
PATIENCE = 60.0


class House:
    """One computer with a mirror; a daemon can be started in it and stopped."""

    def __init__(self, folder: Path, box: Sandbox, urls: Urls) -> None:
        self.folder, self.box, self.urls = folder, box, urls
        self.root = folder / "mirror"
        self.database = folder / "state" / "state.db"
        self.config_path = folder / "config.ini"
        self.log_path = folder / "run.log"
        self.token = TOKEN
        self.keys: dict[str, str] = {}
        self.longest_cycle = PATIENCE
        self.configure()

    def configure(self, **keys: str) -> None:
        """Write the configuration; keys are written `section__key`."""
        self.keys |= keys
        settings = {
            "account__api_url": self.urls.api,
            "mirror__root": str(self.root),
            "deletions__grace": "0",
            "transfer__requests_per_second": "0",
            "schedule__settle": "0.3s",
            "schedule__pull_every": "1h",
            "state__database": str(self.database),
            **self.keys,
        }
        self.config_path.write_text(ini(settings))

    @contextmanager
    def daemon(self) -> Iterator[Running]:
        """Start a daemon, and stop it at the end; what it raised is raised here."""
        running = Running(self)
        running.start()
        try:
            yield running
        finally:
            running.stop()

    def drop(self, path: str, content: bytes | str = "content") -> Path:
        """Put a file into the mirror, as a person would."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def remote(self) -> dict[str, bytes]:
        """Return what Figshare has by path, the title of its item first.

        A second record of a path has a name of its own: agreement lacks it.
        """
        web = self.box.web
        found: dict[str, bytes] = {}
        for item_id in web.item_ids():
            title = web.item(item_id)["title"]
            for file in web.files(item_id):
                path = f"{title}/{file.path}"
                name = f"{path} #{file.id}" if path in found else path
                if file.status == "available":
                    found[name] = web.content(file.id)
        return found

    def tree(self) -> dict[str, bytes]:
        """Return the mirrored files by path, without figsync's own."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {".figsync", ".figshare"} & set(path.parts)
        }

    def agreed(self) -> bool:
        """Tell whether both sides hold the same now."""
        try:
            return self.tree() == self.remote()
        except FileNotFoundError:
            return False

    def log(self) -> str:
        """Return what a daemon of its own process has told so far."""
        return self.log_path.read_text()

    def mutations(self) -> list[str]:
        """Return the requests so far that could have changed something."""
        return [
            f"{entry.method} {entry.path}"
            for entry in self.box.log.entries()
            if entry.is_mutation
        ]

    def requests(self) -> int:
        """Return how many requests the API has had so far."""
        return sum(1 for entry in self.box.log.entries() if entry.service == "api")

    def state(self) -> State:
        """Open the state to look at it."""
        state = State.read_only(self.database, clock=SystemClock())
        assert state is not None
        return state

    def activity(self) -> Activity | None:
        """Return what the daemon says of itself."""
        state = State.read_only(self.database, clock=SystemClock())
        if state is None:
            return None
        with state:
            return read_activity(state)


class Running:
    """A daemon in a thread of this process."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clock = SystemClock()
        self.daemon: Daemon | None = None
        self.failure: BaseException | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._live, name="daemon", daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(PATIENCE), "it did not start"
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Ask it to stop, and wait for its end; raise what ended it before."""
        self.clock.stop()
        if self.daemon is not None:
            self.daemon.put(Wake())
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it did not stop"
        if self.failure is not None:
            raise self.failure

    def _live(self) -> None:
        try:
            supervisor = Supervisor({}, self.clock)
            around = Around(
                self._read,
                as_told,
                {},
            )
            self.daemon = Daemon(
                around,
                self.clock,
                supervisor,
                longest_cycle=self.house.longest_cycle,
            )
            try:
                self.daemon.start_up()
                self._started.set()
                self.daemon.loop()
            finally:
                self.daemon.shut_down()
        except BaseException as failure:  # noqa: BLE001  # raised in the test's thread
            self.failure = failure
        finally:
            self._started.set()

    def _read(self) -> Setup:
        config = load_config(self.house.config_path, {"HOME": str(self.house.folder)})
        means = Means(self.house.token, self.clock, boot_id=boot_id())
        return Setup(config, means)


@contextmanager
def figsync_run(house: House) -> Iterator[subprocess.Popen[str]]:
    """Run the whole program, as a service manager does; it is killed at the end."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(house.folder),
        "FIGSYNC_CONFIG": str(house.config_path),
        "FIGSYNC_TOKEN": house.token,
    }
    command = [sys.executable, "-m", "figsync", "run"]
    # A file takes all that is told; a pipe that nobody reads would stop the daemon.
    with house.log_path.open("w") as log:
        process = subprocess.Popen(command, env=environ, stderr=log, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(
    done: Callable[[], object], what: str = "it", *, seconds: float = PATIENCE
) -> None:
    """Look until something is so; fails when it never is."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, f"{what} never came to be"
        SystemClock().wait(0.02)
