"""A person at a keyboard: a sandbox on real sockets, a home folder, figsync to call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from figsync.clock import SystemClock
from figsync.commands.cli import figsync
from figsync.config import Config, load_config
from figsync.disk import Disk
from figsync.lock import locked
from figsync.sandbox import Sandbox, Urls
from figsync.state import State
from tests.configuring import ini

TOKEN = "sandbox-token"


class Desk:
    """One computer with figsync on it and an account to sync with."""

    def __init__(self, folder: Path, box: Sandbox, urls: Urls) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.box, self.urls = box, urls
        self.root = self.home / "Figshare"
        self.config_path = self.home / "config.ini"
        self.token_path = self.home / "token"
        self.token_path.write_text(TOKEN)
        self.token_path.chmod(0o600)
        self.configure()

    def configure(self, **keys: str) -> None:
        """Write the configuration; keys are written `section__key`."""
        settings = {
            "account__api_url": self.urls.api,
            "account__token_file": str(self.token_path),
            "mirror__root": str(self.root),
            "deletions__grace": "0",
            "transfer__requests_per_second": "0",
            "schedule__settle": "0",
            "state__database": str(self.home / "state" / "state.db"),
            **keys,
        }
        self.config_path.write_text(ini(settings))

    @property
    def config(self) -> Config:
        return load_config(self.config_path, self.environ)

    @property
    def environ(self) -> dict[str, str]:
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ
        }
        config = {"FIGSYNC_CONFIG": str(self.config_path)}
        return {**kept, "HOME": str(self.home), **config}

    def call(self, *words: str, typed: str = "", **environ: str) -> Result:
        """Call figsync in this process."""
        hidden = {"FIGSYNC_TOKEN": None, "STATE_DIRECTORY": None}
        hidden |= {"XDG_STATE_HOME": None, "XDG_CONFIG_HOME": None}
        env = {**hidden, **self.environ, **environ}
        return CliRunner().invoke(figsync, words, input=typed, env=env)

    def ok(self, *words: str) -> str:
        """Call figsync, which has to end well; return what it printed."""
        result = self.call(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:  # whatever the verb prints as JSON
        """Call figsync and return the JSON on its standard output."""
        return json.loads(self.call(*words, "--json").stdout)

    def start(
        self, *words: str, terminal: int = subprocess.PIPE, **environ: str
    ) -> subprocess.Popen[str]:
        """Start figsync as a process of its own, printing to *terminal* if given."""
        process = subprocess.Popen(
            [sys.executable, "-m", "figsync", *words],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.PIPE,
            text=True,
            env={**self.environ, **environ},
            cwd=self.home,
        )
        if terminal >= 0:
            os.close(terminal)
        return process

    def run(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run figsync as a process of its own to its end."""
        process = self.start(*words, **environ)
        out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def drop(self, path: str, content: str | bytes = "content") -> Path:
        """Put a file into the mirror that looks as if it had been there for long."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return target

    def tree(self) -> dict[str, str]:
        """Return the mirrored files by path, without figsync's own."""
        return {
            str(path.relative_to(self.root)): path.read_text()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {".figsync", ".figshare"} & set(path.parts)
        }

    def held_ids(self) -> list[str]:
        """Return the numbers of the actions that wait for a person."""
        rows = self.json("held")
        return [str(row["id"]) for row in rows if row["result"] == "held"]

    def state(self) -> State:
        """Open the state to look at it."""
        state = State.read_only(self.config.database, clock=SystemClock())
        assert state is not None
        return state

    @contextmanager
    def owned_elsewhere(self) -> Iterator[None]:
        """Own the mirror for a while, as a running figsync does."""
        disk = Disk(self.root, clock=SystemClock())
        disk.identity()
        with locked(disk, SystemClock()):
            yield


def everything_below(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return mode and bytes of everything below *folder*, folders included."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def wait_for(done: Any, *, seconds: float = 20.0) -> None:  # any callable with a truth
    """Look until something is so; fails when it never is."""
    ends = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < ends, "it never came to be"
        SystemClock().wait(0.01)
