"""Which addresses may be talked to, and which of them may see the account's token."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit

from figsync.errors import BadReply, WrongUsage

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what has to be equal for a token to be shown."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """The host, with its port where that is not the usual one."""
        usual = self.port == PORTS[self.scheme]
        return self.host if usual else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether requests stay on this machine."""
        return is_local(self.host)

    @property
    def is_safe(self) -> bool:
        """Whether nobody can listen: TLS, or never leaving this machine."""
        return self.scheme == "https" or self.is_local


@lru_cache(maxsize=64)
def origin(url: str) -> Origin | None:
    """Return the origin of an absolute http(s) URL, None when it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return Origin(parts.scheme, parts.hostname, port or PORTS[parts.scheme])


def is_local(host: str) -> bool:
    """Say whether *host* is this machine.

    Names under `.invalid` never resolve (RFC 6761): only an adapter mounted in
    this process can answer for them.
    """
    if host == "localhost" or host.endswith((".localhost", ".invalid")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def api_origin(api_url: str) -> Origin:
    """Return the origin of the configured API; WrongUsage unless TLS or loopback."""
    found = origin(api_url)
    if found is None:
        raise WrongUsage(
            "api_url", "it is not a web address", "write https://HOST/v2 in [account]"
        )
    if not found.is_safe:
        raise WrongUsage(
            "api_url",
            f"the token would travel to {found.host} unencrypted",
            "write https:// instead of http://",
        )
    return found


def address(base: str, *segments: str) -> str:
    """Return *base* with *segments* appended to its path, each of them quoted whole."""
    parts = urlsplit(base)
    quoted = (quote(segment, safe="") for segment in segments)
    path = "/".join([parts.path.rstrip("/"), *quoted])
    return parts._replace(path=path, fragment="").geturl()


def is_below(url: str, base: str) -> bool:
    """Say whether *url* is an address of the service at *base*.

    Other services may share its host and port, each with a path of its own.
    """
    path, root = urlsplit(url).path, urlsplit(base).path.rstrip("/")
    same = origin(url) is not None and origin(url) == origin(base)
    return same and (path == root or path.startswith(f"{root}/"))


def upload_address(upload_url: str, api: Origin, *, subject: str) -> str:
    """Return the address of an upload session; BadReply when it is not a safe one."""
    found = origin(upload_url)
    if found is None:
        raise BadReply(
            subject,
            "Figshare named no address to upload to",
            "the upload begins anew with the next sync",
        )
    if found.scheme == "http" and api.scheme == "https":
        raise BadReply(
            subject,
            f"Figshare named an unencrypted address at {found.host} to upload to",
            "nothing was sent; report it to Figshare",
        )
    return upload_url


def redirected(current: str, target: str, *, subject: str) -> str:
    """Return where a redirect leads; BadReply when it would give up encryption."""
    try:
        url = urljoin(current, _as_sent(target))
    except ValueError:
        url = ""
    before, after = origin(current), origin(url)
    if after is None:
        raise BadReply(subject, "Figshare redirected to something that is no address")
    if after.scheme == "http" and not (
        after.is_local or (before is not None and before.scheme == "http")
    ):
        raise BadReply(
            subject,
            f"Figshare redirected to an unencrypted address at {after.host}",
            "nothing was fetched; report it to Figshare",
        )
    return url


def _as_sent(header: str) -> str:
    """Return a header's text in UTF-8, as which http.client does not read it."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def may_see_token(url: str, api: Origin) -> bool:
    """Say whether *url* belongs to the service whose API is *api*.

    That is the API's own host, and for `api.NAME` every host under NAME, as
    Figshare's downloader is; both over TLS or on this machine.
    """
    found = origin(url)
    if found is None or not found.is_safe:
        return False
    if found.host == api.host:
        return True
    first, _, site = api.host.partition(".")
    return first == "api" and "." in site and found.host.endswith("." + site)
