"""A computer with a mirror on it, where `figsync sync` runs as people run it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tests.benchmarks.processes import Run, run
from tests.benchmarks.service import Account, Service
from tests.configuring import ini


class Computer:
    """One mirror root, one configuration: all defaults but what a benchmark needs.

    There is no limit of requests unless *keys* (written `section__key`) say so, and
    nothing waits to be still, as everything is dropped long before.
    """

    def __init__(
        self, folder: Path, service: Service, account: Account, **keys: str
    ) -> None:
        self.home = folder
        self.root = folder / "Figshare"
        self._token = account.token
        self._config = folder / "config.ini"
        folder.mkdir(parents=True)
        settings = {
            "account__api_url": service.api,
            "mirror__root": str(self.root),
            "transfer__requests_per_second": "0",
            "schedule__settle": "0",
            "state__database": str(folder / "state" / "state.db"),
            **keys,
        }
        self._config.write_text(ini(settings), encoding="utf-8")

    def figsync(self, *words: str) -> Run:
        """Run figsync to its good end."""
        return run(self.command(*words), environ=self.environ)

    def command(self, *words: str) -> list[str]:
        """Return what to type."""
        return [sys.executable, "-m", "figsync", *words]

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment, without anything of whoever benchmarks."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "FIGSYNC_CONFIG": str(self._config),
            "FIGSYNC_TOKEN": self._token,
        }

    def sync(self) -> Run:
        """Run `figsync sync`."""
        return self.figsync("sync", "--quiet")

    def drop(self, folder: str, files: list[Path]) -> None:
        """Put copies of *files* into an item folder; they reach the disk at once."""
        place = self.root / folder
        place.mkdir(parents=True)
        for path in files:
            shutil.copyfile(path, place / path.name)
        os.sync()

    def wipe(self) -> None:
        """Give the disk back what the mirror took."""
        shutil.rmtree(self.home)
