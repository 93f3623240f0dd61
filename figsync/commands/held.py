"""`figsync held`: what waits for a person or for its time."""

from __future__ import annotations

import click

from figsync.commands.asking import open_state
from figsync.commands.shell import Shell, verb
from figsync.commands.show import full_path, say, say_json, table, when_text
from figsync.naming import shown
from figsync.state import HeldRow
from figsync.sync import words
from figsync.sync.standing import as_json_row


@verb(example="figsync held\nfigsync approve 3", codes=(2,))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def held(shell: Shell, *, as_json: bool) -> None:
    """Show what waits for you, or for its time."""
    with open_state(shell) as state:
        rows = state.decisions.held()
    if as_json:
        say_json([as_json_row(row) for row in rows])
    elif not rows:
        say("Nothing is held.")
    else:
        table(("Number", "What", "Path", "Why"), [_line(row) for row in rows])
        if any(row.needs_person for row in rows):
            say("`figsync approve NUMBER` lets it happen, `figsync reject NUMBER` not.")


def _line(row: HeldRow) -> tuple[str, str, str, str]:
    why = shown(row.reason)
    if row.until is not None:
        why = f"{why}; until {when_text(row.until)}"
    number = str(row.id) if row.needs_person else f"({row.id})"
    return number, words.to_do(row.key.kind), full_path(row), why
