"""figsync under a booted systemd: a Debian container is made, booted and asked.

As root, on Debian or Ubuntu with `apt install mmdebstrap systemd-container`:

    python tests/container/run.py

It prints one line a check with its figures, and ends with 0 if all of them held.
Making the container takes two minutes; `--base FILE` keeps it for the next time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOUSE = Path(__file__).parents[2]
SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "libpam-systemd",
    "dbus",
    "dbus-user-session",
    "python3",
    "python3-venv",
)
PROGRAMS = ("mmdebstrap", "systemd-nspawn", "nsenter", "tar")
BOOT_SECONDS = 120
CLEAN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def main() -> int:
    options = _options()
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        why = f"it needs {', '.join(missing)}" if missing else "it needs to be root"
        print(f"{sys.argv[0]}: {why}; its first lines say more", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="figsync-container-", dir="/var/tmp") as at:
        folder = Path(at)
        root = folder / "root"
        with _timed("a Debian of its own"):
            _unpack(options.base or folder / "base.tar", root)
        with _timed("figsync in it, from wheels"):
            _install(folder, root)
        with _booted(root) as leader:
            done = _inside(leader, "/opt/figsync/bin/python", "/opt/checks.py")
    return done.returncode


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    told = "a tar file of the bare container, made if it is not there"
    parser.add_argument("--base", type=Path, metavar="FILE", help=told)
    return parser.parse_args()


@contextmanager
def _timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    print(f"made {what}: {time.monotonic() - begun:.0f} s", flush=True)


def _run(*words: str | Path) -> None:
    """Run a program that says nothing unless it fails."""
    command = [str(word) for word in words]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}")


def _unpack(base: Path, root: Path) -> None:
    if not base.exists():
        included = f"--include={','.join(PACKAGES)}"
        made = base.with_name(f"unfinished-{base.name}")
        _run("mmdebstrap", "--variant=minbase", included, SUITE, made)
        made.rename(base)
    root.mkdir()
    _run("tar", "-C", root, "-xf", base)


def _install(folder: Path, root: Path) -> None:
    """Install the tree as a wheel, its needs fetched outside: it has no network."""
    wheels = root / "opt" / "wheels"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    _run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, HOUSE)
    (wheel,) = folder.glob("figsync-*.whl")
    known = ("--only-binary=:all:", "--python-version", PYTHON, "--dest", wheels)
    _run(*pip, "download", *known, f"{wheel}[keyring]")
    _run("chroot", root, "python3", "-m", "venv", "/opt/figsync")
    found = ("--no-index", "--find-links", "/opt/wheels", "figsync[keyring]")
    _run("chroot", root, "/opt/figsync/bin/pip", "--quiet", "install", *found)
    shutil.copy(Path(__file__).with_name("checks.py"), root / "opt" / "checks.py")


@contextmanager
def _booted(root: Path) -> Iterator[int]:
    """Boot the container without a network; yield the process of its systemd."""
    begun = time.monotonic()
    command = ["systemd-nspawn", "--quiet", "--boot", f"--directory={root}"]
    command += ["--register=no", "--private-network", "--console=pipe"]
    if not Path("/run/systemd/system").exists():
        command.append("--keep-unit")
    with (root.parent / "console").open("wb") as console:
        container = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=console, stderr=console
        )
    try:
        leader = _leader(container, begun)
        _inside(leader, "systemctl", "is-system-running", "--wait", is_quiet=True)
        print(f"booted it: {time.monotonic() - begun:.0f} s", flush=True)
        yield leader
    finally:
        # SIGTERM has the container power off in good order.
        container.terminate()
        container.wait(timeout=BOOT_SECONDS)


def _leader(container: subprocess.Popen[bytes], begun: float) -> int:
    """Wait for the container's first process, once it can be asked."""
    while time.monotonic() - begun < BOOT_SECONDS and container.poll() is None:
        for pid in _descendants(container.pid):
            asked = _inside(pid, "systemctl", "list-jobs", is_quiet=True)
            if _name(pid) == "systemd" and asked.returncode == 0:
                return pid
        time.sleep(0.2)
    raise SystemExit("the container did not boot: does systemd-nspawn work here?")


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            yield child
            yield from _descendants(child)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _inside(
    leader: int, *words: str, is_quiet: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run a program in the container."""
    hushed = subprocess.DEVNULL if is_quiet else None
    return subprocess.run(
        ["nsenter", f"--target={leader}", "--all", *words],
        env=CLEAN,
        stdin=subprocess.DEVNULL,
        stdout=hushed if is_quiet else None,
        stderr=hushed,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
