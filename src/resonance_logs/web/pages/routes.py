"""Add the pages to the application that serves the commands."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from nicegui import Client, ui
from nicegui import app as pages
from starlette.requests import ClientDisconnect

from resonance_logs.errors import NotFound, Unavailable
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.web.app import answer_nobody
from resonance_logs.web.pages import boss, compare, encounter, history, live, maintenance, player
from resonance_logs.web.pages.assets import CachedAssets
from resonance_logs.web.pages.layout import page_layout, show_error
from resonance_logs.web.pages.open_pages import (
    MESSAGES_KEPT,
    PageFigures,
    drop_unused,
    refuse_excess,
)
from resonance_logs.web.pages.page_errors import error_logger
from resonance_logs.web.pages.socket_messages import SocketMessages

_logger = limited_logger(__name__)

CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Nothing from another host. The framework runs the handlers of its components with ``eval``, and
writes scripts and styles into the page."""

_MIDDLEWARE: Final[tuple[Any, ...]] = (SocketMessages, CachedAssets)


async def _show_not_found(request: Request, _error: Exception) -> Response:
    """Answer a request for an unknown URL."""
    path = request.url.path
    if path.startswith(("/api/", "/_nicegui")):
        body = {"code": NotFound.code, "message": f"there is no {path}", "argument": None}
        return JSONResponse(body, HTTPStatus.NOT_FOUND)
    refusal = refuse_excess(request, including=0)
    if refusal is not None:
        return refusal
    with Client(ui.page(""), request=request) as client, page_layout("Not found"):
        show_error(f"There is no page {path}.")
    return client.build_response(request, HTTPStatus.NOT_FOUND)


async def _show_os_error(request: Request, error: Exception) -> Response:
    """Answer an error of the operating system, such as no room for an upload."""
    _logger.error("%s: %s", request.url.path, error)
    body = {"code": Unavailable.code, "message": str(error), "argument": None}
    return JSONResponse(body, HTTPStatus.SERVICE_UNAVAILABLE)


def add_pages(app: FastAPI) -> None:
    """Add the pages to the application, whose database they query. Once per process."""
    for module in (history, encounter, live, boss, player, compare, maintenance):
        module.register(app.state.database)
    pages.add_exception_handler(HTTPStatus.NOT_FOUND, _show_not_found)
    pages.add_exception_handler(OSError, _show_os_error)
    drop_unused()
    pages._exception_handlers[:] = [error_logger()]  # the framework's logs whole tracebacks
    pages.add_middleware(SocketMessages)
    app.state.figures.append(PageFigures())
    pages.add_exception_handler(ClientDisconnect, answer_nobody)
    options: dict[str, Any] = {"show_welcome_message": False, "tailwind": False}
    ui.run_with(
        app,
        title="Resonance Logs",
        dark=None,
        message_history_length=MESSAGES_KEPT,
        gzip_middleware_factory=CachedAssets,
        **options,
    )
    # They add headers that the guard adds, and fail if a browser leaves before the answer.
    pages.user_middleware[:] = [each for each in pages.user_middleware if each.cls in _MIDDLEWARE]
