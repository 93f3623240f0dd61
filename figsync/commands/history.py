"""`figsync history`: what figsync did."""

from __future__ import annotations

import click

from figsync.commands.asking import open_state
from figsync.commands.shell import Shell, verb
from figsync.commands.show import iso, say, say_json, size_text, table, when_text
from figsync.naming import shown
from figsync.state import HistoryRow
from figsync.sync import words


@verb(example="figsync history --limit 50", codes=(2,))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N"
)
def history(shell: Shell, *, as_json: bool, limit: int) -> None:
    """Show the last actions, the newest first."""
    with open_state(shell) as state:
        rows = state.history.recent(limit)
    if as_json:
        say_json([_as_json(row) for row in rows])
    elif not rows:
        say("Nothing happened yet.")
    else:
        table(("When", "What", "Size", "Path"), [_line(row) for row in rows])


def _as_json(row: HistoryRow) -> dict[str, object]:
    return {
        "id": row.id,
        "at": iso(row.at),
        "kind": row.action,
        "item_id": row.item_id,
        "path": row.path,
        "bytes": row.size,
        "result": row.result,
        "message": row.message,
    }


def _line(row: HistoryRow) -> tuple[str, str, str, str]:
    told = words.done(row.action)
    if row.result != "done":
        told = f"{row.result}, {words.to_do(row.action)}: {shown(row.message)}"
    size = size_text(row.size) if row.size else ""
    return when_text(row.at), told, size, shown(row.path)
