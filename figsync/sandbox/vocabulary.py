"""Licences, categories and item types: a small part of Figshare's, with its ids."""

from dataclasses import dataclass

from figsync.sandbox.rows import Json, Listing


@dataclass(frozen=True, slots=True)
class Category:
    """A field of research; only leaves can be chosen."""

    id: int
    title: str
    parent_id: int
    source_id: str
    path: str
    has_children: bool = False

    def as_json(self) -> Json:
        """Return the category as items show it."""
        return {
            "id": self.id,
            "title": self.title,
            "parent_id": self.parent_id,
            "path": self.path,
            "source_id": self.source_id,
            "taxonomy_id": 100,
        }

    def as_row(self) -> Json:
        """Return the category as the list of categories shows it."""
        return self.as_json() | {
            "is_selectable": not self.has_children,
            "has_children": self.has_children,
        }


CATEGORIES = (
    Category(24130, "Biological sciences", 0, "310000", "/24130", True),
    Category(24133, "Biochemistry", 24130, "310101", "/24130/24133"),
    Category(24163, "Ecology", 24130, "310307", "/24130/24163"),
    Category(25630, "Earth sciences", 0, "370000", "/25630", True),
    Category(25660, "Soil sciences", 25630, "410600", "/25630/25660"),
    Category(29170, "Mathematical sciences", 0, "490000", "/29170", True),
    Category(29173, "Statistics", 29170, "490500", "/29170/29173"),
)

_CREATIVE_COMMONS = "https://creativecommons.org"
LICENSES: Listing = [
    {"value": value, "name": name, "url": url}
    for value, name, url in (
        (1, "CC BY 4.0", f"{_CREATIVE_COMMONS}/licenses/by/4.0/"),
        (2, "CC0", f"{_CREATIVE_COMMONS}/publicdomain/zero/1.0/"),
        (3, "MIT", "https://opensource.org/licenses/MIT"),
        (4, "GPL", "https://www.gnu.org/copyleft/gpl.html"),
        (5, "GPL 2.0+", "https://www.gnu.org/licenses/gpl-2.0.html"),
        (6, "GPL 3.0+", "https://www.gnu.org/licenses/gpl-3.0.html"),
        (7, "Apache 2.0", "https://www.apache.org/licenses/LICENSE-2.0.html"),
    )
]

ITEM_TYPES = {
    1: "figure",
    2: "media",
    3: "dataset",
    5: "poster",
    6: "journal contribution",
    7: "presentation",
    8: "thesis",
    9: "software",
    11: "online resource",
    12: "preprint",
    13: "book",
    14: "conference contribution",
    15: "chapter",
    16: "peer review",
    17: "educational resource",
    18: "report",
    19: "standard",
    20: "composition",
    21: "funding",
    22: "physical object",
    23: "data management plan",
    24: "workflow",
    25: "monograph",
    26: "performance",
    27: "event",
    28: "service",
    29: "model",
}


def category(category_id: int) -> Category | None:
    """Return the category with that id."""
    return next((one for one in CATEGORIES if one.id == category_id), None)


def category_of_source(source_id: str) -> Category | None:
    """Return the category with that number in the standard it comes from."""
    return next((one for one in CATEGORIES if one.source_id == source_id), None)


def license_json(value: int) -> Json:
    """Return the licence as items show it."""
    return next(one for one in LICENSES if one["value"] == value)


def item_type_rows() -> Listing:
    """Return the item types as Figshare lists them."""
    return [
        {
            "id": type_id,
            "name": name,
            "string_id": name.replace(" ", "_"),
            "icon": name.replace(" ", "_"),
            "public_description": f"An item of the type {name}",
            "is_selectable": True,
            "url_name": name.replace(" ", "_"),
        }
        for type_id, name in ITEM_TYPES.items()
    ]
