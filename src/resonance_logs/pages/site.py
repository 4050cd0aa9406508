"""The pages put into the application that serves the commands."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from nicegui import Client, ui
from nicegui import app as pages

from resonance_logs.errors import NotFound, Unavailable
from resonance_logs.pages import boss, compare, encounter, history, live, player, upkeep
from resonance_logs.pages.assets import KeptFiles
from resonance_logs.pages.frame import frame, show_error

_logger = logging.getLogger(__name__)

CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
"""Nothing from another host. The framework makes its components in the browser by ``eval``."""


async def _show_unknown(request: Request, _error: Exception) -> Response:
    """What is asked for under an address that is none of ours."""
    path = request.url.path
    if path.startswith(("/api/", "/_nicegui")):
        told = {"code": NotFound.code, "message": f"there is no {path}", "argument": None}
        return JSONResponse(told, HTTPStatus.NOT_FOUND)
    with Client(ui.page(""), request=request) as client, frame("Not found"):
        show_error(f"There is no page {path}.")
    return client.build_response(request, HTTPStatus.NOT_FOUND)


async def _show_unable(request: Request, error: Exception) -> Response:
    """What the system refuses, as room for a file on its way to us."""
    _logger.error("%s: %s", request.url.path, error)
    told = {"code": Unavailable.code, "message": str(error), "argument": None}
    return JSONResponse(told, HTTPStatus.SERVICE_UNAVAILABLE)


def add_pages(app: FastAPI) -> None:
    """Add the pages to the application, whose database they ask. Once a process."""
    for module in (history, encounter, live, boss, player, compare, upkeep):
        module.register(app.state.database)
    pages.add_exception_handler(HTTPStatus.NOT_FOUND, _show_unknown)
    pages.add_exception_handler(OSError, _show_unable)
    options: dict[str, Any] = {"show_welcome_message": False, "tailwind": False}
    ui.run_with(
        app,
        title="Resonance Logs",
        dark=None,
        storage_secret=secrets.token_urlsafe(),
        gzip_middleware_factory=KeptFiles,
        **options,
    )
