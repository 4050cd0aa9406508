"""Checks on every request: host, origin, token, size and rate.

A page of another site can make its host name resolve to this machine (DNS rebinding), or post a
form here. So the Host must be a known one, and requests that can change something must not come
from another site.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "resonance_logs_token"
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_CLIENTS: Final = 10_000
_STREAMED: Final = ("/api/tasks", "/_nicegui/")
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
_FORM: Final = """<!doctype html>
<html lang="en"><head><title>Resonance Logs</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body><main><h1>Resonance Logs</h1>
<form method="get"><p><label>Enter the token of this server:
<input name="token" type="password" required autofocus autocomplete="current-password"></label>
<button>Enter</button></p></form></main></body></html>
"""
SELF_ONLY_POLICY: Final = "default-src 'self'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may send requests, and how many."""

    hosts: frozenset[str] = LOOPBACK_NAMES
    """The host names of this server; IP addresses too if ``any_address``."""
    any_address: bool = False
    token: str | None = None
    content_policy: str = SELF_ONLY_POLICY
    """The content security policy of pages."""
    max_body_bytes: int = 1_000_000
    max_tasks_bytes: int = 4_000_000_000
    """The limit for streams of tasks and for uploads, which are not held in memory."""
    requests_a_second: float = 200.0
    burst: int = 400


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(slots=True)
class _Rate:
    """The remaining requests of each address; refilled every second, up to a burst."""

    rules: Rules
    buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)

    def take(self, address: str) -> float:
        """Use up one request; returns the seconds to wait if none remains, else 0."""
        now = time.monotonic()
        bucket = self.buckets.pop(address, None) or _Bucket(self.rules.burst, now)
        elapsed = now - bucket.at
        bucket.left = min(self.rules.burst, bucket.left + elapsed * self.rules.requests_a_second)
        bucket.at = now
        self.buckets[address] = bucket
        if len(self.buckets) > MAX_CLIENTS:
            self.buckets.popitem(last=False)
        if bucket.left < 1:
            return (1 - bucket.left) / self.rules.requests_a_second
        bucket.left -= 1
        return 0.0


class _TooLarge(Exception):
    pass


class Guard:
    """ASGI middleware in front of everything, including web sockets."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        self._rate = _Rate(rules)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        answer = self._refusal(scope)
        if answer is not None:
            await _answer(scope, receive, send, answer)
            return
        await self._pass_on(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_our_host(headers.get("host", "")):
            return refuse(
                HTTPStatus.FORBIDDEN, "this host name is not accepted; allow it with serve --name"
            )
        if _is_foreign(scope, headers):
            return refuse(HTTPStatus.FORBIDDEN, "requests from another origin are not accepted")
        client = scope.get("client")
        wait = self._rate.take(client[0] if client else "")
        if wait:
            answer = refuse(HTTPStatus.TOO_MANY_REQUESTS, "too many requests; slow down")
            answer.headers["retry-after"] = str(max(1, round(wait)))
            return answer
        return self._demand_token(scope, headers)

    def _is_our_host(self, host: str) -> bool:
        name = _host_name(host)
        if name in self._rules.hosts:
            return True
        return self._rules.any_address and _is_address(name)

    def _demand_token(self, scope: Scope, headers: Headers) -> Response | None:
        token = self._rules.token
        if token is None:
            return None
        if any(_is_same_token(each, token) for each in _credentials(headers)):
            return None
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["type"] == "http" and any(
            _is_same_token(each, token) for each in query.pop("token", [])
        ):
            # A request with a body would lose it in a redirect.
            return _set_cookie(scope, query, token) if scope["method"] in SAFE_METHODS else None
        answer = _ask_for_token(headers, scope)
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = self._max_bytes(scope)
        started = False

        async def receive_limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body") or b"")
            if left < 0:
                raise _TooLarge
            return message

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                policy = (b"content-security-policy", self._rules.content_policy.encode())
                message["headers"] = [*message.get("headers", ()), *HEADERS, policy]
            await send(message)

        try:
            if scope["type"] == "http" and _content_length(scope) > left:
                raise _TooLarge
            await self._app(scope, receive_limited, send_guarded)
        except _TooLarge:
            if started:
                raise
            answer = refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
            await _answer(scope, receive, send, answer)

    def _max_bytes(self, scope: Scope) -> int:
        if scope.get("path", "").startswith(_STREAMED):
            return self._rules.max_tasks_bytes
        return self._rules.max_body_bytes


def refuse(status: HTTPStatus, message: str) -> JSONResponse:
    """An answer that refuses a request, in the format of all errors."""
    body = {"code": "refused", "message": message, "argument": None}
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    return JSONResponse(body, status, headers | {"content-security-policy": SELF_ONLY_POLICY})


async def _answer(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(scope, receive, send)


def _host_name(host: str) -> str:
    """The name or address in a Host header, without its port; empty if it is invalid."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_foreign(scope: Scope, headers: Headers) -> bool:
    """Whether a page of another site sent this request, and it can change something."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        return True
    is_safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
    return not is_safe and headers.get("sec-fetch-site") == "cross-site"


def _credentials(headers: Headers) -> list[str]:
    """The tokens in the header and in the cookie."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    found = [given.strip()] if kind.lower() == "bearer" else []
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return found
    return [*found, cookies[COOKIE].value] if COOKIE in cookies else found


def _is_same_token(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _ask_for_token(headers: Headers, scope: Scope) -> Response:
    """A form for browsers, an error for all other clients."""
    is_page = scope["type"] == "http" and "text/html" in headers.get("accept", "")
    if not is_page:
        return refuse(
            HTTPStatus.UNAUTHORIZED,
            "a token is needed: Authorization: Bearer TOKEN, or ?token=TOKEN once in a browser",
        )
    answer = HTMLResponse(_FORM, HTTPStatus.UNAUTHORIZED)
    answer.headers["content-security-policy"] = SELF_ONLY_POLICY
    answer.headers.update({name.decode(): value.decode() for name, value in HEADERS})
    return answer


def _set_cookie(scope: Scope, query: dict[str, list[str]], token: str) -> Response:
    """Store the token in a cookie, and remove it from the URL that the browser shows."""
    rest = urlencode(query, doseq=True)
    path = "/" + scope["path"].lstrip("/\\")
    answer = RedirectResponse(f"{path}?{rest}" if rest else path, HTTPStatus.SEE_OTHER)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
    return answer


def _content_length(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 20 else 0
