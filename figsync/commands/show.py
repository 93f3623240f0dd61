"""Values for people: lines, tables, sizes and times; and JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from figsync.clock import iso as iso
from figsync.commands.shell import is_terminal
from figsync.naming import shown
from figsync.naming import size_text as size_text

if TYPE_CHECKING:
    from figsync.state import HeldRow


def say(line: str = "") -> None:
    """Print one line on standard output; nothing happens if nobody reads it."""
    try:
        click.echo(line)
    except BrokenPipeError:
        leave_pipe()


def leave_pipe() -> None:
    """Let what is still printed go nowhere: its reader has left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def say_json(value: object) -> None:
    """Print one JSON value, in ASCII so that no name can be lost on the way."""
    say(json.dumps(value, indent=2))


def plural(count: int, one: str, many: str = "") -> str:
    """Return `1 file`, `2 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def when_text(at: float | None) -> str:
    """Return a POSIX time as the clock on this computer's wall, "" for none."""
    if at is None:
        return ""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")


def path_text(*parts: str) -> str:
    """Return the path of these parts on one printable line."""
    return shown("/".join(part for part in parts if part))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn on a terminal, else one tabbed line a row."""
    if not is_terminal():
        for row in rows:
            say("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        drawn.add_column(head, overflow="fold")
    for row in rows:
        # Text, because a name is no markup.
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def full_path(row: HeldRow) -> str:
    """Return the path below the root that a held action is about."""
    # The key of what is no item yet has the folder in its path.
    return path_text(row.folder if row.key.item_id else "", row.key.path)
