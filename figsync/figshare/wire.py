"""The shapes of Figshare's JSON, and how bytes are fitted into them."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from figsync.errors import BadReply

Text = str | None
Flag = bool | int | None  # `active` changed from int to bool in January 2026
Size = Annotated[int, msgspec.Meta(ge=0)] | None
JsonObject = dict[str, object]
Shape = TypeVar("Shape")


class Named(msgspec.Struct):
    """Compatible servers leave `id` null and name things by `uuid`."""

    id: int | str | None = None
    uuid: Text = None


class AccountWire(Named):
    email: Text = None
    first_name: Text = None
    last_name: Text = None
    quota: Size = None
    used_quota: Size = None
    used_quota_private: Size = None
    used_quota_public: Size = None
    maximum_file_size: Size = None
    group_id: int | str | None = None
    active: Flag = None


class RowWire(Named):
    title: Text = None
    created_date: Text = None
    modified_date: Text = None
    published_date: Text = None


class FileWire(Named):
    name: Text = None
    size: Size = None
    status: Text = None
    computed_md5: Text = None
    supplied_md5: Text = None
    is_link_only: Flag = None
    download_url: Text = None
    upload_url: Text = None
    upload_token: Text = None
    is_attached_to_public_version: Flag = None


class ItemWire(RowWire):
    status: Text = None
    is_public: Flag = None
    version: int | None = None
    size: Size = None
    files: list[FileWire] | None = None
    # Some servers write an empty object as an empty list.
    folder_structure: (
        dict[str, Text] | Annotated[list[str], msgspec.Meta(max_length=0)] | None
    ) = None
    has_linked_file: Flag = None
    is_metadata_record: Flag = None
    download_disabled: Flag = None
    is_embargoed: Flag = None
    is_confidential: Flag = None
    embargo_type: Text = None


class PartWire(msgspec.Struct):
    partNo: Annotated[int, msgspec.Meta(ge=1)]
    startOffset: Annotated[int, msgspec.Meta(ge=0)]
    endOffset: Annotated[int, msgspec.Meta(ge=0)]
    status: Text = None
    locked: Flag = None


class SessionWire(msgspec.Struct):
    status: Text = None
    size: Size = None
    parts: list[PartWire] | None = None


class CreatedWire(msgspec.Struct):
    location: Text = None
    entity_id: int | str | None = None


# msgspec learns a shape when it is first used, and a thread that comes along meanwhile
# finds it half learnt, which ends the process.  So all are learnt before any thread.
for _shape in (Named, AccountWire, RowWire, ItemWire, SessionWire, CreatedWire):
    msgspec.json.Decoder(_shape)


def decode(body: bytes, shape: type[Shape], *, subject: str) -> Shape:
    """Return *body* as *shape*; BadReply says which field is wrong."""
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise bad_reply(_complaint(exc), subject=subject) from None


def fit(raw: JsonObject, shape: type[Shape], *, subject: str) -> Shape:
    """Return decoded JSON as *shape*; BadReply says which field is wrong."""
    try:
        return msgspec.convert(raw, shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise bad_reply(_complaint(exc), subject=subject) from None


def _complaint(exc: Exception) -> str:
    return "it is nested too deeply" if isinstance(exc, RecursionError) else str(exc)


def bad_reply(complaint: str, *, subject: str) -> BadReply:
    """Return the error for an answer that came but can not be used."""
    return BadReply(
        subject,
        f"Figshare's answer can not be understood: {complaint}",
        "the next sync asks again; if it stays, report it",
    )
