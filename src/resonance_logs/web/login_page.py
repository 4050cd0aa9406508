"""The page that asks a browser for the token."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from starlette.responses import HTMLResponse

from resonance_logs.web.answers import add_headers

_PAGE: Final = (files("resonance_logs.web") / "browser" / "login.html").read_text("utf-8")
_ALERT: Final = '<p role="alert">{}</p>\n'
_AGAIN: Final = (
    '<!doctype html>\n<html lang="en"><head><title>Resonance Logs</title>'
    '<meta name="color-scheme" content="light dark">'
    '<meta http-equiv="refresh" content="0; url={next}"></head>'
    '<body><a href="{next}">Resonance Logs</a></body></html>\n'
)


def _style_hash(page: str) -> str:
    found = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = hashlib.sha256((found[1] if found else "").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


POLICY: Final = (
    f"default-src 'none'; style-src {_style_hash(_PAGE)}; img-src data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""No script at all, and only this page's own style."""


def login_page(status: HTTPStatus, next_address: str, alert: str = "") -> HTMLResponse:
    """The form, which leads to ``next_address`` once the token is right."""
    shown = _ALERT.format(escape(alert)) if alert else ""
    filled = {"{alert}": shown, "{next}": escape(next_address)}
    text = re.sub(r"\{(?:alert|next)\}", lambda match: filled[match[0]], _PAGE)
    return _answer(text, status)


def ask_again(next_address: str) -> HTMLResponse:
    """A page that asks again for itself, as a page of this server.

    A browser that follows a link from another site withholds the cookie of a session, and sends it
    with this second request.
    """
    text = _AGAIN.replace("{next}", escape(next_address))
    return _answer(text, HTTPStatus.UNAUTHORIZED)


def _answer(text: str, status: HTTPStatus) -> HTMLResponse:
    answer = HTMLResponse(text, status)
    add_headers(answer.headers, POLICY)
    return answer
