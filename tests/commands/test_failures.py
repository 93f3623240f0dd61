"""README.md's table of failures: each made to happen, each line word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands.desk import Desk
from tests.commands.failures import FAILURES

README = Path(__file__).parents[2] / "README.md"
TITLE = "## When something goes wrong\n"
ROW = re.compile(r"^\| (.+) \| (.+) \| (\d+) \|$", re.MULTILINE)
CAPITALS = re.compile(r"\b[A-Z]{1,}\d?\b")
AT_LEAST = 25


def rows() -> dict[str, tuple[str, int]]:
    """Return line and exit code of each situation that README.md tells of."""
    section = README.read_text(encoding="utf-8").partition(TITLE)[2]
    found = ROW.findall(section.partition("\n## ")[0])
    assert len(found) == len({situation for situation, _, _ in found})
    return {situation: (line, int(code)) for situation, line, code in found}


def test_every_failure_is_documented_and_every_documented_one_is_tried() -> None:
    assert sorted(rows()) == sorted(FAILURES)
    assert len(FAILURES) >= AT_LEAST


@pytest.mark.parametrize("situation", FAILURES)
def test_a_failure_is_told_in_the_documented_line(situation: str, desk: Desk) -> None:
    line, code = rows().get(situation, ("", -1))

    told = FAILURES[situation](desk)

    expected = CAPITALS.sub(lambda word: told.names.get(word[0], word[0]), line)
    said = [one.removeprefix("figsync: ") for one in told.lines]
    assert expected in said
    assert told.code == code
    stopped = [one for one in told.lines if one.startswith("figsync: ")]
    assert len(stopped) <= 1
