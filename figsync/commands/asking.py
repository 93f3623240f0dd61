"""Wishes of people: carried out at once, or left to the figsync that owns the mirror.

Nothing here needs the network.
"""

from __future__ import annotations

import os
from pathlib import Path

from figsync.clock import boot_id
from figsync.commands.daemon_call import call_daemon
from figsync.commands.shell import Shell
from figsync.disk import Disk
from figsync.errors import FigsyncError, MirrorOwned, WrongUsage
from figsync.naming import folder_name, shown
from figsync.state import State
from figsync.sync.carry import Asked, carry_out, check_asked
from figsync.sync.opening import Means, owned_mirror
from figsync.sync.place import is_noted

# The client is made with every mirror; no wish ever makes it speak.
NO_TOKEN = "-"
LEFT_TO_OWNER = "Asked the running figsync, which does it in its next cycle."
DONE_NOW = "Asked the running figsync, which does it now."
WHEN_RESUMED = (
    "Asked the running figsync, which is paused and does it when it is resumed;"
    " `figsync resume` ends the pause."
)


def ask(shell: Shell, verb: str, **words: str) -> str:
    """Have *verb* done and return a sentence about it; WrongUsage if it can not be."""
    asked = Asked(verb, words)
    with open_state(shell) as state:
        check_asked(asked, state, Disk(shell.config.mirror.root, clock=shell.clock))
    means = Means(NO_TOKEN, shell.clock, boot_id=boot_id())
    try:
        with owned_mirror(shell.config, means) as mirror:
            return carry_out(mirror, asked)
    except MirrorOwned:
        return _leave_request(shell, asked)


def is_left(said: str) -> bool:
    """Tell whether what `ask` said is that the running figsync does it."""
    return said in (LEFT_TO_OWNER, DONE_NOW, WHEN_RESUMED)


def open_state(shell: Shell) -> State:
    """Open the state to read it; WrongUsage before the first sync."""
    config, clock = shell.config, shell.clock
    known = is_noted(config, clock)
    state = State.read_only(config.database, clock=clock, known=known)
    if state is None:
        raise never_synced(config.mirror.root)
    return state


def in_mirror(shell: Shell, text: str) -> str:
    """Return the path below the root that a person means, though nothing is there.

    Where its first name is one that the root never had, it is meant from the folder
    that the person is in.  WrongUsage for one outside the mirror.
    """
    place, from_here = shell.in_mirror(text), shell.below_here(text)
    first = place.partition("/")[0]
    if from_here not in (None, place) and first not in _known_names(shell, first):
        return str(from_here)
    if ".." in place.split("/"):
        cause = "it is not a path below the mirror root"
        raise WrongUsage(shown(text), cause, f"the root is {shell.config.mirror.root}")
    return place


def _known_names(shell: Shell, first: str) -> set[str]:
    """Return the names of items and of what was trashed, and *first* if it is here."""
    config, clock = shell.config, shell.clock
    disk = Disk(config.mirror.root, clock=clock)
    names = {first} if os.path.lexists(disk.root / first) else set()
    if disk.own_path("trash").is_dir():
        for file in disk.trash_list():
            names |= {path.partition("/")[0] for path in (file.id, file.path)}
    known = is_noted(config, clock)
    state = State.read_only(config.database, clock=clock, known=known)
    if state is not None:
        with state:
            for item in state.items.all().values():
                names |= {item.item_id, item.folder, folder_name(item.title)}
    return names - {".."}


def never_synced(root: Path) -> WrongUsage:
    """Return what to raise where there is nothing to look at yet."""
    return WrongUsage(str(root), "nothing was synced yet", "run `figsync sync` first")


def _leave_request(shell: Shell, asked: Asked) -> str:
    state = State.for_requests(shell.config.database, clock=shell.clock)
    if state is None:
        raise never_synced(shell.config.mirror.root)
    with state:
        state.decisions.request(asked.verb, asked.words)
    return _poked(shell)


def _poked(shell: Shell) -> str:
    """Have a running daemon look at once at what was left to it; say when it does."""
    call = call_daemon(shell)
    if call is None:
        return LEFT_TO_OWNER
    try:
        with call:
            is_paused = call.answer("look").get("paused")
    except FigsyncError:
        return LEFT_TO_OWNER
    return WHEN_RESUMED if is_paused else DONE_NOW
