"""figsync as a service: its units, and a pretended systemd that is asked for them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from figsync.commands.service.facts import Service, check_access, of_system
from figsync.commands.service.systemd import Systemd
from figsync.commands.service.unit import MARK, Unit, rest, word
from figsync.commands.shell import Shell
from figsync.errors import WrongUsage
from tests.commands.desk import Desk

HOUSE = Path(__file__).parents[2]
ME = pwd.getpwuid(os.getuid()).pw_name
ACCOUNT = {
    "executable": "/usr/local/bin/figsync",
    "user": "figsync",
    "state": "figsync/%N",
    "home": "yes",
}
EXAMPLES = {
    "user/figsync.service": Unit(
        executable="%h/.local/bin/figsync",
        config="%h/.config/figsync/config.ini",
        token="%h/.config/figsync/config.token",
    ),
    "system/figsync.service": Unit(
        config="/etc/figsync/config.ini",
        token="/etc/figsync/config.token",
        writable="/srv/figsync",
        **ACCOUNT,
    ),
    "system/figsync@.service": Unit(
        config="/etc/figsync/%i.ini",
        token="/etc/figsync/%i.token",
        writable="/srv/figsync/%i",
        **ACCOUNT,
    ),
}
# What it was called with is noted; `broken` names a word that it fails on.
PRETENDED = """#!/bin/sh
echo "$(basename "$0") $*" >> "{log}"
case " $* " in
  *" $(cat "{broken}") "*) echo "Failed to do that" >&2; exit 1;;
  *" show "*) cat "{shown}";;
  *" --lines"*) cat "{said}";;
esac
"""


class Machine:
    """A desk with programs of systemd that only note what they are asked."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.programs = desk.home / "programs"
        self.programs.mkdir()
        self.log = self.programs / "log"
        for name in ("log", "broken", "shown", "said"):
            (self.programs / name).touch()
        paths = {
            name: self.programs / name for name in ("log", "broken", "shown", "said")
        }
        for name in ("systemctl", "journalctl"):
            (self.programs / name).write_text(PRETENDED.format(**paths))
            (self.programs / name).chmod(0o755)
        (self.programs / "broken").write_text("nothing")

    @property
    def environ(self) -> dict[str, str]:
        path = f"{self.programs}:{os.environ['PATH']}"
        return {"PATH": path, "XDG_CONFIG_HOME": str(self.desk.home / "xdg")}

    @property
    def units(self) -> Path:
        return self.desk.home / "xdg" / "systemd" / "user"

    def call(self, *words: str, **environ: str) -> Result:
        return self.desk.call("service", *words, **{**self.environ, **environ})

    def asked(self) -> list[str]:
        """Return what was asked of systemd since one last looked."""
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return [line.replace("--user ", "") for line in lines]


@pytest.fixture
def machine(desk: Desk) -> Machine:
    return Machine(desk)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that a service of the system could see, unlike those for tests."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def system_service(place: Path, name: str = "", **keys: str) -> Service:
    """Return the service of a mirror in *place*, whose user runs the tests."""
    root, token = place / "mirror", place / "config.token"
    root.mkdir(exist_ok=True)
    token.write_text("sandbox-token")
    token.chmod(0o600)
    account = "".join(f"{key} = {value}\n" for key, value in keys.items())
    config = place / "config.ini"
    config.write_text(f"[mirror]\nroot = {root}\n[account]\n{account}")
    shell = Shell(config_option=str(config), environ={"PATH": os.environ["PATH"]})
    return of_system(shell, name, ME)


# The text of a unit


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_units_of_the_repository_are_what_is_rendered(name: str) -> None:
    text = (HOUSE / "systemd" / name).read_text(encoding="utf-8")

    assert text == EXAMPLES[name].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/srv/figsync@lab-1.d/a_b", "/srv/figsync@lab-1.d/a_b"),
        ("/srv/Soil cores", '"/srv/Soil cores"'),
        ("/srv/100%", '"/srv/100%%"'),
        ('/srv/a"b', '"/srv/a\\"b"'),
        ("/srv/a\\b", '"/srv/a\\\\b"'),
        ("/srv/a;b'c", '"/srv/a;b\'c"'),
        ("/srv/Bödén", '"/srv/Bödén"'),
    ],
)
def test_a_path_is_one_word_of_a_unit(text: str, expected: str) -> None:
    assert word(text) == expected


def test_a_variable_in_a_path_is_no_variable() -> None:
    assert word("/srv/$HOME", is_argument=True) == '"/srv/$$HOME"'
    assert word("/srv/$HOME") == '"/srv/$HOME"'


def test_the_end_of_a_line_is_taken_as_it_stands() -> None:
    assert rest("/srv/Soil cores/100%") == "/srv/Soil cores/100%%"


@pytest.mark.parametrize("text", ["/a\nb", "/a ", "/a\x1b", "/a\\", "/a\udcff"])
def test_what_no_unit_can_hold_is_refused(text: str) -> None:
    for written in (word, rest):
        with pytest.raises(WrongUsage, match="give it another name"):
            written(text)


# A service of one's own


def test_the_unit_is_printed_and_nothing_is_done(machine: Machine) -> None:
    result = machine.call("install", "--print")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == MARK
    assert f"LoadCredential=figshare-token:{machine.desk.token_path}" in lines
    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert start.endswith(f" run --config {machine.desk.config_path}")
    assert "Type=notify" in lines
    assert "RestartPreventExitStatus=2" in lines
    assert machine.desk.token_path.read_text() not in result.stdout
    assert not machine.units.exists()
    assert machine.asked() == []


def test_a_printed_unit_starts_a_program_that_is_there(machine: Machine) -> None:
    start = machine.call("install", "--print").stdout.partition("ExecStart=")[2]

    program, *words = start.partition("\n")[0].partition(" run ")[0].split()
    done = subprocess.run(
        [program, *words, "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("figsync ")


def test_installing_writes_enables_and_starts_it(machine: Machine) -> None:
    result = machine.call("install")

    unit = machine.units / "figsync.service"
    assert result.exit_code == 0, result.output
    assert unit.read_text() == machine.call("install", "--print").stdout
    assert unit.stat().st_mode & 0o777 == 0o644
    assert machine.asked() == [
        "systemctl --version",
        "systemctl daemon-reload",
        "systemctl daemon-reload",
        "systemctl enable figsync.service",
        "systemctl restart figsync.service",
    ]
    assert result.stdout.splitlines()[:2] == [
        f"Wrote {unit}.",
        f"figsync.service is enabled and runs; its mirror is {machine.desk.root}.",
    ]
    assert machine.call("install").exit_code == 0


def test_uninstalling_leaves_no_trace_of_it(machine: Machine) -> None:
    machine.call("install")
    machine.asked()

    result = machine.call("uninstall")

    assert result.exit_code == 0, result.output
    assert list(machine.units.iterdir()) == []
    assert machine.asked() == [
        "systemctl --version",
        "systemctl disable --now figsync.service",
        "systemctl daemon-reload",
        "systemctl reset-failed figsync.service",
    ]
    assert "stay as they are" in result.stdout
    assert machine.desk.config_path.exists()
    assert machine.call("uninstall").stdout == "figsync.service is not installed.\n"


def test_several_services_have_names_and_configurations_of_their_own(
    machine: Machine,
) -> None:
    folder = machine.desk.home / "xdg" / "figsync"
    folder.mkdir(parents=True)
    machine.desk.config_path.rename(folder / "lab.ini")

    result = machine.call("install", "--name", "lab")

    assert result.exit_code == 0, result.output
    text = (machine.units / "figsync@lab.service").read_text()
    assert f" run --config {folder / 'lab.ini'}\n" in text
    assert machine.asked()[-1] == "systemctl restart figsync@lab.service"


def test_where_the_state_is_kept_is_told_to_the_service(machine: Machine) -> None:
    printed = machine.call("install", "--print", XDG_STATE_HOME="/srv/My state")

    assert '\nEnvironment="XDG_STATE_HOME=/srv/My state"\n' in printed.stdout


def test_a_unit_of_somebody_else_is_never_overwritten_nor_removed(
    machine: Machine,
) -> None:
    machine.units.mkdir(parents=True)
    unit = machine.units / "figsync.service"
    unit.write_text("[Service]\nExecStart=/usr/bin/true\n")

    for words in ("install", "uninstall"):
        result = machine.call(words)
        assert result.exit_code == 2
        assert "figsync did not write the unit that is there; move it" in result.stderr

    assert unit.read_text() == "[Service]\nExecStart=/usr/bin/true\n"
    assert machine.asked() == ["systemctl --version"] * 2


def test_a_service_that_does_not_start_says_why(machine: Machine) -> None:
    (machine.programs / "broken").write_text("restart")
    (machine.programs / "said").write_text("the keyring: it is locked\n")

    result = machine.call("install")

    assert result.exit_code == 1
    assert result.stderr == (
        "figsync: figsync.service: it is installed, but did not start (the keyring: it"
        " is locked); mend that and install it again, or `figsync service uninstall`\n"
    )
    (last,) = (line for line in machine.asked() if line.startswith("journalctl"))
    assert "--identifier=figsync --lines=1" in last


NO_BUS = "Failed to connect to bus: No medium found"
NO_SYSTEMD = (
    "System has not been booted with systemd as init system (PID 1). Can't operate."
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (NO_BUS, f"{NO_BUS}; log in as this user itself, or use --system"),
        (NO_SYSTEMD, f"{NO_SYSTEMD[:-1]}; start `figsync run` by other means"),
    ],
)
def test_a_manager_that_can_not_be_reached_is_one_line(
    machine: Machine, said: str, told: str
) -> None:
    (machine.programs / "systemctl").write_text(
        f'#!/bin/sh\n[ "$2" = --version ] || {{ echo "{said}" >&2; exit 1; }}\n'
    )

    result = machine.call("install")
    status = machine.call("status")

    assert (result.exit_code, status.exit_code) == (1, 1)
    assert result.stderr == f"figsync: systemctl daemon-reload: {told}\n"
    assert status.stderr == f"figsync: systemctl show figsync.service: {told}\n"
    assert result.stdout == ""
    assert not machine.units.exists()


def test_a_machine_without_systemd_is_told_before_anything_is_written(
    machine: Machine,
) -> None:
    for words in ("install", "uninstall", "status"):
        result = machine.call(words, PATH=str(machine.desk.home))
        assert result.exit_code == 2
        assert "systemctl: it is not there: this machine does not run systemd" in (
            result.stderr
        )
    assert not machine.units.exists()


def test_what_is_missing_for_a_service_is_told_in_one_line(machine: Machine) -> None:
    desk = machine.desk
    desk.configure(account__token_file="")
    no_token = machine.call("install", FIGSYNC_TOKEN="sandbox-token")
    desk.configure(mirror__root="$DATA/Figshare")
    variable = machine.call("install", DATA="/srv")
    desk.config_path.unlink()
    no_config = machine.call("install")

    for result, told in (
        (no_token, "a service takes the token from a file, but of this one the file"),
        (variable, "in a service the variable DATA is not set; write the path out"),
        (no_config, "there is no configuration; run `figsync init`"),
    ):
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert told in result.stderr
    assert machine.asked() == []


@pytest.mark.parametrize("name", ["../x", "a b", "-x", "a/b", "%i", "x" * 65])
def test_a_name_that_is_none_is_refused(machine: Machine, name: str) -> None:
    result = machine.call("uninstall", f"--name={name}")

    assert result.exit_code == 2
    assert "it can not name a service" in result.stderr


def test_a_token_in_the_keyring_is_left_to_figsync(machine: Machine) -> None:
    machine.desk.configure(account__token_file="", account__token_keyring="desk")

    printed = machine.call("install", "--print")

    assert printed.exit_code == 0, printed.output
    assert "LoadCredential" not in printed.stdout


# How it is


def test_the_status_is_a_line_and_what_was_said_last(machine: Machine) -> None:
    (machine.programs / "shown").write_text(
        "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nResult=success\n"
        "ActiveEnterTimestamp=Sat 2026-11-21 18:00:00 UTC\nStatusText=Idle, x = y\n"
    )
    (machine.programs / "said").write_text("first\nsecond\x1b[2J\n")

    for words in (("status",), ()):
        assert machine.call(*words).stdout.splitlines() == [
            "figsync.service: enabled, active since Sat 2026-11-21 18:00:00 UTC:"
            " Idle, x = y",
            "  first",
            "  second\\x1b[2J",
        ]


def test_a_failure_is_told_with_the_meaning_of_its_code(machine: Machine) -> None:
    (machine.programs / "shown").write_text(
        "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\n"
        "Result=exit-code\nExecMainStatus=2\n"
    )

    told = machine.call("status", "--name", "lab").stdout

    assert told == (
        "figsync@lab.service: enabled, failed with exit code 2: wrong usage or"
        " configuration\n"
    )


def test_a_service_that_is_not_installed_is_no_failure(machine: Machine) -> None:
    (machine.programs / "shown").write_text("LoadState=not-found\n")

    result = machine.call("status")

    assert result.exit_code == 0
    assert "not installed; `figsync service install` does it" in result.stdout


# A service of the system


def test_a_service_of_the_system_may_change_the_mirror_alone(place: Path) -> None:
    lines = system_service(place).unit.text.splitlines()

    assert f"User={ME}" in lines
    assert f"ReadWritePaths={place}/mirror" in lines
    assert f"RequiresMountsFor={place}/mirror" in lines
    assert "StateDirectory=figsync/%N" in lines
    assert f"LoadCredential=figshare-token:{place}/config.token" in lines
    assert {"ProtectSystem=strict", "UMask=0022", "NoNewPrivileges=yes"} <= set(lines)


def test_a_database_elsewhere_stays_where_it_is(place: Path) -> None:
    (place / "state").mkdir()
    config = place / "config.ini"
    system_service(place)
    config.write_text(f"{config.read_text()}[state]\ndatabase = state/state.db\n")
    shell = Shell(config_option=str(config), environ={})

    lines = of_system(shell, "", ME).unit.text.splitlines()

    assert f"ReadWritePaths={place}/mirror {place}/state" in lines
    assert not [line for line in lines if line.startswith("StateDirectory=")]


def test_whose_mirror_it_is_runs_it(place: Path) -> None:
    system_service(place)
    shell = Shell(config_option=str(place / "config.ini"), environ={})

    if os.getuid():
        assert of_system(shell, "", "").unit.user == ME
    else:
        with pytest.raises(WrongUsage, match="it belongs to root; .* --run-as"):
            of_system(shell, "", "")
        os.chown(place / "mirror", 1, 1)
        assert of_system(shell, "", "").unit.user == pwd.getpwuid(1).pw_name


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
def test_what_its_user_can_not_reach_is_told_before_it_is_installed(
    place: Path,
) -> None:
    mine = system_service(place)
    os.chown(place, 1, 1)
    shell = Shell(config_option=str(place / "config.ini"), environ={})
    of_another = of_system(shell, "", pwd.getpwuid(1).pw_name)
    reached = mine.config.mirror.root

    check_access(mine)
    with pytest.raises(WrongUsage, match=f"{reached}: the user .* can not change it"):
        check_access(of_another)
    place.chmod(0o000)
    with pytest.raises(WrongUsage, match="config.ini: the user .* can not read it"):
        check_access(of_another)
    place.chmod(0o700)


def test_what_a_service_of_the_system_can_not_have_is_refused(
    place: Path, machine: Machine
) -> None:
    with pytest.raises(WrongUsage, match="a keyring is open to a person alone"):
        system_service(place, token_keyring="desk")

    machine.desk.root.mkdir()
    nobody = machine.call("install", "--system", "--print", "--run-as", "no body")
    missing = machine.call("install", "--system", "--print", "--name", "lab")
    alone = machine.call("install", "--run-as", ME)

    assert "--run-as no body: there is no such user" in nobody.stderr
    assert "/etc/figsync/lab.ini: there is no configuration" in missing.stderr
    assert "--run-as: it is for --system alone; add --system" in alone.stderr
    assert [r.exit_code for r in (nobody, missing, alone)] == [2, 2, 2]


def test_a_mirror_that_a_service_would_not_see_is_refused(machine: Machine) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as root:
        machine.desk.configure(mirror__root=root)
        result = machine.call("install", "--system", "--print", "--run-as", ME)

    assert result.exit_code == 2
    assert "a service of the system does not see this place" in result.stderr


def test_only_root_changes_services_of_the_system(machine: Machine) -> None:
    machine.call("status")
    is_root = os.geteuid() == 0
    try:
        if is_root:
            os.seteuid(65534)
        result = machine.call("uninstall", "--system")
    finally:
        if is_root:
            os.seteuid(0)

    assert result.exit_code == 2
    assert "only root can change services of it; put sudo before it" in result.stderr


def test_units_of_the_system_have_their_own_folder() -> None:
    assert Systemd(True, {}).folder == Path("/etc/systemd/system")
    assert Systemd(False, {"HOME": "/h"}).folder == Path("/h/.config/systemd/user")


# What systemd itself says of them

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="no systemd-analyze here; tests/container has one",
)


@needs_systemd
@pytest.mark.parametrize("name", ["", "lab"])
def test_systemd_has_nothing_to_say_about_a_unit(
    machine: Machine, place: Path, name: str
) -> None:
    unit = "figsync@lab.service" if name else "figsync.service"
    runtime = {"XDG_RUNTIME_DIR": str(place)}
    texts = {
        "user": machine.call("install", "--print").stdout,
        "system": system_service(place, name).unit.text,
    }

    for manager, text in texts.items():
        (place / unit).write_text(text)
        done = subprocess.run(
            ["systemd-analyze", f"--{manager}", "verify", str(place / unit)],
            capture_output=True,
            text=True,
            env={**os.environ, **runtime},
            check=False,
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_a_unit_of_the_system_exposes_little(place: Path) -> None:
    unit = place / "figsync.service"
    unit.write_text(system_service(place).unit.text)

    command = ["systemd-analyze", "security", "--offline=true", "--threshold=16"]
    done = subprocess.run(
        [*command, str(unit)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
