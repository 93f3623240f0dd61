"""The findings as Markdown, and their place in README.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.results import (
    BEST,
    CURL,
    FIGSYNC,
    PYFIGSHARE,
    SERIAL,
    Contest,
    Figure,
    Findings,
)

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- made by python -m tests.benchmarks --update-readme -->"
END = "<!-- the end of what it made -->"

COLUMNS = {
    FIGSYNC: "figsync",
    CURL: "curl, 4 at a time",
    SERIAL: "serial script",
    PYFIGSHARE: "pyfigshare",
    BEST: "pyfigshare at its best",
}


def markdown(findings: Findings) -> str:
    """Return everything as two tables and some sentences."""
    pieces = ["\n".join(findings.about)]
    if findings.contests:
        pieces.append("\n".join(_race(findings.contests)))
    if findings.figures:
        pieces.append("\n".join(_figures(findings.figures)))
    return "\n\n".join(piece for piece in pieces if piece) + "\n"


def _race(contests: Iterable[Contest]) -> Iterable[str]:
    yield f"| seconds | {' | '.join(COLUMNS.values())} |"
    yield "|---" * (len(COLUMNS) + 1) + "|"
    for contest in contests:
        cells = [_seconds(contest, name) for name in COLUMNS]
        yield f"| {contest.title} | {' | '.join(cells)} |"


def _seconds(contest: Contest, name: str) -> str:
    if not contest.seconds.get(name):
        return "-"
    runs = len(contest.seconds[name])
    once = " (once)" if runs == 1 and name != FIGSYNC else ""
    return f"{contest.median(name):.2f}{once}"


def _figures(figures: Iterable[Figure]) -> Iterable[str]:
    yield "| line | what | figure | wanted | |"
    yield "|---|---|---|---|---|"
    for figure in sorted(figures, key=lambda one: one.line):
        value, most = _told(figure.value, figure.unit), _told(figure.most, figure.unit)
        wanted = f"at {'least' if figure.at_least else 'most'} {most}"
        met = "met" if figure.is_met else "missed"
        yield f"| {figure.line} | {figure.what} | {value} | {wanted} | {met} |"


def _told(value: float, unit: str) -> str:
    number = f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()


def update(readme: Path, text: str) -> None:
    """Put *text* between the two marks of the file; ValueError without them."""
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme} has no place for the table")
    whole = f"{before}{BEGIN}\n\n{text}\n{END}{after}"
    readme.write_text(whole, encoding="utf-8")
