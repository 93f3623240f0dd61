"""Embargo and confidentiality: what they hide, how they are set."""

from figsync.sandbox.clock import parse_stamp, stamp
from figsync.sandbox.errors import Refused, wrong
from figsync.sandbox.rows import Json

PERMANENT = "0"


def ends_at(fields: Json) -> float | None:
    """Return when the embargo ends (never: infinity); None without one."""
    terms = fields["embargo"]
    if terms is None:
        return None
    return float("inf") if terms["date"] == PERMANENT else parse_stamp(terms["date"])


def is_active(fields: Json, now: float) -> bool:
    """Tell whether an embargo holds *now*."""
    end = ends_at(fields)
    return end is not None and end > now


def covers_item(fields: Json, now: float) -> bool:
    """Tell whether the whole item is under an embargo *now*."""
    return is_active(fields, now) and fields["embargo"]["type"] == "article"


def hides_files(fields: Json, now: float) -> bool:
    """Tell whether the public may not have the files *now*."""
    return is_active(fields, now) or fields["confidential"] is not None


def embargo_fields(fields: Json, now: float) -> Json:
    """Return the embargo as records show it."""
    if not is_active(fields, now):
        return {
            "is_embargoed": False,
            "embargo_date": None,
            "embargo_type": None,
            "embargo_title": "",
            "embargo_reason": "",
            "embargo_options": [],
        }
    terms = fields["embargo"]
    end = terms["date"]
    return {
        "is_embargoed": True,
        "embargo_date": end if end == PERMANENT else stamp(parse_stamp(end)),
        "embargo_type": terms["type"],
        "embargo_title": terms["title"],
        "embargo_reason": terms["reason"],
        "embargo_options": terms["options"],
    }


def confidential_fields(fields: Json) -> Json:
    """Return the confidentiality as records show it."""
    return {
        "is_confidential": fields["confidential"] is not None,
        "confidential_reason": fields["confidential"] or "",
    }


def parse_embargo(body: Json, *, has_files: bool) -> Json | None:
    """Return the terms that *body* sets; None lifts the embargo."""
    if body.get("is_embargoed") is False:
        return None
    if body.get("is_embargoed") is not True:
        raise wrong("is_embargoed must be a boolean")
    kind = body.get("embargo_type")
    if kind not in ("article", "file"):
        raise wrong("embargo_type must be article or file")
    if kind == "file" and not has_files:
        raise Refused(400, "A file embargo needs at least one file")
    return {
        "date": _parse_date(body.get("embargo_date")),
        "type": kind,
        "title": body.get("embargo_title", ""),
        "reason": body.get("embargo_reason", ""),
        "options": body.get("embargo_options", []),
    }


def _parse_date(value: object) -> str:
    if value in (PERMANENT, 0):
        return PERMANENT
    if not isinstance(value, str):
        raise wrong("embargo_date must be a date")
    try:
        parse_stamp(value)
    except ValueError as exc:
        raise wrong("embargo_date must be a date") from exc
    return value
