"""`figsync doctor`: what could keep a mirror from working, each with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from figsync.clock import boot_id
from figsync.commands.shell import Shell, verb
from figsync.commands.show import plural, say, say_json, size_text, when_text
from figsync.config import Config
from figsync.disk import Disk
from figsync.errors import FigsyncError, StateDamaged
from figsync.figshare import Account, Figshare, Settings
from figsync.lock import is_owned
from figsync.naming import shown
from figsync.state import State
from figsync.sync.pace import share_budget
from figsync.sync.place import is_noted
from figsync.sync.rests import read_rests
from figsync.sync.root import MARKER_ID, check_marker
from figsync.sync.send import FOLDERS_KEPT

LITTLE_ROOM = 1 << 30
LITTLE_ROOM_FOR_STATE = 64 << 20
LITTLE_QUOTA = 0.05
CLOCK_SECONDS = 60.0
WATCH_LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do about it if it is not well."""

    subject: str
    said: str
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        return not self.remedy


@dataclass
class Patient:
    """What the checks share; each later one needs what an earlier one found."""

    shell: Shell
    config: Config
    disk: Disk
    figshare: Figshare | None = None
    account: Account | None = None
    state: State | None = None
    folders: int = field(default=0)


@verb(example="figsync doctor", codes=(2,))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def doctor(shell: Shell, *, as_json: bool) -> None:
    """Look for what could keep the mirror from working."""
    findings = list(examine(shell))
    if as_json:
        say_json([_as_json(finding) for finding in findings])
        return
    for finding in findings:
        mark = "ok " if finding.is_well else "BAD"
        remedy = f"; {finding.remedy}" if finding.remedy else ""
        say(f"{mark} {finding.subject}: {shown(finding.said + remedy)}")


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "subject": finding.subject,
        "ok": finding.is_well,
        "said": finding.said,
        "remedy": finding.remedy,
    }


def examine(shell: Shell) -> Iterator[Finding]:
    """Yield what is found; without a configuration there is only that to tell."""
    try:
        config = shell.config
    except FigsyncError as problem:
        yield _wrong("configuration", problem)
        return
    yield Finding("configuration", str(config.path))
    patient = Patient(shell, config, Disk(config.mirror.root, clock=shell.clock))
    try:
        for subject, check in _CHECKS.items():
            try:
                yield from check(patient)
            except FigsyncError as problem:
                yield _wrong(subject, problem)
    finally:
        if patient.state is not None:
            patient.state.close()
        if patient.figshare is not None:
            patient.figshare.close()


def _wrong(subject: str, problem: FigsyncError) -> Finding:
    said = f"{problem.subject}: {problem.cause}" if problem.subject else problem.cause
    return Finding(subject, said, problem.remedy or "see `figsync --help`")


def _token(patient: Patient) -> Iterator[Finding]:
    token, config = patient.shell.token, patient.config
    patient.figshare = Figshare(
        config.account.api_url,
        token,
        clock=patient.shell.clock,
        impersonate=config.account.impersonate,
        settings=Settings(
            requests_per_second=config.transfer.requests_per_second,
            burst=config.transfer.burst,
        ),
    )
    share_budget(patient.figshare, config.database, boot_id())
    yield Finding("token", "it is there, and nobody else can read it")


def _figshare(patient: Patient) -> Iterator[Finding]:
    if patient.figshare is None:
        return
    patient.account = account = patient.figshare.account()
    name = f"{account.first_name} {account.last_name}".strip() or account.id
    yield Finding("Figshare", f"{patient.config.account.api_url} knows {name}")


def _quota(patient: Patient) -> Iterator[Finding]:
    account = patient.account
    if account is None:
        return
    if not account.quota:
        yield Finding("quota", "Figshare states none")
        return
    used = account.used_quota or 0
    said = f"{size_text(used)} of {size_text(account.quota)} used"
    is_low = account.quota - used < account.quota * LITTLE_QUOTA
    remedy = "delete what is not needed, or ask Figshare for more" if is_low else ""
    yield Finding("quota", said, remedy)


def _clock(patient: Patient) -> Iterator[Finding]:
    server = patient.figshare.server_time() if patient.figshare else None
    if server is None:
        return
    off = abs(server - patient.shell.clock.now())
    remedy = "set this computer's clock (NTP)" if off > CLOCK_SECONDS else ""
    yield Finding("clock", f"{off:.0f} s from the server's", remedy)


def _database(patient: Patient) -> Iterator[Finding]:
    path = patient.config.database
    clock = patient.shell.clock
    known = is_noted(patient.config, clock)
    patient.state = State.read_only(path, clock=clock, known=known)
    if patient.state is None:
        yield Finding("database", "there is none yet; the first sync makes it")
        return
    try:
        for row in patient.state.damage():
            raise StateDamaged(str(path), row, _REBUILT)
        files = patient.state.files.synced_total()
    except StateDamaged:
        # The other checks do without it: one remedy is enough.
        patient.state.close()
        patient.state = None
        raise
    yield Finding("database", f"{path} knows {plural(files, 'synced file')}")


_REBUILT = "the next sync sets it aside and rebuilds it; no file is lost"


def _root(patient: Patient) -> Iterator[Finding]:
    root = patient.config.mirror.root
    expected = patient.state.settings.get(MARKER_ID) if patient.state else ""
    if not expected and not root.exists():
        yield Finding("root", f"{root} is not there yet; the first sync makes it")
        return
    check_marker(patient.disk, expected)
    patient.folders = sum(1 for path in root.rglob("*/") if not path.is_symlink())
    yield Finding("root", f"{root} holds {plural(patient.folders, 'folder')}")


def _room(patient: Patient) -> Iterator[Finding]:
    if not patient.config.mirror.root.is_dir():
        return
    free = patient.disk.free_bytes()
    remedy = "free some space on this disk" if free < LITTLE_ROOM else ""
    yield Finding("disk space", f"{size_text(free)} free", remedy)
    yield from _room_of_state(patient)


def _room_of_state(patient: Patient) -> Iterator[Finding]:
    """Look at the database's disk too, if it is another one."""
    folder = patient.config.database.parent
    if not folder.is_dir():
        return
    disk = Disk(folder, clock=patient.shell.clock)
    if disk.identity().device == patient.disk.identity().device:
        return
    free = disk.free_bytes()
    remedy = "free some space there" if free < LITTLE_ROOM_FOR_STATE else ""
    yield Finding("disk space of the database", f"{size_text(free)} free", remedy)


def _watches(patient: Patient) -> Iterator[Finding]:
    try:
        limit = int(WATCH_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    said = f"{limit:,} folders can be watched, {patient.folders:,} are there"
    wanted = max(2 * patient.folders, 8192)
    is_low = limit < 1.5 * patient.folders
    remedy = f"sudo sysctl fs.inotify.max_user_watches={wanted}" if is_low else ""
    yield Finding("watch limit", said, remedy)


def _lock(patient: Patient) -> Iterator[Finding]:
    owned = is_owned(patient.disk, patient.shell.clock)
    said = "a figsync works on this mirror now" if owned else "nobody works on it"
    yield Finding("lock", said)


def _folders_kept(patient: Patient) -> Iterator[Finding]:
    kept = patient.state.settings.get(FOLDERS_KEPT) if patient.state else ""
    if kept == "no":
        remedy = "pack sub-folders into archives, or ask your Figshare about folders"
        yield Finding("folders", "this server does not keep sub-folders", remedy)
    else:
        yield Finding("folders", "kept" if kept else "not tried yet")


def _hosts(patient: Patient) -> Iterator[Finding]:
    rests = read_rests(patient.state) if patient.state else ()
    for rest in rests:
        said = f"{rest.cause}; left alone until {when_text(rest.until)}"
        yield Finding(rest.subject, said, "`figsync sync` tries it at once")
    if not rests:
        yield Finding("hosts", "none is left alone after failures")


_CHECKS: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "token": _token,
    "Figshare": _figshare,
    "quota": _quota,
    "clock": _clock,
    "database": _database,
    "hosts": _hosts,
    "root": _root,
    "disk space": _room,
    "watch limit": _watches,
    "lock": _lock,
    "folders": _folders_kept,
}
