"""Every benchmark runs, in a tiny size, and finds figures, whichever they are."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import LINES, RACED, run_lines
from tests.benchmarks.budget import most_in_a_window
from tests.benchmarks.ground import KIB, Ground, Sizes
from tests.benchmarks.results import BEST, FIGSYNC, Contest, Figure, Findings
from tests.benchmarks.table import BEGIN, END, markdown, update

TINY = Sizes(
    large=64 * KIB,
    part=16 * KIB,
    small_count=2,
    latency=0.0,
    items=2,
    pulled=2,
    scanned=60,
    scanned_big=120,
    sparse=64 * KIB,
    budget_seconds=2.0,
    life=2.0,
    silence=1,
    asked=1,
)

# Another line does what these do, in another size.
ALIKE = ("1", "5-big")


@pytest.mark.parametrize("line", [name for name in LINES if name not in ALIKE])
def test_a_line_finds_figures(line: str, tmp_path: Path) -> None:
    if line in (*RACED, "capacity") and shutil.which("curl") is None:
        pytest.skip("there is no curl to race with")
    ground = Ground(tmp_path, TINY, repeats=1, speaks=False)

    found = run_lines([line], ground)

    assert not found.failed
    values = [figure.value for figure in found.figures]
    values += [contest.median(FIGSYNC) for contest in found.contests]
    assert values or found.about
    assert all(math.isfinite(value) for value in values)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept <= {"files"}


def test_the_tables_take_the_place_between_their_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"Before.\n\n{BEGIN}\nold\n{END}\n\nAfter.\n", encoding="utf-8")
    contest = Contest("a file up", {FIGSYNC: [1.0], BEST: [3.0, 1.5, 2.0]})
    findings = Findings(["Here."], [contest], [Figure(1, "a ratio", 0.5, 0.65)])

    update(readme, markdown(findings))
    update(readme, markdown(findings))

    text = readme.read_text(encoding="utf-8")
    assert "| a file up | 1.00 | - | - | - | 2.00 |" in text
    assert "| 1 | a ratio | 0.5 × | at most 0.65 × | met |" in text
    assert text.startswith("Before.\n") and text.endswith("\nAfter.\n")
    assert (text.count(BEGIN), text.count("Here."), "old" in text) == (1, 1, False)


def test_a_readme_without_the_marks_stays_as_it_is(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("Nothing.\n", encoding="utf-8")

    with pytest.raises(ValueError, match="no place for the table"):
        update(readme, "a table")

    assert readme.read_text(encoding="utf-8") == "Nothing.\n"


def test_the_fullest_minute_is_found() -> None:
    assert most_in_a_window([0, 30, 59.9, 60, 61, 119.8, 200]) == 4


def test_a_figure_is_met_at_its_limit() -> None:
    assert Figure(1, "ratio", 1.6, 1.6).is_met
    assert not Figure(1, "ratio", 1.61, 1.6).is_met
    assert not Figure(7, "rest", 6.9, 7, "s", at_least=True).is_met
