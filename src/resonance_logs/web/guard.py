"""Checks on every request: host, origin, token, size and rate.

A page of another site can make its host name resolve to this machine (DNS rebinding), post a form
here, or load an address of this server. So the Host must be a known one, and a request must not
come from the page of another site, unless it follows a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resonance_logs.web.answers import add_headers_for, refuse
from resonance_logs.web.ending import POLICY_VIOLATION, EndingRequest, GuardedSocket
from resonance_logs.web.login import Login
from resonance_logs.web.proxies import Network, Proxies, rate_key
from resonance_logs.web.rate import Rate
from resonance_logs.web.request_headers import (
    BadRequest,
    check_readable,
    is_address,
    is_from_elsewhere,
    read_host,
)
from resonance_logs.web.sessions import SCOPE_KEY, Session, Sessions

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SELF_ONLY_POLICY: Final = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_STREAMED: Final = ("/api/tasks", "/_nicegui/")


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may send requests, and how many."""

    hosts: frozenset[str] = LOOPBACK_NAMES
    """The host names of this server; IP addresses too if ``any_address``."""
    any_address: bool = False
    token: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    """Whose word counts for the address of a client, and for whether it uses TLS."""
    content_policy: str = SELF_ONLY_POLICY
    """The content security policy of pages."""
    max_body_bytes: int = 1_000_000
    max_tasks_bytes: int = 4_000_000_000
    """The limit for streams of tasks and for uploads, which are not held in memory."""
    requests_a_second: float = 200.0
    burst: int = 400
    session_s: float = 7 * 86_400.0
    """A session ends after this many seconds ..."""
    session_idle_s: float = 86_400.0
    """... or if it was not used for this many."""
    max_sessions: int = 1_000


def make_login(rules: Rules) -> Login:
    """The check of tokens and sessions by these rules."""
    sessions = Sessions(
        lifetime_s=rules.session_s, idle_s=rules.session_idle_s, limit=rules.max_sessions
    )
    return Login(rules.token, sessions)


class _TooLarge(Exception):
    pass


class Guard:
    """ASGI middleware in front of everything, including web sockets."""

    def __init__(self, app: ASGIApp, rules: Rules, login: Login) -> None:
        self._app = app
        self._rules = rules
        self._login = login
        self._proxies = Proxies(rules.trusted_proxies)
        self._rate = Rate(rules.requests_a_second, rules.burst)
        # Of their own: a page of another site cannot use up what a meter beside it may send.
        self._refusals = Rate(rules.requests_a_second, rules.burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope, unreadable = self._proxies.resolve(scope)
        found = await self._judge(scope, receive, unreadable)
        if isinstance(found, Response):
            await _answer(scope, receive, send, found)
            return
        if scope["type"] == "websocket":
            socket = GuardedSocket(found, receive, send)
            receive, send = socket.receive, socket.send
        if found is not None:
            scope[SCOPE_KEY] = found
        if found is not None and scope["type"] == "http" and scope["method"] == "GET":
            request = EndingRequest(found, receive, send)
            await self._pass_on(scope, request.receive, request.send)
            await request.close()
        else:
            await self._pass_on(scope, receive, send)

    async def _judge(
        self, scope: Scope, receive: Receive, unreadable: BadRequest | None
    ) -> Session | Response | None:
        """Let a request pass (None, or its session), or return the answer to it instead."""
        client = _client(scope)
        try:
            refusal = self._refusal(scope, unreadable)
            if refusal is None:
                wait = self._rate.take(client)
                return _too_many(wait) if wait else await self._login.admit(scope, receive, client)
        except BadRequest as error:
            refusal = refuse(HTTPStatus.BAD_REQUEST, str(error))
        wait = self._refusals.take(client)
        return _too_many(wait) if wait else refusal

    def _refusal(self, scope: Scope, unreadable: BadRequest | None) -> Response | None:
        """The refusal of a request that may not be sent, whoever sends it.

        Raises:
            BadRequest: it cannot be read.
        """
        if unreadable is not None:
            raise unreadable
        check_readable(scope)
        headers = Headers(scope=scope)
        if not self._is_our_host(read_host(headers)):
            return refuse(
                HTTPStatus.FORBIDDEN, "this host name is not accepted; allow it with serve --name"
            )
        if is_from_elsewhere(scope, headers):
            return refuse(HTTPStatus.FORBIDDEN, "requests from another origin are not accepted")
        return None

    def _is_our_host(self, name: str) -> bool:
        return name in self._rules.hosts or (self._rules.any_address and is_address(name))

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
                add_headers_for(scope["path"], message, self._rules.content_policy)
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
        if scope["path"].startswith(_STREAMED):
            return self._rules.max_tasks_bytes
        return self._rules.max_body_bytes


def _too_many(wait: float) -> Response:
    answer = refuse(HTTPStatus.TOO_MANY_REQUESTS, "too many requests; slow down")
    answer.headers["retry-after"] = str(max(1, round(wait)))
    return answer


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return rate_key(client[0]) if client else ""


async def _answer(scope: Scope, receive: Receive, send: Send, answer: Response) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    else:
        await answer(scope, receive, send)


def _content_length(scope: Scope) -> int:
    text = Headers(scope=scope).get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 20 else 0
