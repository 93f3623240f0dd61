"""Where benchmarks take place: sizes, repeats, folders, files to move."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.filling import filled
from tests.benchmarks.results import Contest
from tests.benchmarks.rivals import Pyfigshare
from tests.benchmarks.service import Account, Service, served

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much work there is; the defaults are those that the limits are for."""

    large: int = 256 * MIB
    part: int = 10 * MIB
    small: int = 8 * KIB
    small_count: int = 300
    latency: float = 0.04
    items: int = 8_000
    pulled: int = 300
    scanned: int = 100_000
    scanned_big: int = 1_000_000
    sparse: int = 10 * GIB
    budget_seconds: float = 120.0
    life: float = 8.0
    silence: int = 7
    asked: int = 11

    @property
    def told_large(self) -> str:
        """Return how large the large file is, for people."""
        return f"{self.large / MIB:g} MiB"


QUICK = Sizes(
    large=32 * MIB,
    small_count=40,
    items=400,
    pulled=40,
    scanned=10_000,
    scanned_big=50_000,
    sparse=1 * GIB,
    budget_seconds=20.0,
)


@dataclass(slots=True)
class Ground:
    """One run of benchmarks: all it makes is below *folder*, and goes again."""

    folder: Path
    sizes: Sizes
    repeats: int
    pyfigshare: Pyfigshare | None = None
    speaks: bool = True
    _rooms: int = 0

    def room(self, name: str) -> Path:
        """Return where something can be made that nobody made before."""
        self._rooms += 1
        return self.folder / f"{name}-{self._rooms}"

    @contextmanager
    def service(self) -> Iterator[Service]:
        """Serve a fresh sandbox; what it kept is gone afterwards."""
        data = self.room("figshare")
        with served(data, part_size=self.sizes.part) as service:
            yield service
        shutil.rmtree(data)

    @contextmanager
    def filled(
        self, *, items: int, files: int = 0, size: int = 0
    ) -> Iterator[tuple[Service, Account]]:
        """Serve a fresh sandbox in which an account has that many items."""
        data = self.room("figshare")
        account = filled(data, items=items, files=files, size=size)
        with served(data, part_size=self.sizes.part) as service:
            yield service, account
        shutil.rmtree(data)

    def large_file(self) -> list[Path]:
        """Return the one large file, made of random bytes."""
        return self._files("large", 1, self.sizes.large)

    def small_files(self) -> list[Path]:
        """Return the many small files, each of other random bytes."""
        return self._files("small", self.sizes.small_count, self.sizes.small)

    @property
    def told_latency(self) -> str:
        """Return how long each request takes, for people."""
        return f"{self.sizes.latency * 1000:g} ms a request"

    @property
    def told_small(self) -> str:
        """Return how many small files there are, for people."""
        return f"{self.sizes.small_count} files of {self.sizes.small / KIB:g} KiB"

    def clear(self, folder: Path) -> None:
        """Give the disk back what a round took."""
        shutil.rmtree(folder, ignore_errors=True)

    def tell(self, contest: Contest, *, cpu: float) -> None:
        """Print what a contest came to, while the others still run."""
        if not self.speaks:
            return
        print(f"\n{contest.title}")
        for name, seconds in contest.seconds.items():
            runs = " ".join(f"{one:.2f}" for one in seconds)
            print(f"  {name:24} {contest.median(name):8.3f} s   ({runs})")
        print(f"  of which figsync computed {cpu:.2f} s", flush=True)

    def _files(self, name: str, count: int, size: int) -> list[Path]:
        folder = self.folder / "files" / name
        paths = [folder / f"{name}-{place:03}.bin" for place in range(count)]
        if not folder.exists():
            folder.mkdir(parents=True)
            for path in paths:
                _fill(path, size)
            os.sync()
        return paths


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for start in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - start)))
