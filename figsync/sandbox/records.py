"""Items, files and accounts as the JSON that Figshare sends."""

import mimetypes
import re
from dataclasses import dataclass

from figsync.sandbox import accounts, embargo, progress, vocabulary
from figsync.sandbox.clock import stamp
from figsync.sandbox.rows import Account, Author, File, Item, Json, Listing, Version
from figsync.sandbox.world import Books, World

MOST_FILES_IN_RECORD = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with its files, for its owner or for the public."""

    item: Item
    files: list[File]
    is_private: bool


def light(world: World, item: Item, *, is_private: bool) -> Json:
    """Return the item as lists show it."""
    fields = item.fields
    row = _identity(world, item) | {
        "title": fields["title"],
        "doi": _doi(item, is_private=is_private),
        "handle": fields["handle"],
        **_addresses(world, item, is_private=is_private),
        "published_date": stamp(item.published) if item.published else None,
        "thumb": "",
        "defined_type": fields["defined_type"],
        "defined_type_name": vocabulary.ITEM_TYPES[fields["defined_type"]],
        "group_id": fields["group_id"],
        "timeline": _timeline(item),
        "resource_title": fields["resource_title"],
        "resource_doi": fields["resource_doi"],
    }
    if world.switches.light_dates:
        row |= _dates(item)
    return row


def complete(books: Books, shown: Shown) -> Json:
    """Return the whole record, with at most ten of its files."""
    item, private = shown.item, shown.is_private
    record = light(books.world, item, is_private=private) | _dates(item)
    record |= _texts(books.world, item) | _people(books, item) | _state(shown)
    record |= embargo.embargo_fields(item.fields, books.world.now())
    record |= embargo.confidential_fields(item.fields)
    folders = {books.world.reference(f): f.folder for f in shown.files if f.folder}
    record |= {
        "size": sum(file.size for file in shown.files),
        "folder_structure": folders,
        "has_linked_file": any(file.link for file in shown.files),
    }
    is_hidden = not private and embargo.hides_files(item.fields, books.world.now())
    if books.world.switches.record_files and not is_hidden:
        first = shown.files[:MOST_FILES_IN_RECORD]
        record["files"] = file_rows(books.world, first, is_private=private)
    if private:
        record |= {
            "account_id": item.account_id,
            "curation_status": item.fields["curation_status"],
            "group_resource_id": None,
        }
    return record


def file_rows(world: World, files: list[File], *, is_private: bool) -> Listing:
    """Return the records of files; private ones go on with their processing."""
    if not is_private:
        return [public_file(world, file) for file in files]
    return [private_file(world, file) for file in progress.show(world, files)]


def public_file(world: World, file: File) -> Json:
    """Return a file's record as anybody sees it."""
    link = f"{world.urls.storage}/files/{world.reference(file)}"
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    has_content = file.status != "created"
    return _identity(world, file) | {
        "name": file.name,
        "size": file.size,
        "is_link_only": bool(file.link),
        "download_url": file.link or link,
        "supplied_md5": file.supplied_md5,
        "computed_md5": progress.shown_md5(world, file),
        "mimetype": kind if has_content else "undefined",
    }


def private_file(world: World, file: File) -> Json:
    """Return a file's record as its owner sees it."""
    is_over = file.status in ("available", "ic_failure")
    upload_url = "" if is_over else f"{world.urls.upload}/upload/{file.token}"
    return {
        "upload_token": "" if file.link else file.token,
        "upload_url": upload_url,
        "status": file.status,
        "preview_state": "preview_not_available",
        "viewer_type": "",
        "is_attached_to_public_version": file.attached,
        **public_file(world, file),
    }


def account(books: Books, owner: Account) -> Json:
    """Return the account with its quota, sizes in bytes."""
    private, public = accounts.used_quota(books, owner.id)
    return short_account(books, owner) | {
        "group_id": 0,
        "created_date": stamp(owner.created),
        "modified_date": stamp(owner.created),
        "used_quota_private": private,
        "used_quota_public": public,
        "pending_quota_request": False,
        "maximum_file_size": books.world.switches.maximum_file_size,
    }


def short_account(books: Books, owner: Account) -> Json:
    """Return the account as the list of an institution shows it."""
    return {
        "id": owner.id,
        "user_id": owner.author_id,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "email": owner.email,
        "active": 1 if books.world.switches.active_as_int else True,
        "institution_id": 1,
        "institution_user_id": owner.email,
        "quota": books.world.switches.quota,
        "used_quota": sum(accounts.used_quota(books, owner.id)),
        "orcid_id": "",
        "symplectic_user_id": "",
    }


def author(one: Author) -> Json:
    """Return an author as items show them."""
    return {
        "id": one.id,
        "full_name": one.full_name,
        "first_name": one.first_name,
        "last_name": one.last_name,
        "is_active": True,
        "url_name": _slug(one.full_name),
        "orcid_id": one.orcid_id,
    }


def author_card(one: Author) -> Json:
    """Return an author as searches for authors show them."""
    return author(one) | {
        "institution_id": 1,
        "group_id": 0,
        "is_public": 1,
        "job_title": "",
    }


def of_version(item: Item, version: Version) -> Item:
    """Return the item as one of its versions shows it."""
    return item.showing(
        fields=version.fields,
        version=version.version,
        modified=version.modified,
        published=version.published,
    )


def item_url(world: World, item: Item) -> str:
    """Return where the owner reads the item."""
    return f"{world.urls.api}/account/articles/{world.reference(item)}"


def public_url(world: World, item: Item) -> str:
    """Return where anybody reads the item."""
    return f"{world.urls.api}/articles/{world.reference(item)}"


def _identity(world: World, thing: Item | File) -> Json:
    if world.switches.uuid_ids:
        return {"id": None, "uuid": thing.uuid}
    return {"id": thing.id}


def _addresses(world: World, item: Item, *, is_private: bool) -> Json:
    private, public = item_url(world, item), public_url(world, item)
    site = world.urls.site
    kind = _slug(vocabulary.ITEM_TYPES[item.fields["defined_type"]])
    page = f"{kind}/{_slug(item.fields['title'])}/{world.reference(item)}"
    return {
        "url": private if is_private else public,
        "url_private_api": private,
        "url_public_api": public,
        "url_private_html": f"{site}/account/articles/{world.reference(item)}",
        "url_public_html": f"{site}/articles/{page}",
    }


def _doi(item: Item, *, is_private: bool) -> str:
    doi = str(item.fields["doi"])
    return f"{doi}.v{item.version}" if doi and not is_private and item.version else doi


def _timeline(item: Item) -> Json:
    if item.published is None:
        return dict(item.fields["timeline"])
    # Unlike all other dates those of the timeline have no final Z.
    posted = stamp(item.published).removesuffix("Z")
    return {"posted": posted, "firstOnline": posted, **item.fields["timeline"]}


def _dates(item: Item) -> Json:
    return {"created_date": stamp(item.created), "modified_date": stamp(item.modified)}


def _texts(world: World, item: Item) -> Json:
    fields = item.fields
    year = stamp(item.published or item.created)[:4]
    doi = _doi(item, is_private=True)
    return {
        "description": fields["description"],
        "citation": f"({year}). {fields['title']}. figshare. {doi}",
        "figshare_url": _addresses(world, item, is_private=False)["url_public_html"],
        "tags": fields["tags"],
        "keywords": fields["tags"],
        "references": fields["references"],
        "related_materials": fields["related_materials"],
        "license": vocabulary.license_json(fields["license"]),
        "custom_fields": _custom_fields(fields["custom_fields"]),
        "funding": fields["funding"],
    }


def _people(books: Books, item: Item) -> Json:
    ids = item.fields["categories"]
    categories = (vocabulary.category(category_id) for category_id in ids)
    return {
        "authors": [
            author(one) for one in accounts.authors(books, item.fields["authors"])
        ],
        "categories": [one.as_json() for one in categories if one],
        "funding_list": [
            {"id": 0, "title": "", "grant_code": "", "funder_name": "", "url": ""}
            | {"is_user_defined": 1, **row}
            for row in item.fields["funding_list"]
        ],
    }


def _state(shown: Shown) -> Json:
    item = shown.item
    return {
        "status": "public" if item.is_public else "draft",
        "version": item.version,
        "is_public": item.is_public,
        "is_metadata_record": item.fields["is_metadata_record"],
        "metadata_reason": item.fields["metadata_reason"],
        "download_disabled": item.fields["download_disabled"],
    }


def _custom_fields(values: Json) -> Listing:
    return [
        {
            "name": name,
            "value": value,
            "field_type": "text",
            "settings": {},
            "order": place,
            "is_mandatory": False,
        }
        for place, (name, value) in enumerate(values.items(), start=1)
    ]


def _slug(title: str) -> str:
    return re.sub(r"\W+", "_", re.sub(r"<[^>]*>", "", title)).strip("_") or "_"
