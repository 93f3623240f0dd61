"""What README.md and CONTRIBUTING.md say is so: commands, tables, SQL, tests."""

from __future__ import annotations

import re
import shlex
import sqlite3
from pathlib import Path

import click
import pytest

from figsync.commands.cli import figsync
from figsync.commands.codes import MEANINGS
from figsync.commands.shell import Shell
from figsync.config import KEYS
from figsync.naming.rules import DEFAULT_IGNORES
from tests.world import World

HOUSE = Path(__file__).parents[1]
README = (HOUSE / "README.md").read_text(encoding="utf-8")
INSTALL = "python3 -m venv .venv && .venv/bin/pip install --quiet"
FIRST_COMMANDS = [
    f"{INSTALL} . && .venv/bin/figsync demo",
    f"{INSTALL} -e '.[test]' && .venv/bin/pytest",
]
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


def examples() -> list[str]:
    """Return every `figsync ...` of README.md, those of its code blocks included."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    typed = [line for block in blocks for line in block.splitlines()]
    typed += re.findall(r"`([^`\n]+)`", prose)
    commands = (line.rpartition("&& ")[2] for line in typed)
    commands = (command.removeprefix(".venv/bin/") for command in commands)
    return sorted({command for command in commands if command.startswith("figsync ")})


def test_the_two_commands_come_first_and_are_the_ones_that_ci_runs() -> None:
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    ci = (HOUSE / ".ci" / "run").read_text(encoding="utf-8")
    (pattern,) = re.findall(r'grep -E "(.*)" README\.md', ci)
    words = re.findall(r"readme_command (\w+)", ci)

    def found_by_ci(word: str) -> list[str]:
        wanted = pattern.replace("$1", word).replace("\\$", "$")
        return re.findall(wanted, README, re.MULTILINE)

    assert [block.strip() for block in blocks[1:3]] == FIRST_COMMANDS
    assert [found_by_ci(word) for word in words] == [
        [next(c for c in FIRST_COMMANDS if c.endswith(word))] for word in words
    ]
    assert sorted(words) == ["demo", "pytest"]


@pytest.mark.parametrize("example", examples())
def test_every_example_is_a_command_that_figsync_takes(example: str) -> None:
    command: click.Command | None = figsync
    args = shlex.split(example)[1:]

    while isinstance(command, click.Group) and args:
        command = command.get_command(click.Context(command), args.pop(0))

    assert command is not None
    command.make_context("figsync", args, obj=Shell())


def test_every_key_is_in_the_table_with_its_default_and_sentence() -> None:
    for key in KEYS:
        default = f"`{key.default}`" if key.default else ""
        row = f"| `[{key.section}]` | `{key.name}` | {default} | {key.sentence} |"
        assert row in README


def test_every_exit_code_is_in_the_table_with_its_meaning() -> None:
    for code, meaning in MEANINGS.items():
        assert f"| {code} | {meaning} |" in README


def test_every_rule_that_always_holds_is_named() -> None:
    assert [rule for rule in DEFAULT_IGNORES if f"`{rule}`" not in README] == []


def test_every_file_that_is_named_is_there() -> None:
    pattern = r"\b(systemd/[\w@/.-]+\.\w+|config\.example\.ini|[A-Z]{4,}\.md|LICENSE)\b"
    named = set(re.findall(pattern, README))

    assert len(named) == 6
    assert [name for name in sorted(named) if not (HOUSE / name).exists()] == []


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the state of a mirror that has something to say to every question."""
    world = World(tmp_path_factory.mktemp("readme"))
    item = world.box.web.create_item("Soil cores")
    world.box.web.add_files(item, {"a.csv": b"1,2", "raw/b.csv": b"1,2"})
    world.clock.advance(60)
    world.sync()
    world.configure(mirror__direction="pull")
    world.drop("Soil cores/a.csv", "edited here")
    world.settle()
    world.sync()
    return world.config.database


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_question_to_the_state_has_an_answer(query: str, database: Path) -> None:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as state:
        rows = state.execute(query).fetchall()
    state.close()

    assert rows


def test_every_promise_names_tests_that_exist() -> None:
    text = (HOUSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|[^|]+\| (.*) \|$", text, re.MULTILINE)
    named = [
        (file, name)
        for _, cell in rows
        for file, names in re.findall(r"`([\w/]+\.py)`: ([^;]+)", cell)
        for name in re.findall(r"test_\w+", names)
    ]
    sources = {file: (HOUSE / "tests" / file).read_text("utf-8") for file, _ in named}

    assert [int(number) for number, _ in rows] == list(range(1, 20))
    assert [n for file, n in named if f"def {n}(" not in sources[file]] == []
