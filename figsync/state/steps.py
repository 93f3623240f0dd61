"""The moments at which what the state keeps changes, for a test to stop at."""

from __future__ import annotations


class Steps:
    """Every change of the database's files; a test overrides `before` and `after`.

    *step* is `make`, `commit` or `set aside`.
    """

    def before(self, step: str) -> None:
        """Called before each change."""

    def after(self, step: str) -> None:
        """Called after each change that worked."""
