"""Headers, paths and queries as clients send them: what cannot be read is refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.types import Scope

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_ONCE: Final = frozenset(
    {
        *(b"host", b"origin", b"authorization", b"content-length", b"content-type"),
        *(b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"),
    }
)
_AUTHORITY: Final = re.compile(
    r"(?:\[(?P<ipv6>[0-9a-f:.]{2,45})\]|(?P<name>[a-z0-9._-]{1,255}))(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
_ORIGIN: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,30})://(?P<authority>.+)", re.ASCII | re.IGNORECASE
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_QUERY: Final = re.compile(rb"[^\x21-\x7e]")
_MAX_PORT: Final = 65_535


class BadRequest(Exception):
    """A part of the request that cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The site whose page sent the request."""

    scheme: str
    authority: str
    """Host name or address, and the port unless it is the scheme's own; in lower case."""


def check_readable(scope: Scope) -> None:
    """Check that a request has one meaning.

    Raises:
        BadRequest: a header that counts is given twice, or the path or query cannot be read.
    """
    given = [name for name, _ in scope["headers"] if name in _ONCE]
    if len(given) != len(set(given)):
        name = max(given, key=given.count).decode()
        raise BadRequest(f"there is more than one header {name}")
    if _UNPRINTABLE.search(scope["path"]):
        raise BadRequest("the path has control characters")
    if _NOT_IN_QUERY.search(scope.get("query_string", b"")):
        raise BadRequest("the query has characters that must be escaped")


def read_host(headers: Headers) -> str:
    """The host name or address of the Host header, in lower case, without its port.

    Raises:
        BadRequest: there is none, or it cannot be read.
    """
    host = headers.get("host")
    if host is None:
        raise BadRequest("the header host is missing")
    return _read_authority("host", host)


def read_origin(headers: Headers) -> Origin | None:
    """The Origin header; None if there is none. The origin ``null`` has an empty authority.

    Raises:
        BadRequest: it cannot be read.
    """
    text = headers.get("origin")
    if text is None:
        return None
    if text == "null":
        return Origin("", "")
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise BadRequest("the header origin cannot be read")
    _read_authority("origin", found["authority"])
    return Origin(found["scheme"].lower(), found["authority"].lower())


def _read_authority(header: str, text: str) -> str:
    found = _AUTHORITY.fullmatch(text)
    is_readable = found is not None and int(found["port"] or 0) <= _MAX_PORT
    if found is not None and found["ipv6"] is not None:
        is_readable = is_readable and is_address(found["ipv6"])
    if found is None or not is_readable:
        raise BadRequest(f"the header {header} cannot be read")
    return str(found["ipv6"] or found["name"]).lower()


def is_address(name: str) -> bool:
    """Whether a host name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_from_elsewhere(scope: Scope, headers: Headers) -> bool:
    """Whether the page of another origin sent this request.

    Following a link or typing a URL is not: the page that it leads from cannot read the answer.

    Raises:
        BadRequest: the origin cannot be read.
    """
    origin = read_origin(headers)
    if origin is not None:
        is_ours = origin.authority == headers.get("host", "").lower()
        is_weaker = scope["scheme"] in {"https", "wss"} and origin.scheme != "https"
        if not is_ours or is_weaker:
            return True
    site = headers.get("sec-fetch-site", "none")
    return site not in {"none", "same-origin"} and not _is_followed_link(scope, headers)


def _is_followed_link(scope: Scope, headers: Headers) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] in SAFE_METHODS
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
    )


def is_navigation(scope: Scope, headers: Headers) -> bool:
    """Whether a browser asks for a page to show, rather than a program or a script for data."""
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
    )


def cookies(headers: Headers, name: str) -> Iterator[str]:
    """The values of all cookies of this name, whatever the other cookies look like."""
    for header in headers.getlist("cookie"):
        for part in header.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                yield value


def local_address(path: str, query: str = "") -> str:
    """The URL of a decoded path on this server, which no browser takes for one on another host."""
    written = "/" + quote(path.lstrip("/\\"), safe="/:@!$&'()*+,;=~")
    return f"{written}?{query}" if query else written
