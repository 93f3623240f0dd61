"""Every content that a person ever wrote, and who has seen it go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

from figsync.clock import Clock

Tree = Mapping[str, bytes]
SIZES = (8, 12, 40, 400, 1000, 1700, 3500)


class Lost(AssertionError):
    """A promise was broken."""


@dataclass(slots=True)
class Values:
    """The ledger: contents are unique, so that each can be traced.

    A value is *open* until a person, who had it before the eyes, overwrites or
    deletes it, at the time in *closed*; an open value must never be lost.  What a
    person took from a path, by whatever act, is in *taken* with the time, by computer,
    path within its item folder, and content, until it is back there.
    """

    clock: Clock
    open: dict[bytes, str] = field(default_factory=dict)
    closed: dict[bytes, float] = field(default_factory=dict)
    ever: set[bytes] = field(default_factory=set)
    repeated: set[bytes] = field(default_factory=set)
    taken: dict[tuple[str, str, bytes], float] = field(default_factory=dict)

    def new(self, random: Random, by: str, *, size: int = 0) -> bytes:
        """Return a content that was never there before; *size* 0 is any."""
        head = f"v{len(self.ever)} ".encode()
        content = head.ljust(size or random.choice(SIZES), b".")
        self.ever.add(content)
        self.open[content] = by
        return content

    def again(self, content: bytes, by: str) -> bytes:
        """Note that an old content is written anew."""
        if content:
            self.open[content] = by
            self.closed.pop(content, None)
            self.repeated.add(content)
        return content

    def seen_off(self, content: bytes) -> None:
        """Note that a person overwrote or deleted what they could see."""
        self.open.pop(content, None)
        self.closed[content] = self.clock.now()

    def note_taken(self, computer: str, before: Tree, after: Tree) -> None:
        """Note which contents an act of a person took from their paths."""
        for path, content in before.items():
            if after.get(path) != content:
                self.taken[(computer, _inner(path), content)] = self.clock.now()
        self.note_back(computer, after)

    def note_back(self, computer: str, tree: Tree) -> None:
        """Note which contents are where they were taken from."""
        for path, content in tree.items():
            self.taken.pop((computer, _inner(path), content), None)

    def some_old(self, random: Random) -> bytes:
        """Return a content that was written before."""
        return random.choice(sorted(self.ever))

    def check(self, *places: Iterable[bytes]) -> None:
        """Raise Lost unless every open value is in one of the places."""
        held = {content for place in places for content in place}
        for content, by in self.open.items():
            if content not in held:
                raise Lost(f"{label(content)}, written by {by}, is nowhere")


def _inner(path: str) -> str:
    return path.partition("/")[2]


def label(content: bytes) -> str:
    """Return the short name of a content."""
    if not content:
        return "nothing"
    first = content.split(b" ", 1)[0]
    return first.decode("ascii", "replace") if first[:1] == b"v" else "other bytes"
