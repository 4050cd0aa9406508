"""Who may come in: programs that send the token, and browsers that gave it and have a session."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from anyio import fail_after
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope

from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.web.answers import DATA_POLICY, add_headers, refuse
from resonance_logs.web.login_page import ask_again, login_page
from resonance_logs.web.rate import MAX_CLIENTS, Rate
from resonance_logs.web.request_headers import (
    SAFE_METHODS,
    BadRequest,
    cookies,
    is_navigation,
    local_address,
)
from resonance_logs.web.sessions import Session, Sessions

LOGIN: Final = "/login"
LOGOUT: Final = "/logout"
COOKIE: Final = "resonance_logs_session"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"
"""The name behind TLS: browsers take such a cookie only from this host, and over TLS."""

WRONG_BURST: Final = 30
WRONG_A_SECOND: Final = 0.5
"""How many wrong tokens a client may send at once, and then per second."""

LOG_AGAIN_S: Final = 60.0
"""Wrong tokens from one client are logged again after a pause of this length."""

MAX_FORM_BYTES: Final = 8_192
FORM_S: Final = 10.0
"""How long a browser may take to send the form."""

_logger = limited_logger(__name__)


class WrongTokens:
    """How many wrong tokens were sent, and by whom."""

    def __init__(self) -> None:
        self.count = 0
        self._rate = Rate(WRONG_A_SECOND, WRONG_BURST)
        self._last: OrderedDict[str, float] = OrderedDict()

    def wait(self, client: str) -> float:
        """The seconds until the client may try another token; 0 if it may now."""
        return self._rate.wait(client)

    def add(self, client: str) -> None:
        """Count a wrong token; the first one of a burst is logged."""
        self.count += 1
        self._rate.take(client)
        now = time.monotonic()
        last = self._last.pop(client, None)
        self._last[client] = now
        if len(self._last) > MAX_CLIENTS:
            self._last.popitem(last=False)
        if last is None or now - last > LOG_AGAIN_S:
            _logger.warning("wrong token from %s; more of them are counted, not logged", client)


class Login:
    """Checks tokens and sessions; without a token, everybody may come in."""

    def __init__(self, token: str | None, sessions: Sessions) -> None:
        self.sessions = sessions
        self.wrong = WrongTokens()
        self._token = token

    async def admit(self, scope: Scope, receive: Receive, client: str) -> Session | Response | None:
        """Let a request pass (None, or its session), or return the answer to it instead.

        Raises:
            BadRequest: the form cannot be read.
        """
        if self._token is None:
            return None
        headers = Headers(scope=scope)
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if is_post and scope["path"] == LOGIN:
            return await self._log_in(scope, receive, client)
        if is_post and scope["path"] == LOGOUT:
            return self._log_out(scope, headers)
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._check_header(token.strip(), client)
        session = self.sessions.find(_session_ids(scope, headers))
        if session is None:
            return self._ask(scope, headers, client)
        if scope["type"] == "http" and scope["method"] in SAFE_METHODS and _has_token(scope):
            return _lead_to(_address(scope))
        if scope["path"] == LOGIN and is_navigation(scope, headers):
            return _lead_to("/")
        return session

    def _check_header(self, token: str, client: str) -> Response | None:
        wait = self.wrong.wait(client)
        if wait:
            return _too_many(wait)
        if self._is_right(token, client):
            return None
        return _ask_program("this is not the token of this server")

    def _ask(self, scope: Scope, headers: Headers, client: str) -> Response:
        """Ask for the token, unless a user typed it at the end of the URL."""
        if not is_navigation(scope, headers):
            return _ask_program("a token is needed: Authorization: Bearer TOKEN, or log in")
        address = _address(scope)
        if headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return ask_again(address)  # nor may another site try tokens in this browser
        typed = parse_qs(scope["query_string"].decode("ascii")).get("token", [])
        if typed:
            return self._try(scope, typed[-1], address, client)
        answer = login_page(HTTPStatus.UNAUTHORIZED, address)
        answer.headers["www-authenticate"] = "Bearer"
        return answer

    async def _log_in(self, scope: Scope, receive: Receive, client: str) -> Response:
        form = await _read_form(scope, receive)
        address = _local(form.get("next", "/"))
        answer = self._try(scope, form.get("token", ""), address, client)
        if answer.status_code == HTTPStatus.SEE_OTHER:
            self.sessions.end(_session_ids(scope, Headers(scope=scope)))
        return answer

    def _try(self, scope: Scope, token: str, address: str, client: str) -> Response:
        """Start a session if the token is right; else ask for it again."""
        wait = self.wrong.wait(client)
        if wait:
            alert = f"Too many wrong tokens. Try again in {_seconds(wait)} s."
            answer: Response = login_page(HTTPStatus.TOO_MANY_REQUESTS, address, alert)
            answer.headers["retry-after"] = str(_seconds(wait))
            return answer
        if not self._is_right(token, client):
            alert = "This is not the token of this server."
            answer = login_page(HTTPStatus.UNAUTHORIZED, address, alert)
            answer.headers["www-authenticate"] = "Bearer"
            return answer
        answer = _lead_to(address)
        is_secure = scope["scheme"] == "https"
        answer.set_cookie(
            SECURE_COOKIE if is_secure else COOKIE,
            self.sessions.start(),
            max_age=int(self.sessions.lifetime_s),
            secure=is_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    def _log_out(self, scope: Scope, headers: Headers) -> Response:
        self.sessions.end(_session_ids(scope, headers))
        answer = _lead_to("/")
        is_secure = scope["scheme"] == "https"
        name = SECURE_COOKIE if is_secure else COOKIE
        answer.delete_cookie(name, secure=is_secure, httponly=True, samesite="strict")
        return answer

    def _is_right(self, token: str, client: str) -> bool:
        given = token.encode("utf-8", "replace")
        if hmac.compare_digest(given, (self._token or "").encode()):
            return True
        self.wrong.add(client)
        return False


async def _read_form(scope: Scope, receive: Receive) -> dict[str, str]:
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadRequest("the content-type of a login is application/x-www-form-urlencoded")
    body = b""
    try:
        with fail_after(FORM_S):
            async for chunk in Request(scope, receive).stream():
                body += chunk
                if len(body) > MAX_FORM_BYTES:
                    raise BadRequest("the form is too large")
    except (TimeoutError, ClientDisconnect) as error:
        raise BadRequest("the form did not arrive completely") from error
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10)
    except ValueError as error:
        raise BadRequest("the form cannot be read") from error
    return dict(fields)


def _session_ids(scope: Scope, headers: Headers) -> Sequence[str]:
    is_secure = scope["scheme"] in {"https", "wss"}
    return list(cookies(headers, SECURE_COOKIE if is_secure else COOKIE))[:4]


def _has_token(scope: Scope) -> bool:
    return "token" in parse_qs(scope["query_string"].decode("ascii"))


def _address(scope: Scope) -> str:
    """The URL of the request without the token that a user typed."""
    if scope["path"] in {LOGIN, LOGOUT}:
        return "/"
    query = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True)
    rest = [each for each in query if each[0] != "token"]
    kept = scope["query_string"].decode("ascii") if rest == query else urlencode(rest)
    return local_address(scope["path"], kept)


def _local(text: str) -> str:
    """The URL to lead to; the start page unless it is certainly one of this server."""
    is_plain = text.isascii() and text.isprintable() and " " not in text and "\\" not in text
    return text if is_plain and text.startswith("/") and not text.startswith("//") else "/"


def _lead_to(address: str) -> Response:
    answer = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    add_headers(answer.headers, DATA_POLICY)
    return answer


def _ask_program(message: str) -> Response:
    answer = refuse(HTTPStatus.UNAUTHORIZED, message)
    answer.headers["www-authenticate"] = "Bearer"
    return answer


def _too_many(wait: float) -> Response:
    answer = refuse(HTTPStatus.TOO_MANY_REQUESTS, "too many wrong tokens; slow down")
    answer.headers["retry-after"] = str(_seconds(wait))
    return answer


def _seconds(wait: float) -> int:
    return max(1, round(wait + 0.5))
