"""The other programs: the serial script, and pyfigshare in its own environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.processes import PYTHON, Failed, run
from tests.benchmarks.service import Account, Service

HERE = Path(__file__).parent


def serial(
    way: str, service: Service, account: Account, *, name: str, folder: Path
) -> float:
    """Let the serial script work and return the seconds of its loop.

    *way* is up or down, *name* the title of the item or its id.
    """
    script = HERE / "serial_script.py"
    words = [*PYTHON, script, way, service.api, account.token, name, folder]
    return float(run(words).out)


@dataclass(frozen=True, slots=True)
class Setting:
    """How many files pyfigshare moves at once, and how many parts of each."""

    name: str
    files: int
    parts: int


# Its defaults; what its README shows; and as many requests at once as figsync has.
UP = (Setting("", 1, 4), Setting(", 4 × 4", 4, 4), Setting(", 8 × 4", 8, 4))
UP_ONE_FILE = (Setting("", 1, 4), Setting(", 1 × 8", 1, 8))
DOWN = (Setting("", 1, 4), Setting(", 4 at once", 4, 4), Setting(", 8 at once", 8, 4))
DOWN_ONE_FILE = DOWN[:1]


@dataclass(frozen=True, slots=True)
class Pyfigshare:
    """pyfigshare, installed; it sends unauthorised what storage must not see."""

    python: Path
    version: str

    def work(  # noqa: PLR0913 - what the serial script is told, and how
        self,
        way: str,
        service: Service,
        account: Account,
        *,
        name: str,
        folder: Path,
        setting: Setting,
    ) -> float:
        """Let it work with a setting and return the seconds it took."""
        script = HERE / "pyfigshare_script.py"
        words = [self.python, "-P", script, way, service.api, account.token]
        at_once = (str(setting.files), str(setting.parts))
        return float(run([*words, name, folder, *at_once]).out)


def install_pyfigshare() -> Pyfigshare | None:
    """Return pyfigshare in its own environment, made if needed; None if it can't be."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = Path(cache) / "figsync-benchmarks" / "pyfigshare"
    python = place / "bin" / "python"
    try:
        if not python.exists():
            run([sys.executable, "-m", "venv", place])
        run([python, "-m", "pip", "install", "--quiet", "pyfigshare"])
        return Pyfigshare(python, _version(python))
    except Failed as problem:
        print(f"pyfigshare can not be installed: {problem}", file=sys.stderr)
        return None


def _version(python: Path) -> str:
    asked = "from importlib.metadata import version; print(version('pyfigshare'))"
    return run([python, "-c", asked]).out.strip()


def settings_of(way: str, files: int) -> Sequence[Setting]:
    """Return the settings to try for so many files."""
    if way == "up":
        return UP if files > 1 else UP_ONE_FILE
    return DOWN if files > 1 else DOWN_ONE_FILE
