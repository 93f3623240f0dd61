"""What becomes of the state's files while no figsync runs."""

from __future__ import annotations

import shutil
from random import Random

from tests.simulation.places import Machine


def harm_state(machine: Machine, random: Random) -> str:
    """Lose the state, cut it, alter bytes of it, or put an older one in its place."""
    folder = machine.folder / "state"
    database = folder / "state.db"
    size = database.stat().st_size if database.exists() else 0
    if not size:
        return ""
    choice = random.choice(("loss", "loss", "cut", "flip", "flip", "empty"))
    match choice:
        case "loss":
            shutil.rmtree(folder)
        case "cut":
            with database.open("r+b") as file:
                file.truncate(random.randrange(size))
        case "empty":
            database.write_bytes(b"")
        case "flip":
            _flip(machine, random)
    return f"{machine.name} finds its state harmed: {choice}"


def _flip(machine: Machine, random: Random) -> None:
    """Alter some bytes, most of them where SQLite does not look."""
    database = machine.folder / "state" / "state.db"
    content = bytearray(database.read_bytes())
    for _ in range(random.choice((1, 1, 4, 40))):
        place = random.randrange(len(content))
        # Half of a database this small is empty space: look for what is written.
        while not content[place] and random.random() < 0.95:
            place = random.randrange(len(content))
        content[place] ^= 1 << random.randrange(8)
    database.write_bytes(bytes(content))
