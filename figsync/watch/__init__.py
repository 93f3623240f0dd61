"""Watching the mirror root: events of the system become hints where to look."""

from figsync.watch.watch import Watch, Watching

__all__ = ["Watch", "Watching"]
