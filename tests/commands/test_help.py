"""The help: every verb, its example, its codes; and a start that loads little."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from figsync.commands.cli import VERBS, figsync
from tests.commands.desk import Desk


def help_of(*words: str) -> str:
    result = CliRunner().invoke(figsync, [*words, "--help"])
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_shows_an_example_and_its_exit_codes(name: str) -> None:
    text = help_of(name)

    assert f"\n    figsync {name}" in text.partition("Example:")[2]
    assert "Exit codes:\n" in text
    assert f"  {name} " in help_of()


@pytest.mark.parametrize("name", VERBS)
def test_the_configuration_can_be_named_after_every_verb(name: str) -> None:
    assert "--config FILE" in help_of(name)


def test_the_configuration_can_be_named_before_or_after_the_verb(desk: Desk) -> None:
    other = desk.home / "other.ini"
    desk.config_path.rename(other)

    assert desk.call("--config", str(other), "status").exit_code == 0
    assert desk.call("status", "--config", str(other)).exit_code == 0
    assert desk.call("trash", "list", "--config", str(other)).exit_code == 0
    assert desk.call("status").exit_code == 2


def test_no_verb_is_the_help() -> None:
    result = CliRunner().invoke(figsync, [])

    assert result.exit_code == 0
    assert result.stdout == help_of()


def test_the_version(desk: Desk) -> None:
    assert desk.run("--version").stdout == "figsync 0.1.0\n"


def test_a_report_starts_without_loading_http_or_drawing() -> None:
    script = (
        "import sys; from figsync.commands.cli import figsync;"
        "figsync.get_command(None, 'history');"
        "print(*sorted({'flask', 'waitress', 'rich', 'watchdog'} & sys.modules.keys()))"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert result.stdout == "\n"


def test_every_verb_is_a_command() -> None:
    for name in VERBS:
        command = figsync.get_command(click.Context(figsync), name)
        assert command is not None
        assert command.name == name
