"""A sync that a running daemon does, shown as if it were done here."""

from __future__ import annotations

import json
from collections.abc import Iterator

from figsync.commands.daemon_call import Call, Told
from figsync.commands.failures import complain
from figsync.commands.show import say, say_json
from figsync.daemon.answers import show_told
from figsync.sync.telling import Show


def shown_call(
    call: Call, show: Show | None, verb: str, **words: str
) -> Iterator[Told]:
    """Ask for *verb* and yield what is told; what tells of progress is shown."""
    for told in call.ask(verb, **words):
        if show is not None:
            show_told(told, show)
        yield told


def asked_sync(
    call: Call, show: Show | None, *, only: frozenset[str], scheduled: bool
) -> Told:
    """Have the daemon sync, and return how it went as `outcome.as_told` tells it."""
    words = {"only": json.dumps(sorted(only)) if only else ""}
    words |= {"scheduled": "yes"} if scheduled else {}
    *_, last = shown_call(call, show, "sync", **words)
    return last


def tell_asked(told: Told, *, as_json: bool, is_quiet: bool) -> int:
    """Print how a sync that was asked for went; return its exit code."""
    code = told["code"]
    assert isinstance(code, int)
    if as_json:
        say_json(told["report"])
    else:
        for line in _lines(told["page"]) if code or not is_quiet else []:
            say(line)
        for line in _lines(told["complaints"]):
            complain(line)
    if error := told["error"]:
        complain(str(error))
    return code


def _lines(page: object) -> list[str]:
    assert isinstance(page, list)
    return page
