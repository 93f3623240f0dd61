"""Times on the command line, written as in the configuration: 30m, 2h, 7d."""

from __future__ import annotations

import click

from figsync.config.kinds import Wrong, duration

_KIND = duration("1s", "365d")


def seconds(
    context: click.Context, param: click.Parameter, value: str | None
) -> float | None:
    """Return what was typed in seconds, None where nothing was; for click."""
    if value is None:
        return None
    try:
        found = _KIND.parse(value)
    except Wrong as wrong:
        said = f"{wrong.cause}; {wrong.right}"
        raise click.BadParameter(said, context, param) from None
    assert isinstance(found, float)
    return found
