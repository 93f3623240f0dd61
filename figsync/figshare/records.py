"""Figshare's JSON as typed records: lenient about gaps, never about types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from figsync.errors import BadReply
from figsync.figshare.wire import (
    AccountWire,
    CreatedWire,
    FileWire,
    ItemWire,
    JsonObject,
    Named,
    PartWire,
    RowWire,
    SessionWire,
    bad_reply,
    decode,
    fit,
)

NO_SIZE = -1  # the size of a file that Figshare does not state
SECRETS = frozenset({"upload_url", "upload_token"})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is and what room it has, in bytes.

    A *maximum_file_size* of 0 is not stated; the quotas are None when not stated.
    """

    id: str
    email: str
    first_name: str
    last_name: str
    quota: int | None
    used_quota: int | None
    used_quota_private: int | None
    used_quota_public: int | None
    maximum_file_size: int
    group_id: str
    active: bool
    raw: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as a list shows it; dates are Figshare's text, None when not shown."""

    id: str
    title: str
    modified_date: str | None = None
    created_date: str | None = None
    published_date: str | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of an item.

    *md5* is the one the server computed, "" while unknown; *size* is NO_SIZE when
    not stated; *folder* is known only when the record came with its item; whether it
    is in a public version is None when not stated.
    """

    id: str
    name: str
    size: int
    status: str = "available"
    md5: str = ""
    supplied_md5: str = ""
    is_link_only: bool = False
    download_url: str = field(default="", repr=False)
    upload_url: str = field(default="", repr=False)
    upload_token: str = field(default="", repr=False)
    folder: str = ""
    is_attached_to_public_version: bool | None = None

    @property
    def is_available(self) -> bool:
        """Whether Figshare says that the bytes are complete and stored."""
        return self.status == "available"


@dataclass(frozen=True, slots=True)
class Item:
    """A full record; *raw* is the JSON object exactly as the API gave it.

    *files* holds at most ten and is None when the record has none of that name;
    *folder_structure* maps file ids to folders ("a/b").
    """

    id: str
    title: str
    status: str
    is_public: bool
    version: int | None
    created_date: str | None
    modified_date: str | None
    published_date: str | None
    size: int | None
    files: tuple[FileRecord, ...] | None
    folder_structure: Mapping[str, str]
    has_linked_file: bool
    is_metadata_record: bool
    download_disabled: bool
    is_embargoed: bool
    is_confidential: bool
    embargo_type: str
    raw: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One byte range of an upload, inclusive at both ends, numbered from 1."""

    number: int
    start: int
    end: int
    complete: bool = False
    locked: bool = False

    @property
    def size(self) -> int:
        return self.end - self.start + 1


@dataclass(frozen=True, slots=True)
class UploadSession:
    """What the upload service has of a file: PENDING, COMPLETED or ABORTED."""

    status: str
    size: int
    parts: tuple[Part, ...]


def decode_account(body: bytes, *, subject: str) -> Account:
    """Return the account that *body* describes; BadReply names a wrong field."""
    raw = decode(body, JsonObject, subject=subject)
    wire = fit(raw, AccountWire, subject=subject)
    return Account(
        id=_identity(wire, subject=subject),
        email=wire.email or "",
        first_name=wire.first_name or "",
        last_name=wire.last_name or "",
        quota=wire.quota,
        used_quota=wire.used_quota,
        used_quota_private=wire.used_quota_private,
        used_quota_public=wire.used_quota_public,
        maximum_file_size=wire.maximum_file_size or 0,
        group_id="" if wire.group_id is None else str(wire.group_id),
        active=wire.active is None or bool(wire.active),
        raw=raw,
    )


def decode_rows(body: bytes, *, subject: str) -> list[ItemRow]:
    """Return the items of one page of a list; BadReply names a wrong field."""
    return [
        ItemRow(
            id=_identity(wire, subject=subject),
            title=wire.title or "",
            modified_date=wire.modified_date,
            created_date=wire.created_date,
            published_date=wire.published_date,
        )
        for wire in decode(body, list[RowWire], subject=subject)
    ]


def decode_item(body: bytes, item_id: str, *, subject: str) -> Item:
    """Return the record of the item asked for; BadReply names a wrong field."""
    raw = decode(body, JsonObject, subject=subject)
    wire = fit(raw, ItemWire, subject=subject)
    return Item(
        id=_asked_for(wire, item_id, subject=subject),
        title=wire.title or "",
        status=wire.status or "",
        is_public=_is_public(wire),
        version=wire.version,
        created_date=wire.created_date,
        modified_date=wire.modified_date,
        published_date=wire.published_date,
        size=wire.size,
        files=_files(wire, subject=subject),
        folder_structure=_folders(wire),
        has_linked_file=bool(wire.has_linked_file),
        is_metadata_record=bool(wire.is_metadata_record),
        download_disabled=bool(wire.download_disabled),
        is_embargoed=bool(wire.is_embargoed),
        is_confidential=bool(wire.is_confidential),
        embargo_type=wire.embargo_type or "",
        raw=raw,
    )


def decode_files(body: bytes, *, subject: str) -> list[FileRecord]:
    """Return the files of one page of a list; BadReply names a wrong field."""
    wires = decode(body, list[FileWire], subject=subject)
    return [_file(wire, subject=subject) for wire in wires]


def decode_file(body: bytes, file_id: str, *, subject: str) -> FileRecord:
    """Return the record of the file asked for; BadReply names a wrong field."""
    wire = decode(body, FileWire, subject=subject)
    _asked_for(wire, file_id, subject=subject)
    return _file(wire, subject=subject)


def decode_session(body: bytes, *, subject: str) -> UploadSession:
    """Return an upload session whose parts cover the file; BadReply otherwise."""
    wire = decode(body, SessionWire, subject=subject)
    parts = sorted((_part(part) for part in wire.parts or ()), key=lambda p: p.number)
    size = sum(part.size for part in parts) if wire.size is None else wire.size
    expected = 0
    for part in parts:
        if part.start != expected or part.end < part.start:
            raise bad_reply(
                "the parts of the upload do not fit together", subject=subject
            )
        expected = part.end + 1
    if expected != size:
        raise bad_reply(
            "the parts of the upload do not cover the file", subject=subject
        )
    return UploadSession((wire.status or "").upper(), size, tuple(parts))


def decode_created(body: bytes, location: str, *, subject: str) -> str:
    """Return the id of what was created: `entity_id`, else the end of the location.

    *location* is the header, used when the body names nothing; BadReply when there
    is no id at all: the thing may exist nevertheless.
    """
    try:
        wire = decode(body, CreatedWire, subject=subject)
    except BadReply:
        if not location:
            raise
        wire = CreatedWire()
    if wire.entity_id not in (None, "", 0):
        return str(wire.entity_id)
    path = (wire.location or location).partition("?")[0].rstrip("/")
    last = path.rpartition("/")[2]
    if last in ("", ".", ".."):
        raise bad_reply("it does not say what was created", subject=subject)
    return last


def public_record(raw: Mapping[str, object]) -> JsonObject:
    """Return a copy of an item's record without the secrets of its uploads."""
    copy = dict(raw)
    files = raw.get("files")
    if isinstance(files, list):
        copy["files"] = [_without_secrets(file) for file in files]
    return copy


def _without_secrets(file: object) -> object:
    if not isinstance(file, dict):
        return file
    return {key: "" if key in SECRETS else value for key, value in file.items()}


def _identity(wire: Named, *, subject: str) -> str:
    """Return the id as text; `.` and `..` would change the meaning of an address."""
    chosen = wire.uuid if wire.id in (None, "") else wire.id
    text = "" if chosen is None else str(chosen)
    if text in ("", ".", ".."):
        raise bad_reply("the field `id` is missing", subject=subject)
    return text


def _asked_for(wire: Named, wanted: str, *, subject: str) -> str:
    """Return *wanted*, an id that the answer bears; BadReply when it does not."""
    if wanted not in (_identity(wire, subject=subject), wire.uuid):
        raise bad_reply("it is about another `id` than asked for", subject=subject)
    return wanted


def _is_public(wire: ItemWire) -> bool:
    """Say whether there is a public version; when in doubt there is."""
    if wire.is_public is not None:
        return bool(wire.is_public)
    return wire.status == "public" or bool(wire.published_date)


def _files(wire: ItemWire, *, subject: str) -> tuple[FileRecord, ...] | None:
    if wire.files is None:
        return None
    return tuple(_file(file, subject=subject) for file in wire.files)


def _folders(wire: ItemWire) -> dict[str, str]:
    if not isinstance(wire.folder_structure, dict):
        return {}
    tidy = ((key, _folder(value)) for key, value in wire.folder_structure.items())
    return {key: folder for key, folder in tidy if folder}


def _folder(path: str | None) -> str:
    return "/".join(name for name in (path or "").split("/") if name)


def _file(wire: FileWire, *, subject: str) -> FileRecord:
    md5 = _md5(wire.computed_md5)
    linked = bool(wire.is_link_only)
    return FileRecord(
        id=_identity(wire, subject=subject),
        name=wire.name or "",
        size=NO_SIZE if wire.size is None else wire.size,
        status=wire.status or _likely_status(wire),
        md5=md5,
        supplied_md5=_md5(wire.supplied_md5),
        is_link_only=linked,
        download_url=wire.download_url or "",
        upload_url=wire.upload_url or "",
        upload_token=wire.upload_token or "",
        is_attached_to_public_version=_flag(wire.is_attached_to_public_version),
    )


def _flag(value: bool | int | None) -> bool | None:
    return None if value is None else bool(value)


def _likely_status(wire: FileWire) -> str:
    """Return the status of a record that states none, as those of public views."""
    if _md5(wire.computed_md5) or wire.is_link_only:
        return "available"
    return "created" if wire.upload_url else ""


def _md5(text: str | None) -> str:
    lowered = (text or "").strip().lower()
    return lowered if re.fullmatch(r"[0-9a-f]{32}", lowered) else ""


def _part(wire: PartWire) -> Part:
    return Part(
        number=wire.partNo,
        start=wire.startOffset,
        end=wire.endOffset,
        complete=(wire.status or "").upper() == "COMPLETE",
        locked=bool(wire.locked),
    )
