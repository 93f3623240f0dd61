"""What may be written to an item: each field's shape, checked as Figshare does."""

import re
from collections.abc import Callable

from figsync.sandbox import accounts, vocabulary
from figsync.sandbox.errors import Refused, not_found, wrong
from figsync.sandbox.rows import Json
from figsync.sandbox.world import Books, World

LONGEST_TITLE = 1000
LONGEST_DESCRIPTION = 20_000
AUTHOR_KEYS = {"id", "name", "first_name", "last_name", "orcid_id"}


def parse_fields(books: Books, body: Json) -> Json:
    """Return the item fields named in *body*, as they are kept; others are ignored."""
    parsed = {
        _KEPT_AS.get(name, name): _SHAPES[name](name, value)
        for name, value in body.items()
        if name in _SHAPES
    }
    if "resource_doi" in body and not body.get("resource_title"):
        raise wrong("resource_title is needed together with resource_doi")
    if "categories_by_source_id" in body:
        sources = _strings("categories_by_source_id", body["categories_by_source_id"])
        parsed["categories"] = categories_of_sources(books.world, sources)
    elif "categories" in body:
        parsed["categories"] = parse_categories(books.world, body["categories"])
    if "authors" in body:
        parsed["authors"] = parse_authors(books, body["authors"])
    return parsed


def parse_new_item(books: Books, body: Json, owner_id: int) -> Json:
    """Return the fields of a new item; the owner is its first author."""
    if "title" not in body:
        raise wrong("title is required")
    parsed = parse_fields(books, body)
    others = [author for author in parsed.get("authors", ()) if author != owner_id]
    return parsed | {"authors": [owner_id, *others]}


def parse_categories(world: World, value: object) -> list[int]:
    """Return the ids of categories that may be chosen."""
    ids = [_whole("categories", one) for one in _items("categories", value)]
    for category_id in ids:
        known = vocabulary.category(category_id)
        if known is None:
            raise Refused(404, "Category with ID not found", "EntityNotFound")
        _check_selectable(world, known)
    return list(dict.fromkeys(ids))


def categories_of_sources(world: World, sources: list[str]) -> list[int]:
    """Return the ids of the categories with those numbers in their standard."""
    found = []
    for source in sources:
        known = vocabulary.category_of_source(source)
        if known is None:
            raise Refused(404, "Category with ID not found", "EntityNotFound")
        _check_selectable(world, known)
        found.append(known.id)
    return found


def parse_authors(books: Books, value: object) -> list[int]:
    """Return the ids of authors, making those that are given by name."""
    ids = [_author_id(books, one) for one in _items("authors", value)]
    return list(dict.fromkeys(ids))


def _author_id(books: Books, value: object) -> int:
    if not isinstance(value, dict) or not value.keys() <= AUTHOR_KEYS:
        raise wrong(f"An author has the keys {', '.join(sorted(AUTHOR_KEYS))}")
    if "id" in value:
        author_id = _whole("id", value["id"])
        if not accounts.authors(books, [author_id]):
            raise Refused(400, "Author with ID not found")
        return author_id
    name = {key: _text(key, text) for key, text in value.items()}
    first, _, last = name.get("name", "").rpartition(" ")
    first, last = name.get("first_name", first), name.get("last_name", last)
    if not first and not last:
        raise wrong("An author needs a name")
    return accounts.add_author(books, first, last, name.get("orcid_id", ""))


def _check_selectable(world: World, category: vocabulary.Category) -> None:
    if category.has_children:
        status = world.switches.category_refusal_status
        code = "EntityNotFound" if status == 404 else "BadRequest"
        raise Refused(status, f"Not allowed to set category {category.id}", code)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise wrong(f"{name} must be a string")
    return value


def _text_or_null(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value)


def _title(name: str, value: object) -> str:
    title = _text(name, value)
    if not 3 <= len(title) <= LONGEST_TITLE:
        raise Refused(400, f"title must have 3 to {LONGEST_TITLE} characters")
    return title


def _description(name: str, value: object) -> str:
    description = _text(name, value)
    if len(description) > LONGEST_DESCRIPTION:
        raise wrong(f"description must have at most {LONGEST_DESCRIPTION} characters")
    # Figshare cleans HTML, so what is written need not be what is read back.
    return re.sub(r"(?is)<script.*?</script\s*>", "", description)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong(f"{name} must be a boolean")
    return value


def _whole(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(f"{name} must be an integer")
    return value


def _items(name: str, value: object) -> list[object]:
    if not isinstance(value, list):
        raise wrong(f"{name} must be an array")
    return value


def _strings(name: str, value: object) -> list[str]:
    return [_text(name, one) for one in _items(name, value)]


def _objects(name: str, value: object) -> list[object]:
    rows = _items(name, value)
    if not all(isinstance(row, dict) for row in rows):
        raise wrong(f"{name} must be an array of objects")
    return rows


def _object(name: str, value: object) -> Json:
    if not isinstance(value, dict):
        raise wrong(f"{name} must be an object")
    return value


def _license(name: str, value: object) -> int:
    number = _whole(name, value)
    if number not in [one["value"] for one in vocabulary.LICENSES]:
        raise not_found("license")
    return number


def _item_type(name: str, value: object) -> int:
    word = _text(name, value)
    for type_id, type_name in vocabulary.ITEM_TYPES.items():
        if word == type_name:
            return type_id
    raise wrong(f"{name} has no value {word!r}")


def _custom_fields_list(name: str, value: object) -> Json:
    rows = [_object(name, row) for row in _items(name, value)]
    return {_text("name", row.get("name")): row.get("value") for row in rows}


def _group(name: str, value: object) -> int | None:
    return None if value is None else _whole(name, value)


_KEPT_AS = {"keywords": "tags", "custom_fields_list": "custom_fields"}
_SHAPES: dict[str, Callable[[str, object], object]] = {
    "title": _title,
    "description": _description,
    "tags": _strings,
    "keywords": _strings,
    "references": _strings,
    "related_materials": _objects,
    "license": _license,
    "defined_type": _item_type,
    "custom_fields": _object,
    "custom_fields_list": _custom_fields_list,
    "funding": _text_or_null,
    "funding_list": _objects,
    "timeline": _object,
    "is_metadata_record": _flag,
    "metadata_reason": _text,
    "download_disabled": _flag,
    "group_id": _group,
    "doi": _text,
    "handle": _text,
    "resource_doi": _text_or_null,
    "resource_title": _text_or_null,
}
