"""systemctl and journalctl, for the system or for one person."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from figsync.config.places import home
from figsync.errors import FigsyncError, WrongUsage

SYSTEM_UNITS = Path("/etc/systemd/system")
_NO_BUS = "Failed to connect to bus"
_NO_SYSTEMD = "not been booted with systemd"
_OTHER_MEANS = "start `figsync run` by other means"


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service manager of the system, or of the person who calls."""

    is_system: bool
    environ: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Where units that somebody wrote belong."""
        if self.is_system:
            return SYSTEM_UNITS
        given = self.environ.get("XDG_CONFIG_HOME", "")
        above = Path(given) if given.startswith("/") else home(self.environ) / ".config"
        return above / "systemd" / "user"

    def control(self, *words: str) -> None:
        """Have `systemctl` do something; FigsyncError says why if it does not."""
        done = self.ask("systemctl", *words)
        if done.returncode:
            said = done.stderr.strip().partition("\n")[0] or "it gave no reason"
            remedy = "see `journalctl -xe`"
            if _NO_SYSTEMD in said:
                remedy = _OTHER_MEANS
            elif _NO_BUS in said:
                remedy = "log in as this user itself, or use --system"
            raise FigsyncError(f"systemctl {' '.join(words)}", said.rstrip("."), remedy)

    def properties(self, unit: str, *names: str) -> dict[str, str]:
        """Return what systemd knows of a unit, of one that is not there too."""
        asked = [f"--property={name}" for name in names]
        told = self.ask("systemctl", "show", unit, *asked).stdout
        return dict.fromkeys(names, "") | {
            name: value
            for name, is_there, value in (
                line.partition("=") for line in told.splitlines()
            )
            if is_there
        }

    def last_lines(self, unit: str, count: int) -> list[str]:
        """Return what was said last of a unit; nothing if the journal is closed."""
        return self._journal(unit, f"--lines={count}", "--output=short")

    def last_words(self, unit: str) -> str:
        """Return the last line of figsync itself, "" if the journal is closed."""
        own = f"--identifier={unit.removesuffix('.service')}"
        lines = self._journal(unit, own, "--lines=1", "--output=cat")
        return lines[-1].removeprefix("figsync: ") if lines else ""

    def _journal(self, unit: str, *limits: str) -> list[str]:
        asked = self.ask("journalctl", "--no-pager", "--unit", unit, *limits)
        return asked.stdout.splitlines()

    def ask(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of systemd's programs; WrongUsage where there is none."""
        path = shutil.which(program, path=self.environ.get("PATH"))
        if path is None:
            cause = "it is not there: this machine does not run systemd"
            raise WrongUsage(program, cause, _OTHER_MEANS)
        of = ["--system"] if self.is_system else ["--user"]
        return subprocess.run(
            [path, *of, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=dict(self.environ),
            check=False,
        )
