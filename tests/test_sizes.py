"""Functions and modules stay short enough to be read at one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import figsync

PACKAGE = Path(figsync.__file__).parent
LONGEST_FUNCTION = 40
LONGEST_MODULE = 350
MEDIAN_FUNCTION = 10


def sources() -> Iterator[tuple[str, str]]:
    """Yield name and text of every module of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE.parent).as_posix()
        yield name, path.read_text(encoding="utf-8")


def functions() -> Iterator[tuple[str, int]]:
    """Yield place and length in lines of every function of the package."""
    for name, text in sources():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                length = node.end_lineno - node.lineno + 1
                yield f"{name}:{node.lineno} {node.name}", length


def test_no_function_is_above_40_lines():
    long = [
        f"{place}: {lines}" for place, lines in functions() if lines > LONGEST_FUNCTION
    ]

    assert not long, "\n".join(long)


def test_the_median_function_is_under_10_lines():
    lengths = [lines for _, lines in functions()]

    assert median(lengths) < MEDIAN_FUNCTION


def test_no_module_is_above_350_lines():
    lengths = {name: text.count("\n") for name, text in sources()}
    long = [f"{n}: {lines}" for n, lines in lengths.items() if lines > LONGEST_MODULE]

    assert not long, "\n".join(long)


def test_nothing_is_left_to_do_in_comments():
    words = ("TODO", "FIXME", "XXX")

    left = [name for name, text in sources() if any(word in text for word in words)]

    assert not left, "\n".join(left)
