"""What can go wrong, made to happen: each failure by the words README.md has for it."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import requests
from click.testing import CliRunner
from requests.adapters import BaseAdapter

from figsync.clock import SystemClock
from figsync.commands.cli import figsync
from figsync.commands.shell import Shell
from figsync.disk import Calls
from figsync.sandbox import Fault
from tests.commands.desk import Desk


@dataclass(frozen=True, slots=True)
class Told:
    """What a person was told: every line of a call, its exit code, and the names.

    *names* are what the capitals of README.md stand for in this case.
    """

    lines: list[str]
    code: int
    names: Mapping[str, str] = field(default_factory=dict)


Scenario = Callable[[Desk], Told]
FAILURES: dict[str, Scenario] = {}


# What the sandbox says in the replies that it fails with on purpose.
HOUSE = Path(__file__).parents[2]
SAID = "Failed on purpose"


def failure(situation: str) -> Callable[[Scenario], Scenario]:
    """Declare what makes a *situation* of README.md's table happen."""

    def declare(scenario: Scenario) -> Scenario:
        assert situation not in FAILURES
        FAILURES[situation] = scenario
        return scenario

    return declare


class QuickClock(SystemClock):
    """The machine's clock, but waiting takes no time."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def wait(self, seconds: float) -> bool:
        self._ahead += max(0.0, seconds)
        return self.stopped


def told(
    desk: Desk,
    *words: str,
    names: Mapping[str, str] | None = None,
    calls: Calls | None = None,
    adapters: Mapping[str, BaseAdapter] | None = None,
    clock: SystemClock | None = None,
    **environ: str,
) -> Told:
    """Call figsync in this process, where no wait takes time."""
    hidden = ("FIGSYNC_TOKEN", "STATE_DIRECTORY", "XDG_STATE_HOME", "HTTPS_PROXY")
    env = {**dict.fromkeys(hidden), **desk.environ, **environ}
    shell = Shell(clock=clock or QuickClock(), calls=calls, adapters=adapters or {})
    result = CliRunner().invoke(figsync, words or ("sync",), env=env, obj=shell)
    lines = [line.strip() for line in result.output.splitlines()]
    return Told(lines, result.exit_code, names or {})


def told_without_privileges(
    desk: Desk, *words: str, names: Mapping[str, str] | None = None
) -> Told:
    """Call figsync as a process that permissions hold back, root's too."""
    process = subprocess.run(
        [sys.executable, "-m", "figsync", *(words or ("sync",))],
        capture_output=True,
        text=True,
        env=desk.environ,
        cwd=desk.home,
        preexec_fn=_drop_privileges,
        timeout=60,
    )
    lines = [line.strip() for line in (process.stdout + process.stderr).splitlines()]
    return Told(lines, process.returncode, names or {})


def _drop_privileges() -> None:
    """Give up root's right to read and write what permissions forbid."""
    dac_override, dac_read_search, capbset_drop = 1, 2, 24
    if os.geteuid() == 0:
        for capability in (dac_override, dac_read_search):
            ctypes.CDLL(None).prctl(capbset_drop, capability, 0, 0, 0)


class Refusing(Calls):
    """A disk that refuses some calls with one error, each time."""

    def __init__(self, code: int, *refused: str) -> None:
        self.code, self.refused = code, refused

    def before(self, call: str, name: str) -> None:
        # Without a lock nothing would begin.
        if call in self.refused and not name.startswith(("own", "mode")):
            raise OSError(self.code, os.strerror(self.code), name)


class Deaf(BaseAdapter):
    """A network on which no answer ever comes."""

    def send(self, *_: object, **__: object) -> requests.Response:
        raise requests.ReadTimeout

    def close(self) -> None:
        pass


class Impossible(BaseAdapter):
    """A network that does what no network does."""

    def send(self, *_: object, **__: object) -> requests.Response:
        raise RuntimeError

    def close(self) -> None:
        pass


# The configuration and the token.


def _config(desk: Desk, key: str) -> dict[str, str]:
    """Return what CONFIG and the N of its wrong line stand for."""
    lines = desk.config_path.read_text().splitlines()
    (number,) = (n for n, line in enumerate(lines, 1) if line.startswith(f"{key} ="))
    return {"CONFIG": str(desk.config_path), "N": str(number)}


@failure("No configuration")
def _(desk: Desk) -> Told:
    desk.config_path.unlink()
    return told(desk, names={"CONFIG": str(desk.config_path)})


@failure("An unknown key in it")
def _(desk: Desk) -> Told:
    desk.configure(mirror__rot="/tmp")
    return told(desk, names=_config(desk, "rot"))


@failure("A value that can not be")
def _(desk: Desk) -> Told:
    desk.configure(deletions__grace="soon")
    return told(desk, names=_config(desk, "grace"))


@failure("An ignore rule that means nothing")
def _(desk: Desk) -> Told:
    desk.configure(mirror__ignore="*.tmp\n    !")
    return told(desk, names=_config(desk, "ignore"))


@failure("An API address without encryption")
def _(desk: Desk) -> Told:
    desk.configure(account__api_url="http://figshare.example/v2")
    return told(desk, names=_config(desk, "api_url"))


@failure("No token")
def _(desk: Desk) -> Told:
    desk.configure(account__token_file="")
    return told(desk, names={"CONFIG": str(desk.config_path)})


@failure("A token that others could read")
def _(desk: Desk) -> Told:
    desk.token_path.chmod(0o644)
    return told(desk, names=_config(desk, "token_file"))


@failure("A webhook that others could read")
def _(desk: Desk) -> Told:
    desk.configure(notifications__webhook="https://hooks.example.org/secret")
    desk.config_path.chmod(0o644)
    return told(desk, names=_config(desk, "webhook"))


def _keyring(desk: Desk, backend: str) -> Told:
    desk.configure(account__token_file="", account__token_keyring="desk")
    environ = {"PYTHONPATH": str(HOUSE), "PYTHON_KEYRING_BACKEND": backend}
    return told(desk, **environ)


@failure("A locked keyring")
def _(desk: Desk) -> Told:
    return _keyring(desk, "tests.keyrings.Locked")


@failure("A name that the keyring does not have")
def _(desk: Desk) -> Told:
    return _keyring(desk, "tests.keyrings.Open")


@failure("A wrong token")
def _(desk: Desk) -> Told:
    said = "Invalid or unknown session token"
    return told(desk, FIGSYNC_TOKEN="wrong", names={"SAID": said})


@failure("A token that is revoked during a sync")
def _(desk: Desk) -> Told:
    # The account still answered, its items do not any more.
    refusal = Fault("api", "GET", r"/account/articles", status=403, times=1000)
    desk.box.fail_next(refusal)
    return told(desk, names={"SAID": SAID})


# The way to Figshare.


@failure("A host name that nobody knows")
def _(desk: Desk) -> Told:
    desk.configure(
        account__api_url="https://figshare.invalid/v2",
        transfer__requests_per_second="1",
    )
    return told(desk, names={"HOST": "figshare.invalid"})


@failure("Nobody answers at that address")
def _(desk: Desk) -> Told:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        desk.configure(account__api_url=f"http://127.0.0.1:{port}/v2")
        return told(desk, names={"HOST": f"127.0.0.1:{port}"})


@failure("No answer in time")
def _(desk: Desk) -> Told:
    host = desk.urls.api.split("/")[2]
    return told(desk, adapters={"http://": Deaf()}, names={"HOST": host})


@failure("A firewall's page in place of the API")
def _(desk: Desk) -> Told:
    desk.box.switches.html_403 = True
    return told(desk)


@failure("Figshare is out of order")
def _(desk: Desk) -> Told:
    desk.box.fail_next(Fault("api", status=503, times=1000))
    return told(desk, names={"SAID": SAID})


@failure("Figshare wants an hour's rest")
def _(desk: Desk) -> Told:
    desk.box.switches.rate_limit = 0.001
    desk.box.switches.retry_after = 3600
    return told(desk, names={"SAID": "Too many requests", "N": "3600"})


@failure("An answer that is no JSON")
def _(desk: Desk) -> Told:
    desk.box.switches.empty_body = True
    return told(desk)


# Files on their way down.


def _on_the_web(desk: Desk) -> None:
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_file(item, "a.csv", b"1,2" * 1000)


FILE = {"FOLDER": "Soil cores", "FILE": "a.csv"}


@failure("A firewall's page in place of a file")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    desk.box.switches.waf_downloads = 403
    return told(desk, names=FILE)


@failure("A file comes down with other bytes")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    desk.box.switches.corrupt_download = True
    return told(desk, names=FILE)


@failure("The connection breaks in a download")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    desk.box.switches.break_download = True
    return told(desk, names={**FILE, "N": "1500", "SIZE": "3000"})


@failure("An embargoed or confidential file")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    desk.box.switches.refuse_downloads = True
    said = "Download is disabled for this item"
    return told(desk, names={**FILE, "SAID": said})


# Files on their way up.


def _synced(desk: Desk, content: str = "content") -> int:
    """Return the id of an item that has one file on both sides."""
    desk.drop("Soil cores/a.csv", content)
    desk.ok("sync")
    return desk.box.web.item_ids()[0]


@failure("An empty file")
def _(desk: Desk) -> Told:
    _synced(desk)
    desk.drop("Soil cores/b.csv", "")
    return _in_status(desk)


@failure("A file that is too large")
def _(desk: Desk) -> Told:
    desk.box.switches.maximum_file_size = 10
    _synced(desk)
    desk.drop("Soil cores/b.csv", "more than ten")
    return _in_status(desk, SIZE="10")


@failure("The account is full")
def _(desk: Desk) -> Told:
    desk.box.switches.quota = 10
    _synced(desk)
    desk.drop("Soil cores/b.csv", "1234")
    return _in_status(desk, SIZE="3")


@failure("The item is full")
def _(desk: Desk) -> Told:
    desk.configure(transfer__files_per_item="1")
    _synced(desk)
    desk.drop("Soil cores/b.csv", "other content")
    return _in_status(desk, N="1")


@failure("A new folder with too many files")
def _(desk: Desk) -> Told:
    desk.configure(transfer__files_per_item="1")
    _synced(desk)
    desk.drop("Water/a.csv")
    desk.drop("Water/b.csv")
    return _in_status(desk, FOLDER="Water", N="2", LIMIT="1")


@failure("A symbolic link, a pipe, a device")
def _(desk: Desk) -> Told:
    _synced(desk)
    (desk.root / "Soil cores" / "b.csv").symlink_to("/etc/hostname")
    return _in_status(desk)


@failure("A file name that is not UTF-8")
def _(desk: Desk) -> Told:
    _synced(desk)
    name = os.fsdecode(b"b\xff.csv")
    desk.drop(f"Soil cores/{name}")
    return _in_status(desk, FILE=r"b\xff.csv")


@failure("A file that you may not read")
def _(desk: Desk) -> Told:
    _synced(desk)
    desk.drop("Soil cores/b.csv").chmod(0)
    return _in_status(desk, sync=told_without_privileges)


def _in_status(
    desk: Desk, *, sync: Callable[[Desk], Told] = told, **names: str
) -> Told:
    """Return what status says after a sync; the code is the one of the sync."""
    synced = sync(desk)
    shown = told(desk, "status", names={"FOLDER": "Soil cores", "FILE": "b.csv"})
    return replace(shown, code=synced.code, names={**shown.names, **names})


@failure("Figshare refuses a file")
def _(desk: Desk) -> Told:
    _synced(desk)
    desk.box.switches.files_per_item = 1
    desk.drop("Soil cores/b.csv")
    return _of_b(desk, SAID="Maximum number of files reached")


@failure("An item in review, which nobody may change")
def _(desk: Desk) -> Told:
    _synced(desk)
    desk.drop("Soil cores/b.csv")
    desk.box.fail_next(Fault("api", "POST", r"/files$", status=403))
    return _of_b(desk, SAID=SAID)


def _of_b(desk: Desk, **names: str) -> Told:
    return told(desk, names={"FOLDER": "Soil cores", "FILE": "b.csv", **names})


@failure("A part of a file is refused")
def _(desk: Desk) -> Told:
    desk.drop("Soil cores/a.csv")
    desk.box.fail_next(Fault("upload", "PUT", status=400, times=1000))
    return told(desk, names={**FILE, "SAID": SAID})


@failure("A file arrives with other bytes")
def _(desk: Desk) -> Told:
    desk.drop("Soil cores/a.csv")
    desk.box.switches.flip_part_byte = True
    return told(desk, names=FILE)


@failure("Figshare takes its time to check a file")
def _(desk: Desk) -> Told:
    desk.drop("Soil cores/a.csv")
    desk.box.switches.md5_never = True
    return told(desk, names=FILE)


@failure("A file that is written to all the time")
def _(desk: Desk) -> Told:
    _synced(desk)
    desk.configure(schedule__settle="5s")
    path = desk.drop("Soil cores/b.csv")

    class Writing(QuickClock):
        def wait(self, seconds: float) -> bool:
            path.write_text(f"{path.read_text()} and more")
            return super().wait(seconds)

    return told(desk, clock=Writing(), names={"FOLDER": "Soil cores", "FILE": "b.csv"})


# This computer.


@failure("The disk is full")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    return told(desk, calls=Refusing(errno.ENOSPC, "write"), names=FILE)


@failure("The disk is read-only")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    calls = Refusing(errno.EROFS, "create")
    return told(desk, calls=calls, names={"ROOT": str(desk.root)})


@failure("The disk is failing")
def _(desk: Desk) -> Told:
    _on_the_web(desk)
    return told(desk, calls=Refusing(errno.EIO, "write"), names=FILE)


@failure("A folder that you may not write to")
def _(desk: Desk) -> Told:
    item = _synced(desk)
    desk.box.web.add_file(item, "b.csv", b"1,2")
    (desk.root / "Soil cores").chmod(0o555)
    names = {"FOLDER": "Soil cores", "FILE": "b.csv"}
    return told_without_privileges(desk, names=names)


@failure("The trash can not be written")
def _(desk: Desk) -> Told:
    item = _synced(desk)
    (file,) = desk.box.web.files(item)
    desk.box.web.replace_file(file.id, b"changed")
    (desk.root / ".figsync" / "trash").chmod(0o555)
    names = {**FILE, "ROOT": str(desk.root)}
    return told_without_privileges(desk, names=names)


@failure("The folder for downloads can not be written")
def _(desk: Desk) -> Told:
    item = _synced(desk)
    desk.box.web.add_file(item, "b.csv", b"1,2")
    (desk.root / ".figsync" / "tmp").chmod(0o555)
    return told_without_privileges(desk, names={"ROOT": str(desk.root)})


@failure("A mirror that you may not read")
def _(desk: Desk) -> Told:
    _synced(desk)
    desk.root.chmod(0)
    answer = told_without_privileges(desk, names={"ROOT": str(desk.root)})
    desk.root.chmod(0o755)
    return answer


@failure("Two figsyncs at once")
def _(desk: Desk) -> Told:
    _synced(desk)
    names = {"ROOT": str(desk.root), "PID": str(os.getpid())}
    with desk.owned_elsewhere():
        return told(desk, names={**names, "HOST": socket.gethostname()})


@failure("The database is damaged")
def _(desk: Desk) -> Told:
    _synced(desk)
    database = desk.config.database
    with database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8192)
    answer = told(desk)
    (aside,) = {path.name for path in database.parent.glob("*damaged*")}
    return replace(answer, names={"DATABASE": str(database), "ASIDE": aside})


@failure("The database is from a newer figsync")
def _(desk: Desk) -> Told:
    _synced(desk)
    database = desk.config.database
    with sqlite3.connect(database) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('figsync', 'of_next_year', '2030-01-01')"
        )
    db.close()
    return told(desk, names={"DATABASE": str(database)})


@failure("A database that is no database")
def _(desk: Desk) -> Told:
    database = desk.home / "thesis.txt"
    database.write_text("Chapter one. " * 1000)
    desk.configure(state__database=str(database))
    return told(desk, names={"DATABASE": str(database)})


@failure("The database's folder can not be written")
def _(desk: Desk) -> Told:
    folder = desk.home / "closed"
    folder.mkdir(mode=0o555)
    desk.configure(state__database=str(folder / "state.db"))
    return told_without_privileges(desk, names={"DATABASE": str(folder / "state.db")})


# The command line.


@failure("You stop it")
def _(desk: Desk) -> Told:
    clock = QuickClock()
    clock.stop()
    return told(desk, clock=clock)


@failure("A bug in figsync")
def _(desk: Desk) -> Told:
    answer = told(desk, adapters={"http://": Impossible()})
    (report,) = desk.config.database.parent.glob("bug-*.txt")
    return replace(answer, names={"ERROR": "RuntimeError", "REPORT": str(report)})


@failure("A folder that does not exist")
def _(desk: Desk) -> Told:
    _synced(desk)
    return told(desk, "sync", "Sand", names={"FOLDER": "Sand"})
