"""The exit codes: what each means, and which one wins when several apply."""

from __future__ import annotations

IN_SYNC = 0
UNFINISHED = 1
WRONG_USAGE = 2
BUG = 3
NEEDS_PERSON = 4
OWNED = 5
NO_FIGSHARE = 6
INTERRUPTED = 130

MEANINGS = {
    IN_SYNC: "in sync",
    UNFINISHED: "some actions failed or are unproven; the next sync tries again",
    WRONG_USAGE: "wrong usage or configuration",
    BUG: "a bug in figsync; the message names a report file",
    NEEDS_PERSON: "needs a person: held actions or conflicts",
    OWNED: "another figsync owns this mirror",
    NO_FIGSHARE: "Figshare can not be reached or refuses the token",
    INTERRUPTED: "interrupted",
}

_STRONGEST_FIRST = (
    INTERRUPTED,
    BUG,
    WRONG_USAGE,
    OWNED,
    NO_FIGSHARE,
    NEEDS_PERSON,
    UNFINISHED,
    IN_SYNC,
)


def strongest(*codes: int) -> int:
    """Return the one of *codes* that tells most urgently what is the matter."""
    return min(codes, key=_STRONGEST_FIRST.index)
