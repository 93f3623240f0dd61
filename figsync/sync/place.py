"""Where the state of a mirror is kept, noted in its root: garbage there is damage.

Without that note a file that is no database at all could be a person's own, named
by mistake in the configuration, and stays as it is.
"""

from __future__ import annotations

import json
from pathlib import Path

from figsync.clock import Clock
from figsync.config import Config
from figsync.disk import Disk
from figsync.errors import FigsyncError
from figsync.naming import shown

PLACE = "state.json"
DATABASE = "database"


def note_place(disk: Disk, database: Path) -> None:
    """Note that the state is kept in *database*."""
    content = json.dumps({DATABASE: shown(str(database))}).encode() + b"\n"
    if disk.read_own(PLACE) != content:
        disk.write_own(PLACE, content)


def is_noted(config: Config, clock: Clock) -> bool:
    """Tell whether the mirror of *config* kept its state where it says."""
    try:
        content = Disk(config.mirror.root, clock=clock).read_own(PLACE) or b""
        noted = json.loads(content)
    except (FigsyncError, ValueError):
        return False
    is_known = isinstance(noted, dict)
    return is_known and noted.get(DATABASE) == shown(str(config.database))
