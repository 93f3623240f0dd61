"""Every mistake of a newcomer: one line with the remedy, the code, no traceback."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.commands.desk import Desk


def no_config(desk: Desk) -> None:
    desk.config_path.unlink()


def unreadable_config(desk: Desk) -> None:
    desk.config_path.write_bytes(b"\xff\xfe[account]")


def wrong_key(desk: Desk) -> None:
    desk.configure(mirror__rooot="~/Figshare")


def wrong_value(desk: Desk) -> None:
    desk.configure(deletions__grace="soon")


def no_token(desk: Desk) -> None:
    desk.configure(account__token_file="")


def token_file_for_all(desk: Desk) -> None:
    desk.token_path.chmod(0o644)


def token_file_missing(desk: Desk) -> None:
    desk.token_path.unlink()


def bad_token(desk: Desk) -> None:
    desk.token_path.write_text("not-a-token")


def root_is_a_file(desk: Desk) -> None:
    desk.root.write_text("not a folder")


def root_below_a_file(desk: Desk) -> None:
    desk.configure(mirror__root=str(desk.token_path / "Figshare"))


def server_down(desk: Desk) -> None:
    desk.configure(account__api_url="http://127.0.0.1:9/v2")


def not_figshare(desk: Desk) -> None:
    desk.configure(account__api_url=desk.urls.storage)


def plain_http(desk: Desk) -> None:
    desk.configure(account__api_url="http://api.figshare.com/v2")


def unpaced_at_figshare(desk: Desk) -> None:
    desk.configure(account__api_url="https://api.figshare.com/v2")


def foreign_database(desk: Desk) -> None:
    other = desk.home / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE birds (name)").connection.close()
    desk.configure(state__database=str(other))


MISTAKES = [
    (no_config, 2, "run `figsync init`"),
    (unreadable_config, 2, "UTF-8"),
    (wrong_key, 2, "root"),
    (wrong_value, 2, "24h"),
    (no_token, 2, "token_file"),
    (token_file_for_all, 2, "chmod 600"),
    (token_file_missing, 2, "token"),
    (bad_token, 6, "create a new one"),
    (root_is_a_file, 2, "must be a folder"),
    (root_below_a_file, 2, "set another root"),
    (server_down, 6, "check the network"),
    (not_figshare, 6, "api_url"),
    (plain_http, 2, "https"),
    (unpaced_at_figshare, 2, "requests_per_second"),
    (foreign_database, 2, "database"),
]


@pytest.mark.parametrize(("mistake", "code", "remedy"), MISTAKES)
def test_a_mistake_costs_one_line(
    desk: Desk, mistake: Callable[[Desk], None], code: int, remedy: str
) -> None:
    mistake(desk)

    result = desk.call("sync")

    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("figsync: ")
    assert result.stderr.count("\n") == 1
    assert remedy in result.stderr
    assert "Traceback" not in result.stderr
    assert "not-a-token" not in result.stderr


WORDS = [
    (["snyc"], "figsync sync"),
    (["sync", "--jsno"], "--json"),
    (["--vresion"], "--version"),
    (["history", "--limit", "many"], "figsync history --help"),
    (["history", "--limit", "0"], "--limit"),
    (["approve"], "figsync held"),
    (["approve", "3", "--all"], "figsync held"),
    (["reject"], "figsync held"),
    (["include"], "figsync include --help"),
    (["conflicts", "keep", "mine", "a"], "local"),
    (["conflicts", "kep"], "figsync conflicts --help"),
    (["trash", "restore"], "figsync trash --help"),
    (["sandbox", "--port", "70000"], "--port"),
    (["status", "extra"], "figsync status --help"),
]


@pytest.mark.parametrize(("words", "remedy"), WORDS)
def test_a_slip_of_the_tongue_costs_one_line(
    desk: Desk, words: list[str], remedy: str
) -> None:
    result = desk.call(*words)

    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("figsync: ")
    assert result.stderr.count("\n") == 1
    assert remedy in result.stderr


@pytest.mark.parametrize("mistake", [no_config, bad_token, root_is_a_file])
def test_the_mistakes_in_a_process_of_its_own(
    desk: Desk, mistake: Callable[[Desk], None]
) -> None:
    mistake(desk)

    result = desk.run("sync")

    assert result.returncode in (2, 6)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["approve", "--all"],
        ["held"],
        ["history"],
        ["conflicts"],
        ["conflicts", "keep", "local", "a/b"],
        ["trash", "restore", "a/b"],
        ["include", "1"],
    ],
)
def test_before_the_first_sync_there_is_nothing_to_look_at(
    desk: Desk, words: list[str]
) -> None:
    result = desk.call(*words)

    assert result.exit_code == 2
    assert "run `figsync sync` first" in result.stderr
    assert not desk.root.exists()
    assert not (desk.home / "state").exists()


def test_a_closed_pipe_is_no_error(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    words = [sys.executable, "-m", "figsync", "status"]

    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=desk.environ
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()

    assert process.wait(timeout=20) == 0
    assert told == b""


def test_a_taken_port_for_the_sandbox_costs_one_line(desk: Desk) -> None:
    taken = desk.urls.api.split(":")[2].split("/")[0]

    done = desk.run("sandbox", "--port", taken)

    assert done.returncode == 2
    assert done.stderr.startswith(f"figsync: 127.0.0.1, port {taken}: ")
    assert done.stderr.endswith("choose another --port, --host or --data\n")
    assert done.stderr.count("\n") == 1
