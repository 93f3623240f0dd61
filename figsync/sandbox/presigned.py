"""Links to storage that are signed, and good for some seconds only."""

import hashlib
import hmac
import re
from urllib.parse import quote, urlencode

from figsync.sandbox.clock import parse_stamp, stamp
from figsync.sandbox.rows import File, Json
from figsync.sandbox.world import World

BUCKET = "pfigshare-u-files"


def storage_link(world: World, file: File) -> str:
    """Return where the file's bytes can be had for the next seconds."""
    cleaned = re.sub(r"[^\w.-]", "", file.name).lstrip(".") or "file"
    path = f"/{BUCKET}/{file.id}/{quote(cleaned)}"
    return _signed_link(world, path, str(file.id))


def zip_link(world: World, file_ids: list[int]) -> str:
    """Return where a zip of these files can be had for the next seconds."""
    named = "-".join(map(str, file_ids)) or "0"
    return _signed_link(world, f"/{BUCKET}/zip/{named}", named)


def _signed_link(world: World, path: str, of: str) -> str:
    seconds = world.switches.link_seconds
    date = stamp(world.now()).replace("-", "").replace(":", "")
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "SANDBOX/eu-west-1/s3/aws4_request",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Signature": _signature(world, of, date, str(seconds)),
    }
    return f"{world.urls.storage}{path}?{urlencode(query)}"


def is_signed(world: World, of: str, query: Json) -> bool:
    """Tell whether the query carries the signature that a link to *of* has."""
    date, seconds = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
    wanted = _signature(world, of, date, seconds)
    return hmac.compare_digest(wanted, query.get("X-Amz-Signature", ""))


def has_expired(world: World, query: Json) -> bool:
    """Tell whether a signed link's seconds are over."""
    end = parse_stamp(query["X-Amz-Date"]) + int(query["X-Amz-Expires"])
    return world.switches.expired_links or world.now() > end


def _signature(world: World, of: str, date: str, seconds: str) -> str:
    message = f"GET\n{of}\n{date}\n{seconds}".encode()
    return hmac.new(world.secret.encode(), message, hashlib.sha256).hexdigest()
