"""What keeps a database sound and small over the years."""

from __future__ import annotations

from collections.abc import Callable

from figsync.state.connection import Connection, damaged
from figsync.state.schema import damaged_rows

# More rows of an index tell the planner nothing new.
_ANALYSED = 400


def check_table(db: Connection, table: str, stop: Callable[[], bool]) -> None:
    """Raise StateDamaged unless a table, its indexes and its rows are as saved."""
    # The name is one of the schema: a pragma takes no bound values.
    found = db.row(f"PRAGMA integrity_check('{table}')")
    if found != ("ok",):
        raise damaged(db.path, f"the state database is damaged ({found[0]})")
    for row in damaged_rows(db, [table], stop):
        raise damaged(db.path, row)


def tidy(db: Connection) -> None:
    """Renew the planner's statistics where useful, and empty the log if nobody reads.

    A reader is not waited for: the next time comes.
    """
    db.rows(f"PRAGMA analysis_limit = {_ANALYSED}")
    db.rows("PRAGMA optimize")
    patience = db.number("PRAGMA busy_timeout")
    db.rows("PRAGMA busy_timeout = 0")
    try:
        db.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.rows(f"PRAGMA busy_timeout = {patience}")
