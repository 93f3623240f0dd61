"""Configurations for tests: keys written `section__key`, as an INI file."""

from __future__ import annotations

from collections.abc import Mapping


def ini(settings: Mapping[str, str]) -> str:
    """Return the configuration that holds these settings."""
    sections: dict[str, list[str]] = {}
    for name, value in settings.items():
        section, key = name.split("__")
        text = value.replace("\n", "\n    ")
        sections.setdefault(section, []).append(f"{key} = {text}")
    return "".join(
        f"[{section}]\n" + "\n".join(lines) + "\n"
        for section, lines in sections.items()
    )
