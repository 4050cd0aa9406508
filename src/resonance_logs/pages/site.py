"""The pages put into the application that serves the commands."""

from __future__ import annotations

import secrets
from typing import Any, Final

from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from resonance_logs.pages import boss, compare, encounter, history, live, player, upkeep

CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'"
)
"""Nothing from another host. The framework makes its components in the browser by ``eval``."""


def _compress(app: ASGIApp) -> GZipMiddleware:
    """Fast rather than small: scripts go to this machine, and compressing holds up all others."""
    return GZipMiddleware(app, compresslevel=1)


def add_pages(app: FastAPI) -> None:
    """Add the pages to the application, whose database they ask. Once a process."""
    for module in (history, encounter, live, boss, player, compare, upkeep):
        module.register(app.state.database)
    options: dict[str, Any] = {"show_welcome_message": False, "tailwind": False}
    ui.run_with(
        app,
        title="Resonance Logs",
        dark=None,
        storage_secret=secrets.token_urlsafe(),
        gzip_middleware_factory=_compress,
        **options,
    )
