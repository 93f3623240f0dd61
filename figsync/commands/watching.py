"""A page that follows what it tells of: `figsync status --watch`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from figsync.commands.shell import Shell, is_terminal
from figsync.commands.show import say

EVERY = 2.0


def follow(shell: Shell, look: Callable[[], Sequence[str]]) -> None:
    """Show the page that *look* returns until Ctrl-C: drawn anew on a terminal.

    Anywhere else a page is printed whenever it is another one.
    """
    with shell.stoppable():
        if is_terminal():
            _draw(_looks(shell, look))
        else:
            _print(_looks(shell, look))


def json_line(value: object) -> Sequence[str]:
    """Return a JSON value as a page of one line, for programs that follow it."""
    return [json.dumps(value)]


def _looks(shell: Shell, look: Callable[[], Sequence[str]]) -> Iterator[Sequence[str]]:
    while True:
        yield look()
        if shell.clock.wait(EVERY):
            return


def _print(pages: Iterator[Sequence[str]]) -> None:
    before: Sequence[str] | None = None
    for page in pages:
        if page == before:
            continue
        if before is not None and len(page) > 1:
            say()
        for line in page:
            say(line)
        before = page


def _draw(pages: Iterator[Sequence[str]]) -> None:
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False, screen=False) as live:
        for page in pages:
            # Text, because a name is no markup.
            live.update(Text("\n".join(page)), refresh=True)
