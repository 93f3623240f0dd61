"""Single values that the state remembers by name."""

from __future__ import annotations

from figsync.state.connection import Connection


class Settings:
    """Texts by name, such as the account that the state is bound to."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def get(self, name: str) -> str:
        """Return the value of *name*, "" if it was never set."""
        row = self._db.row("SELECT value FROM settings WHERE name = ?", name)
        return str(row[0]) if row else ""

    def set(self, name: str, value: str) -> None:
        self._db.save("settings", [(name, value)])

    def drop(self, name: str) -> None:
        self._db.write("DELETE FROM settings WHERE name = ?", name)
