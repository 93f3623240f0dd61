"""Single values that the state remembers by name."""

from __future__ import annotations

from figsync.state.columns import Row
from figsync.state.connection import Connection


class Settings:
    """Texts by name, such as the account that the state is bound to."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def get(self, name: str) -> str:
        """Return the value of *name*, "" if it was never set."""
        found = self._db.load("settings", _value, "WHERE name = ?", name)
        return found[0] if found else ""

    def set(self, name: str, value: str) -> None:
        self._db.save("settings", [(name, value)])

    def drop(self, name: str) -> None:
        self._db.write("DELETE FROM settings WHERE name = ?", name)


def _value(row: Row) -> str:
    _, value = row
    return str(value)
