"""What has to hold of figsync as a service; runs as root in the booted container.

`run.py` brings it there; it needs nothing but Python, systemd and figsync.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

BIN = "/opt/figsync/bin/figsync"
USER = "figsync"
PERSON = "alice"
DEADLINE = 60.0


@dataclass(frozen=True)
class Account:
    """One mirror with a sandbox of its own, and the service that keeps it."""

    port: int
    token: str
    root: Path
    config: Path
    unit: str

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.port}/_admin"

    def write_config(self, **keys: str) -> None:
        """Write the configuration; keys are written `section__key`."""
        settings = {
            "account__api_url": f"http://127.0.0.1:{self.port}/v2",
            "mirror__root": str(self.root),
            "transfer__requests_per_second": "0",
            "schedule__settle": "1s",
            "schedule__pull_every": "5s",
            **keys,
        }
        text = ""
        for section in sorted({name.partition("__")[0] for name in settings}):
            text += f"[{section}]\n"
            for name, value in settings.items():
                if name.startswith(f"{section}__"):
                    text += f"{name.partition('__')[2]} = {value}\n"
        self.config.write_text(text)
        self.config.chmod(0o644)

    def ask(self, place: str, body: object = None, method: str = "") -> Any:
        """Ask the sandbox what its owner sees, or do as its owner does."""
        data = body if isinstance(body, bytes) or body is None else dumped(body)
        request = Request(f"{self.admin}/{place}", data=data)
        request.add_header("Content-Type", "application/json")
        request.method = method or ("GET" if data is None else "POST")
        with urlopen(request, timeout=20) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def names(self, *, whole: bool = True) -> set[str]:
        """Return the paths of all files on the sandbox, or of those that are whole."""
        found = set()
        for item in self.ask("items"):
            title = self.ask(f"items/{item}")["title"]
            for file in self.ask(f"items/{item}/files"):
                if file["status"] == "available" or not whole:
                    found.add(f"{title}/{file['path']}")
        return found

    def show(self, name: str) -> str:
        return ran("systemctl", "show", self.unit, f"--property={name}", "--value")

    def is_active(self) -> bool:
        return self.show("ActiveState") == "active"

    @property
    def pid(self) -> int:
        return int(self.show("MainPID"))


ONE = Account(
    port=18080,
    token="figsync-secret-token-of-the-first-account",
    root=Path("/srv/mirror"),
    config=Path("/etc/figsync/config.ini"),
    unit="figsync.service",
)
TWO = Account(
    port=18180,
    token="figsync-secret-token-of-the-second-account",
    root=Path("/srv/100% of a mirror"),
    config=Path("/etc/figsync/lab 2.ini"),
    unit="figsync@lab.service",
)


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def ran(*words: str, code: int = 0, user: str = "") -> str:
    """Run a program that has to end with this code; return what it printed."""
    environ = dict(os.environ)
    if user:
        known = pwd.getpwnam(user)
        runtime = f"/run/user/{known.pw_uid}"
        environ |= {"HOME": known.pw_dir, "USER": user, "XDG_RUNTIME_DIR": runtime}
        words = (
            "setpriv",
            f"--reuid={user}",
            f"--regid={user}",
            "--init-groups",
            *words,
        )
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
        cwd="/",
    )
    if done.returncode != code:
        raise AssertionError(f"{words[0]}: code {done.returncode}: {done.stdout}")
    return done.stdout.strip()


def seconds_until(holds: Callable[[], object], limit: float = DEADLINE) -> float:
    """Wait until something holds and return how long that took."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > limit:
            raise AssertionError(f"not within {limit:g} s")
        time.sleep(0.05)
    return time.monotonic() - begun


def set_up() -> None:
    """Make users, mirrors and tokens, and serve the sandboxes."""
    ran("useradd", "--system", USER)
    ran("useradd", "--create-home", PERSON)
    Path("/etc/figsync").mkdir()
    for account in (ONE, TWO):
        account.root.mkdir()
        os.chown(account.root, pwd.getpwnam(USER).pw_uid, pwd.getpwnam(USER).pw_gid)
        account.write_config()
        token = account.config.with_suffix(".token")
        token.touch(0o600)
        token.write_text(account.token)
        ran(
            *("systemd-run", "--quiet", f"--unit=sandbox-{account.port}", BIN),
            *("sandbox", f"--port={account.port}", f"--data=/var/lib/{account.port}"),
            f"--token={account.token}",
        )
        seconds_until(lambda account=account: answers(account))


def answers(account: Account) -> bool:
    try:
        return account.ask("items") is not None
    except OSError:
        return False


def save(account: Account, path: str, content: bytes) -> Path:
    """Save a file in the mirror as the user whose it is."""
    target = account.root / path
    folder = ["mkdir", "--parents", str(target.parent)]
    ran(*folder, user=USER)
    staged = Path("/tmp/staged")
    staged.write_bytes(content)
    staged.chmod(0o644)
    ran("cp", str(staged), str(target), user=USER)
    return target


def installs_and_becomes_active() -> str:
    begun = time.monotonic()
    said = ran(BIN, "service", "install", "--system")
    assert ONE.is_active(), said
    assert "is enabled and runs" in said, said
    assert ran("systemctl", "is-enabled", ONE.unit) == "enabled"
    return f"{time.monotonic() - begun:.1f} s from the call to READY"


def installs_a_second_one_with_odd_names() -> str:
    config = ("--config", str(TWO.config))
    ran(BIN, "service", "install", "--system", "--name", "lab", *config)
    seconds_until(TWO.is_active)
    assert ONE.is_active()
    save(TWO, "Second/b.txt", b"two")
    took = seconds_until(lambda: TWO.names() == {"Second/b.txt"})
    assert ONE.names().isdisjoint(TWO.names())
    runtimes = {Path("/run", a.unit) for a in (ONE, TWO)}
    assert all(list(folder.iterdir()) for folder in runtimes)
    return f"{TWO.root} up in {took:.1f} s; state and sockets apart"


def satisfies_systemd_analyze() -> str:
    path = f"/etc/systemd/system/{ONE.unit}"
    silent = ran("systemd-analyze", "verify", path)
    assert silent == "", silent
    told = ran("systemd-analyze", "security", "--offline=true", "--no-pager", path)
    (exposure,) = re.findall(r"level for \S+: ([\d.]+)", told)
    assert float(exposure) <= 1.6, told
    (live,) = re.findall(
        r"level for \S+: ([\d.]+)",
        ran("systemd-analyze", "security", "--no-pager", ONE.unit),
    )
    return f"verify silent, exposure {exposure} offline, {live} live"


def mirrors_both_ways() -> str:
    save(ONE, "Soil cores/raw/a.csv", b"1,2,3\n")
    up = seconds_until(lambda: "Soil cores/raw/a.csv" in ONE.names())
    item = ONE.ask("items", {"title": "From the web"})["id"]
    ONE.ask(f"items/{item}/files?name=w.txt", b"web\n")
    target = ONE.root / "From the web" / "w.txt"
    down = seconds_until(target.exists)
    assert target.read_bytes() == b"web\n"
    return f"up in {up:.1f} s (settle 1 s), down in {down:.1f} s (pull every 5 s)"


def tells_its_status() -> str:
    seconds_until(lambda: ONE.show("StatusText").startswith("idle"))
    told = ran(BIN, "service", "status", "--system").partition("\n")[0]
    assert re.search(r"enabled, active since .*: \w+; ", told), told
    return told


def keeps_files_ordinary_and_state_private() -> str:
    modes = {}
    mine = pwd.getpwnam(USER).pw_uid
    web = ONE.root / "From the web"
    (state,) = Path("/var/lib/figsync/figsync").glob("*/state.db")
    for path, expected in (
        (web / "w.txt", 0o644),
        (web, 0o755),
        (ONE.root / ".figsync", 0o700),
        (state, 0o600),
        (state.parent, 0o700),
        (Path("/var/lib/figsync/figsync"), 0o700),
        (Path("/run", ONE.unit), 0o700),
    ):
        seen = path.stat()
        modes[path.name] = f"{seen.st_mode & 0o777:o}"
        assert seen.st_mode & 0o777 == expected, (path, modes)
        assert seen.st_uid == mine, path
    for path in state.parent.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    return ", ".join(f"{name} {mode}" for name, mode in modes.items())


def is_seen_by_verbs_called_by_hand() -> str:
    config = ("--config", str(ONE.config))
    for user in (USER, ""):
        told = json.loads(ran(BIN, "status", "--json", *config, user=user))
        assert told["daemon"]["pid"] == ONE.pid, told["daemon"]
        assert told["files"], told
    ran(BIN, "sync", *config, user=USER)
    return "status and sync meet the daemon and its database, as the user and as root"


def leaves_a_mirror_that_can_be_synced_by_hand() -> str:
    ran("systemctl", "stop", ONE.unit)
    ran(BIN, "sync", "--config", str(ONE.config), user=USER, code=2)  # no token
    token = f"FIGSYNC_TOKEN={ONE.token}"
    ran("env", token, BIN, "sync", "--config", str(ONE.config), user=USER)
    ran("systemctl", "start", ONE.unit)
    return "the root is the same one outside the service's namespaces"


def is_restarted_when_it_hangs() -> str:
    drop_in("WatchdogSec=6", "RestartSec=1")
    ran("systemctl", "restart", ONE.unit)
    before = ONE.pid
    time.sleep(20)
    assert ONE.pid == before, "it was restarted although it did not hang"
    os.kill(before, signal.SIGSTOP)
    took = seconds_until(lambda: ONE.pid not in (0, before) and ONE.is_active())
    journal = ran("journalctl", "--unit", ONE.unit, "--output=cat", "--no-pager")
    assert "Watchdog timeout" in journal
    save(ONE, "Soil cores/after.csv", b"after")
    seconds_until(lambda: "Soil cores/after.csv" in ONE.names())
    return f"20 s without a false alarm; new process after {took:.1f} s (WatchdogSec=6)"


def is_restarted_when_it_is_killed() -> str:
    before = ONE.pid
    os.kill(before, signal.SIGKILL)
    took = seconds_until(lambda: ONE.pid not in (0, before) and ONE.is_active())
    save(ONE, "Soil cores/killed.csv", b"killed")
    seconds_until(lambda: "Soil cores/killed.csv" in ONE.names())
    return f"active again after {took:.1f} s (RestartSec=1)"


def stops_in_time_with_a_transfer_in_flight() -> str:
    ONE.ask("switches", {"upload_latency": 45.0})
    save(ONE, "Soil cores/big.bin", os.urandom(30 << 20))
    seconds_until(lambda: "Soil cores/big.bin" in ONE.names(whole=False))
    # Each request to the upload service is in flight for 45 s: the watchdog of 6 s
    # must hear of life meanwhile.
    before = ONE.pid
    time.sleep(20)
    assert ONE.pid == before, "it was restarted in the midst of an upload"
    begun = time.monotonic()
    ran("systemctl", "stop", ONE.unit)
    took = time.monotonic() - begun
    assert took <= 30, f"{took:.1f} s"
    assert ONE.show("Result") == "success", ONE.show("Result")
    assert ONE.show("ExecMainStatus") == "0", ONE.show("ExecMainStatus")
    ONE.ask("switches", {"upload_latency": 0.0})
    ran("systemctl", "start", ONE.unit)
    seconds_until(lambda: "Soil cores/big.bin" in ONE.names(), 90)
    return (
        f"20 s of one request without a false alarm; stopped in {took:.1f} s with code"
        " 0; the file arrived after the next start"
    )


def reads_its_configuration_again() -> str:
    before = ONE.pid
    ONE.write_config(schedule__pull_every="6s")
    ran("systemctl", "reload", ONE.unit)
    seconds_until(ONE.is_active)
    save(ONE, "Soil cores/reloaded.csv", b"reloaded")
    seconds_until(lambda: "Soil cores/reloaded.csv" in ONE.names())
    assert ONE.pid == before
    return "reload keeps the process, which goes on"


def stays_down_on_a_configuration_error() -> str:
    ONE.config.write_text("[mirror]\nrot = /srv/mirror\n")
    ran("systemctl", "restart", ONE.unit, code=1)
    time.sleep(5)
    assert ONE.show("ActiveState") == "failed", ONE.show("ActiveState")
    assert ONE.show("ExecMainStatus") == "2", ONE.show("ExecMainStatus")
    assert ONE.show("NRestarts") == "0", ONE.show("NRestarts")
    told = ran(BIN, "service", "status", "--system")
    assert "failed with exit code 2" in told, told
    assert "did you mean root?" in told, told
    ONE.write_config()
    ran("systemctl", "restart", ONE.unit)
    return "failed with code 2, no restart in 5 s (RestartSec=1), the line in status"


def shows_its_token_nowhere() -> str:
    places = {
        "journal": ran(
            "journalctl", "--no-pager", "--unit=figsync*", "--output=verbose"
        ),
        "unit": ran("systemctl", "show", ONE.unit),
        "arguments": Path(f"/proc/{ONE.pid}/cmdline").read_text(),
        "environment": Path(f"/proc/{ONE.pid}/environ").read_text(),
    }
    for folder in ("/var/lib/figsync", "/run/figsync.service"):
        for path in (p for p in Path(folder).rglob("*") if p.is_file()):
            places[str(path)] = path.read_bytes().decode("latin-1")
    found = [name for name, text in places.items() if ONE.token in text]
    assert not found, found
    return f"not in {len(places)} places: journal, unit, arguments, environment, state"


def persons_own() -> Account:
    """The account of TWO, kept by a person in the home folder."""
    home = Path(f"/home/{PERSON}")
    config = home / ".config" / "figsync" / "config.ini"
    return Account(TWO.port, TWO.token, home / "Fig share", config, "")


def runs_for_a_person_too() -> str:
    ran("loginctl", "enable-linger", PERSON)
    uid = pwd.getpwnam(PERSON).pw_uid
    seconds_until(lambda: Path(f"/run/user/{uid}/bus").exists())
    own = persons_own()
    ran("mkdir", "--parents", "--mode=700", str(own.config.parent), user=PERSON)
    ran("systemctl", "stop", TWO.unit)
    own.write_config()
    token = own.config.with_suffix(".token")
    token.touch(0o600)
    token.write_text(own.token)
    os.chown(token, uid, uid)
    said = ran(BIN, "service", "install", user=PERSON)
    assert "enable-linger" not in said, said
    seconds_until((own.root / "Second" / "b.txt").exists)
    told = ran(BIN, "service", "status", user=PERSON)
    assert "enabled, active since" in told, told
    ran(BIN, "service", "uninstall", user=PERSON)
    listed = ("systemctl", "--user", "list-units", "figsync*", "--no-legend")
    left = ran(*listed, user=PERSON)
    assert left == "", left
    ran("systemctl", "start", TWO.unit)
    return "a user unit mirrors, and is gone after uninstall"


def fails_at_once_without_a_keyring() -> str:
    own = persons_own()
    own.config.with_suffix(".token").unlink()
    own.write_config(account__token_keyring="me")
    begun = time.monotonic()
    said = ran(BIN, "service", "install", user=PERSON, code=1)
    took = time.monotonic() - begun
    assert "the keyring: " in said, said
    told = ran(BIN, "service", "status", user=PERSON)
    assert "failed with exit code 2" in told, told
    ran(BIN, "service", "uninstall", user=PERSON)
    return f"{took:.1f} s: {said.partition('did not start ')[2].partition(';')[0]}"


def costs_little() -> str:
    stat = Path(f"/proc/{ONE.pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    told = Path(f"/proc/{ONE.pid}/status").read_text()
    (memory,) = re.findall(r"VmRSS:\s+(\d+) kB", told)
    return f"{int(memory) / 1024:.0f} MiB resident, {cpu:.1f} s of CPU since its start"


def leaves_nothing_behind() -> str:
    ran(BIN, "service", "uninstall", "--system")
    ran(BIN, "service", "uninstall", "--system", "--name", "lab")
    left = ran("systemctl", "list-unit-files", "figsync*", "--no-legend", code=1)
    assert left == "", left
    assert not Path("/run/figsync.service").exists()
    assert (ONE.root / "Soil cores" / "raw" / "a.csv").exists()
    return "both units are gone, mirror and state stay"


def drop_in(*lines: str) -> None:
    """Change the installed unit, for times that a test can wait for."""
    folder = Path(f"/etc/systemd/system/{ONE.unit}.d")
    folder.mkdir(exist_ok=True)
    (folder / "times.conf").write_text("[Service]\n" + "\n".join(lines) + "\n")
    ran("systemctl", "daemon-reload")


CHECKS = (
    installs_and_becomes_active,
    satisfies_systemd_analyze,
    mirrors_both_ways,
    tells_its_status,
    keeps_files_ordinary_and_state_private,
    is_seen_by_verbs_called_by_hand,
    installs_a_second_one_with_odd_names,
    leaves_a_mirror_that_can_be_synced_by_hand,
    is_restarted_when_it_hangs,
    is_restarted_when_it_is_killed,
    stops_in_time_with_a_transfer_in_flight,
    reads_its_configuration_again,
    stays_down_on_a_configuration_error,
    costs_little,
    shows_its_token_nowhere,
    runs_for_a_person_too,
    fails_at_once_without_a_keyring,
    leaves_nothing_behind,
)


def main() -> int:
    set_up()
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            print(f"ok   {name}: {check()}", flush=True)
        except Exception as problem:
            failed += 1
            print(f"FAIL {name}: {type(problem).__name__}: {problem}", flush=True)
    print(f"{len(CHECKS) - failed} passed, {failed} failed", flush=True)
    if failed:
        print(ran("journalctl", "--no-pager", "--unit=figsync*", "--lines=80"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
