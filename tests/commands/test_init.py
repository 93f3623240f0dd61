"""`figsync init`: asks or takes options, checks the token, writes two private files."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from figsync.config import load_config
from tests.commands.desk import TOKEN, Desk, everything_below


@pytest.fixture
def fresh(desk: Desk) -> Desk:
    """A desk without a configuration."""
    desk.config_path.unlink()
    return desk


def given(desk: Desk) -> list[str]:
    return ["--api-url", desk.urls.api, "--root", str(desk.root)]


def test_the_options_alone_are_enough(fresh: Desk) -> None:
    words = [*given(fresh), "--token-file", str(fresh.token_path), "--yes"]

    result = fresh.call("init", *words)

    assert result.exit_code == 0, result.output
    assert "The token is of Ada Sandbox" in result.stdout
    assert "now run `figsync sync`" in result.stdout
    assert fresh.config_path.stat().st_mode & 0o777 == 0o600
    assert fresh.root.is_dir()
    config = fresh.config
    assert config.account.token_file == fresh.token_path
    assert config.mirror.root == fresh.root


def test_the_token_can_come_on_standard_input(fresh: Desk) -> None:
    words = [*given(fresh), "--token-stdin", "--yes"]

    result = fresh.call("init", *words, typed=f"{TOKEN}\n")

    assert result.exit_code == 0, result.output
    kept = fresh.config.account.token_file
    assert kept is not None
    assert kept.read_text() == f"{TOKEN}\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in result.output
    assert TOKEN not in fresh.config_path.read_text()


def test_the_first_sync_after_init_works(fresh: Desk) -> None:
    item = fresh.box.web.create_item("Soil cores")
    fresh.box.web.add_file(item, "a.csv", b"1")
    words = [*given(fresh), "--token-file", str(fresh.token_path), "--yes"]
    assert fresh.run("init", *words).returncode == 0

    assert fresh.run("sync").returncode == 0
    assert fresh.tree() == {"Soil cores/a.csv": "1"}


def test_the_choices_are_written(fresh: Desk) -> None:
    words = ["--token-file", str(fresh.token_path), "--yes"]
    choices = ["--direction", "pull", "--new-items", "metadata"]

    fresh.ok("init", *given(fresh), *words, *choices)

    assert fresh.config.mirror.direction == "pull"
    assert fresh.config.mirror.new_items == "metadata"


MISSING = [
    (["--yes"], 2, "--token-file"),
    (["--token-stdin"], 2, "--root"),
    ([], 2, "--root"),
    (["--root", "/nowhere/$NOT_SET", "--yes", "--token-stdin"], 2, "NOT_SET"),
    (["--yes", "--token-file", "/no/such/file"], 2, "can not be read"),
    (["--yes", "--token-stdin", "--api-url", "ftp://x"], 2, "api_url"),
    (["--yes", "--token-stdin", "--api-url", "http://figshare.com/v2"], 2, "https"),
    (["--yes", "--token-stdin", "--direction", "up"], 2, "pull"),
]


@pytest.mark.parametrize(("words", "code", "remedy"), MISSING)
def test_what_is_missing_or_wrong_is_named_and_nothing_written(
    fresh: Desk, words: list[str], code: int, remedy: str
) -> None:
    before = everything_below(fresh.home)

    result = fresh.call("init", *words, typed="some-token\n")

    assert result.exit_code == code, result.output
    assert result.stderr.count("\n") == 1
    assert remedy in result.stderr
    assert everything_below(fresh.home) == before


def test_a_token_figshare_refuses_writes_nothing(fresh: Desk) -> None:
    before = everything_below(fresh.home)

    result = fresh.call("init", *given(fresh), "--token-stdin", "--yes", typed="wrong")

    assert result.exit_code == 6
    assert "does not accept the token" in result.stderr
    assert everything_below(fresh.home) == before


def test_a_configuration_is_replaced_only_by_force(desk: Desk) -> None:
    before = desk.config_path.read_text()
    words = [*given(desk), "--token-file", str(desk.token_path), "--yes"]

    refused = desk.call("init", *words)
    after_refusal = desk.config_path.read_text()
    desk.ok("init", *words, "--force")

    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert after_refusal == before
    assert desk.config_path.read_text() != before


def test_a_root_that_is_a_file_is_refused_before_anything_is_written(
    fresh: Desk,
) -> None:
    fresh.root.write_text("no folder")

    result = fresh.call("init", *given(fresh), "--token-stdin", "--yes", typed=TOKEN)

    assert result.exit_code == 2
    assert not fresh.config_path.exists()


def test_folders_that_will_become_items_are_mentioned(fresh: Desk) -> None:
    fresh.drop("Thesis/a.txt")

    result = fresh.call("init", *given(fresh), "--token-stdin", "--yes", typed=TOKEN)

    assert "where 1 folder will be items" in result.stdout


def test_a_person_is_asked_and_the_token_is_not_shown(fresh: Desk) -> None:
    config = fresh.home / "asked.ini"
    words = ["--config", str(config), "init", "--api-url", fresh.urls.api]
    answers = {
        "Which folder": str(fresh.root),
        "only pull or push": "pull",
        "or metadata": "",
        "Your token": TOKEN,
    }

    shown = at_a_terminal(fresh, words, answers)

    assert "now run `figsync sync`" in shown
    assert TOKEN not in shown
    written = load_config(config, fresh.environ)
    assert written.mirror.root == fresh.root
    assert written.mirror.direction == "pull"
    assert written.mirror.new_items == "all"
    assert Path(str(written.account.token_file)).read_text() == f"{TOKEN}\n"


def test_ctrl_c_at_a_question_writes_nothing(fresh: Desk) -> None:
    config = fresh.home / "asked.ini"
    words = ["--config", str(config), "init", "--api-url", fresh.urls.api]

    shown = at_a_terminal(fresh, words, {"Which folder": "\x04"}, code=130)

    assert "figsync: interrupted" in shown
    assert not config.exists()


def at_a_terminal(
    desk: Desk, words: list[str], answers: dict[str, str], *, code: int = 0
) -> str:
    """Run figsync at a terminal, answer its questions, and return what it showed."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "figsync", *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=desk.environ,
        start_new_session=True,
    )
    os.close(terminal)
    shown, todo = "", dict(answers)
    while piece := said(keyboard):
        shown += piece
        for question in [q for q in todo if q in shown and shown.endswith(": ")]:
            os.write(keyboard, f"{todo.pop(question)}\n".encode())
    os.close(keyboard)
    assert process.wait(timeout=20) == code, shown
    return shown


def said(keyboard: int) -> str:
    """Return what the terminal shows next, "" when nobody writes on it any more."""
    try:
        return os.read(keyboard, 4096).decode()
    except OSError:
        return ""
