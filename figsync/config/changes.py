"""What differs between two configurations, and what a daemon can take (pure)."""

from __future__ import annotations

from figsync.config.keys import KEYS
from figsync.config.values import Config

# What the state and the lock of a running daemon are bound to.
FIXED = frozenset(
    {"account.api_url", "account.impersonate", "mirror.root", "state.database"}
)


def refused_changes(old: Config, new: Config) -> list[str]:
    """Return the keys, as `section.name`, that differ and need a restart."""
    return [name for name in _changes(old, new) if name in FIXED]


def taken_changes(old: Config, new: Config) -> list[str]:
    """Return the keys, as `section.name`, that differ and take effect while it runs."""
    return [name for name in _changes(old, new) if name not in FIXED]


def _changes(old: Config, new: Config) -> list[str]:
    return [
        key.full_name
        for key in KEYS
        if _value(old, key.section, key.name) != _value(new, key.section, key.name)
    ]


def _value(config: Config, section: str, name: str) -> object:
    value: object = getattr(getattr(config, section), name)
    return value
