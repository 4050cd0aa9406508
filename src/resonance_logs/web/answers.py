"""Refusals, and the headers that every answer has."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import Message

HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_NOWHERE: Final = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
DATA_POLICY: Final = f"default-src 'none'; {_NOWHERE}"
"""The content security policy of data: a browser that shows it as a page loads nothing."""

REFERENCE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data:; connect-src 'self'; {_NOWHERE}"
)
"""The policy of the page of the HTTP API: no inline script and no ``eval``."""

_REFERENCE: Final = "/api/docs"
_DATA: Final = ("/api/", "/healthz", "/metrics")
_ENCODED: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_NAMES: Final = frozenset({b"content-security-policy", *(name for name, _ in _ENCODED)})
_NAMES_OF_DATA: Final = _NAMES | {b"cache-control"}
_FOREVER: Final = b"public, max-age=31536000, immutable"

_VERSIONED: Final = re.compile(
    r"/_nicegui/[^/]+/(?:static|components|libraries|esm|resources)/", re.ASCII
)
"""The framework's files, the same for every reader; each URL contains its version."""

_GOOD: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED})


def refuse(status: HTTPStatus, message: str) -> JSONResponse:
    """An answer that refuses a request, in the format of all errors."""
    body = {"code": "refused", "message": message, "argument": None}
    answer = JSONResponse(body, status)
    add_headers(answer.headers, DATA_POLICY)
    return answer


def add_headers(headers: MutableHeaders, policy: str) -> None:
    """Add the headers that an answer with data has; they replace those that it has already."""
    headers.update(HEADERS)
    headers["content-security-policy"] = policy
    headers["cache-control"] = "no-store"


def add_headers_for(path: str, message: Message, page_policy: str) -> None:
    """Add the headers to the start of an answer to a request for ``path``."""
    is_found = message["status"] in _GOOD
    is_versioned = is_found and _VERSIONED.match(path) is not None
    is_file = is_found and path.startswith(f"{_REFERENCE}/")
    replaced = _NAMES if is_file else _NAMES_OF_DATA
    headers = [each for each in message.get("headers", ()) if each[0] not in replaced]
    headers += _ENCODED
    headers.append((b"content-security-policy", _policy(path, page_policy).encode()))
    if not is_file:
        headers.append((b"cache-control", _FOREVER if is_versioned else b"no-store"))
    message["headers"] = headers


def _policy(path: str, page_policy: str) -> str:
    if path == _REFERENCE or path.startswith(f"{_REFERENCE}/"):
        return REFERENCE_POLICY
    return DATA_POLICY if path.startswith(_DATA) else page_policy
