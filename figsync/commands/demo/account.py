"""The small account that the demo mirrors: one item of every awkward kind."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from figsync.sandbox import Web

HOSTILE_TITLE = '../../<b>etc</b>/passwd: "a" | b?\x07 \u202egnp.exe'
HOSTILE_NAME = "../../outside.txt"
LINK = "https://example.org/maps/atlas.pdf"
PLACES = ("north", "north/ridge", "south/river bank", "south/Übergang/plot 4", "east")


@dataclass(frozen=True, slots=True)
class Cast:
    """The ids of the items that the story is about."""

    draft: int
    public: int
    nested: int
    hostile: int
    linked: int
    outdated: int


def fill(web: Web, random: Random) -> Cast:
    """Make the items as their owner would on the web, and return their ids."""
    return Cast(
        draft=_draft(web, random),
        public=_public(web),
        nested=_nested(web, random),
        hostile=_hostile(web),
        linked=_linked(web),
        outdated=_outdated(web),
    )


def _draft(web: Web, random: Random) -> int:
    item = web.create_item("Soil moisture", description="<p>Ten plots, one year.</p>")
    files = {
        "readings.csv": b"plot,water\n1,0.31\n2,0.28\n",
        "methods.txt": b"Measured at noon, 10 cm deep.\n",
        "raw/logger.bin": random.randbytes(300_000),
    }
    web.add_files(item, files)
    return item


def _public(web: Web) -> int:
    item = web.create_item("River levels", description="Two gauges, hourly.")
    first = web.add_file(item, "levels.csv", b"hour,level\n0,1.20\n")
    web.publish(item)
    web.replace_file(first, b"hour,level\n0,1.20\n1,1.24\n")
    web.publish(item)
    return item


def _nested(web: Web, random: Random) -> int:
    item = web.create_item("Field campaign")
    days = ((place, day) for place in PLACES for day in range(1, 6))
    files = {f"{place}/day {day}.csv": random.randbytes(2000) for place, day in days}
    web.add_files(item, files)
    return item


def _hostile(web: Web) -> int:
    item = web.create_item(HOSTILE_TITLE)
    web.add_file(item, HOSTILE_NAME, b"This name wants to leave the folder.\n")
    web.add_file(item, "harmless.txt", b"This one does not.\n")
    return item


def _linked(web: Web) -> int:
    item = web.create_item("Reference maps")
    web.add_link(item, LINK)
    return item


def _outdated(web: Web) -> int:
    item = web.create_item("Old test upload")
    web.add_file(item, "test.txt", b"Only a test.\n")
    return item
