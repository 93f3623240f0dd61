"""Drafts become versions: checks, the version rule, and the delay in between."""

import json

from figsync.sandbox import embargo, files, index, items
from figsync.sandbox.errors import Refused, not_found
from figsync.sandbox.records import of_version
from figsync.sandbox.rows import Item, Json, Version
from figsync.sandbox.world import Books, World

MANDATORY = ("title", "authors", "categories", "tags", "description")
DOI_PREFIX = "10.6084/m9.figshare"
NOT_BY_READS = -1


def publish(books: Books, item: Item) -> None:
    """Accept the draft for publication; it becomes visible after a while."""
    version = _next_version(books, item)
    if books.world.switches.review_publications:
        review = item.fields | {"curation_status": "pending"}
        books.update("items", item.id, fields=json.dumps(review))
        return
    due, reads = _delay(books.world, item.fields)
    books.execute(
        "INSERT OR REPLACE INTO publications VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*_columns(version), due, reads),
    )


def publish_now(books: Books, item: Item) -> None:
    """Publish the draft without delay or review."""
    _make_visible(books, _next_version(books, item))


def settle(world: World, item_id: int) -> None:
    """Let a waiting publication of the item happen if its time has come.

    Otherwise the look counts: an item looked at often enough is published too.
    """
    with world.reading() as books:
        if _waiting(books, item_id) is None:
            return
    with world.writing() as books:
        waiting = _waiting(books, item_id)
        if waiting is None:
            return
        version, due, reads_left = waiting
        if due <= world.now() or reads_left == 0:
            _make_visible(books, version)
        books.execute(
            "UPDATE publications SET reads_left = reads_left - 1"
            " WHERE item_id = ? AND reads_left > 0",
            (item_id,),
        )


def embargo_changed(books: Books, item: Item) -> None:
    """Let a waiting publication wait for the new end of the item's embargo."""
    due, reads = _delay(books.world, item.fields)
    books.execute(
        "UPDATE publications SET due = ?, reads_left = ?, fields = ? WHERE item_id = ?",
        (due, reads, json.dumps(item.fields), item.id),
    )


def unpublish(books: Books, item: Item) -> None:
    """Make a public item a draft again; its versions are hidden."""
    for table in ("versions", "publications"):
        books.execute(f"DELETE FROM {table} WHERE item_id = ?", (item.id,))
    books.execute("UPDATE files SET attached = 0 WHERE item_id = ?", (item.id,))
    books.update("items", item.id, published=None, version=0)
    index.unpublished(books, item)


def versions(books: Books, item_id: int) -> list[Version]:
    """Return the public versions of an item, oldest first."""
    rows = books.execute(
        "SELECT * FROM versions WHERE item_id = ? ORDER BY version", (item_id,)
    )
    return [Version.of(row) for row in rows]


def version(books: Books, item_id: int, number: int | None = None) -> Version:
    """Return one version, by default the latest; Refused if there is none."""
    for one in reversed(versions(books, item_id)):
        if number in (None, one.version):
            return one
    raise not_found("article" if number is None else "ArticleVersion")


def _waiting(books: Books, item_id: int) -> tuple[Version, float, int] | None:
    row = books.execute(
        "SELECT * FROM publications WHERE item_id = ?", (item_id,)
    ).fetchone()
    return None if row is None else (Version.of(row), row["due"], row["reads_left"])


def _next_version(books: Books, item: Item) -> Version:
    draft = files.of_draft(books, item.id)
    _check(item, has_content=bool(draft))
    now = books.world.now()
    fields = item.fields | {
        "doi": item.fields["doi"] or f"{DOI_PREFIX}.{item.id}",
        "curation_status": "approved",
    }
    ids = tuple(file.id for file in draft if file.status == "available")
    latest = next(reversed(versions(books, item.id)), None)
    if latest is None:
        return Version(item.id, 1, fields, ids, now, now)
    if _is_new_version(latest, fields, ids):
        return Version(item.id, latest.version + 1, fields, ids, now, now)
    return Version(item.id, latest.version, fields, ids, latest.published, now)


def _is_new_version(latest: Version, fields: Json, ids: tuple[int, ...]) -> bool:
    """Tell whether a change is one for which Figshare counts a new version."""
    old = latest.fields
    was_for_ever = embargo.ends_at(old) == float("inf") and (
        old["embargo"]["type"] == "file"
    )
    return (
        any(old[name] != fields[name] for name in ("title", "authors", "license"))
        or latest.files != ids
        or (was_for_ever and fields["embargo"] is None)
    )


def _check(item: Item, *, has_content: bool) -> None:
    missing = [name for name in MANDATORY if not item.fields[name]]
    if not has_content and not item.fields["is_metadata_record"]:
        missing.append("files")
    if missing:
        what = "Missing mandatory field for publication"
        raise Refused(400, f"{what} - {', '.join(missing)}")


def _delay(world: World, fields: Json) -> tuple[float, int]:
    now = world.now()
    if embargo.covers_item(fields, now):
        return embargo.ends_at(fields) or now, NOT_BY_READS
    reads = world.switches.publish_reads or NOT_BY_READS
    return now + world.switches.publish_seconds, reads


def _make_visible(books: Books, version: Version) -> None:
    item = items.get(books, version.item_id)
    books.execute(
        "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?)", _columns(version)
    )
    books.execute(
        "UPDATE files SET attached = 1 WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(version.files),),
    )
    books.execute("DELETE FROM publications WHERE item_id = ?", (item.id,))
    given = {name: version.fields[name] for name in ("doi", "curation_status")}
    public = item.showing(
        fields=item.fields | given, version=version.version, published=version.published
    )
    books.update("items", item.id, version=version.version, published=version.published)
    index.published(books, of_version(public, version))
    items.touch(books, public)


def _columns(version: Version) -> tuple[object, ...]:
    return (
        version.item_id,
        version.version,
        json.dumps(version.fields),
        json.dumps(version.files),
        version.published,
        version.modified,
    )
