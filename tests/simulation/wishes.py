"""What people ask of figsync itself: verbs, and changes of its configuration."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from figsync.errors import WrongUsage
from figsync.model import Mode
from figsync.sync.carry import Asked, carry_out
from figsync.sync.mirror import Mirror
from tests.simulation.places import Machine
from tests.simulation.values import Values, label
from tests.simulation.web import Owner

KEYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("mirror.direction", ("both", "pull", "push")),
    ("mirror.ignore", ("", "*.csv", "raw/", "*.txt")),
    ("mirror.new_items", ("all", "metadata")),
    ("mirror.loose_files", ("item", "ignore")),
    ("mirror.portable_names", ("no", "yes")),
    ("deletions.files", ("propagate", "keep")),
    ("deletions.items", ("hold", "propagate", "keep")),
    ("deletions.grace", ("0", "24h")),
    ("deletions.max_files", ("20", "1")),
    ("transfer.files_per_item", ("500", "2")),
    ("schedule.settle", ("5s", "0", "60s")),
)


def configure(machine: Machine, random: Random) -> str:
    """Change one key of the configuration."""
    key, values = random.choice(KEYS)
    value = random.choice(values)
    machine.configure(key, value)
    return f"{machine.name} has {key} = {value}"


class Wisher:
    """Asks one machine's figsync for something, as its verbs do without a daemon."""

    def __init__(self, machine: Machine, owner: Owner, values: Values) -> None:
        self._machine = machine
        self._owner = owner
        self._values = values

    def ask(self, mirror: Mirror, random: Random) -> str:
        """Ask for something that is possible now; return what to tell."""
        wishes: list[Callable[[Mirror, Random], str]] = [
            self._exclude,
            self._include,
            self._keep,
            self._restore,
            self._acknowledge,
        ]
        told = random.choice(wishes)(mirror, random)
        return f"{self._machine.name} {told}" if told else ""

    def _exclude(self, mirror: Mirror, random: Random) -> str:
        items = sorted(mirror.state.items.all())
        if not items:
            return ""
        chosen = random.choice(items)
        self._owner.note_left(chosen, mirror.state.work.transfers(chosen))
        return _carried(mirror, "exclude", item=chosen)

    def _include(self, mirror: Mirror, random: Random) -> str:
        items = mirror.state.items.all().values()
        outside = [i.item_id for i in items if i.mode in (Mode.EXCLUDED, Mode.METADATA)]
        return include(mirror, random.choice(sorted(outside))) if outside else ""

    def _keep(self, mirror: Mirror, random: Random) -> str:
        conflicts = mirror.state.decisions.conflicts()
        if not conflicts:
            return ""
        found = random.choice(conflicts)
        which = random.choice(("local", "remote", "both"))
        tree = self._machine.tree()
        loser = found.copy if which == "remote" else found.path
        place = f"{found.folder}/{loser}"
        content = tree.get(place, b"")
        if which != "both":
            # A person may have made a folder of the copy.
            within = [tree[p] for p in tree if p.startswith(f"{place}/")]
            for lost in (content, *within):
                self._values.seen_off(lost)
        path = f"{found.folder}/{found.copy}"
        told = _carried(mirror, "conflicts keep", path=path, which=which)
        self._values.note_taken(self._machine.name, tree, self._machine.tree())
        return f"{told} (without {label(content)})"

    def _restore(self, mirror: Mirror, random: Random) -> str:
        trashed = mirror.disk.trash_list()
        if not trashed:
            return ""
        chosen = random.choice(trashed)
        path = self._machine.root / ".figsync" / "trash" / chosen.id
        if not path.is_file() or path.is_symlink():
            return ""
        content = path.read_bytes()
        if not content.startswith((b"[InternetShortcut]", b"{")):
            self._values.again(content, f"restored {chosen.path}")
        return _carried(mirror, "trash restore", path=chosen.id)

    def _acknowledge(self, mirror: Mirror, random: Random) -> str:
        del random
        return _carried(mirror, "approve", scope="yes")


def include(mirror: Mirror, item_id: str) -> str:
    """Let an item be mirrored with its files."""
    return _carried(mirror, "include", item=item_id)


def _carried(mirror: Mirror, verb: str, **words: str) -> str:
    asked = f"asks to {verb} {' '.join(words.values())}"
    try:
        return f"{asked}: {carry_out(mirror, Asked(verb, words))}"
    except WrongUsage as problem:
        return f"{asked}: {problem}"
