"""The documents know every verb and every key of the configuration."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from figsync.commands.cli import VERBS, figsync
from figsync.config import KEYS

HERE = Path(__file__).parent.parent
README = (HERE / "README.md").read_text(encoding="utf-8")
EXAMPLE = (HERE / "config.example.ini").read_text(encoding="utf-8")
NAMES = [key.full_name for key in KEYS]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_readme_with_an_example(verb: str) -> None:
    assert f"\n| `{verb}` | " in README
    assert f"| `figsync {verb}" in README


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_help(verb: str) -> None:
    assert f"\n  {verb} " in CliRunner().invoke(figsync, ["--help"]).stdout


@pytest.mark.parametrize("key", KEYS, ids=NAMES)
def test_every_key_is_in_the_readme_and_in_the_example(key: object) -> None:
    name = getattr(key, "name")  # noqa: B009
    assert f"`{name}`" in README
    assert f"\n{name} =" in EXAMPLE


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_in_the_help_of_init(name: str) -> None:
    section, _, key = name.partition(".")
    text = CliRunner().invoke(figsync, ["init", "--help"]).stdout

    assert f"\n    [{section}] {key} =" in text


def test_the_help_says_where_the_keys_are() -> None:
    text = CliRunner().invoke(figsync, ["--help"]).stdout

    assert "--help lists every key of the configuration" in " ".join(text.split())
